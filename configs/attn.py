"""The default config, and that of the shipped model: an LSTM that looks back.

    python launch.py

Two LSTM layers with Bahdanau attention over the last 16 bars. Further inputs are the metre, the
step in the bar, and the tokens 1, 2, 4 and 8 bars before. See docs/results.md.
"""

from configs import base


def get_config():
    config = base.get_config()
    config.model.num_cells = 160
    config.model.attention = 'bahdanau'
    config.model.dropout_rate = 0.4
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
    config.train.num_epochs = 16
    config.train.cosine_epochs = 16
    config.sample.memory_steps = 256  # as far as attention was trained to look back
    return config
