"""Fields that an evaluation does not read are said; `test_structure` has those of sampling."""

import re

import pytest

from symmusic.api.effects import (
    MEASURED,
    OF_OWN_PROMPT,
    without_effect_on_evaluation,
    without_effect_on_sampling,
)
from symmusic.config.protocol import base_config


@pytest.mark.parametrize(
    ('given', 'prompts', 'said'),
    [
        ((), 'held_out', []),
        ([f'sample.{name}' for name in MEASURED], 'held_out', []),
        ([f'sample.{name}' for name in OF_OWN_PROMPT], 'fixed', []),
        (['sample.prompt'], 'held_out', [['prompt']]),
        (['sample.tune', 'sample.prompt', 'seed'], 'held_out', [['prompt', 'tune']]),
        (['sample.num_samples', 'sample.wav'], 'fixed', [['num_samples', 'wav']]),
        (['sample.key', 'sample.part'], 'held_out', [['part'], ['key']]),
    ],
)
def test_fields_without_effect_on_an_evaluation(given, prompts, said):
    config = base_config().unlock()
    config.evaluate.prompts = prompts
    found = [
        re.findall(r'config[.]sample[.](\w+)', notice.split(' without')[0])
        for notice in without_effect_on_evaluation(config, given)
    ]
    assert found == said


def test_an_evaluation_has_the_bars_of_sampling():
    (notice,) = without_effect_on_evaluation(base_config(), ['evaluate.num_bars'])
    assert 'config.sample.num_bars = 4' in notice


def test_fields_without_effect_on_sampling():
    assert without_effect_on_sampling(['sample.key', 'data.corpus', 'seed']) == []
    (notice,) = without_effect_on_sampling(['evaluate.part', 'sample.key', 'study.qpm'])
    assert notice.startswith('config.evaluate.part, config.study.qpm are without effect')
