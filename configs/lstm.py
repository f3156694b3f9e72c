"""The network of attn.py without attention: two unidirectional LSTM layers.

    python launch.py --config=configs/lstm.py

Not run on all metres, nor with all inputs of attn.py. In 4/4 and 2/2, with 192 cells, 0.528 nats
per step on validation tunes, with attention 0.518 (docs/results.md).
"""

from configs import attn


def get_config():
    config = attn.left_to_right()
    config.model.attention = 'none'
    return config
