"""Infilling: bars between others, drawn by a network that knows what stands on both sides.

python launch.py --config=configs/infill.py
"""

from configs import attn


def get_config():
    config = attn.get_config()
    config.train.targets = 'gap'
    config.model.bidirectional = True
    config.model.num_cells = 96  # per direction
    config.model.attention = 'none'  # it costs 1.4 times the time in attn.py and brings little
    config.train.num_epochs = 14
    config.train.cosine_epochs = 14  # a run of known length
    return config
