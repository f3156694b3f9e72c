"""The default config, and that of the shipped model: an LSTM that looks back, and ahead of a gap.

    python launch.py

One model continues left to right and fills gaps given both sides: three in ten training sequences
have a gap whose far side is known. Two LSTM layers with Bahdanau attention over the last 16 bars,
and a small backward layer for what follows a gap. Further inputs are the metre, the step in the
bar, the tokens 1, 2, 4 and 8 bars before and ahead and for how long each has agreed, the last four
notes, what followed the last three when they last sounded and, where they are known, the bars left
in the section and in the tune. The head also scores copies and intervals. 25 minutes on 2 CPUs.
One seed, after 21 epochs: 0.447 nats per step left to right on validation tunes (base rate 2.014),
0.440 on test tunes; in gaps of up to 16 bars 0.389 and 0.360. See docs/results.md.
"""

from configs import base


def get_config():
    config = left_to_right()
    config.model.num_cells = 96
    config.model.bidirectional = True
    config.model.backward_layers = 1
    config.model.backward_cells = 40
    config.model.agreement_ahead = True
    config.train.targets = 'gap'
    config.train.gap_share = 0.3
    return config


def left_to_right():
    """The same for a model that only continues, of as many parameters."""
    config = base.get_config()
    config.model.num_cells = 120  # with its index of tunes, docs/studio.html stays under 2 MB
    config.model.attention = 'bahdanau'
    config.model.dropout_rate = 0.5
    config.model.metric_position = True
    config.model.bars_left = True
    config.model.agreement = True
    config.model.last_notes = True
    config.model.recall = True
    config.model.copying = True
    config.model.relative_scores = True
    config.model.lookback = (16, 32, 64, 128)  # 1, 2, 4 and 8 bars: where tunes repeat themselves
    config.train.targets = 'all'
    # 16 bars, so that half of the targets have the 8 bars before them that lookback reaches
    config.train.sequence_steps = 256
    config.train.sequence_hop_steps = 112  # 7 bars: windows start at each bar of an 8-bar section
    config.train.batch_size = 16
    config.train.learning_rate = 0.003
    config.train.weight_decay = 0.1
    config.train.average_decay = 0.999
    config.train.plateau_patience = 1  # a rate that falls earlier overfits
    config.train.num_epochs = 24
    config.train.early_stopping_epochs = 3
    config.sample.memory_steps = 256  # as far as attention was trained to look back
    return config
