"""Gaps of unseen tunes: counted by hand, and their report."""

import dataclasses

import jax
import numpy as np
import pytest

from symmusic.measures.gaps import (
    CONTEXT_BARS,
    GapNats,
    Infilling,
    Redrawn,
    find_gaps,
    overlap,
)
from symmusic.measures.likelihood import estimate_likelihoods, model_losses
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.model.model import Architecture
from symmusic.report.gaps import TITLES, gaps_section
from symmusic.training.data import put
from tests.corpus.tunes import random_tune, tune
from tests.model.compiled import init_params
from tests.report.sections import as_text

VOCABULARY = MelodyVocabulary(48, 84)
CONTEXT_STEPS = 16 * CONTEXT_BARS


def gaps_of(tunes, num_bars, max_gaps=1000, seed=0, **how):
    return find_gaps(tunes, VOCABULARY, num_bars, max_gaps, np.random.default_rng(seed), **how)


def test_gaps_are_consecutive_and_between_bar_lines():
    """Of a phrase of 7 bars and a half in gaps of two bars: bars 2 and 3, 4 and 5; of one of 7, as
    one bar must follow, the same.
    """
    tunes = [random_tune(0, 120), tune([60] * 20), random_tune(1, 112)]
    gaps = gaps_of(tunes, 2)
    assert gaps.tunes.tolist() == [0, 0, 2, 2]
    begins = [16, 48, 16, 48]
    for row, (owner, begin) in enumerate(zip(gaps.tunes, begins, strict=True)):
        tokens = VOCABULARY.encode(tunes[owner].phrases[0])
        window = gaps.windows.tokens(np.array([row]))[0]
        padding, first, end = (
            int(gaps.windows.num_padding[row]),
            int(gaps.windows.first_targets[row]),
            int(gaps.ends[row]),
        )
        assert window[padding:].tolist() == tokens[: begin + 32 + CONTEXT_STEPS].tolist()
        assert window[first:end].tolist() == tokens[begin : begin + 32].tolist()
        assert (first + int(gaps.windows.positions[row])) % 16 == 0
        of_row = gaps.targets.rows == row
        assert gaps.targets.labels[of_row].tolist() == tokens[begin : begin + 32].tolist()
        assert gaps.targets.positions[of_row].tolist() == list(range(16)) * 2
        assert (
            gaps.targets.is_onset[of_row].tolist()
            == (tunes[owner].phrases[0][begin : begin + 32] >= 0).tolist()
        )


def test_a_long_tune_is_read_eight_bars_after_and_before():
    gaps = gaps_of([random_tune(0, 16 * 40)], 1)
    assert len(gaps) == 38
    firsts = gaps.windows.first_targets.astype(int)
    after = gaps.windows.num_steps - gaps.ends
    assert (after <= CONTEXT_STEPS).all()
    assert (firsts - gaps.windows.num_padding)[8:].min() == CONTEXT_STEPS
    assert len(gaps.followed) == 31  # those that eight bars follow
    few = gaps_of([random_tune(0, 16 * 40)], 1, max_gaps=5)
    assert (len(few), len(few.targets)) == (5, 5 * 16)
    assert len(gaps_of([tune([60] * 30)], 1)) == 0


def test_windows_may_be_as_long_as_those_of_longer_gaps():
    tunes = [random_tune(0, 16 * 40)]
    usual, longer = gaps_of(tunes, 1), gaps_of(tunes, 1, most_bars=4)
    assert longer.windows.num_steps == gaps_of(tunes, 4).windows.num_steps
    assert longer.targets.labels.tolist() == usual.targets.labels.tolist()
    assert longer.targets.positions.tolist() == usual.targets.positions.tolist()
    assert len(longer.followed) == len(usual.followed)
    firsts = longer.windows.first_targets.astype(int)
    before = firsts - longer.windows.num_padding
    assert before.max() == longer.windows.num_steps - 16 - 16  # one bar is left after the last gap


@pytest.mark.parametrize('kind', ['gap', 'all'])
def test_only_a_model_given_the_right_side_depends_on_it(kind):
    architecture = Architecture(
        VOCABULARY.num_classes,
        num_layers=1,
        num_cells=4,
        bidirectional=True,
        infilling=True,
        num_positions=16,
    )
    params = jax.tree.map(lambda leaf: 3 * leaf, init_params(jax.random.key(0), architecture))
    gaps = gaps_of([random_tune(0, 80)], 1)
    changed = gaps.windows.stream.copy().reshape(len(gaps), -1)
    for row, end in enumerate(gaps.ends):
        changed[row, end:] = 0
    other = dataclasses.replace(gaps.windows, stream=changed.ravel())

    def losses(windows):
        return model_losses(
            params,
            put(windows),
            gaps.targets,
            architecture=architecture,
            kind=kind,
            ends_N=gaps.ends if kind == 'gap' else None,
        )

    assert np.allclose(losses(gaps.windows), losses(other), atol=1e-6) == (kind == 'all')


def test_overlap_by_hand():
    real = np.array([[60, -2, 62, -2], [64, -1, -2, -2]])
    assert overlap(real, real) == 1
    assert overlap(np.array([[60, -2, 63, -2], [-2, 64, 65, -2]]), real) == pytest.approx(
        2 * 1 / (3 + 4)
    )
    assert overlap(np.full((2, 4), -2), np.full((2, 4), -2)) == 0


def test_the_report():
    gaps = gaps_of([random_tune(0, 80), random_tune(1, 80)], 1)
    names = [
        'model',
        'right_hidden',
        'left_to_right',
        'count_model',
        'markov_5',
        'base_rate',
        'saved_hidden',
        'saved',
    ]
    losses = {
        name: np.full(len(gaps.targets), 0.125 * place) for place, name in enumerate(names, 1)
    }
    found = {1: GapNats(estimate_likelihoods(losses, gaps.targets, gaps.tunes), len(gaps))}
    drawn = Redrawn(6, 2, 4, {'model': 0.5, 'untold': 0.25})
    result = Infilling('test', 'the shipped model', '', found, drawn)
    text = as_text(gaps_section(result))
    assert '| the model, given both sides | 0.125 [0.125, 0.125] |' in text
    assert all(TITLES[name] in text for name in names)
    assert '| the same, given the left side only | 0.250 |' in text
    assert 'On 6 gaps of 1 bar in test tunes' in text
    assert 'nobody' in as_text(gaps_section(Infilling('test', None, 'nobody', found, None)))
