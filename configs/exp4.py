"""Experiment 4: does reading both ways help, at the same number of parameters?

    python launch.py --mode=experiment --config=configs/exp4.py

Arms: `bidirectional`, 2 layers of 32 cells per direction, and `unidirectional`, 2 layers of 64 cells as in the source; no attention.
With the 49 classes of `folk` these have 49,009 and 65,393 parameters, which is not the same number: in the variant `sound` the second has
54 cells and 48,703. A bidirectional model sees the steps it would predict, so both arms train on the last step of windows.

On 2 CPU cores beside other work an epoch of two replicas, one per core, took 38 s (`bidirectional`) and 33 s (`unidirectional`) with the
84,059 windows of hop 5; so about 27 minutes for eight replicas of both at hop 7, which has 5/7 as many.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary


def get_config():
    config = base.get_experiment()
    config.experiment = Hypothesis(
        question='Does a bidirectional LSTM write better melodies than a unidirectional one of as many parameters?',
        variable=('model.bidirectional',),
        also={'model.num_cells': 'so that the numbers of parameters are alike'},
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
                'A bidirectional LSTM outperforms a unidirectional one of the same number of parameters',
                'overall_oa', ('bidirectional', 'unidirectional'), 'higher', 0.02,
            ),
        ),
        tables={'bidirectional': '5.13', 'unidirectional': '5.14'},
    )  # fmt: skip
    return config
