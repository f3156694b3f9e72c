"""Attention: does looking back over the states help? The default config."""

from configs import base


def get_config():
    config = base.get_config()
    config.model.num_cells = 128
    config.model.attention = 'bahdanau'
    config.model.metric_position = True
    config.model.lookback = (16, 32, 64, 128)  # 1, 2, 4 and 8 bars: where tunes repeat themselves
    config.train.targets = 'all'
    config.train.batch_size = 32
    config.train.learning_rate = 0.003
    return config
