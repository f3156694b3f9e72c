"""Bidirectional: two layers that read the window from both ends, with attention; so only the step after the window can be predicted."""

from configs import base


def get_config():
    config = base.get_config()
    config.model.bidirectional = True
    config.model.attention = 'bahdanau'
    config.model.metric_position = True
    config.train.targets = 'last'
    config.data.hop_steps = 5  # shares no factor with 16: every position in the bar is a target, at a fifth of hop 1's windows
    config.train.num_epochs = 12
    return config
