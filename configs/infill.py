"""One model for both: it continues left to right, and fills gaps given both sides.

    python launch.py --config=configs/infill.py
    python launch.py --config=configs/infill.py --mode=sample --config.sample.prompt=my.abc \\
        --config.sample.regenerate=2-3

As attn.py, with fewer forward cells and a small backward layer, so that it has no more parameters
(529,538). Half of the training sequences have a gap whose far side is known. Not run to its end.
"""

from configs import attn


def get_config():
    config = attn.get_config()
    config.train.targets = 'gap'
    config.train.gap_share = 0.5
    config.model.bidirectional = True
    config.model.num_cells = 96
    config.model.backward_layers = 1
    config.model.backward_cells = 40
    config.model.agreement_ahead = True
    return config
