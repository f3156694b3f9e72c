"""A vocabulary, a model with known probabilities, and prompts."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.generate.manner import Manner
from symmusic.generate.prompt import Prompt
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.model.model import Architecture, init_params

VOCABULARY = MelodyVocabulary(60, 79)  # 22 classes
ARCHITECTURE = Architecture(VOCABULARY.num_classes, num_layers=1, num_cells=4, num_positions=16)


@functools.cache
def random_params(seed):
    """Initial parameters of a run."""
    return jax.jit(init_params, static_argnums=1)(jax.random.key(seed), ARCHITECTURE)


def params_for(probabilities):
    """Parameters with these probabilities for any input; {class: share}."""
    zeros = jax.tree.map(jnp.zeros_like, random_params(0))
    bias = np.full(VOCABULARY.num_classes, -1e9)
    bias[list(probabilities)] = np.log(list(probabilities.values()))
    return {**zeros, 'head': {**zeros['head'], 'bias': jnp.asarray(bias, jnp.float32)}}


def make_prompt(transposed_by=0, num_bars=1):
    """A prompt of alternating 62 and 64 in the model's key, held in the last bar's second half."""
    tokens = np.tile(np.array([4, 0, 6, 0, 4, 0, 6, 1, 4, 0, 6, 0, 4, 0, 0, 0], np.uint8), num_bars)
    events = VOCABULARY.decode(tokens).astype(np.int16)
    return Prompt(
        'walk',
        np.where(events >= 0, events - transposed_by, events).astype(np.int8),
        tokens,
        transposed_by,
        96.0,
    )


def manner(**changes):
    """Sampling settings: four pieces of one bar, with a test's changes."""
    fields = {
        'num_samples': 4,
        'num_bars': 1,
        'temperature': 1.0,
        'top_k': 0,
        'top_p': 1.0,
        'window_steps': None,
        'memory_steps': 8,
        'max_redraws': 10,
        'redraw_stuck': False,
        'keep_distributions': False,
    }
    return Manner(**{**fields, **changes})
