"""Attention: does looking back over the states help? The default config."""

from configs import base


def get_config():
    config = base.get_config()
    config.model.num_cells = 192
    config.model.attention = 'bahdanau'
    config.model.dropout_rate = 0.5  # 1,327 tunes are few: less overfits within minutes
    config.model.metric_position = True
    config.model.lookback = (16, 32, 64, 128)  # 1, 2, 4 and 8 bars: where tunes repeat themselves
    config.train.targets = 'all'
    config.train.batch_size = 32
    config.train.learning_rate = 0.003
    config.train.weight_decay = 0.1
    config.train.average_decay = 0.999
    config.train.num_epochs = 40  # at most: on `folk` it stops after 14
    config.train.early_stopping_epochs = 3
    return config
