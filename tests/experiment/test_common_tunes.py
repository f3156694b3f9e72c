"""The likelihood of the same unseen tunes under arms of different corpora."""

import dataclasses
import types

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from symmusic.config.protocol import base_config
from symmusic.corpus.cache import Corpus
from symmusic.corpus.joint_split import hold_out_as
from symmusic.corpus.split import find_families
from symmusic.experiment.common_tunes import common_nats, on_common, read_common
from symmusic.experiment.outcome import Outcome
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.model.model import Architecture
from symmusic.streams import Stream, random_key
from tests.corpus.tunes import random_tune
from tests.model.compiled import init_params
from tests.training.toy import make_recipe

FIDDLE, CHORALE = 'common_nats_fiddle_tune', 'common_nats_chorale'


def walks(seeds, style):
    return [
        dataclasses.replace(random_tune(seed, 96, file=f'{seed:03}.mid'), style=style)
        for seed in seeds
    ]


def corpus(tunes, other=None):
    made = Corpus('walks', len(tunes), tuple(tunes), find_families(tunes))
    if other is None:
        return made
    held_out = hold_out_as(made.kept, made.families, other.kept, other.families, other.split(0), 0)
    return dataclasses.replace(made, held_out=held_out)


def config():
    made = ConfigDict(base_config().to_dict())
    made.train.held_out_steps = 32
    return made


def card_of(tunes, targets='all'):
    pitches = [event for tune in tunes for event in tune.events if event >= 0]
    vocabulary = MelodyVocabulary(int(min(pitches)), int(max(pitches)))
    architecture = Architecture(
        vocabulary.num_classes, num_layers=1, num_cells=4, padding=vocabulary.padding
    )
    return types.SimpleNamespace(
        recipe=make_recipe(targets=targets),
        vocabulary=vocabulary,
        architecture=architecture,
        meters=('4/4',),
        steps_per_quarter=4,
    )


def files(tunes):
    return {tune.file for tune in tunes}


def measured(own, common, targets='all'):
    card = card_of(own.kept, targets)
    params = init_params(random_key(0, Stream.TRAINING), card.architecture)
    return common_nats(params, card, read_common(config(), own, common, card))


def raised(tunes, by):
    return [
        dataclasses.replace(
            tune, phrases=tuple(np.where(each >= 0, each + by, each) for each in tune.phrases)
        )
        for tune in tunes
    ]


FOLK = corpus(walks(range(30), 'fiddle tune'))
CHORALES = walks(range(100, 130), 'chorale')
MIXED = corpus([*FOLK.kept, *CHORALES], FOLK)


def test_both_arms_are_measured_on_the_same_unseen_tunes():
    folk, mixed = (measured(own, MIXED)[1] for own in (FOLK, MIXED))
    assert folk.keys() == mixed.keys() == {FIDDLE, CHORALE}
    assert set(folk[FIDDLE]) == files(FOLK.split(0).test)
    assert set(folk[FIDDLE]).isdisjoint(files([*FOLK.split(0).train, *MIXED.split(0).train]))
    assert set(folk[CHORALE]) <= files(CHORALES)
    for measure in (FIDDLE, CHORALE):
        notes = [{name: num for name, (_, num) in each[measure].items()} for each in (folk, mixed)]
        assert notes[0] == notes[1]
        assert all(notes[0].values())


def test_notes_and_nats_of_a_uniform_model():
    """Phrases of 96 steps in windows of 33: every step but the first, each once."""
    card = card_of(FOLK.kept)
    params = init_params(random_key(0, Stream.TRAINING), card.architecture)
    flat = jax.tree.map(np.zeros_like, params)
    values, parts = common_nats(flat, card, read_common(config(), FOLK, MIXED, card))
    tunes = FOLK.split(0).test
    notes = sum(int((tune.events[1:] >= 0).sum()) for tune in tunes)
    nats = 95 * len(tunes) * np.log(card.vocabulary.num_classes)
    assert sum(num for _, num in parts[FIDDLE].values()) == notes
    assert values[FIDDLE] == pytest.approx(nats / notes, rel=1e-4)


def test_a_setting_of_a_training_tune_is_left_out():
    """The arm has trained on a chorale's music under another name."""
    own = MIXED.split(0).test
    chorale = next(tune for tune in own if tune.style == 'chorale')
    seen = dataclasses.replace(chorale, file='again.mid', style='folk song')
    trained = dataclasses.replace(
        corpus([*FOLK.kept, seen, *walks(range(200, 220), 'folk song')]),
        held_out={'validation': (), 'test': files(FOLK.split(0).test)},
    )
    _, parts = measured(trained, MIXED)
    assert parts[CHORALE][chorale.file] == [0, 0]
    assert sum(num > 0 for _, num in parts[CHORALE].values()) == len(parts[CHORALE]) - 1
    assert all(num for _, num in parts[FIDDLE].values())


def test_pitches_outside_the_vocabulary_and_other_metres_are_left_out():
    high = corpus([*FOLK.kept, *raised(CHORALES, 12)], FOLK)
    values, parts = measured(FOLK, high)
    assert values[CHORALE] is None
    assert set(map(tuple, parts[CHORALE].values())) == {(0, 0)}
    waltzes = [dataclasses.replace(tune, meter='3/4', counted_in='3/4') for tune in CHORALES]
    values, _ = measured(FOLK, corpus([*FOLK.kept, *waltzes], FOLK))
    assert values[CHORALE] is None
    assert values[FIDDLE] > 0


def test_models_of_last_steps_are_not_measured():
    assert measured(FOLK, MIXED, 'last') == ({}, {})


def outcome(*by_family):
    replicas = tuple({'overall_oa': 0.5, FIDDLE: 9.0} for _ in by_family)
    return Outcome(replicas, 7, {}, {}, by_family=tuple({FIDDLE: each} for each in by_family))


def test_all_arms_count_the_families_that_none_left_out():
    one = outcome({'a': [2, 1], 'b': [4, 1], 'c': [0, 0]}, {'a': [6, 1], 'b': [8, 1], 'c': [0, 0]})
    other = outcome({'a': [0, 0], 'b': [10, 2], 'c': [1, 1]})
    plain = Outcome(({'overall_oa': 0.5},), 7, {}, {}, by_family=({},))
    places = {('sound', 'one'): one, ('sound', 'other'): other, ('sound', 'plain'): plain}
    found, counts = on_common(places | {('source', 'one'): plain})
    assert counts == {'sound': {FIDDLE: {'families': 1, 'left_out': 2}}}
    assert [each[FIDDLE] for each in found['sound', 'one'].replicas] == [4, 8]
    assert [each[FIDDLE] for each in found['sound', 'other'].replicas] == [5]
    assert found['sound', 'one'].by_family[0] == {FIDDLE: {'b': [4, 1]}}
    assert found['sound', 'plain'] == plain
    assert list(found) == [*places, ('source', 'one')]


def test_nothing_in_common():
    found, counts = on_common(
        {('sound', 'one'): outcome({'a': [2, 1]}), ('sound', 'other'): outcome({'b': [2, 1]})}
    )
    assert counts == {'sound': {FIDDLE: {'families': 0, 'left_out': 2}}}
    assert found['sound', 'one'].replicas[0][FIDDLE] is None
    assert found['sound', 'one'].by_family == ({},)
