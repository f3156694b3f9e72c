"""Held-out likelihood: the same targets for all models, counted by hand; the network's losses are
those of training.
"""

import dataclasses

import hypothesis
import jax
import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symmusic.corpus.base_rate import base_rate, target_counts
from symmusic.corpus.overlap import Overlap
from symmusic.corpus.windows import cut_windows
from symmusic.measures.estimate import Estimate
from symmusic.measures.held_out import Likelihood
from symmusic.measures.likelihood import (
    base_losses,
    estimate_likelihoods,
    find_targets,
    markov_losses,
    model_losses,
)
from symmusic.measures.markov import fit_markov, nats
from symmusic.melody.encodings import VOCABULARIES
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.model.model import Architecture
from symmusic.report.comparison_file import as_json
from symmusic.report.likelihood import likelihood_section
from symmusic.training.data import put
from symmusic.training.replicas import held_out_losses
from tests.corpus.tunes import random_tune, tune
from tests.model.compiled import init_params
from tests.report.sections import as_text

VOCABULARY = MelodyVocabulary(60, 72)
phrases = st.lists(
    st.lists(st.sampled_from([-2, -2, -1, 60, 62, 64]), min_size=1, max_size=40),
    min_size=1,
    max_size=5,
)


def held_out(tunes, steps=8, vocabulary=VOCABULARY):
    return cut_windows(tunes, vocabulary, steps, steps // 2, cover_end=True, count_once=True)


def test_targets_by_hand():
    """Five steps, padded in a window of eight: all are targets. Ten: all but the first, the second
    window's from the ninth on.
    """
    windows = held_out([tune([60, -2, 62, -1, -2]), tune([60, -2, 62, -1, -2, 60, -2, 62, 64, -2])])
    found = find_targets(windows, VOCABULARY, all_steps=True)
    assert found.rows.tolist() == [0] * 5 + [1] * 7 + [2] * 2
    assert found.positions.tolist() == [0, 1, 2, 3, 4, *range(1, 8), 8, 9]
    assert found.is_onset.astype(int).tolist() == [1, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0]
    assert (
        found.labels.tolist()
        == VOCABULARY.encode(
            np.array([60, -2, 62, -1, -2, -2, 62, -1, -2, 60, -2, 62, 64, -2])
        ).tolist()
    )
    last = find_targets(
        cut_windows([tune([60, -2, 62, 64, -2, 60, 62])], VOCABULARY, 4, 3),
        VOCABULARY,
        all_steps=False,
    )
    assert (last.steps.tolist(), last.positions.tolist(), last.is_onset.tolist()) == (
        [3, 3],
        [3, 6],
        [True, True],
    )


def test_an_onset_of_a_roll_is_where_its_pitch_starts():
    roll = VOCABULARIES['pianoroll'](60, 72)
    windows = held_out([tune([60, -2, 62, -1, -2, 62, 62, -2])], 6, roll)
    found = find_targets(windows, roll, all_steps=True)
    # the repeated note is one long one
    assert found.is_onset.astype(int).tolist() == [0, 1, 0, 0, 1, 0, 0]
    faithful = VOCABULARIES['pianoroll_faithful'](60, 72)
    found = find_targets(
        held_out([tune([60, -2, 62, -1, -2, 62, -2, -2])], 12, faithful), faithful, all_steps=True
    )
    assert found.positions.tolist() == [0, 1, 2, 5, 6, 7]  # a blank is no target


@hypothesis.given(phrases, st.integers(1, 12))
def test_each_step_is_a_target_once(found_phrases, half):
    """All steps of all phrases, except for the first step of a phrase that fills a window."""
    tunes = [tune(phrase) for phrase in found_phrases]
    targets = find_targets(held_out(tunes, 2 * half), VOCABULARY, all_steps=True)
    firsts = [len(phrase) >= 2 * half for phrase in found_phrases]
    labels = [
        VOCABULARY.encode(np.array(phrase[first:], int))
        for phrase, first in zip(found_phrases, firsts, strict=True)
    ]
    assert targets.labels.tolist() == np.concatenate(labels).tolist()
    positions = [
        np.arange(first, len(phrase)) % 16
        for phrase, first in zip(found_phrases, firsts, strict=True)
    ]
    assert targets.positions.tolist() == np.concatenate(positions).tolist()
    assert targets.is_onset.tolist() == [label >= 2 for label in targets.labels]


@pytest.mark.parametrize('kind', ['all', 'last'])
def test_the_network_s_losses_are_training_s_measure(kind):
    windows = held_out([random_tune(seed, 20 + 9 * seed) for seed in range(5)], 16)
    architecture = Architecture(VOCABULARY.num_classes, num_layers=1, num_cells=4, num_positions=16)
    params = init_params(jax.random.key(0), architecture)
    targets = find_targets(windows, VOCABULARY, all_steps=kind == 'all')
    losses = model_losses(params, put(windows), targets, architecture=architecture, kind=kind)
    params_R = jax.tree.map(lambda leaf: leaf[None], params)
    (expected,) = held_out_losses(
        params_R, put(windows), architecture=architecture, targets=kind, batch_size=8
    )
    assert losses.shape == (len(targets),)
    assert losses.mean() == pytest.approx(expected, rel=1e-5)


@hypothesis.given(phrases, phrases, st.booleans())
def test_the_constant_answer_is_the_base_rate(seen, unseen, all_steps):
    train, windows = (held_out([tune(phrase) for phrase in found]) for found in (seen, unseen))
    counts = [
        target_counts(part, VOCABULARY.num_classes, all_steps=all_steps)
        for part in (train, windows)
    ]
    losses = base_losses(counts[0], find_targets(windows, VOCABULARY, all_steps=all_steps))
    assert losses.mean() == pytest.approx(base_rate(*counts))


@hypothesis.given(phrases, st.integers(1, 3))
def test_a_markov_model_reads_no_padding(found_phrases, order):
    """For a padded short phrase its losses are those of the phrase alone; the first token has no
    history.
    """
    tunes = [tune(phrase) for phrase in found_phrases]
    sequences = [VOCABULARY.encode(np.array(phrase)) for phrase in found_phrases]
    markov = fit_markov(sequences, VOCABULARY.num_classes, order)
    windows = held_out(tunes, 40)
    losses = markov_losses(
        markov, windows, find_targets(windows, VOCABULARY, all_steps=True), VOCABULARY.num_classes
    )
    free = -np.log(markov.probabilities(np.zeros((1, 0)))[0])
    expected = [
        np.concatenate([free[each[:1]], nats(markov, each)])[len(each) == 40 :]
        for each in sequences
    ]
    assert_allclose(losses, np.concatenate(expected), rtol=1e-9)
    assert np.isfinite(losses).all()


def test_blanks_are_no_targets():
    """Of a roll without a class for silence: losses are finite at every target."""
    vocabulary = VOCABULARIES['pianoroll_faithful'](60, 72)
    windows = held_out([tune([-2, -2, 60, -1, -2, 62, -2, -2])], 12, vocabulary)
    targets = find_targets(windows, vocabulary, all_steps=True)
    markov = fit_markov(
        [vocabulary.encode(random_tune(0, 64).phrases[0])], vocabulary.num_classes + 1, 2
    )
    assert np.isfinite(markov_losses(markov, windows, targets, vocabulary.num_classes)).all()
    assert len(targets) == 4


def test_summary_by_hand():
    windows = held_out([tune([60, -2, 62, -1, -2]), tune([60, -2, 62, -1])])
    targets = find_targets(windows, VOCABULARY, all_steps=True)
    losses = np.arange(9.0)
    found = estimate_likelihoods({'model': losses}, targets, [7, 3])
    model = found.models['model']
    assert model.per_step.value == 4
    assert 0 < model.per_step.low < 2  # of one tune alone, of the other 6.5
    assert model.per_step.high > 6.5
    assert model.more is None
    assert model.by_position == (2.5, 3.5, 4.5, 5.5, 4.0, *[None] * 11)
    assert model.per_note == Estimate()  # most positions have no target
    assert (found.num_steps, found.num_notes, found.num_families) == (9, 4, 2)
    assert found.num_by_position == (2, 2, 2, 2, 1, *[0] * 11)
    alone = estimate_likelihoods({'model': losses}, targets, [0, 0])
    assert alone.models['model'].per_step == Estimate(4)


def test_nats_per_note_are_those_of_all_steps():
    bar = [60, -2, 62, -2] * 4
    targets = find_targets(held_out([tune(bar), tune(bar[:15])], 32), VOCABULARY, all_steps=True)
    found = estimate_likelihoods(
        {'model': np.full(31, 0.5), 'markov_1': np.full(31, 1.0)}, targets, [0, 1]
    )
    assert found.models['model'].per_note.value == pytest.approx(31 * 0.5 / 16)
    cells = found.models['markov_1'].per_note
    assert cells.value == pytest.approx(31 / 16)
    assert cells.low < 15 / 8 < 2 < cells.high
    # each step costs half a nat more, whatever the tunes
    assert dataclasses.astuple(found.models['markov_1'].more) == pytest.approx((0.5, 0.5, 0.5))


def test_the_report():
    bar = [60, -2, 62, -2] * 4
    targets = find_targets(held_out([tune(bar), tune(bar)], 32), VOCABULARY, all_steps=True)
    names = ['model', 'base_rate', *(f'markov_{order}' for order in range(1, 6))]
    nats = estimate_likelihoods(
        {name: np.full(32, place + 0.25) for place, name in enumerate(names)}, targets, [0, 1]
    )
    text = as_text(likelihood_section(Likelihood(nats, 'all', 2), 'test'))
    assert (
        '| the model | 0.250 [0.250, 0.250] | 0.500 [0.500, 0.500] | 0.721 [0.721, 0.721] |  |'
        in text
    )
    assert '| 4 (beat 2) | 2 | 0.250 | 1.250 | 2.250 | 3.250 | 4.250 | 5.250 | 6.250 |' in text
    assert 'last steps of windows' not in text
    assert 'held-out tune' not in text
    shared = Likelihood(nats, 'all', 2, overlap=Overlap(0.2, 0.007))
    words = (
        "Of a held-out tune's notes at most 20 % stand in runs of 16 notes that one training tune"
        ' has, and 0.7 % on average in runs of any training tune.'
    )
    assert words in as_text(likelihood_section(shared, 'test'))
    assert as_json({'likelihood': shared})['likelihood']['overlap'] == {
        'largest': 0.2,
        'mean': 0.007,
    }
    last = as_text(likelihood_section(Likelihood(nats, 'last', 2), 'test'))
    assert 'last steps of windows' in last
    none = Likelihood(None, note='no unseen tune')
    assert 'no unseen tune' in as_text(likelihood_section(none, 'test'))
    assert as_json({'likelihood': none}) == {
        'nats_per_step': None,
        'nats_per_note': None,
        'nats_by_position': None,
        'likelihood': {'note': 'no unseen tune'},
    }
