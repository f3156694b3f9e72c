"""The order, id and key of a study; its page reveals nothing of the key."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symmusic.errors import UserError
from symmusic.experiment.study import KEY, Excerpt, read_key, write_key
from symmusic.report.questionnaire import questionnaire
from tests.experiment.studies import make_study


def kinds(study):
    return [excerpt.kind for excerpt in study.excerpts]


@given(st.integers(1, 8), st.integers(0, 1000))
def test_every_piece_occurs_once(num, seed):
    study = make_study(num, seed)
    assert sorted(kinds(study)) == ['generated'] * num + ['training'] * num
    assert len({json.dumps(excerpt.notes) for excerpt in study.excerpts}) == 2 * num
    assert study == make_study(num, seed)
    for excerpt in study.excerpts:
        assert (
            (excerpt.notes[0][2] >= 80)
            == (excerpt.kind == 'generated')
            == excerpt.origin.startswith('after')
        )


def test_the_order_is_fair_and_cannot_be_derived_from_page_and_seed():
    orders = [kinds(make_study(3, seed)) for seed in range(200)]
    share = [sum(order[place] == 'generated' for order in orders) / 200 for place in range(6)]
    assert all(0.38 < each < 0.62 for each in share)
    # same pieces, same seed
    assert len({tuple(kinds(make_study(3, 0, origins=f'tune {index}'))) for index in range(20)}) > 5


def test_the_page_holds_nothing_of_the_key():
    study = make_study(4)
    swapped = [
        Excerpt('training' if each.kind == 'generated' else 'generated', 'elsewhere', each.notes)
        for each in study.excerpts
    ]
    other = dataclasses.replace(
        study, excerpts=tuple(swapped), about={'model': 'other', 'corpus': 'other', 'seed': 5}
    )
    assert questionnaire(other) == questionnaire(study)
    assert other.id == study.id


def test_the_key_is_read_back(tmp_path):
    study = make_study(3, 7)
    write_key(tmp_path, study)
    assert read_key(tmp_path) == study
    assert read_key(tmp_path).id == study.id


@pytest.mark.parametrize(
    'damage',
    [
        lambda text: '',
        lambda text: text[:-40],
        lambda text: '[]',
        lambda text: '{"pieces": 3}',
        lambda text: text.replace('"piece": 2', '"piece": 9'),
        lambda text: text.replace('training', 'trainin'),
        lambda text: text.replace('60]', '61]'),
        None,
    ],
)
def test_a_damaged_key_is_named(tmp_path, damage):
    write_key(tmp_path, make_study())
    path = tmp_path / KEY
    if damage:
        path.write_text(damage(path.read_text()))
    else:
        path.unlink()
    with pytest.raises(UserError, match=r'key\.json'):
        read_key(tmp_path)
