"""Experiment 3: does attention help?

    python launch.py --mode=experiment --config=configs/exp3.py

Arms: `none`, `weighted` (the thesis's: one learned vector scores the states, and only their
weighted mean feeds the head) and `bahdanau` (additive: the weights depend on the step to be
predicted), each on 2 unidirectional LSTM layers of 32 cells. About 20 minutes on 2 CPU cores, the
variant `source` about an hour.

Eight seeds, one split: nats per step 1.196 [1.175, 1.217] without attention, 1.149 [1.141, 1.158]
with Bahdanau's (p 0.003 after Holm), 1.716 [1.703, 1.730] with the thesis's. No arm repeats a bar.
Other splits and the variant `source` are in docs/results.md.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary


def get_config():
    config = base.get_experiment()
    config.model.num_cells = 32
    config.experiment = Hypothesis(
        question='Does attention help a small LSTM to write melodies?',
        variable=('model.attention',),
        arms={
            'none': {'model.attention': 'none'},
            'weighted': {'model.attention': 'weighted'},
            'bahdanau': {'model.attention': 'bahdanau'},
        },
        sound={
            'train.targets': 'all',
            'train.sequence_steps': 128,  # a prompt of 64 steps and a continuation of 64
            'train.sequence_hop_steps': 128,
            'train.batch_size': 32,  # 149 updates per epoch
            'train.learning_rate': 0.01,
            'train.num_epochs': 16,
            'train.cosine_epochs': 16,  # in the last two the validation loss no longer changes
            'train.early_stopping_epochs': 3,
        },
        source=base.AS_PUBLISHED,
        quickly=base.QUICKLY,
        primaries=(
            Primary(
                "The thesis's attention guides the model to more structurally coherent pieces",
                'repeated_bars',
                ('weighted', 'none'),
                'higher',
                0.02,
            ),
            Primary(
                "Bahdanau's attention guides the model to more structurally coherent pieces",
                'repeated_bars',
                ('bahdanau', 'none'),
                'higher',
                0.02,
            ),
            Primary(
                "The thesis's attention improves learning",
                'nats_per_step',
                ('weighted', 'none'),
                'lower',
                0.01,
            ),
            Primary(
                "Bahdanau's attention improves learning",
                'nats_per_step',
                ('bahdanau', 'none'),
                'lower',
                0.01,
            ),
        ),
        tables={'none': '5.10', 'weighted': '5.11'},
    )
    return config
