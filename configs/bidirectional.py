"""Two bidirectional layers with attention.

They read the whole window, so only the step after it can be predicted.

    python launch.py --config=configs/bidirectional.py

97 s per epoch on 2 CPU cores, about 20 minutes. One seed after 1 of 12 epochs: 1.201 nats per step
on validation tunes (base rate 1.953); not trained to its end. See docs/results.md.
"""

from configs import base


def get_config():
    config = base.get_config()
    config.data.meters = base.COMMON_TIME
    config.model.bidirectional = True
    config.model.attention = 'bahdanau'
    config.model.metric_position = True
    config.train.targets = 'last'
    # shares no factor with 16: every position in the bar is a target, at a fifth of hop 1's windows
    config.data.hop_steps = 5
    config.train.num_epochs = 12
    return config
