"""Experiment 3: does attention help?

    python launch.py --mode=experiment --config=configs/exp3.py

Arms: `none`, `weighted` (the thesis's: one learned vector scores the states, and only their
weighted mean feeds the head) and `bahdanau` (additive: the weights depend on the step to be
predicted), each on 2 unidirectional LSTM layers of 32 cells, trained until the validation loss no
longer improves.

Not run since. Trained for 16 epochs only, attention improved nats per step by 0.047, after 8 epochs
by 0.200, after 48 by 0.041: most of it was the speed of learning. Those runs and the variant
`source` are in docs/results.md.
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
            **base.UNTIL_NO_BETTER,
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
