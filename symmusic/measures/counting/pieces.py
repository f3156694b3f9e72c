"""Pieces of a count model, drawn like those of a network."""

import jax
import numpy as np

from symmusic.generate.host_reader import HostReader
from symmusic.generate.sample import Rule, sample
from symmusic.measures.counting.model import CountModel
from symmusic.model.places import first_place, later
from symmusic.progress import track

CHUNK = 1000  # pieces drawn at once


def draw_pieces(
    model: CountModel, prompts_BT: np.ndarray, num_steps: int, key: jax.Array, meter: int = 0
) -> np.ndarray:
    """Draws tokens [B, num_steps] uint8 after each prompt of whole bars in the metre of this index;
    the key is consumed.
    """
    bars = model.bars
    reader = HostReader(model.next_log_probabilities, model.vocabulary.num_classes, bars)
    places_T = np.array(later(first_place(meter, bars), np.arange(prompts_BT.shape[1]), bars))
    keys_B = jax.random.split(key, len(prompts_BT))
    drawn, num = [], min(CHUNK, len(prompts_BT))
    for begin in track(range(0, len(prompts_BT), num), 'chunk'):
        # equal shapes compile once
        rows = np.minimum(np.arange(begin, begin + num), len(prompts_BT) - 1)
        prompts = prompts_BT[rows].astype(np.int32)
        positions = np.broadcast_to(places_T, prompts.shape)
        found = sample(reader, prompts, positions, keys_B[rows], Rule(), num_steps=num_steps)
        drawn.append(np.array(found.tokens_BN))
    return np.concatenate(drawn)[: len(prompts_BT)].astype(np.uint8)
