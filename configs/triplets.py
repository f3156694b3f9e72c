"""Triplets and swing: the network of `attn` on a grid of twelve steps per quarter.

    python launch.py --config=configs/triplets.py

All lengths in steps are three times those of `attn`, so that they are the same music. Never trained
to the end: three times as many steps take at least three times as long.
"""

from configs import attn

FINER = 3


def get_config():
    config = attn.left_to_right()
    config.data.steps_per_quarter = 4 * FINER
    config.data.window_steps *= FINER
    config.model.lookback = tuple(FINER * steps for steps in config.model.lookback)
    for name in ('sequence_steps', 'sequence_hop_steps', 'held_out_steps'):
        config.train[name] *= FINER
    config.sample.memory_steps *= FINER
    return config
