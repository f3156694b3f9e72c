"""One update: its loss against a float64 reference in NumPy, clipping, the learning rate's factor,
dropout's key, donation.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import cut_windows
from symmusic.melody.encodings.pianoroll import FaithfulPianorollVocabulary
from symmusic.model.model import Architecture
from symmusic.training.batch import Batch, gather, transpose
from symmusic.training.data import put
from symmusic.training.replicas import held_out_losses
from symmusic.training.state import init_state
from symmusic.training.step import held_out_nats, target_losses, update
from tests.model.compiled import apply_all, init_params
from tests.training.toy import (
    ARCHITECTURE,
    BATCH_SIZE,
    RECIPE,
    VOCABULARY,
    assert_same_bits,
    make_windows,
)

DRY = dataclasses.replace(ARCHITECTURE, dropout_rate=0.0)
ATTENTIVE = Architecture(
    7, num_layers=1, num_cells=4, attention='bahdanau', attention_size=3, num_positions=16
)
FREE = dataclasses.replace(RECIPE, clip_norm=0.0)
ROWS = np.array([3, 0, -1, 5], np.int32)  # row 0 is padded by 3 steps, -1 fills up the batch
WINDOWS = make_windows(10, 0)
DATA = put(WINDOWS)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference_logits(params, tokens, positions, num_padding, architecture, last):
    """The logits of one window [T, V] in float64, step by step; with `last` only after its last
    step [1, V].

    Attention does not see padding, except for `last`, as in the thesis.
    """
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    states = np.concatenate(
        [np.eye(architecture.num_classes)[tokens], np.eye(16)[positions]], axis=1
    )
    for layer in params['layers']:
        layer, hidden, cell, outputs = (
            layer['forward'],
            np.zeros(architecture.num_cells),
            np.zeros(architecture.num_cells),
            [],
        )
        for inputs in states:
            i, f, g, o = np.split(
                inputs @ layer['input'] + layer['bias'] + hidden @ layer['recurrent'], 4
            )
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            hidden = sigmoid(o) * np.tanh(cell)
            outputs.append(hidden)
        states = np.array(outputs)
    logits = []
    for step in [len(states) - 1] if last else range(len(states)):
        summary = states[step]
        if architecture.attention == 'bahdanau':
            weights = params['attention']
            seen = states[0 if last else num_padding : step + 1]
            scores = (
                np.tanh(states[step] @ weights['query'] + seen @ weights['key']) @ weights['score']
            )
            context = (
                np.exp(scores) / np.exp(scores).sum() @ seen
                if len(seen)
                else np.zeros(seen.shape[1])
            )
            summary = np.concatenate([context, summary])
        logits.append(summary @ params['head']['kernel'] + params['head']['bias'])
    return np.array(logits)


def reference_loss(params, rows, architecture, targets):
    """The sum of the targets' losses in nats, and how many there are: no step of padding is one, no
    filler row has any.
    """
    nats, num = 0.0, 0
    for row in rows[rows >= 0]:
        tokens = WINDOWS.tokens()[row]
        positions = (int(WINDOWS.positions[row]) + np.arange(WINDOWS.num_steps)) % 16
        logits = reference_logits(
            params,
            tokens[:-1],
            positions[:-1],
            int(WINDOWS.num_padding[row]),
            architecture,
            targets == 'last',
        )
        log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        predicted = (
            range(WINDOWS.num_steps - 1, WINDOWS.num_steps)
            if targets == 'last'
            else range(1, WINDOWS.num_steps)
        )
        for target, answer in zip(predicted, log_probabilities, strict=True):
            if target >= WINDOWS.num_padding[row]:
                nats, num = nats - answer[tokens[target]], num + 1
    return nats, num


@functools.cache
def initial():
    return jax.jit(init_state, static_argnums=(1, 2))(jax.random.key(1), DRY, RECIPE)


def begin():
    """A run's first state, which an update may consume, for any recipe and dropout."""
    return jax.tree.map(jnp.copy, initial())


def first_moment(recipe):
    """The gradient of the first update: ten times Adam's first moment after it."""
    _, after = moved(begin(), recipe=recipe)
    adam = optax.tree.get(after.optimizer_state, 'mu')
    return jax.tree.map(lambda leaf: 10 * np.asarray(leaf), adam)


def moved(state, rows=ROWS, recipe=RECIPE, data=DATA):
    """How far one update moves each parameter, and the state after it."""
    before = jax.tree.map(np.array, state.params)
    after, _ = update(state, data, rows, architecture=DRY, recipe=recipe)
    return jax.tree.map(lambda new, old: np.asarray(new) - old, after.params, before), after


def test_gather_marks_padding():
    """Rows and what stands in them.

    row   tokens            padding
      3   a real window     0
      0   . . . a b c d ..  3
     -1   whatever          all steps
    """
    batch = gather(DATA, ROWS)
    assert batch.num_padding_B.tolist() == [0, 3, WINDOWS.num_steps, 0]
    for row, tokens, positions in zip(ROWS, batch.tokens_BS, batch.positions_BS, strict=True):
        if row >= 0:
            assert_array_equal(tokens, WINDOWS.tokens()[row])
            assert_array_equal(
                positions, (int(WINDOWS.positions[row]) + np.arange(WINDOWS.num_steps)) % 16
            )


@pytest.mark.parametrize('targets', ['last', 'all'])
@pytest.mark.parametrize('architecture', [DRY, ATTENTIVE], ids=['lstm', 'attention'])
def test_loss_is_the_reference_s(architecture, targets):
    params = jax.tree.map(lambda leaf: 3 * leaf, init_params(jax.random.key(0), architecture))
    nats, num = held_out_nats(params, DATA, ROWS, architecture=architecture, targets=targets)
    expected_nats, expected_num = reference_loss(params, ROWS, architecture, targets)
    # the padded window's first real step is a target as well
    assert num == expected_num == (3 if targets == 'last' else 8 + 6 + 8)
    assert_allclose(nats, expected_nats, rtol=2e-6)

    params_R = jax.tree.map(lambda leaf: leaf[None], params)
    held_out = held_out_losses(
        params_R, DATA, architecture=architecture, targets=targets, batch_size=BATCH_SIZE
    )
    expected_nats, expected_num = reference_loss(
        params, np.arange(len(WINDOWS)), architecture, targets
    )
    assert_allclose(held_out, [expected_nats / expected_num], rtol=2e-6)


def test_update_counts_the_loss_it_returns():
    params = jax.tree.map(np.array, begin().params)
    after, loss = update(begin(), DATA, ROWS, architecture=DRY, recipe=RECIPE)
    nats, num = reference_loss(params, ROWS, DRY, 'all')
    assert_allclose(loss, nats / num, rtol=2e-6)
    assert_allclose(after.epoch_nats, nats, rtol=2e-6)
    assert (float(after.epoch_targets), int(after.step)) == (num, 1)
    again, _ = update(
        after, DATA, np.array([1, 2, 3, 4], np.int32), architecture=DRY, recipe=RECIPE
    )
    assert (float(again.epoch_targets), int(again.step)) == (num + 4 * 8, 2)


def test_filler_rows_change_nothing():
    """Whatever they contain: other tokens at the place they gather from give the same update."""
    filled, _ = moved(begin(), np.array([3, 5, -1, -1], np.int32))
    # Row -1 gathers the last window: in this data it is another one.
    other = dataclasses.replace(
        WINDOWS, starts=np.append(WINDOWS.starts[:-1], WINDOWS.starts[2]).astype(np.int32)
    )
    assert not np.array_equal(other.tokens()[-1], WINDOWS.tokens()[-1])
    also_filled, _ = moved(begin(), np.array([3, 5, -1, -1], np.int32), data=put(other))
    jax.tree.map(assert_array_equal, filled, also_filled)


def test_a_batch_of_fillers_alone_is_finite():
    distance, after = moved(begin(), np.full(4, -1, np.int32))
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(distance))
    assert float(after.epoch_targets) == 0


def test_the_plateau_s_scale_is_applied_after_adam():
    """Half the scale moves the parameters half as far, and Adam's moments are the same."""
    full, whole = moved(begin())
    state = begin()
    half, halved = moved(
        state.replace(plateau_state=state.plateau_state._replace(scale=jnp.float32(0.5)))
    )
    jax.tree.map(lambda ours, theirs: assert_allclose(ours, theirs / 2, atol=2e-7), half, full)
    # else 2e-7 would say nothing
    assert max(np.abs(leaf).max() for leaf in jax.tree.leaves(full)) > 0.9 * RECIPE.learning_rate
    assert_same_bits(halved.optimizer_state, whole.optimizer_state)


def test_weight_decay_is_decoupled_from_adam():
    """An update reduces each parameter by learning rate x decay, and leaves Adam's part
    unchanged.
    """
    before = jax.tree.map(np.asarray, initial().params)
    plain, _ = moved(begin())
    decayed, _ = moved(begin(), recipe=dataclasses.replace(RECIPE, weight_decay=0.5))
    share = 0.5 * RECIPE.learning_rate
    jax.tree.map(
        lambda ours, theirs, old: assert_allclose(ours, theirs - share * old, atol=2e-7),
        decayed,
        plain,
        before,
    )
    # else 2e-7 would say nothing
    assert max(np.abs(share * leaf).max() for leaf in jax.tree.leaves(before)) > 1e-4


def test_the_average_decays_slowly():
    """By hand: the first updates keep 1/10, then 2/11 of the average, later ones at most
    `average_decay`; 0 keeps nothing.
    """
    recipe = dataclasses.replace(RECIPE, average_decay=0.15)
    expected, state = jax.tree.map(np.asarray, initial().params), begin()
    for kept in (0.1, 0.15):
        _, state = moved(state, recipe=recipe)
        expected = jax.tree.map(
            lambda old, new, kept=kept: kept * old + (1 - kept) * np.asarray(new),
            expected,
            state.params,
        )
        jax.tree.map(
            lambda ours, theirs: assert_allclose(ours, theirs, atol=1e-6),
            state.average_params,
            expected,
        )
    # Compiled as for users: the code generator of the tests rounds differently in different loops.
    how = {'architecture': DRY, 'recipe': RECIPE}
    plain, _ = update.lower(begin(), DATA, ROWS, **how).compile(
        {'xla_cpu_use_fusion_emitters': True}
    )(begin(), DATA, ROWS)
    assert_same_bits(plain.average_params, plain.params)


def test_gradients_are_clipped_by_their_global_norm():
    def flat(tree):
        return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])

    free = flat(first_moment(FREE))
    clip_norm = float(np.linalg.norm(free)) / 4
    assert_allclose(
        flat(first_moment(dataclasses.replace(RECIPE, clip_norm=clip_norm))),
        free / 4,
        rtol=1e-4,
        atol=1e-7,
    )
    assert np.linalg.norm(free) < RECIPE.clip_norm
    assert_allclose(flat(first_moment(RECIPE)), free, rtol=1e-5, atol=1e-8)


def along(params, direction, distance):
    """The parameters moved in a direction, in float64."""
    return jax.tree.map(
        lambda leaf, way: leaf.astype(np.float64) + distance * way, params, direction
    )


def test_gradient_is_the_loss_s():
    """By central differences of the float64 reference, in random directions."""
    params, gradient = jax.tree.map(np.array, initial().params), first_moment(FREE)
    rng = np.random.default_rng(0)
    for _ in range(3):
        direction = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), params)

        def loss(distance, direction=direction):
            nats, num = reference_loss(along(params, direction, distance), ROWS, DRY, 'all')
            return nats / num

        slope = sum(
            np.vdot(leaf, way)
            for leaf, way in zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True)
        )
        assert_allclose(slope, (loss(1e-5) - loss(-1e-5)) / 2e-5, rtol=1e-3, atol=1e-5)


def test_updates_lower_the_loss_on_a_toy_corpus():
    """A few windows are learnt almost by heart, starting from about ln 7."""
    state, rows = begin(), np.array([2, 3, 4, 5], np.int32)
    losses = []
    for _ in range(300):
        state, loss = update(state, DATA, rows, architecture=DRY, recipe=RECIPE)
        losses.append(float(loss))
    assert losses[0] == pytest.approx(np.log(VOCABULARY.num_classes), abs=0.4)
    assert losses[-1] < losses[0] / 4


@pytest.mark.parametrize('scale', [np.nan, np.inf, 1e30], ids=['nan', 'infinite', 'gradient'])
def test_an_update_that_is_not_finite_changes_nothing_nor_does_one_after_it(scale):
    """1e30: the loss is finite, and only the square of the gradient's norm is not."""
    state = begin()
    state = state.replace(
        params={
            **state.params,
            'head': jax.tree.map(lambda leaf: leaf * scale, state.params['head']),
        }
    )
    nats, _ = held_out_nats(state.params, DATA, ROWS, architecture=DRY, targets='all')
    assert np.isfinite(nats) == (scale == 1e30)
    before = jax.tree.map(jnp.copy, state)
    after, loss = update(state, DATA, ROWS, architecture=DRY, recipe=RECIPE)
    assert np.isnan(loss)
    assert np.isnan(after.epoch_nats)
    assert_same_bits(after.replace(epoch_nats=before.epoch_nats), before)
    sound = after.replace(params=begin().params)
    after, loss = update(sound, DATA, ROWS, architecture=DRY, recipe=RECIPE)
    assert np.isnan(loss)
    assert_same_bits(after.params, initial().params)
    assert int(after.step) == 0


def test_dropout_is_drawn_from_key_and_step_alone():
    def loss(step, key=0):
        state = begin().replace(step=jnp.int32(step), key=jax.random.key(key))
        return float(update(state, DATA, ROWS, architecture=ARCHITECTURE, recipe=RECIPE)[1])

    assert loss(5) == loss(5)
    assert len({loss(5), loss(6), loss(5, key=1)}) == 3


def test_an_update_is_the_same_as_users_compile_it():
    """To rounding: with XLA's optimisations and its usual code generator, which the tests switch
    off (conftest.py).
    """
    how = {'architecture': ATTENTIVE, 'recipe': RECIPE}
    lowered = update.lower(
        jax.eval_shape(lambda: init_state(jax.random.key(1), **how)), DATA, ROWS, **how
    )
    usual = lowered.compile(
        {'xla_backend_optimization_level': 3, 'xla_cpu_use_fusion_emitters': True}
    )
    begin = jax.jit(init_state, static_argnames=('architecture', 'recipe'))
    (ours, loss), (theirs, same_loss) = (
        run(begin(jax.random.key(1), **how), DATA, ROWS) for run in (lowered.compile(), usual)
    )
    assert_allclose(loss, same_loss, rtol=1e-5)
    jax.tree.map(
        lambda one, other: assert_allclose(one, other, rtol=1e-4, atol=1e-6),
        ours.params,
        theirs.params,
    )


def test_held_out_losses_have_no_dropout():
    wet, dry = (
        held_out_nats(initial().params, DATA, ROWS, architecture=each, targets='all')
        for each in (ARCHITECTURE, DRY)
    )
    assert_same_bits(wet, dry)


def test_state_is_donated():
    """Its buffers are reused for the state after the update, so that a run holds one state and not
    two.
    """
    state = begin()
    leaf = state.params['head']['kernel']
    update(state, DATA, ROWS, architecture=DRY, recipe=RECIPE)
    assert leaf.is_deleted()


def test_weights_leave_out_padding_and_fillers():
    """The first real step is a target; a window of padding except for its last step has one; only a
    filler row has none.
    """
    batch = Batch(
        jnp.zeros((3, 9), jnp.int32),
        jnp.zeros((3, 9), jnp.int32),
        jnp.array([0, 8, 9]),
        jnp.array([1, 8, 9]),
        jnp.full(3, 9),
    )
    last, every = (
        jax.jit(lambda t=targets: target_losses(initial().params, batch, DRY, t)[2])()
        for targets in ('last', 'all')
    )
    assert last.tolist() == [1, 1, 0]
    assert every.tolist() == [[1] * 8, [0] * 7 + [1], [0] * 8]


def test_the_schedule_moves_parameters_in_proportion():
    """Half-way down the cosine half as far; in the second of four warm-up updates as far, halved
    again.
    """
    full, _ = moved(begin().replace(step=jnp.int32(1)))
    for recipe, share in (
        (dataclasses.replace(RECIPE, cosine_updates=2), 0.5),
        (dataclasses.replace(RECIPE, warmup_updates=4), 0.5),
        (dataclasses.replace(RECIPE, warmup_updates=4, cosine_updates=2), 0.25),
        (dataclasses.replace(RECIPE, cosine_updates=1), 0.0),
    ):
        part, _ = moved(begin().replace(step=jnp.int32(1)), recipe=recipe)
        jax.tree.map(
            lambda ours, theirs, share=share: assert_allclose(ours, share * theirs, atol=2e-7),
            part,
            full,
        )


def test_smoothed_labels_are_a_mixture_with_all_classes_alike():
    params = jax.tree.map(lambda leaf: 3 * leaf, initial().params)
    plain, same, weights = target_losses(params, gather(DATA, ROWS), DRY, 'all')
    losses, smoothed, _ = target_losses(params, gather(DATA, ROWS), DRY, 'all', label_smoothing=0.3)
    assert_array_equal(plain, same)
    assert_array_equal(plain, losses)
    logits_BTV, _ = apply_all(
        params, gather(DATA, ROWS).tokens_BS[:, :-1], gather(DATA, ROWS).positions_BS[:, :-1], DRY
    )
    every_class = [
        optax.softmax_cross_entropy_with_integer_labels(logits_BTV, jnp.full(plain.shape, label))
        for label in range(7)
    ]
    assert_allclose(smoothed, 0.7 * plain + 0.3 * np.mean(every_class, axis=0), rtol=1e-5)
    assert weights.sum() > 0


def test_smoothing_changes_the_gradient_and_not_the_loss_reported():
    smooth = dataclasses.replace(RECIPE, label_smoothing=0.5)
    losses = [
        update(begin(), DATA, ROWS, architecture=DRY, recipe=recipe)[1]
        for recipe in (RECIPE, smooth)
    ]
    assert_allclose(*losses, rtol=1e-6)
    plain, smoothed = (
        first_moment(FREE),
        first_moment(dataclasses.replace(FREE, label_smoothing=0.5)),
    )
    assert not np.allclose(plain['head']['bias'], smoothed['head']['bias'], atol=1e-3)


def test_windows_are_transposed_as_a_whole():
    """Classes 0 and 1 are no pitches and stay, as does padding; each window is moved by one
    distance, each distance equally often.
    """
    recipe = dataclasses.replace(RECIPE, transpositions=(-2, 3), first_pitch=2)
    tokens_BS = jnp.array([[0, 0, 4, 1, 5, 0, 13]] * 3000)
    batch = Batch(
        tokens_BS,
        jnp.zeros_like(tokens_BS),
        jnp.full(3000, 2),
        jnp.full(3000, 2),
        jnp.full(3000, 7),
    )
    moved = transpose(
        batch, jax.random.split(jax.random.key(0), len(batch.tokens_BS)), recipe, 12
    )  # class 12 and above are no pitches
    distances_B = moved.tokens_BS[:, 2] - 4
    expected_BS = jnp.where(
        (tokens_BS >= 2) & (tokens_BS < 12), tokens_BS + distances_B[:, None], tokens_BS
    )
    assert_array_equal(moved.tokens_BS, expected_BS)
    values, counts = np.unique(distances_B, return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2, 3]
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    assert transpose(batch, jax.random.split(jax.random.key(0), 2), RECIPE, 12) is batch


def test_transposing_changes_the_update_but_not_held_out_losses():
    # so that class 2 is never left
    recipe = dataclasses.replace(RECIPE, transpositions=(-1, 0), first_pitch=3)
    assert (
        update(begin(), DATA, ROWS, architecture=DRY, recipe=recipe)[1]
        != update(begin(), DATA, ROWS, architecture=DRY, recipe=RECIPE)[1]
    )


def test_a_blank_is_no_target():
    """It has no loss, no gradient and causes no NaN; a batch of blanks only changes nothing."""
    architecture = dataclasses.replace(DRY, padding=7)
    tokens_BS = jnp.array([[0, 1, 7, 2], [7, 7, 7, 7]])
    batch = Batch(
        tokens_BS, jnp.zeros_like(tokens_BS), jnp.zeros(2, int), jnp.ones(2, int), jnp.full(2, 4)
    )
    for targets, expected in (('all', [[1, 0, 1], [0, 0, 0]]), ('last', [1, 0])):
        losses, _, weights = target_losses(initial().params, batch, architecture, targets)
        assert weights.tolist() == expected
        assert np.isfinite(losses).all()
    blank = put(
        cut_windows(
            [Tune('rest', phrases=(np.full(9, -1, np.int8),))],
            FaithfulPianorollVocabulary(60, 66),
            9,
            4,
        )
    )
    before = jax.tree.map(np.asarray, initial().params)
    after, loss = update(
        begin(),
        blank,
        np.array([0, -1, -1, -1], np.int32),
        architecture=architecture,
        recipe=RECIPE,
    )
    assert (float(loss), float(after.epoch_targets)) == (0.0, 0.0)
    jax.tree.map(assert_array_equal, after.params, before)
