"""Experiment 2: which encoding is better to learn from?

    python launch.py --mode=experiment --config=configs/exp2.py

Arms: `melody` (a class per event, as in the thesis), `pianoroll` (a class per sounding pitch and
one for silence) and `pianoroll_faithful` (the thesis's, without a class for silence). In the
variant `sound` two unidirectional LSTM layers of 64 cells with the default's inputs predict every
step; in `source` two bidirectional ones, with the thesis's attention, the last step of windows.

Nats per step are of different classes and cannot be compared between encodings. `sounding_nats`
can: what each model says of the pitch that sounds next, where one does. Three splits. Not run yet.
"""

from configs import base
from symmusic.config.experiments import LISTENERS, Hypothesis, Primary


def get_config():
    config = base.get_experiment()
    config.split_seeds = base.SPLIT_SEEDS
    config.experiment = Hypothesis(
        question='Is a melody of events better to learn from than a piano roll?',
        variable=('data.encoding',),
        arms={
            'melody': {'data.encoding': 'melody'},
            'pianoroll': {'data.encoding': 'pianoroll'},
            'pianoroll_faithful': {'data.encoding': 'pianoroll_faithful'},
        },
        # The same for all: a roll starts with its first note, on which a tune's last window
        # depends.
        sound={**base.EVERY_STEP, 'data.max_windows': 3_500},
        source={
            **base.AS_PUBLISHED,
            'model.bidirectional': True,
            'model.attention': 'weighted',
            'data.max_windows': 10_998,
            'replicas': 4,
        },
        quickly={**base.QUICKLY, 'data.max_windows': 60},
        primaries=(
            Primary(
                'A model of the melody encoding writes more pleasing melodies',
                LISTENERS,
                ('melody', 'pianoroll'),
                'higher',
                0.0,
            ),
            Primary(
                "A model of the thesis's piano rolls has a more varied rhythm, nearer to that of"
                ' the tunes',
                'rhythm_oa',
                ('pianoroll_faithful', 'melody'),
                'higher',
                0.02,
            ),
            Primary(
                'A model of piano rolls with a class for silence has one, too',
                'rhythm_oa',
                ('pianoroll', 'melody'),
                'higher',
                0.02,
            ),
            Primary(
                'A model of piano rolls with a class for silence predicts the next pitch worse',
                'sounding_nats',
                ('pianoroll', 'melody'),
                'higher',
                0.01,
            ),
            Primary(
                "A model of the thesis's piano rolls predicts the next pitch worse",
                'sounding_nats',
                ('pianoroll_faithful', 'melody'),
                'higher',
                0.01,
            ),
        ),
        tables={'melody': '5.7', 'pianoroll_faithful': '5.8'},
    )
    return config
