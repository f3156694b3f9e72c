"""Experiment 4: does reading in both directions help at the same number of parameters?

    python launch.py --mode=experiment --config=configs/exp4.py

Arms: `bidirectional`, 2 layers of 32 cells per direction, and `unidirectional`, 2 layers of 64
cells as in the thesis; no attention. With the 49 classes of `folk` these have 49,009 and 65,393
parameters, so in the variant `sound` the second has 54 cells (48,703). Both arms train on the last
step of windows until the validation loss no longer improves, four seeds each on three splits. Where
what follows is known, in gaps, direction is tested by configs/exp4_gaps.py.

Not run since. After 8 epochs the claim was undecided (docs/results.md). The variant `source` has
not been run.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary


def get_config():
    config = base.get_experiment()
    config.split_seeds = base.SPLIT_SEEDS
    config.replicas = 4  # an arm of eight would take more than an hour
    config.experiment = Hypothesis(
        question=(
            'Does a bidirectional LSTM write better melodies than a unidirectional one of as many'
            ' parameters?'
        ),
        variable=('model.bidirectional',),
        also={'model.num_cells': 'so that the numbers of parameters are equal'},
        arms={
            'bidirectional': {'model.bidirectional': True, 'model.num_cells': 32},
            'unidirectional': {'model.bidirectional': False, 'model.num_cells': 64},
        },
        sound=base.LAST_STEPS,
        sound_arms={'unidirectional': {'model.num_cells': 54}},
        source=base.AS_PUBLISHED,
        quickly=base.QUICKLY,
        primaries=(
            Primary(
                'A bidirectional LSTM outperforms a unidirectional one of the same number of'
                ' parameters',
                'overall_oa',
                ('bidirectional', 'unidirectional'),
                'higher',
                0.02,
            ),
        ),
        tables={'bidirectional': '5.13', 'unidirectional': '5.14'},
    )
    return config
