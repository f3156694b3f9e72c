"""Other networks to compare with, by the fields that name them."""

import dataclasses
import types

import pytest

from symmusic.config import runs
from symmusic.errors import UserError
from symmusic.measures import rivals
from symmusic.measures.rivals import find_rival, find_second
from symmusic.melody.encodings import VOCABULARIES
from tests.corpus.tunes import random_tune
from tests.measures.grounds import ground


@pytest.mark.parametrize(
    ('field', 'reason'),
    [('second_run', 'holds no trained model'), ('left_to_right', 'this run is not for infilling')],
)
def test_a_run_that_cannot_be_compared_is_named(tmp_path, field, reason):
    tunes = [random_tune(seed, 160) for seed in range(6)]
    plain, named = (
        ground(tunes, range(6), VOCABULARIES['melody'](48, 84), None, **settings)
        for settings in ({}, {field: str(tmp_path)})
    )
    assert find_second(plain.config, plain.model.card) is None
    assert find_rival(plain.config, plain.model.card) == (None, '')
    find = find_second if field == 'second_run' else find_rival
    with pytest.raises(UserError, match=f'config.evaluate.{field} = {tmp_path}: {reason}'):
        find(named.config, named.model.card)


@pytest.mark.parametrize('field', ['second_run', 'left_to_right'])
@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({'steps_per_quarter': 12}, 'config.data.steps_per_quarter is 12 there, 4 here'),
        ({'split_seed': 5}, 'config.data.split_seed is 5 there, 0 here'),
        ({}, 'it was trained on other tunes'),
    ],
)
def test_a_run_on_other_tunes_is_refused_by_its_cause(
    tmp_path, monkeypatch, field, changes, reason
):
    """Its tunes differ in each case; the grid or the split is named where it is the cause."""
    tunes = [random_tune(seed, 160) for seed in range(6)]
    here = ground(tunes, range(6), VOCABULARIES['melody'](48, 84), None, **{field: str(tmp_path)})
    values = runs.to_dict(here.config)
    values['data'] = {**values['data'], **changes}
    card = here.model.card
    targets = {'second_run': 'all', 'left_to_right': 'gap'}[field]
    own = dataclasses.replace(
        card,
        recipe=dataclasses.replace(card.recipe, targets=targets),
        dataset={'fingerprint': 'a'},
    )
    other = dataclasses.replace(
        card,
        recipe=dataclasses.replace(card.recipe, targets='all'),
        config=values,
        dataset={'fingerprint': 'b', 'corpus': 'folk'},
    )
    stored = types.SimpleNamespace(latest_step=lambda: 1, restore=lambda: (None, other))
    monkeypatch.setattr(rivals, 'Checkpoints', lambda path: stored)
    find = find_second if field == 'second_run' else find_rival
    with pytest.raises(UserError, match=f'config.evaluate.{field} = {tmp_path}: {reason}'):
        find(here.config, own)
