"""A Transformer in place of the LSTM of attn.py: the same inputs, left to right.
It has 1.5 % more parameters than the LSTM that only continues.

    python launch.py --config=configs/transformer.py

Three layers of 112 cells with four heads, which see 16 bars. Its likelihood is not measured yet: it
has not been trained to the end, and learning rate, warm-up and dropout are usual values, not chosen
by validation.
"""

from configs import attn


def get_config():
    config = attn.left_to_right()
    config.model.kind = 'transformer'
    config.model.attention = 'none'
    config.model.num_layers = 3
    config.model.num_cells = 112
    config.model.dropout_rate = 0.2
    config.train.learning_rate = 0.001
    config.train.warmup_updates = 500
    return config
