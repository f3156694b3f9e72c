"""The same network as attn.py without attention: two unidirectional LSTM layers.

python launch.py --config=configs/lstm.py
"""

from configs import attn


def get_config():
    config = attn.get_config()
    config.model.attention = 'none'
    return config
