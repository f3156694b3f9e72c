"""Experiment 1: are tunes of one style better to learn from than tunes of many?

    python launch.py --mode=experiment --config=configs/exp1.py

Arms: `folk` (one style), `mixed` (fiddle tunes, chorales, Renaissance voices; the thesis had pop),
`mixed_t15` and `mixed_t20` (the same models sampled at temperatures 1.5 and 2.0), and the control
`folk_essen` (fiddle tunes and folk songs). All train on equally many windows, with 2 bidirectional
layers of 64 cells per direction and the thesis's attention. Each arm is measured on tunes of its
own corpus, so nats per step cannot be compared between corpora. Not run yet.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary


def get_config():
    config = base.get_experiment()
    config.model.bidirectional = True
    config.model.attention = 'weighted'
    config.experiment = Hypothesis(
        question='Are tunes of one style better to learn from than tunes of many?',
        variable=('data.corpus', 'sample.temperature'),
        arms={
            'folk': {'data.corpus': 'folk'},
            'mixed': {'data.corpus': 'mixed'},
            'mixed_t15': {'data.corpus': 'mixed', 'sample.temperature': 1.5},
            'mixed_t20': {'data.corpus': 'mixed', 'sample.temperature': 2.0},
            'folk_essen': {'data.corpus': 'folk_essen'},
        },
        sound={**base.LAST_STEPS, 'data.max_windows': 57_000},
        # of `folk` there are 11,302 by its rules
        source={**base.AS_PUBLISHED, 'data.max_windows': 10_998},
        quickly={**base.QUICKLY, 'data.max_windows': 300},
        primaries=(
            Primary(
                'Tunes of many styles are harder to learn from',
                'overall_oa',
                ('mixed', 'folk'),
                'lower',
                0.02,
            ),
            Primary(
                'A model of tunes of many styles plagiarizes more',
                'plagiarism',
                ('mixed', 'folk'),
                'higher',
                0.05,
            ),
        ),
        tables={'folk': '5.1', 'mixed': '5.2', 'mixed_t15': '5.3'},
    )
    return config
