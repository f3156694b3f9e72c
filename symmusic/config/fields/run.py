"""Fields of the run as a whole, and those that only an experiment or a benchmark has."""

from symmusic.config.field import Field
from symmusic.config.rules import choice, flag, steps, text, whole

SHIPPED = 'shipped'  # as `init_from` names the shipped model
FIELDS = {
    'seed': Field(
        0,
        whole(0, 2**32 - 1),
        'of initialisation, dropout, batch order and sampling',
    ),
    'init_from': Field(
        '',
        text(empty=True),
        'workdir of a run whose best parameters this run starts from, or '
        "'shipped' = those of the shipped model; '' = random ones",
    ),
    'replicas': Field(
        1,
        whole(1, 4096),
        'runs of seeds seed, seed + 1, ..., trained side by side in one program',
    ),
}
VARIANTS = ('sound', 'source')
OF_EXPERIMENTS = {
    'quick': Field(
        False,
        flag(),
        'minutes instead of hours, to try an experiment out; the report says so',
    ),
    'variant': Field(
        'sound',
        choice(*VARIANTS, 'both'),
        "'source' = as published, 'both' = both",
    ),
    'split_seeds': Field(
        (),
        steps(0, 2**32 - 1),
        'further values of data.split_seed on which all arms are repeated',
    ),
}
OF_BENCHMARKS = {
    'seed': FIELDS['seed'],
    'quick': OF_EXPERIMENTS['quick'],
    'partitions': Field(
        5,
        whole(1, 1000),
        'how often the melodies are divided into ten folds, each time by another draw',
    ),
    'folds': Field(
        (),
        steps(0, 9),
        'those of the ten folds that are predicted, () = all; the report says where not all are',
    ),
    'num_epochs': Field(90, whole(1, 10**6), 'at most, of each network', unit='epochs'),
    'slow_partitions': Field(
        1,
        whole(0, 1000),
        'in how many of the partitions the slow networks, such as the Transformer, are run too',
    ),
    'sets': Field((), steps(1, 8), 'numbers of those of the eight sets that are run, () = all'),
}
