"""Experiment 4, gaps: does reading what follows help, where that is known?

    python launch.py --mode=experiment --config=configs/exp4_gaps.py

Arms: `backward` fills gaps of 1 to 4 bars given both sides, by two LSTM layers in both directions,
48 cells each, and a backward pass over what follows the gap; `forward` is a model of two forward
layers that is given the left side only. At the 49 classes of `folk` they have 252,769 and 252,724
parameters. Both are measured on the same gaps in unseen tunes (`gap_nats`). Trained until the
validation loss no longer improves, on three splits. The thesis's form, which predicts the last step
of windows, is configs/exp4.py. Not run yet.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary


def get_config():
    config = base.get_experiment()
    config.split_seeds = base.SPLIT_SEEDS
    config.experiment = Hypothesis(
        question='Does an LSTM that also reads backwards fill gaps better at as many parameters?',
        variable=('model.bidirectional',),
        also={
            'train.targets': 'a model without backward layers cannot be given what follows',
            'model.num_cells': 'so that the numbers of parameters are equal',
        },
        arms={
            'backward': {
                'model.bidirectional': True,
                'train.targets': 'gap',
                'model.num_cells': 48,
            },
            'forward': {
                'model.bidirectional': False,
                'train.targets': 'all',
                'model.num_cells': 75,
            },
        },
        sound=base.EVERY_STEP,
        source=base.AS_PUBLISHED,
        quickly=base.QUICKLY,
        primaries=(
            Primary(
                'Backward layers predict the notes of gaps better',
                'gap_nats',
                ('backward', 'forward'),
                'lower',
                0.02,
            ),
        ),
    )
    return config
