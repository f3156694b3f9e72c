"""Experiment 1: are tunes of one style better to learn from than tunes of many?

    python launch.py --mode=experiment --config=configs/exp1.py

Arms: `folk` (one style), `mixed` (fiddle tunes, chorales, Renaissance voices; the thesis had pop),
with as many sequences of 16 bars, `mixed_notes`, with as many notes instead, `mixed_t15` and
`mixed_t20` (the models of `mixed`, sampled at temperatures 1.5 and 2.0), and the controls
`folk_essen` (fiddle tunes and folk songs) and `folk_meters` (fiddle tunes in all metres). In the
variant `sound` two unidirectional LSTM layers of 64 cells with the default's inputs predict every
step; in `source` two bidirectional ones, with the thesis's attention, the last step of windows.

All arms hold out the same tunes: those of `folk` in every metre, with every tune of their families,
so that `common_nats_<style>` (nats per note on test tunes of each style of `mixed` that no arm has
seen and all can express) can be compared. Nats per step are of each arm's own test tunes and
cannot; pieces are compared with tunes of the same corpus. Split by window, as in `source`, no tune
is held out. Three splits. Not run yet.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary


def get_config():
    config = base.get_experiment()
    config.split_seeds = base.SPLIT_SEEDS
    config.experiment = Hypothesis(
        question='Are tunes of one style better to learn from than tunes of many?',
        variable=('data.corpus', 'sample.temperature'),
        also={
            'data.max_windows': 'so that `mixed_notes` has as many notes as `folk`',
            'data.meters': 'so that `folk_meters` has all metres',
        },
        arms={
            'folk': {'data.corpus': 'folk'},
            'mixed': {'data.corpus': 'mixed'},
            'mixed_notes': {'data.corpus': 'mixed'},
            'mixed_t15': {'data.corpus': 'mixed', 'sample.temperature': 1.5},
            'mixed_t20': {'data.corpus': 'mixed', 'sample.temperature': 2.0},
            'folk_essen': {'data.corpus': 'folk_essen'},
            'folk_meters': {'data.corpus': 'folk'},
        },
        sound={
            **base.EVERY_STEP,
            'data.max_windows': 1_900,  # the chorales give too few for more
            'data.split_as': 'folk',
            'evaluate.common_corpus': 'mixed',
        },
        sound_arms={
            'mixed_notes': {'data.max_windows': 3_400},  # 62 notes each, in `folk` 111
            'folk_meters': {'data.meters': 'all'},
        },
        # of `folk` there are 11,302 by its rules
        source={
            **base.AS_PUBLISHED,
            'model.bidirectional': True,
            'model.attention': 'weighted',
            'data.max_windows': 10_998,
            'replicas': 4,
        },
        quickly={**base.QUICKLY, 'data.max_windows': 40},
        primaries=(
            Primary(
                'Tunes of many styles are harder to learn from',
                'overall_oa',
                ('mixed', 'folk'),
                'lower',
                0.02,
            ),
            Primary(
                'A model of tunes of many styles predicts unseen tunes of the one style worse',
                'common_nats_fiddle_tune',
                ('mixed', 'folk'),
                'higher',
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
