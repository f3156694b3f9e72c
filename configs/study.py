"""The model of the thesis's listening study.

    python launch.py --config=configs/study.py
    python launch.py --mode=study --config=configs/study.py

The second command builds a study of the run. As configs/bidirectional.py, with the thesis's
attention in place of Bahdanau's and without metric position. Not run yet.
"""

from configs import base


def get_config():
    config = base.get_config()
    config.data.meters = base.COMMON_TIME
    config.model.num_layers = 2
    config.model.num_cells = 64
    config.model.bidirectional = True
    config.model.attention = 'weighted'
    config.train.targets = 'last'
    # shares no factor with 16: every position in the bar is a target, at a fifth of hop 1's windows
    config.data.hop_steps = 5
    config.train.num_epochs = 12
    return config
