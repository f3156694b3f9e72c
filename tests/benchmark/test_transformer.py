"""The Transformer of the benchmark."""

import dataclasses

import jax
import numpy as np
import pytest

from symmusic.benchmark.fitting import NUM_PITCHES, Recipe, TransformerRecipe
from symmusic.benchmark.network import Shape, init_network, score
from symmusic.benchmark.notes import RESET, pack, read_melody
from symmusic.benchmark.transformer import apply_layers, init_layers, seen
from symmusic.model import heads

SHAPE = Shape(6, num_cells=8, embedding_size=8, num_layers=2)


def rows_of(*melodies, row_steps=12):
    return pack([read_melody(np.array(each), 6) for each in melodies], 1, row_steps, 6).arrays()


@pytest.fixture(scope='module')
def params():
    return init_network(jax.random.key(0), SHAPE)


def test_what_a_step_sees():
    """Of a melody of two notes, one of three and a step that is not read."""
    target = np.array([[RESET, 4, RESET, 1, 2, RESET]])
    found = seen(target)[0].astype(int).tolist()
    assert found == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 1],
    ]


def test_a_melody_is_scored_alike_wherever_it_stands(params):
    """Alone, and behind another one in a row: attention does not cross melodies."""
    melody, other = [2, 3, 5, 3, 2], [0, 1, 4, 5]
    alone = np.asarray(score(params, rows_of(melody), SHAPE))[0, :5]
    behind = np.asarray(score(params, rows_of(other, melody), SHAPE))[0, 4:9]
    np.testing.assert_allclose(behind, alone, rtol=1e-4, atol=1e-5)


def test_scores_depend_on_the_notes_before_alone(params):
    """Of a melody that differs in one note, those of later notes of this melody."""
    one = np.asarray(score(params, rows_of([2, 3, 5, 3], [0, 1, 4, 5]), SHAPE))
    two = np.asarray(score(params, rows_of([2, 3, 1, 3], [0, 1, 4, 5]), SHAPE))
    is_equal = np.isclose(one, two, rtol=1e-4, atol=1e-5)[0].all(axis=-1)
    assert is_equal.tolist() == [True, True, True, False, *[True] * 8]


def test_attention_is_that_of_the_model_package(params):
    """Of one melody: the first layer's attention equals `heads.attend_causal`."""
    layers = {'0': params['layers']['0'] | {'down': np.zeros((32, 8))}}
    states = jax.random.normal(jax.random.key(1), (1, 7, 8))
    target = np.array([[RESET, *[0] * 6]])
    own = apply_layers(layers, states, target, 4) - states
    expected, _ = heads.attend_causal(layers['0']['attention'], states, 4)
    np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-6)


def test_dropout_changes_outputs_in_training_alone(params):
    rows = rows_of([2, 3, 5, 3])
    evaluated = score(params, rows, SHAPE)
    trained = [score(params, rows, SHAPE, jax.random.key(seed)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(trained[0], trained[1])
    assert not np.allclose(trained[0], trained[2])
    assert not np.allclose(trained[0], evaluated)
    without = dataclasses.replace(
        SHAPE, dropout_rate=0.0, input_dropout_rate=0.0, layer_dropout_rate=0.0
    )
    found = score(params, rows, without, jax.random.key(0))
    np.testing.assert_allclose(found, score(params, rows, without), rtol=1e-5, atol=1e-6)


def test_it_has_about_as_many_parameters_as_the_lstm():
    sizes = []
    for recipe in (Recipe(), TransformerRecipe()):
        made = init_network(jax.random.key(0), recipe.shape(NUM_PITCHES, 0))
        sizes.append(sum(leaf.size for leaf in jax.tree.leaves(made)))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.1)


def test_layers_have_parameters_of_their_own():
    one, two = init_layers(jax.random.key(0), 2, 8).values()
    assert not np.allclose(one['up'], two['up'])
