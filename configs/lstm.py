"""The network of attn.py without attention: two unidirectional LSTM layers.

    python launch.py --config=configs/lstm.py

35 s per epoch on 2 CPU cores. One seed, stopped by hand after 15 epochs: 0.528 nats per step on
validation tunes (base rate 1.914), with attention 0.518. See docs/results.md.
"""

from configs import attn


def get_config():
    config = attn.get_config()
    config.model.attention = 'none'
    return config
