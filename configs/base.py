"""The base of every config: each field with its default, as declared in symmusic/config/fields/.

docs/config.md lists the fields with their defaults, units and meanings. Other configs are diffs
over this one.
"""

from ml_collections import ConfigDict

from symmusic.config import fields


def get_config() -> ConfigDict:
    """Every field with its default: what a config file does not state."""
    return fields.defaults()


def get_experiment() -> ConfigDict:
    """The defaults with what only an experiment has; its config file fills `experiment`."""
    config = get_config().unlock()
    config.data.meters = COMMON_TIME
    config.replicas = 8
    config.sample.keep_distributions = True  # for the heat maps of the report
    config.evaluate.num_draws = 1  # of each replica
    for name, field in fields.SWITCHES.items():
        config[name] = field.default
    config.experiment = None  # a Hypothesis of symmusic/config/experiments.py
    return config


# The metres of the thesis's questions: experiments stay comparable with one another and with it.
COMMON_TIME = ('4/4', '2/2')
# Set by the variant 'source' of every experiment: how the 2019 thesis prepared, trained, measured.
AS_PUBLISHED = {
    'data.protocol': 'thesis',
    'data.meters': 'auto',
    'train.targets': 'last',
    'train.num_epochs': 50,
    'train.batch_size': 128,
    'train.learning_rate': 0.005,
    'train.clip_norm': 0.0,
    'train.plateau_patience': 3,
    'train.early_stopping_epochs': 0,
    'evaluate.prompts': 'fixed',
    'evaluate.protocol': 'thesis',
}
# Set by the variant 'sound' of every experiment: no fixed budget ends an arm that still improves.
UNTIL_NO_BETTER = {
    'train.num_epochs': 1000,  # not reached
    'train.cosine_epochs': 0,  # the learning rate halves on plateaus instead
    'train.plateau_patience': 3,
    'train.early_stopping_epochs': 8,
}
# Set by the variant 'sound' where direction is not the question: every step is a target, and the
# network has the inputs and the training of attn.py.
EVERY_STEP = {
    **UNTIL_NO_BETTER,
    'model.metric_position': True,
    'model.bars_left': True,
    'model.agreement': True,
    'model.last_notes': True,
    'model.lookback': (16, 32, 64, 128),  # 1, 2, 4 and 8 bars
    'train.targets': 'all',
    'train.sequence_steps': 256,
    'train.sequence_hop_steps': 128,
    'train.batch_size': 16,
    'train.learning_rate': 0.003,
    'train.weight_decay': 0.1,
    'train.average_decay': 0.999,  # which makes losses smooth, so that less patience does
    'train.plateau_patience': 1,
    'train.early_stopping_epochs': 3,
}
# Repetitions of a whole experiment on other splits of the tunes; not with `quick`.
SPLIT_SEEDS = (1, 2)
# Set by the variant 'sound' for bidirectional models, which can learn from last steps only because
# they see all others.
LAST_STEPS = {
    **UNTIL_NO_BETTER,
    'data.hop_steps': 7,  # shares no factor with 16: every step of the bar is a target
    'train.targets': 'last',
    'train.batch_size': 128,
}
# Set by `quick` in every experiment: enough to see that it runs, too little to answer anything.
QUICKLY = {
    'replicas': 2,
    'data.max_tunes': 200,
    'train.num_epochs': 2,
    'sample.num_samples': 2,
    'evaluate.num_pieces': 20,
}
