"""Fields of `config.evaluate` and `config.study`."""

import functools

from symmusic.config.field import Change, Field
from symmusic.config.rules import choice, real, text, whole

_Field = functools.partial(Field, change=Change.FREE)  # read only after training

FIELDS = {
    'evaluate.part': _Field(
        'test',
        choice('test', 'validation'),
        "part whose tunes give prompts and real continuations; 'validation' = to choose settings",
    ),
    'evaluate.prompts': _Field(
        'held_out',
        choice('held_out', 'fixed'),
        "'held_out' = bars of those tunes, 'fixed' = sample.prompt for all pieces, as in the"
        ' thesis',
    ),
    'evaluate.meter': _Field(
        '',
        text(empty=True),
        "metre of the pieces and of what they are compared with; '' = the model's first",
    ),
    'evaluate.num_pieces': _Field(
        100,
        whole(2, 100_000),
        'of each set in a draw',
        unit='pieces',
    ),
    'evaluate.num_bars': _Field(
        0,
        whole(0, 10_000),
        'of --mode=compare: length of the excerpt taken from each piece; 0 = whole pieces',
        unit='bars',
    ),
    'evaluate.num_draws': _Field(
        20,
        whole(1, 10_000),
        'how many draws the overlap areas are averaged over',
        unit='draws',
    ),
    'evaluate.critic_pieces': _Field(
        1000,
        whole(0, 100_000),
        'pieces per class for the critics, fewer if the tunes give fewer prompts; 0 = no critics',
        unit='pieces',
    ),
    'evaluate.left_to_right': _Field(
        '',
        text(empty=True),
        "workdir of a run with which an infilling run is compared; '' = the shipped model, if"
        ' possible',
    ),
    'evaluate.second_run': _Field(
        '',
        text(empty=True),
        'workdir of a run trained apart on the same tunes, whose likelihood is a critic of the'
        " model's pieces; '' = none",
    ),
    'evaluate.common_corpus': _Field(
        '',
        text(empty=True),
        'of --mode=experiment: a corpus, split as data.split_as says, on whose test tunes in 4/4'
        " the likelihood of every arm is measured; '' = none",
    ),
    'evaluate.protocol': _Field(
        'corrected',
        choice('corrected', 'thesis'),
        "definitions of the measures; 'thesis' = exactly as in the thesis",
    ),
}
OF_STUDY = {
    'study.num_pieces': _Field(
        10,
        whole(1, 100),
        'generated ones, and as many excerpts, each of sample.num_bars',
        unit='pieces',
    ),
    'study.qpm': _Field(
        120.0,
        real(20, 400),
        'tempo at which all are played',
        unit='quarters per minute',
    ),
}
