"""That a piece ends after its new bars is told to the model."""

import pytest

from symmusic.api.task import prepare
from symmusic.config.protocol import base_config
from symmusic.melody.form import NOT_KNOWN
from tests.generate.toy import VOCABULARY, make_prompt


def planned(**fields):
    config = base_config().unlock()
    config.sample.update({'num_bars': 3, **fields})
    prompt = None if fields.get('prompt') else make_prompt(num_bars=2)
    return prepare(config, VOCABULARY, ('4/4',), prompt).plan


def test_a_piece_ends_after_its_new_bars():
    plan = planned()
    assert plan.tune_left.tolist() == [4] * 16 + [3] * 16 + [2] * 16 + [1] * 16 + [0] * 16
    assert plan.section_left.tolist() == [NOT_KNOWN] * 80


def test_a_whole_tune_ends_section_by_section():
    plan = planned(structure='AB', bars_per_section=3, num_bars=4)
    assert plan.section_left[::16].tolist() == [2, 1, 0] * 2
    assert plan.tune_left[::16].tolist() == [5, 4, 3, 2, 1, 0]


def test_nothing_is_known_of_the_padding_before_a_tune():
    plan = planned(prompt='none')
    assert plan.tune_left[::16].tolist() == [NOT_KNOWN, 2, 1, 0]


@pytest.mark.parametrize('fields', [{'ends': False}, {'regenerate': '2'}])
def test_nothing_is_told(fields):
    assert planned(**fields) is None
