"""How an ABC voice sounds: clefs, octaves, transpositions, programs; and which voice is read."""

import pytest

from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_fields import parse_key
from symmusic.score.abc_staff import Staff
from symmusic.score.abc_writer import format_abc
from symmusic.score.key import Key
from symmusic.score.notes import Note

HEAD = 'X:1\nM:4/4\nL:1/4\n'


def read(text):
    return read_abc_tune(HEAD + text)


def pitches(text):
    return [note.pitch for note in read(text).notes]


@pytest.mark.parametrize(
    ('stated', 'shift'),
    [
        ('octave=-1', -12),
        ('octave=1', 12),
        ('octave = -2', -24),
        ('transpose=2', 2),
        ('transpose=-14', -14),
        ('treble-8', -12),
        ('treble+8', 12),
        ('treble_8', -12),
        ('treble^8', 12),
        ('bass-8', -12),
        ('bass+8', 12),
        ('alto-8', -12),
        ('tenor-8', -12),
        ('treble+15', 24),
        ('clef=treble-8', -12),
        ('clef="treble-8"', -12),
        ('clef=bass3-8', -12),
        ('clef=G-8', -12),
        ('clef=treble-8 octave=-1', -24),
        ('clef=treble-8 octave=1 transpose=-2', -2),
        # without effect on what sounds
        ('treble', 0),
        ('clef=bass', 0),
        ('treble8', 0),
        ('middle=d', 0),
        ('name="treble-8"', 0),
        ('nm="octave=1"', 0),
        ('xtranspose=2', 0),
        ('octave=none', 0),
        ('octave=99', 0),
    ],
)
def test_settings_of_a_staff(stated, shift):
    expected = [60 + shift, 62 + shift, 66 + shift]
    for text in (
        f'K:G {stated}\nCDF|',
        f'V:1 {stated}\nK:G\nCDF|',
        f'V:1\t{stated}\nK:G\nV: 1\nCDF|',
        f'K:G\nV:1 {stated}\nCDF|',
        f'K:G\n[V:1 {stated}]CDF|',
        f'K:G\n[K:G {stated}]CDF|',
        f'K:{stated}\nK:G\nCDF|',
    ):
        assert pitches(text) == expected, text


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        # each setting applies until another of its kind
        ('K:C treble-8\nCD|\nK:G\nCD|', [48, 50, 48, 50]),
        ('K:C transpose=2\nC|\nK:G\nC|\nK:G transpose=0\nC|', [62, 62, 60]),
        ('K:C octave=1\nC|\nK:C clef=treble\nC|\nK:C octave=0\nC|', [72, 72, 60]),
        ('K:C treble-8\nC|\nK:C clef=treble\nC|', [48, 60]),
        # those of the voice before those of the key, in any order
        ('V:1 octave=-1\nK:C octave=1\nCD|', [48, 50]),
        ('K:C transpose=3\nV:1 transpose=2\nCD|', [62, 64]),
        # each voice has its own
        ('V:1 transpose=2\nV:2 transpose=5\nK:C\n[V:2]C|[V:1]C|', [62]),
        # a voice may be called by the name of a clef
        ('V:bass-8\nK:C\nC|', [60]),
        ('%%MIDI transpose 2\nK:C\nC|', [62]),
        ('%%MIDI transpose -12\nK:C\nC|', [48]),
        ('%%MIDI  transpose  +2 % so\nK:C\nC|', [62]),
        ('I:MIDI transpose 2\nK:C\nC|', [62]),
        ('I:MIDI=transpose 2\nK:C\nC|', [62]),
        ('K:C\nC|\n%%MIDI transpose 2\nC|', [60, 62]),
        ('K:C\nC|[I:MIDI transpose 2]C|[I:MIDI=transpose 3]C|', [60, 62, 63]),
        ('K:C\n%%MIDI transpose 2\nC|\n%%MIDI rtranspose 3\nC|', [62, 65]),
        ('%%MIDI transpose x\n%%MIDI transpose 999\n%%MIDI transpose\nK:C\nC|', [60]),
        ('V:1\n%%MIDI transpose 12\nV:2\n%%MIDI transpose -12\nK:C\n[V:1]C|[V:2]C|', [72]),
        # accidentals and ties are of the written pitch
        ('K:F octave=-1\n^CB,C-|CB|', [49, 46, 49, 58]),
    ],
)
def test_which_setting_applies(text, expected):
    assert pitches(text) == expected


def test_a_clef_is_no_key():
    assert parse_key('Bb clef=bass') == parse_key('Bb') == {11: -1, 4: -1}
    assert parse_key('Bb octave = -1 clef=G') == parse_key('Bb')
    assert parse_key('Dmix =f clef=treble-8') == parse_key('Dmix =f')


def test_a_pitch_beyond_midi_is_refused_as_it_sounds():
    assert pitches("K:C octave=-3\nc''''") == [72 + 48 - 36]


def test_staff():
    assert Staff().read('treble-8 octave=1 transpose=-3') == Staff(-1, 1, -3)
    assert Staff().read('clef=perc').is_percussion
    assert not Staff().read('clef=perc').read('treble').is_percussion


@pytest.mark.parametrize(
    ('text', 'program'),
    [
        ('K:C\nC', 0),
        ('%%MIDI program 73\nK:C\nC', 73),
        ('%%MIDI program 2 73\nK:C\nC', 73),
        ('%%MIDI program 73 flute\nK:C\nC', 73),
        ('%%MIDI program 5\n%%MIDI program 6\nK:C\nC', 6),
        ('K:C\n%%MIDI program 73\nC', 73),
        ('K:C\n[I:MIDI program 73]C', 73),
        ('V:1\n%%MIDI program 73\nV:2\n%%MIDI program 32\nK:C\n[V:1]C|[V:2]C|', 73),
        ('V:1\n%%MIDI program 73\nV:2\n%%MIDI program 32\nK:C\n[V:2]C|', 32),
        ('%%MIDI program 128\n%%MIDI program -1\n%%MIDI program flute\nK:C\nC', 0),
    ],
)
def test_programs(text, program):
    score = read(text)
    assert (score.program, [note for note in score.notices if 'instrument' in note]) == (
        program,
        [],
    )


def test_a_change_of_instrument_is_reported():
    score = read('%%MIDI program 73\nK:C\nC|\n%%MIDI program 73\nD|\n%%MIDI program 5\nE|')
    assert (score.program, score.notices) == (73, ('changes of instrument left out',))


@pytest.mark.parametrize('program', [0, 1, 73, 127])
def test_our_own_abc_keeps_its_instrument(program):
    abc = format_abc([Note(0, 4, 60)], key=Key(0), program=program)
    assert read_abc_tune(abc).program == program


@pytest.mark.parametrize(
    ('propagation', 'expected'),
    [
        ('not', [61, 60, 72, 60, 60]),
        ('octave', [61, 61, 72, 61, 60]),
        ('pitch', [61, 61, 73, 61, 60]),
        ('other', [61, 61, 72, 61, 60]),
    ],
)
def test_propagation_of_accidentals(propagation, expected):
    for text in (
        f'%%propagate-accidentals {propagation}\nK:C\n^CCcC|C|',
        f'I:propagate-accidentals {propagation}\nK:C\n^CCcC|C|',
        f'K:C\n%%propagate-accidentals {propagation}\n^CCcC|C|',
        f'K:C\n[I:propagate-accidentals {propagation}]^CCcC|C|',
    ):
        assert pitches(text) == expected, text
    assert pitches('%%propagate-accidentals not\nK:C\n^C-|CC{^d}d|') == [61, 60, 74]


@pytest.mark.parametrize(
    ('text', 'expected', 'said'),
    [
        (
            'K:C\nV:1\nz4|z4|\nV:2\nEFGA|',
            [64, 65, 67, 69],
            "voice '1' has no notes; voice '2' is read",
        ),
        ('V:1\nV:2\nK:C\n[V:2]EF|', [64, 65], "voice '1' has no notes; voice '2' is read"),
        (
            'K:C\nV:1 clef=perc\nCC|\nV:2\nEF|',
            [64, 65],
            "voice '1' is percussion; voice '2' is read",
        ),
        ('K:C\nV:1 clef=percussion\nCC|\nV:2\nEF|', [64, 65], "voice '1' is percussion"),
        ('K:C\nV:1 perc\nCC|\nV:2\nEF|', [64, 65], "voice '1' is percussion; voice '2' is read"),
        (
            'K:C\nV:D\n%%MIDI channel 10\nCC|\nV:E\nz|\nV:T\nEF|',
            [64, 65],
            "voice 'D' is percussion; voice 'E' has no notes; voice 'T' is read",
        ),
        ('V:1\n%%MIDI channel 10\nV:2\nK:C\n[V:1]C|[V:2]E|', [64], "voice '1' is percussion"),
    ],
)
def test_the_first_voice_that_is_a_melody_is_read(text, expected, said):
    score = read(text)
    assert [note.pitch for note in score.notes] == expected
    assert len(score.notices) == 1
    assert score.notices[0].startswith(said)


@pytest.mark.parametrize(
    ('text', 'notices'),
    [
        ('K:C\nCDEF|', ()),
        ('K:C\nV:1\nC|\nV:2\nE|', ('other voices left out',)),
        ('V:1\nV:2\nK:C\nC|', ()),  # the second has no music
        ('K:C\n"Am"C"^a"D"G7"E', ('chord symbols left out',)),
        ('K:C\n"^above"C"_below"D"<l"E"@1,2 x"F""G', ()),
        ('K:C\nC|\nw:la', ('lyrics left out',)),
        ('K:C\nC|\nW:la la', ('lyrics left out',)),
        ('K:C\n{g}C', ('grace notes left out',)),
        ('K:C\nC&E|D', ('overlaid voices left out',)),
        ('K:C\nC!D.C.!', ('D.C. and D.S. not followed',)),
        ('K:C\nC"D.S. al Coda"', ('D.C. and D.S. not followed',)),
        ('K:C\nC!dacapo!', ('D.C. and D.S. not followed',)),
        ('m:~n3=n\nK:C\nC', ('macros not expanded',)),
        (
            'P:AB\nK:C\nP:A\nC|',
            ('the order of parts does not fit the parts: played as written',),
        ),
        ('P:AB\nK:C\nP:A\nC|\nP:B\nD|', ()),
        (
            'K:C\n{g}"A"C{g}"A"C\nw:la',
            ('grace notes left out', 'chord symbols left out', 'lyrics left out'),
        ),
    ],
)
def test_what_is_left_out_is_reported(text, notices):
    assert read(text).notices == notices


def test_a_fault_in_a_voice_that_is_not_read_is_ignored():
    assert pitches("K:C\nV:1\nC|\nV:2\nc'''''''9999|") == [60]
