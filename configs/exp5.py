"""Experiment 5: which kind of network learns melodies best?

    python launch.py --mode=experiment --config=configs/exp5.py

Arms of about as many parameters: `lstm`, `hybrid` (an LSTM whose last states attend to earlier
ones in two heads) and `transformer` (decoder-only); and of about as much time for an update on a
CPU as `lstm`: `hybrid_time` and `transformer_time`. All have two layers and the inputs of attn.py,
and are trained until the validation loss no longer improves, four seeds each on three splits.
Learning rate, dropout and warm-up are usual values, the same for all but the learning rate. The
thesis has no such experiment. Not run yet.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary

SIZES = {
    'lstm': ('lstm', 86),
    'hybrid': ('hybrid', 80),
    'transformer': ('transformer', 100),
    'hybrid_time': ('hybrid', 48),
    'transformer_time': ('transformer', 32),
}


def get_config():
    config = base.get_experiment()
    config.split_seeds = base.SPLIT_SEEDS
    config.replicas = 4  # an arm of eight Transformers would take more than an hour
    config.experiment = Hypothesis(
        question='Does a Transformer or a hybrid learn melodies better than an LSTM?',
        variable=('model.kind',),
        also={
            'model.num_cells': 'so that parameters, or times of an update, are equal',
            'train.learning_rate': 'a Transformer diverges at that of an LSTM',
        },
        arms={
            name: {
                'model.kind': kind,
                'model.num_cells': num_cells,
                'train.learning_rate': 0.001 if kind == 'transformer' else 0.003,
            }
            for name, (kind, num_cells) in SIZES.items()
        },
        sound={**base.EVERY_STEP, 'model.num_heads': 2, 'train.warmup_updates': 500},
        source={**base.AS_PUBLISHED, 'model.num_heads': 2},
        quickly=base.QUICKLY,
        primaries=tuple(
            Primary(f'{claim} {equal}', 'nats_per_step', (arm, 'lstm'), 'lower', 0.01)
            for equal, suffix in (('of as many parameters', ''), ('of as much time', '_time'))
            for claim, arm in (
                ('A hybrid predicts better than an LSTM', f'hybrid{suffix}'),
                ('A Transformer predicts better than an LSTM', f'transformer{suffix}'),
            )
        ),
    )
    return config
