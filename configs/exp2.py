"""Experiment 2: which encoding is better to learn from?

    python launch.py --mode=experiment --config=configs/exp2.py

Arms: `melody` (a class per event, as in the thesis), `pianoroll` (a class per sounding pitch and
one for silence) and `pianoroll_faithful` (the thesis's, without a class for silence), on 2
bidirectional layers of 64 cells per direction with the thesis's attention. Nats per step are of
different classes and cannot be compared between encodings. Not run yet.
"""

from configs import base
from symmusic.config.experiments import LISTENERS, Hypothesis, Primary


def get_config():
    config = base.get_experiment()
    config.model.bidirectional = True
    config.model.attention = 'weighted'
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
        sound={**base.LAST_STEPS, 'data.max_windows': 57_000},
        source={**base.AS_PUBLISHED, 'data.max_windows': 10_998},
        quickly={**base.QUICKLY, 'data.max_windows': 300},
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
        ),
        tables={'melody': '5.7', 'pianoroll_faithful': '5.8'},
    )
    return config
