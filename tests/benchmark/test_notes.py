"""What the benchmark's network reads, and its output."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symmusic.benchmark.network import Shape, init_network, losses, score
from symmusic.benchmark.notes import RESET, pack, read_melody, recall
from symmusic.model.relative import lay_at_pitches

SHAPE = Shape(6, num_cells=4, embedding_size=3)


def test_what_is_recalled():
    """Of a b c a b . the note that followed a b; of a repeated note the latest place."""
    recalled, match = recall(np.array([0, 1, 2, 0, 1, 2, 2]))
    assert recalled.tolist() == [0, 0, 0, 0, 1, 2, 0]
    assert match.tolist() == [0, 0, 0, 0, 1, 2, 3]


def test_recall_counts_at_most_five_notes():
    assert recall(np.zeros(9, int))[1].tolist() == [0, 0, 1, 2, 3, 4, 5, 5, 5]


def test_steps_of_a_melody_that_is_moved():
    steps = read_melody(np.array([2, 3, 2, 3]), 6, 1)
    assert steps.target.tolist() == [RESET, 4, 3, 4]
    assert steps.last.tolist() == [0, 3, 4, 3]
    assert steps.interval.tolist() == [6, 6, 1, -1]
    assert steps.recalled.tolist() == [6, 6, 6, 4]


def test_what_is_given_goes_along():
    """Into the rows, zeros where nothing is read, and into the scores of its own step."""
    given = np.array([[6, 0], [1, 2], [5, 4]])
    steps = read_melody(np.array([2, 3, 4]), 6, 1, given)
    rows = pack([steps], 1, 4, 6).arrays()
    assert rows['given'].tolist() == [[*given.tolist(), [0, 0]]]
    assert 'given' not in pack([read_melody(np.array([2, 3]), 6)], 1, 4, 6).arrays()
    shape = dataclasses.replace(SHAPE, num_given=7)
    params = init_network(jax.random.key(0), shape)
    before = score(params, rows, shape)
    other = rows['given'].copy()
    other[0, 2] = [3, 3]
    after = score(params, rows | {'given': other}, shape)
    changed = np.abs(np.asarray(after - before))[0].max(axis=-1) > 0
    assert changed.tolist() == [False, False, True, False]  # a reset follows


def test_rows_hold_whole_melodies():
    melodies = [read_melody(np.arange(length), 6) for length in (3, 4, 2, 5)]
    rows = pack(melodies, 2, 6, 6)
    assert rows.target.tolist() == [[RESET, 1, 2, RESET, 1, RESET], [RESET, 1, 2, 3, RESET, RESET]]


def rows_of(*melodies, row_steps=12):
    return pack([read_melody(np.array(each), 6) for each in melodies], 1, row_steps, 6).arrays()


def test_a_melody_in_a_row_is_read_as_if_alone():
    params = init_network(jax.random.key(0), SHAPE)
    params['lstm']['recurrent'] *= 5
    alone = score(params, rows_of([1, 2, 4, 1, 2]), SHAPE)[0, 1:5]
    after = score(params, rows_of([5, 0, 3], [1, 2, 4, 1, 2]), SHAPE)[0, 4:8]
    np.testing.assert_allclose(alone, after, atol=1e-6)


def test_nothing_is_read_ahead():
    params = init_network(jax.random.key(0), SHAPE)
    one = score(params, rows_of([1, 2, 4, 1, 2, 5]), SHAPE)[0]
    other = score(params, rows_of([1, 2, 4, 1, 0, 3]), SHAPE)[0]
    np.testing.assert_array_equal(one[:5], other[:5])
    assert not np.allclose(one[5], other[5])


def test_losses_are_of_targets_alone():
    logits = jnp.log(jnp.array([[[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]]))
    found = losses(logits, {'target': jnp.array([[1, RESET]])})
    np.testing.assert_allclose(found, [[np.log(4), 0]], rtol=1e-6)


def test_dropout_has_one_mask_for_all_steps():
    """Where the state is the same at each step, so are the scores, also with dropout."""
    shape = dataclasses.replace(SHAPE, input_dropout_rate=0.0)
    params = init_network(jax.random.key(0), shape)
    params['lstm'] = jax.tree.map(jnp.zeros_like, params['lstm'])
    params['lstm']['bias'] = jnp.ones(16).at[4:8].set(-1e4)  # forgets what was before
    steps = rows_of([1] * 9)
    dropped, plain = (score(params, steps, shape, key)[0] for key in (jax.random.key(1), None))
    np.testing.assert_array_equal(dropped[7], dropped[8])
    assert not np.allclose(dropped[7], plain[7])


@pytest.mark.parametrize('last', range(4))
def test_scores_of_intervals_at_pitches(last):
    scores = jax.random.normal(jax.random.key(last), (1, 7))
    found = lay_at_pitches(scores, jnp.array([last]))
    np.testing.assert_array_equal(found[0], [scores[0, v - last + 3] for v in range(4)])


def test_their_gradient_is_that_of_a_gather():
    scores, notes = jax.random.normal(jax.random.key(0), (3, 7)), jnp.array([0, 3, 1])
    weights = jax.random.normal(jax.random.key(1), (3, 4))

    def plain(scores):
        places = jnp.arange(4) - notes[:, None] + 3
        return (jnp.take_along_axis(scores, places, axis=1) * weights).sum()

    own = jax.grad(lambda scores: (lay_at_pitches(scores, notes) * weights).sum())(scores)
    np.testing.assert_allclose(own, jax.grad(plain)(scores), rtol=1e-6)
