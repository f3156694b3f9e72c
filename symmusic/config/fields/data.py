"""Fields of `config.data`: from files to windows."""

from symmusic.config.field import AUTO, Field
from symmusic.config.rules import choice, flag, metres, one_of, real, text, whole

PROTOCOLS = ('symmusic', 'thesis')
FIELDS = {
    'data.corpus': Field(
        'folk',
        text(),
        'a named corpus (docs/guide.md lists them), or the path of a MIDI, ABC or MusicXML file or'
        ' of a folder',
    ),
    'data.encoding': Field(
        'melody',
        choice('melody', 'pianoroll', 'pianoroll_faithful', 'pitches'),
        "how events become tokens (symmusic/melody/encodings); with 'pitches' a step of"
        ' data.window_steps and of training is a note',
    ),
    'data.protocol': Field(
        'symmusic',
        choice(*PROTOCOLS),
        "fills the fields that are 'auto'; 'thesis' also keeps only tunes with exactly one time"
        ' signature and one instrument',
    ),
    'data.meters': Field(
        AUTO,
        metres(),
        "tunes in other metres are dropped; 'all' keeps every metre of whole sixteenths per bar;"
        " 'C' is 4/4 and 'C|' is 2/2",
        protocols={'symmusic': ('all',), 'thesis': ('4/4',)},
    ),
    'data.steps_per_quarter': Field(
        4,
        one_of(4, 12),
        'the grid: 4 = sixteenths, 12 = also triplets of eighths and swing; all fields in steps'
        ' count its steps, and nats per step of two grids cannot be compared; notes between steps'
        ' are moved to the nearest',
        unit='steps',
        before=4,
    ),
    'data.align_pickups': Field(
        AUTO,
        flag(),
        'bars of ABC start at bar lines, not at the first note',
        protocols={'symmusic': True, 'thesis': False},
    ),
    'data.rests': Field(
        AUTO,
        choice('phrase', 'end'),
        "a silence of a bar or more starts a new phrase ('phrase') or ends the tune ('end')",
        protocols={'symmusic': 'phrase', 'thesis': 'end'},
    ),
    'data.window_steps': Field(
        64,
        whole(2, 4096),
        'length of a window; a bar of 4/4 has 16 sixteenths, or 48 steps with'
        ' data.steps_per_quarter = 12',
        unit='steps',
    ),
    'data.hop_steps': Field(
        AUTO,
        whole(1, 4096),
        'distance between consecutive window starts; n whole bars of 4/4 mean n bars of the tune,'
        " and 'auto' is one",
        unit='steps',
        protocols={'symmusic': 16, 'thesis': 16},
    ),
    'data.keep_last_window': Field(
        AUTO,
        flag(),
        'keeps the last window of a tune that has several',
        protocols={'symmusic': True, 'thesis': False},
    ),
    'data.max_windows': Field(
        0,
        whole(0, 2**31 - 1),
        "at most this many training windows (split 'window': of both parts), drawn by seed;"
        ' 0 = all',
        unit='windows',
    ),
    'data.max_tunes': Field(
        0,
        whole(0, 2**31 - 1),
        'at most this many tunes, drawn by seed before all else; 0 = all',
        unit='tunes',
    ),
    'data.train_share': Field(
        1.0,
        real(0, 1, above=True),
        'share of the training tunes, drawn by seed; a smaller share is part of a larger one, and'
        ' held-out tunes stay the same',
        before=1.0,
    ),
    'data.split': Field(
        AUTO,
        choice('tune', 'window'),
        "'tune' = 80/10/10 by tune family, 'window' = 80/20 at random over windows, without a test"
        ' part',
        protocols={'symmusic': 'tune', 'thesis': 'window'},
    ),
    'data.split_seed': Field(
        0,
        whole(0, 2**32 - 1),
        'seed of the split, which does not depend on `seed`',
    ),
    'data.split_as': Field(
        '',
        text(empty=True),
        'a named corpus with which some tunes are shared: the tunes that it holds out, read in'
        " every metre and split with the same seed, are held out here too; '' = none",
        before='',
    ),
}
