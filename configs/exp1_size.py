"""Experiment 1, size: does a model of fewer tunes copy more?

    python launch.py --mode=experiment --config=configs/exp1_size.py

Arms: nested shares of the training tunes of `folk` (`sixteenth` to `all`), and the thesis's
numbers of windows (15,000 to 100,000) at a smaller hop. Arms for which the corpus has too few are
left out and listed: in the variant `sound`, with two unidirectional LSTM layers of 64 cells and the
default's inputs on sequences of 16 bars, all of the second kind. It trains each until its
validation loss no longer improves, on three splits; `source` for 50 epochs, with two bidirectional
layers and the thesis's attention. Not run yet.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary

SHARES = {'sixteenth': 1 / 16, 'eighth': 1 / 8, 'quarter': 1 / 4, 'half': 1 / 2, 'all': 1.0}
THOUSANDS = (15, 30, 45, 60, 75, 100)  # of windows


def get_config():
    config = base.get_experiment()
    config.split_seeds = base.SPLIT_SEEDS
    arms = {name: {'data.train_share': share} for name, share in SHARES.items()}
    arms |= {f'w{num}k': {'data.max_windows': 1000 * num, 'data.hop_steps': 4} for num in THOUSANDS}
    config.experiment = Hypothesis(
        question='Does a model of fewer tunes copy more of them?',
        variable=('data.train_share', 'data.max_windows'),
        also={'data.hop_steps': "so that the thesis's numbers of windows exist"},
        may_miss=True,
        arms=arms,
        sound=base.EVERY_STEP,
        source={**base.AS_PUBLISHED, 'model.bidirectional': True, 'model.attention': 'weighted'},
        quickly=base.QUICKLY,
        primaries=(
            Primary(
                'A model of a sixteenth of the tunes plagiarizes more',
                'plagiarism',
                ('sixteenth', 'all'),
                'higher',
                0.05,
            ),
            Primary(
                'A model of a sixteenth of the tunes copies longer runs of notes',
                'copied_run',
                ('sixteenth', 'all'),
                'higher',
                1.0,
            ),
        ),
    )
    return config
