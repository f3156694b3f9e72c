"""Two bidirectional LSTM layers with attention: sees the whole window, so it is trained on its last step only."""

from configs import base


def get_config():
    config = base.get_config()
    config.model.bidirectional = True
    config.model.attention = 'bahdanau'
    config.model.metric_position = True
    config.train.targets = 'last'
    config.data.hop_steps = 1  # a target at every position of the bar; with 16 it is always the last sixteenth
    return config
