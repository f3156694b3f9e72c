"""Experiment 1, size: does a model of fewer tunes copy more?

    python launch.py --mode=experiment --config=configs/exp1_size.py

Arms: nested shares of the training tunes of `folk` (`sixteenth` to `all`), and the thesis's
numbers of windows at a smaller hop (`w15k` to `w100k`). In the variant `sound` each is trained
until its validation loss no longer improves, in `source` for 50 epochs. Arms for which the corpus
has too few windows are left out and listed. 2 bidirectional layers of 64 cells per direction with
the thesis's attention. Not run yet.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary

SHARES = {'sixteenth': 1 / 16, 'eighth': 1 / 8, 'quarter': 1 / 4, 'half': 1 / 2, 'all': 1.0}
THOUSANDS = (15, 30, 45, 60, 75, 100)  # of windows


def get_config():
    config = base.get_experiment()
    config.model.bidirectional = True
    config.model.attention = 'weighted'
    arms = {name: {'data.train_share': share} for name, share in SHARES.items()}
    arms |= {f'w{num}k': {'data.max_windows': 1000 * num, 'data.hop_steps': 4} for num in THOUSANDS}
    config.experiment = Hypothesis(
        question='Does a model of fewer tunes copy more of them?',
        variable=('data.train_share', 'data.max_windows'),
        also={
            'data.hop_steps': "so that the thesis's numbers of windows exist",
            'train.num_epochs': 'so that all have as many updates',
            'train.cosine_epochs': 'so that all have as many updates',
        },
        may_miss=True,
        arms=arms,
        sound=base.LAST_STEPS,
        source=base.AS_PUBLISHED,
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
                'A model of 15,000 windows plagiarizes more than one of 60,000',
                'plagiarism',
                ('w15k', 'w60k'),
                'higher',
                0.05,
            ),
        ),
    )
    return config
