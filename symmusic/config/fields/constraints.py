"""Fields of `config.sample` that constrain the pieces. Their defaults constrain nothing."""

import functools

from symmusic.config.field import Change, Field
from symmusic.config.rules import flag, pitch, text, whole
from symmusic.pitches import parse_pitch

_Field = functools.partial(Field, change=Change.FREE)  # read only after training

FIELDS = {
    'sample.scale': _Field(
        '',
        text(empty=True),
        "only notes of this scale: 'prompt' = of the prompt's key and the prompt itself, or for"
        " example 'D dorian', 'Ebm', 'G pentatonic'; '' = all notes",
    ),
    'sample.lowest': _Field(
        0,
        pitch(),
        'lowest that is allowed; 60 or C4 = middle C',
        unit='MIDI pitch',
        reads=parse_pitch,
    ),
    'sample.highest': _Field(
        127,
        pitch(),
        'highest that is allowed; 60 or C4 = middle C',
        unit='MIDI pitch',
        reads=parse_pitch,
    ),
    'sample.min_notes_per_bar': _Field(
        0, whole(0, 64), 'fewest that start in each bar', unit='notes'
    ),
    'sample.max_notes_per_bar': _Field(
        64, whole(0, 64), 'most that start in each bar; 64 = any number', unit='notes'
    ),
    'sample.rests': _Field(True, flag(), 'False = no silence'),
    'sample.end_on_tonic': _Field(
        False,
        flag(),
        "the last note is the tonic of the scale, or of the prompt's key, starts on a strong beat,"
        ' lasts at least a quarter (a dotted quarter in 6/8), and to the end of the bar, or to'
        ' where the pickup would start',
    ),
    'sample.rhythm': _Field(
        '',
        text(empty=True),
        'a MIDI, ABC or MusicXML file whose rhythm the pieces take, from its first full bar on,'
        " repeated; '' = sampled",
    ),
    'sample.pitches': _Field(
        '',
        text(empty=True),
        'a MIDI, ABC or MusicXML file whose pitches the pieces take, in order, all of them;'
        " '' = sampled",
    ),
    'sample.fixed': _Field(
        '',
        text(empty=True),
        'a MIDI, ABC or MusicXML file whose notes are placed in the new bars, from its first full'
        ' bar; its rests are sampled',
    ),
    'sample.regenerate': _Field(
        '',
        text(empty=True),
        "bars of the prompt to redraw, such as '3-4' or '3', while all others stay (a pickup is"
        " bar 0); '' = continue after the prompt",
    ),
    'sample.num_candidates': _Field(
        1,
        whole(1, 10_000),
        'sampled for each piece that is kept',
        unit='pieces',
    ),
    'sample.max_copied_run': _Field(
        0,
        whole(0, 256),
        'the longest run of a training tune that a piece may copy; 0 = any',
        unit='notes',
    ),
    'sample.max_copied_from_prompt': _Field(
        0,
        whole(0, 256),
        'the longest run of the prompt itself that a piece may copy; 0 = any',
        unit='notes',
    ),
    'sample.redraw_copies': _Field(
        False,
        flag(),
        'redraws pieces that copy a longer run of a training tune than 95 % of unseen tunes do',
    ),
}
