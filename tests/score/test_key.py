"""Keys as they are named, written and read back."""

import io

import hypothesis
import mido
import pytest
from hypothesis import strategies as st

from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_writer import format_abc
from symmusic.score.key import MODES, Key, parse_key_name, parse_mode
from symmusic.score.midi import parse_midi
from symmusic.score.midi_writer import TICKS_PER_QUARTER, format_midi
from symmusic.score.musicxml import format_musicxml
from symmusic.score.musicxml_reader import read_musicxml
from symmusic.score.notation import spell
from symmusic.score.notes import Note

TICKS_PER_STEP = TICKS_PER_QUARTER // 4

NAMED = {
    'A dorian': (Key(1, 'dorian'), 9),
    'E♭ minor': (Key(-6, 'minor'), 3),
    'F lydian': (Key(0, 'lydian'), 5),
    'A mixolydian': (Key(2, 'mixolydian'), 9),
    'D♯ minor': (Key(6, 'minor'), 3),
    'C♭ major': (Key(-7), 11),
    'E phrygian': (Key(0, 'phrygian'), 4),
    'B locrian': (Key(0, 'locrian'), 11),
}
KEYS = st.builds(Key, st.integers(-7, 7), st.sampled_from(list(MODES)))


@pytest.mark.parametrize('name', NAMED)
def test_names_and_tonics(name):
    key, tonic = NAMED[name]
    assert (key.name, key.tonic) == (name, tonic)
    assert spell(60 + tonic, key).letter == name[0]


@hypothesis.given(KEYS)
def test_every_name_is_read(key):
    letter = f'{key.letter}{"#" * key.alter}{"b" * -key.alter}'
    spoken = f'{key.letter}{" sharp" * key.alter}{" flat" * -key.alter} {key.mode}'
    for name in (key.name, key.short_name, spoken, f'{letter.lower()} {key.mode.upper()}'):
        if abs(key.alter) < 2:
            assert parse_key_name(name) == key
    assert Key.of(key.tonic, key.mode).tonic == key.tonic
    assert -6 <= Key.of(key.tonic, key.mode).fifths <= 5
    for semitones in range(-12, 13):
        moved = key.transposed(semitones)
        assert (moved.tonic, moved.mode) == ((key.tonic + semitones) % 12, key.mode)
    assert key.transposed(-24) is key


@pytest.mark.parametrize(
    ('text', 'key'),
    [
        ('Ebm', Key(-6, 'minor')),
        ('E-flat minor', Key(-6, 'minor')),
        ('bb minor', Key(-5, 'minor')),
        ('b minor', Key(2, 'minor')),
        ('Ador', Key(1, 'dorian')),
        ('F#Mix', Key(5, 'mixolydian')),
        ('C', Key(0)),
        ('AM', Key(3)),
        ('A aeolian', Key(0, 'minor')),
        ('G# major', Key(-4)),  # eight sharps
        ('H', None),
        ('Cmaj7', None),
        ('A mi', None),
        ('Db minuet', None),
        ('', None),
    ],
)
def test_names_by_hand(text, key):
    assert parse_key_name(text) == key


def test_modes_need_three_letters():
    names = {mode[:size] for mode in MODES for size in range(3, len(mode) + 1)}
    assert {parse_mode(name) for name in names} == set(MODES)
    assert parse_mode('do') is parse_mode('dorians') is None


MELODY = [Note(4 * place, 4, pitch) for place, pitch in enumerate((60, 62, 63, 66, 69, 70, 71))]


@hypothesis.given(KEYS)
def test_keys_come_back_through_abc_and_midi(key):
    played = [
        Note(note.onset * TICKS_PER_STEP, note.duration * TICKS_PER_STEP, note.pitch)
        for note in MELODY
    ]
    if abs(key.alter) < 2:
        score = read_abc_tune(format_abc(MELODY, key=key))
        assert score.keys == (key,)
        assert [note.pitch for note in score.notes] == [note.pitch for note in MELODY]
        score = parse_midi(format_midi(played, key=key))
        assert score.keys == (key,)
        assert [note.pitch for note in score.notes] == [note.pitch for note in MELODY]


@pytest.mark.parametrize('name', NAMED)
def test_keys_come_back_through_musicxml(tmp_path, name):
    path = tmp_path / 'a.musicxml'
    path.write_text(format_musicxml(MELODY, key=NAMED[name][0]))
    score = read_musicxml(path)
    assert score.keys == (NAMED[name][0],)
    assert [note.pitch for note in score.notes] == [note.pitch for note in MELODY]


def test_mido_reads_the_signature():
    data = format_midi([Note(0, 55, 60)], key=Key(1, 'dorian'))
    found = [event.key for event in mido.MidiFile(file=io.BytesIO(data)) if event.type[0] == 'k']
    assert found == ['Em']
    assert parse_midi(format_midi([Note(0, 55, 60)])).keys == ()


@pytest.mark.parametrize(
    ('head', 'body', 'keys'),
    [
        ('K:Ador', 'ABc', ['A dorian']),
        ('K:E', 'EFG', ['E major']),
        ('K:none', 'EFG', []),
        ('K:', 'EFG', []),
        ('K:D exp ^f', 'EFG', []),
        ('K:D phr ^f', 'EFG', ['D phrygian']),
        ('K:HP', 'ABc', ['A mixolydian']),
        ('K:C clef=bass', 'CDE', ['C major']),
        # as it sounds
        ('K:C transpose=2', 'CDE', ['D major']),
        ('K:C octave=-1', 'CDE', ['C major']),
        ('K:C\n%%MIDI transpose -3', 'CDE', ['A major']),
        # only where notes sound
        ('K:C', '[K:G]GA', ['G major']),
        ('K:C', 'CD[K:G]GA[K:C]c', ['C major', 'G major', 'C major']),
        ('K:C', 'CD[K:clef=bass]GA', ['C major']),
    ],
)
def test_stated_in_abc(head, body, keys):
    score = read_abc_tune(f'X:1\nT:t\nM:4/4\nL:1/8\n{head}\n{body}|')
    assert [key.name for key in score.keys] == keys
