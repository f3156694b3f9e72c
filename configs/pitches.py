"""Pitches alone, one token for each note: what a benchmark of melodies predicts.

    python launch.py --config=configs/pitches.py
    python launch.py --mode=sample --config=configs/pitches.py --config.sample.rhythm=my.mid

The network of attn.py without the inputs that go by steps; lengths are in notes, and losses in nats
per note. Tunes are in their own keys. Pieces take the rhythm of a file.
"""

from configs import attn


def get_config():
    config = attn.left_to_right()
    config.data.encoding = 'pitches'
    for name in (
        'metric_position',
        'bars_left',
        'agreement',
        'last_notes',
        'recall',
        'copying',
        'relative_scores',
    ):
        config.model[name] = False
    config.model.lookback = ()
    config.train.sequence_steps = 128
    config.train.sequence_hop_steps = 64
    config.sample.memory_steps = 128
    return config
