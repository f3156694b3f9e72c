"""Attention: does looking back over the states help? The default config.

    python launch.py

12 minutes on 2 CPU cores. One seed: 0.541 nats per step on validation tunes (base rate 1.900),
0.558 on test tunes, best epoch 14 of 17. docs/results.md has its evaluation and how it was chosen.
"""

from configs import base


def get_config():
    config = base.get_config()
    config.model.num_cells = 192
    config.model.attention = 'bahdanau'
    config.model.dropout_rate = 0.5  # 1,327 tunes are few: less overfits within minutes
    config.model.metric_position = True
    config.model.lookback = (16, 32, 64, 128)  # 1, 2, 4 and 8 bars: where tunes repeat themselves
    config.train.targets = 'all'
    # 16 bars, so that half of the targets have the 8 bars before them that lookback reaches
    config.train.sequence_steps = 256
    config.train.sequence_hop_steps = 128
    config.train.batch_size = 16
    config.train.learning_rate = 0.003
    config.train.weight_decay = 0.1
    config.train.average_decay = 0.999
    config.train.plateau_patience = 1
    config.train.num_epochs = 40  # at most
    config.train.early_stopping_epochs = 3
    config.sample.memory_steps = 256  # as far as attention was trained to look back
    return config
