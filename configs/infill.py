"""Infilling: is filling a gap given both sides better than sampling left to right?

    python launch.py --config=configs/infill.py
    python launch.py --config=configs/infill.py --mode=sample --config.sample.prompt=my.abc \\
        --config.sample.regenerate=2-3

Not run on all metres, nor with all inputs of attn.py. In 4/4 and 2/2, on the split before
2026-11-30, gaps of 2 bars in test tunes took 0.496 [0.432, 0.565] nats per step, with the shipped
model of then, given only what precedes them, 0.581 [0.523, 0.639]; see docs/results.md.
"""

from configs import attn


def get_config():
    config = attn.get_config()
    config.train.targets = 'gap'
    config.model.bidirectional = True
    config.model.num_cells = 96  # per direction
    config.model.attention = 'none'  # in attn.py it takes 1.4 times as long and gains little
    config.train.num_epochs = 14
    config.train.cosine_epochs = 14  # a run of known length
    return config
