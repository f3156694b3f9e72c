"""Training for infilling: where gaps end, what counts, and that the model learns what only the
right side determines.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import cut_windows
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.model.model import Architecture, apply_all
from symmusic.training.batch import Batch, gather, open_gaps
from symmusic.training.data import put
from symmusic.training.state import init_state
from symmusic.training.step import held_out_nats, target_losses, update
from symmusic.training.validation import measure_held_out
from tests.training.toy import make_recipe

VOCABULARY = MelodyVocabulary(60, 61)  # no event, note off, two pitches
ARCHITECTURE = Architecture(
    4,
    num_layers=1,
    num_cells=8,
    bidirectional=True,
    infilling=True,
    dropout_rate=0.0,
    num_positions=16,
    lookback=(16,),
)
SMALL = dataclasses.replace(ARCHITECTURE, num_layers=2, backward_layers=1, backward_cells=3)
RECIPE = make_recipe(targets='gap', learning_rate=0.05)


def begin(architecture):
    return jax.jit(init_state, static_argnums=(1, 2))(jax.random.key(0), architecture, RECIPE)


def batch_of(num_steps, positions, num_padding, first_targets):
    positions_BS = (jnp.array(positions)[:, None] + jnp.arange(num_steps)) % 16
    tokens_BS = jnp.zeros_like(positions_BS)
    return Batch(
        tokens_BS,
        positions_BS,
        jnp.array(num_padding),
        jnp.array(first_targets),
        jnp.full(len(positions), num_steps),
    )


def test_gaps_end_at_bar_lines_equally_often():
    """At bar lines after the first target, or at the window's end; never in a filler row."""
    num = 2000
    batch = batch_of(50, [0, 5, 3] * num, [0, 20, 50] * num, [1, 27, 50] * num)
    ends = np.asarray(
        jax.jit(open_gaps, static_argnames='bars')(
            batch, jax.random.split(jax.random.key(1), 3 * num), bars=(16,)
        ).end_B
    ).reshape(num, 3)
    for column, expected in zip(ends.T, ([16, 32, 48, 50], [43, 50], [50]), strict=True):
        values, counts = np.unique(column, return_counts=True)
        assert values.tolist() == expected
        assert scipy.stats.chisquare(counts).pvalue > 1e-3 if len(expected) > 1 else True
    again = jax.jit(open_gaps, static_argnames='bars')(
        batch, jax.random.split(jax.random.key(1), 3 * num), bars=(16,)
    ).end_B
    assert_array_equal(ends.ravel(), again)


read_all = jax.jit(apply_all, static_argnames='architecture')


def slow_losses(params, batch, architecture):
    """The loss of each target by row and step, one row at a time, with what follows its gap known
    if it has one.
    """
    num_steps, found = batch.tokens_BS.shape[1], {}
    for row, end in enumerate(np.asarray(batch.end_B)):
        tokens_1S = batch.tokens_BS[row : row + 1]
        future = None
        if end < num_steps:
            told = np.arange(1, num_steps) >= end
            future = jnp.where(told, tokens_1S[:, 1:], architecture.num_classes)
        logits, _ = read_all(
            params,
            tokens_1S[:, :-1],
            batch.positions_BS[row : row + 1, :-1],
            architecture,
            mask_BT=(jnp.arange(num_steps - 1) >= batch.num_padding_B[row])[None],
            future_BT=future,
        )
        logs_TV = np.asarray(jax.nn.log_softmax(logits))[0]
        for step in range(int(batch.first_target_B[row]), end):
            found[row, step] = -logs_TV[step - 1, int(tokens_1S[0, step])]
    return found


def test_rows_with_a_gap_and_rows_without_in_one_batch():
    """Both kinds cost what a plain loop gives; about the share has a gap, and none of the others
    knows anything in advance. All have one where the share is 1, at the same bar lines.
    """
    num = 400
    batch = batch_of(50, [0, 5] * num, [0, 20] * num, [1, 27] * num)
    keys_B = jax.random.split(jax.random.key(1), 2 * num)
    opened = jax.jit(open_gaps, static_argnames=('bars', 'share'))
    ends, every = (
        np.asarray(opened(batch, keys_B, bars=(16,), share=share).end_B) for share in (0.25, 1.0)
    )
    assert (every == opened(batch, keys_B, bars=(16,)).end_B).all()
    has_gap = (ends == every) & (every < 50)
    assert (ends[~has_gap] == 50).all()
    assert scipy.stats.binomtest(int(has_gap.sum()), int((every < 50).sum()), 0.25).pvalue > 1e-3
    rng, params = np.random.default_rng(2), begin(SMALL).params
    few = batch_of(50, [0, 5, 3], [0, 20, 0], [1, 27, 1])
    tokens_BS = jnp.asarray(rng.integers(4, size=(3, 50)))
    few = few.replace(tokens_BS=tokens_BS, end_B=jnp.array([32, 43, 50]))
    losses, _, weights = jax.jit(lambda: target_losses(params, few, SMALL, 'gap'))()
    expected = slow_losses(params, few, SMALL)
    is_target = np.zeros((3, 50), bool)
    is_target[tuple(np.transpose(list(expected)))] = True
    assert_array_equal(is_target[:, 1:], weights)
    for (row, step), loss in expected.items():
        assert losses[row, step - 1] == pytest.approx(loss, abs=1e-5)


def test_a_run_that_learns_both_goes_by_the_weighted_mean():
    """Of the loss left to right and that of gaps, which each alone are those of the other kinds."""
    data = put(cut_windows([tune(60), tune(61)] * 4, VOCABULARY, 32, 32))
    params_R = jax.tree.map(lambda leaf: jnp.stack([leaf, 2 * leaf]), begin(SMALL).params)

    def measured(recipe):
        return measure_held_out(params_R, data, SMALL, recipe, batch_size=4)

    both = measured(make_recipe(targets='gap', gap_share=0.25))
    forward, gap = (measured(make_recipe(targets=targets)) for targets in ('all', 'gap'))
    assert forward.gap_R is None
    assert_array_equal(both.left_to_right_R, forward.loss_R)
    assert_array_equal(both.gap_R, gap.loss_R)
    assert_allclose(both.loss_R, 0.75 * forward.loss_R + 0.25 * gap.loss_R)
    (row,) = both.added_to([{'replica': 1}])
    assert (row['left_to_right_loss'], row['gap_loss']) == (both.left_to_right_R[1], both.gap_R[1])
    assert (forward.loss_R != gap.loss_R).all()


def test_the_steps_before_the_end_count():
    batch = batch_of(20, [0, 0, 0], [0, 4, 20], [1, 4, 20]).replace(end_B=jnp.array([16, 20, 20]))
    params = begin(ARCHITECTURE).params
    weights = np.asarray(jax.jit(lambda: target_losses(params, batch, ARCHITECTURE, 'gap')[2])())
    assert [np.flatnonzero(row).tolist() for row in weights] == [
        list(range(15)),
        list(range(3, 19)),
        [],
    ]


def tune(pitch):
    """Two bars with one note each, of the same pitch."""
    bar = [-2, -2, -2, -2, pitch] + [-2] * 11
    return Tune(str(pitch), phrases=(np.array(bar * 2, np.int8),))


def test_it_learns_what_only_the_right_side_determines():
    """The note of the first bar is determined by the second bar and by nothing before it."""
    windows = cut_windows([tune(60), tune(61)] * 8, VOCABULARY, 32, 32)
    data, rows_B = put(windows), np.arange(16, dtype=np.int32)
    state = begin(ARCHITECTURE)
    before = held_out_nats(state.params, data, rows_B, architecture=ARCHITECTURE, targets='gap')
    for _ in range(120):
        state, loss = update(state, data, rows_B, architecture=ARCHITECTURE, recipe=RECIPE)
    assert np.isfinite(float(loss))
    after = held_out_nats(state.params, data, rows_B, architecture=ARCHITECTURE, targets='gap')
    assert before[1] == after[1]
    assert after[0] < 0.3 * before[0]
    batch = gather(data, rows_B).replace(end_B=jnp.full(16, 16))
    told, untold = (
        np.asarray(
            jax.jit(
                lambda kind=targets: target_losses(state.params, batch, ARCHITECTURE, kind)[0]
            )()
        )
        for targets in ('gap', 'all')
    )
    assert told[:, 3].mean() < 0.1
    assert untold[:, 3].mean() > 0.6  # one of two with equal chances: ln 2
    assert untold[:, 19].mean() < 0.1  # the second bar repeats the first


@pytest.mark.parametrize('targets', ['gap', 'all'])
def test_what_is_held_out_is_always_the_same(targets):
    windows = cut_windows([tune(60)] * 3, VOCABULARY, 32, 32)
    params = begin(ARCHITECTURE).params
    one, other = (
        held_out_nats(
            params,
            put(windows),
            np.array(rows, np.int32),
            architecture=ARCHITECTURE,
            targets=targets,
        )
        for rows in ([0, 1, 2, -1], [2, 0, 1, -1])
    )
    assert one[1] == other[1] > 0
    assert float(one[0]) == pytest.approx(float(other[0]), rel=1e-5)


def test_dropout_and_gaps_are_of_the_update_s_key():
    """Another update has other gaps and another dropout mask; repeating one changes nothing."""
    wet = dataclasses.replace(ARCHITECTURE, dropout_rate=0.5)
    data, rows_B = (
        put(cut_windows([tune(60), tune(61)], VOCABULARY, 32, 32)),
        np.array([0, 1], np.int32),
    )

    def loss(step):
        state = begin(wet).replace(step=jnp.int32(step))
        return float(update(state, data, rows_B, architecture=wet, recipe=RECIPE)[1])

    assert loss(3) == loss(3)
    assert loss(3) != loss(4)
