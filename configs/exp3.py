"""Experiment 3: does attention help?

    python launch.py --mode=experiment --config=configs/exp3.py

Arms: `none`, `weighted` (the thesis's: one learned vector scores the states, and only their
weighted mean feeds the head) and `bahdanau` (additive: the weights depend on the step to be
predicted), and each with lookback inputs, which tell a network what it would have to attend to. Two
unidirectional LSTM layers of 64 cells on sequences of 256 steps, in which repetition can be
learned, trained until the validation loss no longer improves, on three splits. In the variant
`source` the lookback arms have nothing published beside them.

Earlier runs of 32 cells on 128 steps, which were under-trained, and the variant `source` of three
arms are in docs/results.md. Not run yet as it is stated here.
"""

from configs import base
from symmusic.config.experiments import Hypothesis, Primary

LOOKBACK = (16, 32, 64, 128)  # 1, 2, 4 and 8 bars
ATTENTIONS = {'weighted': "The thesis's attention", 'bahdanau': "Bahdanau's attention"}


def get_config():
    config = base.get_experiment()
    config.split_seeds = base.SPLIT_SEEDS
    config.sample.memory_steps = 256  # as far as attention is trained to look back
    kinds = ('none', *ATTENTIONS)
    plain = {kind: {'model.attention': kind, 'model.lookback': ()} for kind in kinds}
    looking = {
        f'{kind}_lookback': {'model.attention': kind, 'model.lookback': LOOKBACK} for kind in kinds
    }
    config.experiment = Hypothesis(
        question='Does attention help a small LSTM to write melodies?',
        variable=('model.attention', 'model.lookback'),
        arms=plain | looking,
        sound=base.EVERY_STEP,
        source=base.AS_PUBLISHED,
        quickly=base.QUICKLY,
        primaries=tuple(
            primary for kind, name in ATTENTIONS.items() for primary in _claims(kind, name)
        ),
        tables={'none': '5.10', 'weighted': '5.11'},
    )
    return config


def _claims(kind, name):
    """The claims on one form of attention, beside none."""
    plain, looking = (kind, 'none'), (f'{kind}_lookback', 'none_lookback')
    return (
        Primary(
            f'{name} guides the model to more structurally coherent pieces',
            'repeated_bars',
            plain,
            'higher',
            0.02,
        ),
        Primary(
            f'{name} brings self-similarity nearer to that of real continuations',
            'self_similarity_distance',
            plain,
            'lower',
            0.02,
        ),
        Primary(
            f'{name} does so beside lookback inputs',
            'self_similarity_distance',
            looking,
            'lower',
            0.02,
        ),
        Primary(f'{name} improves learning', 'nats_per_step', plain, 'lower', 0.01),
    )
