"""Heat maps: the step that a weight belongs to, masked steps, averages, and the files."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.generate import draw as module
from symmusic.generate.compose import compose
from symmusic.generate.pieces import Piece
from symmusic.generate.sample import Drawn
from symmusic.melody.encodings.pianoroll import FaithfulPianorollVocabulary
from symmusic.model.model import apply_last, init_params
from symmusic.report import heatmap_plots
from symmusic.report.heatmap_plots import by_step, input_steps
from symmusic.report.heatmaps import (
    blank_classes,
    class_labels,
    mask_blanks,
    mean_of_known,
    write_heatmaps,
)
from tests.generate.toy import ARCHITECTURE, VOCABULARY, make_prompt, manner

jitted_last = jax.jit(apply_last, static_argnums=3)
SIZES = {
    'num_read': st.integers(1, 12),
    'num_steps': st.integers(1, 9),
    'width': st.integers(1, 15),
}


def test_input_steps_by_hand():
    assert_array_equal(input_steps(4, 3, 3), [[1, 2, 3], [2, 3, 4], [3, 4, 5]])
    assert_array_equal(input_steps(2, 2, 4), [[-2, -1, 0, 1], [-1, 0, 1, 2]])


@given(**SIZES)
def test_a_row_s_last_column_is_the_step_before_its_own(num_read, num_steps, width):
    steps = input_steps(num_read, num_steps, width)
    assert_array_equal(steps[:, -1], num_read + np.arange(num_steps) - 1)
    assert (np.diff(steps, axis=1) == 1).all()


def test_steps_without_an_event_and_padding_are_masked():
    """Pitch, no event and note off in turn; two columns of padding in the first row, one in the
    second.
    """
    weights = np.arange(1.0, 13).reshape(2, 6)
    blanked = mask_blanks(
        weights,
        np.array([4, 0, 1, 6], np.uint8),
        np.array([0, 5], np.uint8),
        blank_classes(VOCABULARY),
    )
    nan = np.nan
    assert_array_equal(blanked, [[nan, nan, 3, nan, 5, 6], [nan, 8, nan, 10, 11, nan]])


def test_blank_classes():
    assert np.flatnonzero(blank_classes(VOCABULARY)).tolist() == [0, VOCABULARY.num_classes]
    assert np.flatnonzero(blank_classes(FaithfulPianorollVocabulary(60, 64))).tolist() == [5]


@given(**SIZES)
def test_by_step_loses_nothing_but_padding(num_read, num_steps, width):
    weights = np.arange(1.0, num_steps * width + 1).reshape(num_steps, width)
    steps = input_steps(num_read, num_steps, width)
    placed, first = by_step(weights, num_read)
    assert placed.shape == (num_steps, num_read + num_steps - 1 - first)
    assert first == max(num_read - width, 0)
    assert_array_equal(np.sort(placed[~np.isnan(placed)]), weights[steps >= 0])
    for row, column in zip(*np.nonzero(steps >= 0), strict=True):
        assert placed[row, steps[row, column] - first] == weights[row, column]


def test_the_mean_is_over_what_is_known():
    nan = np.nan
    arrays = [np.array([[1.0, nan, nan]]), np.array([[3.0, 4.0, nan]])]
    assert_array_equal(mean_of_known(arrays), [[2.0, 4.0, nan]])
    rows = np.random.default_rng(0).random((5, 3, 4))
    assert_allclose(mean_of_known(list(rows)), rows.mean(axis=0))


def test_labels_name_pitches():
    labels = class_labels(VOCABULARY)
    assert labels[:3] == ['no event', 'note off', 'C4 (60)']
    assert labels[-1] == 'G5 (79)'
    assert len(labels) == VOCABULARY.num_classes


@pytest.mark.parametrize(('window_steps', 'memory_steps'), [(7, 8), (None, 40)])
def test_weights_are_of_the_steps_that_are_reported(window_steps, memory_steps):
    """The row of a generated step has the model's weights on the T steps before it, read again from
    the joined sequence.
    """
    architecture = dataclasses.replace(ARCHITECTURE, attention='bahdanau', attention_size=3)
    params = jax.tree.map(
        lambda leaf: 4 * leaf,
        jax.jit(init_params, static_argnums=1)(jax.random.key(1), architecture),
    )
    how = manner(
        window_steps=window_steps, memory_steps=memory_steps, keep_distributions=True, num_samples=2
    )
    for piece in compose(params, architecture, VOCABULARY, make_prompt(), how, jax.random.key(5)):
        assert_array_equal(piece.read[:-1], make_prompt().tokens[:-1])
        joined = np.concatenate([piece.read, piece.tokens]).astype(int)
        steps = input_steps(len(piece.read), *piece.weights.shape)
        for row in (0, 9, 15):
            seen = steps[row][steps[row] >= 0]
            if window_steps:
                inputs = np.where(steps[row] >= 0, joined[np.maximum(steps[row], 0)], 0)
                expected = jitted_last(params, inputs[None], steps[row][None] % 16, architecture)[
                    1
                ][0]
                assert_allclose(piece.weights[row], expected, atol=1e-5)
            else:  # the whole history is in the memory: reading it as one window is the same
                expected = jitted_last(
                    params, joined[None, : row + 16], np.arange(row + 16)[None] % 16, architecture
                )[1][0]
                assert_allclose(piece.weights[row, -len(seen) :], expected, atol=1e-5)
                assert_array_equal(piece.weights[row, : -len(seen)], 0)
        assert_allclose(piece.weights.sum(axis=1), 1, rtol=1e-5)


def test_the_first_token_is_the_one_that_was_read(monkeypatch):
    """It is drawn in place of the prompt's last one, and again after an empty piece: rows and masks
    are those of the final draw.
    """
    drawn = iter(([[5, 0, 0, 0], [6, 0, 7, 0]], [[8, 9, 0, 0], [9, 9, 0, 0]]))

    def fake(*args, **how):
        tokens_BN = jnp.array(next(drawn))
        return Drawn(tokens_BN, 0.0 * tokens_BN, jnp.zeros((2, 4, 22)), None)

    monkeypatch.setattr(module, 'sample', fake)
    how = manner(keep_distributions=True, num_samples=2, reads_all=False)
    first, second = compose({}, ARCHITECTURE, VOCABULARY, make_prompt(), how, jax.random.key(0))
    assert_array_equal(first.read, [*make_prompt().tokens[:-1], 8])
    assert_array_equal(second.read, [*make_prompt().tokens[:-1], 6])
    assert_array_equal(first.tokens, [9, 0, 0])


def piece(rng, with_weights=True):
    tokens = rng.integers(0, 22, 16).astype(np.uint8)
    weights = rng.random((16, 20)) if with_weights else None
    return Piece(
        tokens,
        VOCABULARY.decode(tokens),
        -9.0,
        0,
        rng.random((16, 22)),
        weights,
        make_prompt().tokens,
    )


def write(folder, pieces, is_window=False, num_singles=1):
    how = {'is_window': is_window, 'title': 'a$5_$', 'num_singles': num_singles}
    write_heatmaps(folder, pieces, VOCABULARY, **how)
    return sorted(path.name for path in folder.iterdir())


def test_files(tmp_path):
    rng = np.random.default_rng(0)
    kinds = ['attention.png', 'attention_masked.png', 'softmax.png']
    for is_window in (True, False):
        names = write(tmp_path / str(is_window), [piece(rng), piece(rng)], is_window)
        assert names == [*(f'01-{kind}' for kind in kinds), *kinds]
    assert write(tmp_path / 'none', [piece(rng, with_weights=False)]) == [
        '01-softmax.png',
        'softmax.png',
    ]
    assert (tmp_path / 'none' / 'softmax.png').read_bytes()[:4] == b'\x89PNG'
    assert write(tmp_path / 'mean', [piece(rng, with_weights=False)] * 2, num_singles=0) == [
        'softmax.png'
    ]


@pytest.mark.parametrize('first_bar', [0, 1, 37])
def test_bars_are_numbered_as_in_the_prompt(monkeypatch, tmp_path, first_bar):
    """One bar is read and one drawn: the drawn one is the second."""
    figures = {}
    monkeypatch.setattr(
        heatmap_plots, 'write_figure', lambda path, figure: figures.update({path.name: figure})
    )
    made = piece(np.random.default_rng(0))
    write_heatmaps(
        tmp_path,
        [made],
        VOCABULARY,
        is_window=False,
        title='a',
        first_bar=first_bar,
    )
    for name, axis in (('softmax.png', 'xaxis'), ('attention.png', 'yaxis')):
        labels = getattr(figures[name].axes[0], axis).get_ticklabels()
        assert [label.get_text() for label in labels] == [str(first_bar + 1)]


def test_nothing_but_no_events_is_drawn(tmp_path, recwarn):
    """Everything is masked: an empty piece after a silent prompt gives a grey picture, no error and
    no warning.
    """
    tokens = np.zeros(16, np.uint8)
    silent = Piece(
        tokens,
        VOCABULARY.decode(tokens),
        -9.0,
        0,
        np.full((16, 22), 1 / 22),
        np.full((16, 5), 0.2),
        tokens,
    )
    write(tmp_path / 'out', [silent])
    assert not recwarn.list
