"""The strict reader, compared with the program MelodyShape, and on hand-made files."""

import contextlib
import csv
import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from symmusic.errors import ScoreError
from symmusic.score.monophonic import parse_monophonic
from tests.score.midi_bytes import chunk, melody, midi, name, off, on, program, track


def read(*items):
    return [
        (note.pitch, note.onset, note.duration) for note in parse_monophonic(midi(track(*items)))
    ]


def test_edge_cases(shared):
    """All 31 files: the same notes except for onsets (for which the program keeps the end of the
    note before), or both refuse the file.
    """
    folder = shared / 'reference' / 'melodyshape'
    with open(folder / 'edge_expected.tsv', newline='') as file:
        rows = list(csv.DictReader(file, delimiter='\t'))
    assert len(rows) == 31
    for row in rows:
        data = (folder / 'edge' / row['file']).read_bytes()
        if not row['result'].startswith('OK'):
            with pytest.raises(ScoreError) as caught:
                parse_monophonic(data)
            if said := re.search('several notes at time ([0-9]+)', row['result']):
                assert caught.value.reason == 'polyphonic', row
                assert str(caught.value).endswith(f'tick {said[1]}'), row
            else:
                assert caught.value.reason in ('damaged MIDI', 'MIDI format 2'), row
            continue
        expected = [
            tuple(map(int, found)) for found in re.findall(r'(\d+)\(on\d+,d(\d+),', row['result'])
        ]
        assert [(note.pitch, note.duration) for note in parse_monophonic(data)] == expected, row


@given(
    st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 127)), st.integers(1, 200)), max_size=12)
)
def test_notes_one_after_the_other(notes):
    found = parse_monophonic(melody(*notes))
    assert [(note.pitch, note.duration) for note in found] == [
        (pitch, steps) for pitch, steps in notes if pitch is not None
    ]


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    for each in (data, midi(chunk(b'MTrk', data))):
        with contextlib.suppress(ScoreError):
            assert isinstance(parse_monophonic(each), list)


@given(st.data())
def test_a_flipped_byte_is_read_or_refused(data):
    sound = bytearray(melody((60, 2), (62, 2), (None, 4), (64, 300)))
    sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    try:
        notes = parse_monophonic(bytes(sound))
    except ScoreError:
        return
    assert all(0 <= note.pitch < 128 and note.duration >= 0 for note in notes)


def test_overlaps():
    assert read((0, on(60)), (4, on(62)), (1, off(60)), (3, off(62))) == [(60, 0, 4), (62, 4, 4)]
    for late in ([(2, off(60))], [(0, program(3)), (0, off(60))], [(1, off(61))], []):
        with pytest.raises(ScoreError, match='several notes at tick 4'):
            read((0, on(60)), (4, on(62)), *late, (3, off(62)))
    for end in (True, False):  # with and without an End of Track
        with pytest.raises(ScoreError, match='several notes at tick 4'):
            parse_monophonic(midi(track((0, on(60)), (4, on(62)), end=end)))


def test_the_track_of_most_events_counts():
    notes = track((0, on(60)), (4, off(60)))
    assert (
        parse_monophonic(midi(track((0, name('a')), (0, name('b')), (0, name('c'))), notes)) == []
    )
    # a tie: the first
    assert len(parse_monophonic(midi(track((0, name('a')), (0, name('b'))), notes))) == 0
    assert len(parse_monophonic(midi(track((0, name('a'))), notes))) == 1
