"""The LSTM of attn.py with self-attention in three heads in place of Bahdanau's: the same inputs,
left to right, and as many parameters.

    python launch.py --config=configs/hybrid.py

Its likelihood is not measured yet: it has not been trained to the end, and the warm-up is a usual
value, not chosen by validation; all else is as in attn.py.
"""

from configs import attn


def get_config():
    config = attn.left_to_right()
    config.model.kind = 'hybrid'
    config.model.attention = 'none'
    config.model.num_cells = 114
    config.model.num_heads = 3
    config.train.warmup_updates = 500
    return config
