"""One model for both: it continues left to right, and fills gaps given both sides.

    python launch.py --config=configs/infill.py
    python launch.py --config=configs/infill.py --mode=sample --config.sample.prompt=my.abc \\
        --config.sample.regenerate=2-3

As attn.py, with fewer forward cells and a small backward layer, so that it has no more parameters
(529,538). Half of the training sequences have a gap whose far side is known.

Not run at this size. With 64 forward and 32 backward cells, 1,000 tunes and 6 epochs, one seed,
on validation tunes: 0.561 nats per step left to right, where attn.py of 64 cells has 0.552; in
gaps of 1, 2 and 4 bars of 4/4 0.264, 0.287 and 0.273, given the left side only 0.566, 0.604 and
0.598. On the gaps of its own validation 0.487, where one that learned gaps alone has 0.489; after 4
epochs 0.514, without `agreement_ahead` 0.639.
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
