"""Experiment 4: does reading both ways help, at the same number of parameters?

    python launch.py --mode=experiment --config=configs/exp4.py

Arms: `bidirectional`, 2 layers of 32 cells per direction, and `unidirectional`, 2 layers of 64
cells as in the source; no attention. With the 49 classes of `folk` these have 49,009 and 65,393
parameters, which is not the same number: in the variant `sound` the second has 54 cells and 48,703.
A bidirectional model sees the steps it would predict, so both arms train on the last step of
windows.

On 2 CPU cores an epoch of eight replicas took about two and a half minutes in either arm, 8 epochs
of both with the measuring about three quarters of an hour (reckoned: the run shared the machine).
No GPU was at hand.

Eight replicas, 8 epochs, one split, test tunes, 95 % intervals: overall overlap area 0.881 [0.860,
0.901] bidirectional, 0.876 [0.863, 0.888] unidirectional, of the real continuations 0.912 [0.895,
0.929]; the difference of 0.005 [-0.017, 0.027] leaves the claim undecided (p 0.63), as an effect of
0.02 is still inside. The bidirectional arm predicts better, 1.155 [1.134, 1.177] against 1.190
[1.179, 1.201] nats per step (bidirectional less unidirectional -0.035 [-0.057, -0.012];
descriptive, it was not the primary measure). Neither repeats a bar. The variant `source` was not
run.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary


def get_config():
    config = base.get_experiment()
    config.experiment = Hypothesis(
        question=(
            'Does a bidirectional LSTM write better melodies than a unidirectional one of as many'
            ' parameters?'
        ),
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
