"""Attention: does looking back over the states help? The default config."""

from configs import base


def get_config():
    config = base.get_config()
    config.model.num_cells = 128
    config.model.attention = 'bahdanau'
    config.model.metric_position = True
    config.train.targets = 'all'
    return config
