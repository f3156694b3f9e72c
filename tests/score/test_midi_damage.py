"""MIDI files with damaged data that notes do not need: all notes are read, and damage is
reported.
"""

import contextlib

import pytest

from symmusic.errors import ScoreError
from symmusic.score.midi import parse_midi
from symmusic.score.monophonic import parse_monophonic
from symmusic.score.notes import Meter, Tempo
from tests.score.midi_bytes import (
    END,
    chunk,
    meta,
    meter,
    midi,
    off,
    on,
    riff,
    riff_chunk,
    tempo,
    track,
    varlen,
)

PITCHES = (60, 62, 64, 65)
NOTES = tuple(item for pitch in PITCHES for item in ((0, on(pitch)), (480, off(pitch))))
BODY = b''.join(varlen(delta) + message for delta, message in NOTES)
LAST = b'\x00' + END
GOOD = midi(track(*NOTES))


def read(data):
    """The score, which has all of `NOTES`."""
    score = parse_midi(data)
    assert [(note.pitch, note.onset, note.end) for note in score.notes] == [
        (pitch, 480 * index, 480 * index + 480) for index, pitch in enumerate(PITCHES)
    ]
    return score


def bytes_of(*tracks, num_tracks=None):
    """A file of tracks given as (content, by how much its stated length is too large)."""
    chunks = [
        b'MTrk' + (len(content) + too_much).to_bytes(4, 'big') + content
        for content, too_much in tracks
    ]
    return midi(*chunks, num_tracks=num_tracks)


def refused(data):
    with pytest.raises(ScoreError) as caught:
        parse_midi(data)
    return caught.value.reason


def test_a_valid_file_has_no_notices():
    assert read(GOOD).notices == ()
    sound = [(0x00, b''), (0x00, b'\0\1'), (0x20, b'\3'), (0x21, b'\0'), (0x54, b'\x60\0\0\0\0')]
    sound += [(0x59, b'\xf9\1'), (0x59, b'\7\0'), (0x7F, b'\xff'), (0x08, b'\xff'), (0x01, b'\xff')]
    # longer than its kind needs: the rest is ignored
    sound += [(0x58, b'\3\2\x18\x08\0'), (0x51, b'\7\xa1\x20\0')]
    score = read(midi(track(*((0, meta(*each)) for each in sound), *NOTES)))
    assert score.notices == ()
    assert (score.meters, score.tempi) == ((Meter(0, 3, 4),), (Tempo(0, 120.0),))


@pytest.mark.parametrize(
    ('kind', 'content', 'named'),
    [
        (0x00, b'\1', 'sequence number'),
        (0x20, b'', 'channel prefix'),
        (0x20, b'\x10', 'channel prefix'),
        (0x51, b'', 'tempo'),
        (0x51, b'\7\xa1', 'tempo'),
        (0x51, b'\0\0\0', 'tempo'),
        (0x51, b'\0\0\1', 'tempo'),
        (0x51, (29_999).to_bytes(3, 'big'), 'tempo'),
        (0x54, b'', 'SMPTE offset'),
        (0x54, b'\0\0\0', 'SMPTE offset'),
        (0x54, b'\xff\0\0\0\0', 'SMPTE offset'),
        (0x58, b'', 'time signature'),
        (0x58, b'\4\2', 'time signature'),
        (0x58, b'\0\2\x18\x08', 'time signature'),
        (0x58, b'\4\xff\x18\x08', 'time signature'),
        (0x59, b'', 'key signature'),
        (0x59, b'\1', 'key signature'),
        (0x59, b'\x08\0', 'key signature'),
        (0x59, b'\xf8\0', 'key signature'),
        (0x59, b'\0\2', 'key signature'),
        (0x59, b'\xfe\xff', 'key signature'),
    ],
)
@pytest.mark.parametrize('times', [1, 3])
def test_damaged_meta_events(kind, content, named, times):
    """Each kind is reported once, wherever it occurs."""
    damaged = [(0, meta(kind, content))] * times
    for data in (
        midi(track(*damaged, *NOTES)),
        midi(track(*NOTES[:2], *damaged, *NOTES[2:])),
        midi(track(*damaged), track(*NOTES)),
    ):
        (notice,) = read(data).notices
        assert named in notice
        assert '\n' not in notice


def test_a_damaged_time_signature_or_tempo_leaves_the_previous_one():
    bad = meta(0x58, b'\3\2'), meta(0x51, b'\1')
    found = read(
        midi(track((0, meter(2, 2)), (0, tempo(90)), *((0, each) for each in bad), *NOTES))
    )
    assert found.meters == (Meter(0, 2, 2),)
    assert [round(each.qpm) for each in found.tempi] == [90]
    # of none before it that is MIDI's own: 4/4, and 120 quarters per minute
    late = (*NOTES, (3840, meter(3, 4)), (0, tempo(90)), *NOTES, *NOTES)
    found = parse_midi(midi(track(*((0, each) for each in bad), *late)))
    assert [(each.tick, round(each.qpm)) for each in found.tempi] == [(0, 120), (5760, 90)]
    assert found.meters == (Meter(0, 4, 4), Meter(5760, 3, 4))
    only = read(midi(track(*((0, each) for each in bad), *NOTES)))
    assert (only.meters, only.tempi) == ((Meter(0, 4, 4),), (Tempo(0, 120.0),))
    after = read(midi(track((0, meter(4, 4)), *NOTES, (0, bad[0]))))
    assert after.meters == (Meter(0, 4, 4),)


def test_the_fastest_tempo():
    assert read(midi(track((0, meter(4, 4)), (0, tempo(2000)), *NOTES))).tempi == (Tempo(0, 2000),)


def test_time_passes_in_what_is_left_out():
    """Also before a meta event of unknown kind, where mido forgets it."""
    for kind, content in ((0x08, b'name'), (0x4B, b''), (0x90, b'x'), (0x59, b''), (0x51, b'')):
        score = parse_midi(midi(track((480, meta(kind, content)), *NOTES)))
        assert [note.onset for note in score.notes] == [480, 960, 1440, 1920]


@pytest.mark.parametrize('alien', [b'XFIH', b'SEM1', b'    ', b'\0\xff\0\xff'])
def test_alien_chunks(alien):
    header, tracks = GOOD[:14], GOOD[14:]
    for data in (
        header + chunk(alien, b'abc') + tracks,
        GOOD + chunk(alien, b'abcd'),
        midi(track(), chunk(alien, b''), track(*NOTES), num_tracks=2),
    ):
        (notice,) = read(data).notices
        assert 'chunk' in notice


def test_bytes_between_before_and_after_chunks():
    for data in (
        GOOD + b'\0' * 50,
        GOOD + b'TAG' + b'x' * 125,
        midi(track(), b'\r\njunk', track(*NOTES), num_tracks=2),
        b'\0\5a.mid' + b'\0' * 121 + GOOD,  # MacBinary
        GOOD + midi(track((0, on(90)), (480, off(90)))),
    ):
        assert len(read(data).notices) == 1


def test_header():
    for num_tracks in (0, 1, 3, 200):
        (notice,) = read(midi(track(), track(*NOTES), num_tracks=num_tracks)).notices
        assert 'number of tracks' in notice
    longer = b'MThd' + (8).to_bytes(4, 'big') + GOOD[8:14] + b'ab' + GOOD[14:]
    assert read(longer).notices == ()
    for size in (0, 5, 7, 2**32 - 1):
        wrong = b'MThd' + size.to_bytes(4, 'big') + GOOD[8:]
        assert len(read(wrong).notices) == 1
    (notice,) = read(midi(track(*NOTES), kind=7)).notices
    assert 'format 7' in notice


@pytest.mark.parametrize('too_much', [-40, -20, -8, -4, -3, -1, 1, 4, 8, 100, 2**31])
def test_track_lengths(too_much):
    content = BODY + LAST
    assert len(content) == 40
    other = (b'\x00' + END, 0)
    for tracks in (
        [(content, too_much)],
        [(content, too_much), other],
        [other, (content, too_much)],
    ):
        (notice,) = read(bytes_of(*tracks)).notices
        assert 'length' in notice
    # a track whose stated length covers both: the second one is read nevertheless
    whole = bytes_of((b'\x00' + END, 8 + len(content)), (content, 0))
    assert len(read(whole).notices) == 1


def test_after_the_end_of_track():
    (notice,) = read(bytes_of((BODY + LAST + b'\0\0\0', 0))).notices
    assert 'End of Track' in notice
    assert len(read(bytes_of((BODY + LAST + BODY, 0), (LAST, 0))).notices) == 1
    # without one, or where its own length is missing or wrong
    assert read(bytes_of((BODY, 0))).notices == ()
    assert read(bytes_of((BODY + b'\0\xff\x2f', 0))).notices == ()
    assert len(read(bytes_of((BODY + b'\0\xff\x2f\x01\0', 0))).notices) == 1


def test_track_lengths_without_an_end_of_track():
    for too_much in (-3, 5):  # up to where the next track begins
        (notice,) = read(bytes_of((BODY, too_much), (LAST, 0))).notices
        assert 'length' in notice
    assert refused(bytes_of((BODY, 4))) == 'damaged MIDI'  # as of a file that was cut off


def test_a_track_whose_stated_end_has_the_letters_of_a_chunk():
    """Four bytes of notes in running status may look like the name of a chunk."""
    body = b'\0\x90\x3c\x40' + b'\x30\x3c\x00\x30\x3c\x40' * 3 + b'\x30\x3c\0'
    for short in range(1, len(body)):
        score = parse_midi(bytes_of((body + LAST, -4 - short)))
        assert len(score.notes) == 4
        assert len(score.notices) == 1


def running(event):
    """`NOTES` in running status, an event after the first."""
    notes = [
        varlen(480 * (velocity == 0)) + bytes([pitch, velocity])
        for pitch in PITCHES
        for velocity in (100, 0)
    ]
    notes[0] = notes[0][:1] + b'\x90' + notes[0][1:]
    return bytes_of((b''.join([*notes[:2], event, *notes[2:], LAST]), 0))


@pytest.mark.parametrize(
    'event',
    [
        b'\0\xf0\x05\x7e\x7f\x09\x01\xf7',
        b'\0\xf0\x02\x7e\x7f\0\xf7\x02\x01\xf7',  # in two parts
        b'\0\xf7\x01\xf8',
        b'\0\xf0\x7e\x7f\x09\x01\xf7',  # as on a cable
        b'\0\xff\x01\x02hi',
        b'\0\xff\x59\x00',
        b'\0\xf2\0\0',
    ],
)
def test_running_status_after_a_sysex_or_meta_event(event):
    assert any('running status' in notice for notice in read(running(event)).notices)


def test_running_status():
    assert read(running(b'')).notices == ()
    (notice,) = read(running(b'\0\xf8\0\xfe')).notices  # real time, which does not end it
    assert 'running' not in notice
    again = b'\0\xf0\x01\xf7' + b'\0' + on(90) + b'\0' + bytes([90, 0])
    assert parse_midi(bytes_of((BODY[:4] + again + LAST, 0))).notices == ()
    # two bytes of data alone are no event
    assert refused(bytes_of((b'\0\x3c\x40' + BODY + LAST, 0))) == 'damaged MIDI'
    assert refused(bytes_of((b'\0\xf0\x01\xf7\0\x3c\x40' + BODY + LAST, 0))) == 'damaged MIDI'


def test_sysex():
    for event in (b'\xf0\x03abc', b'\xf0\x00', b'\xf0\x02\x90\xf7', b'\xf7\x03\x90\x3c\x40'):
        assert read(midi(track((0, event), *NOTES))).notices == ()
    for event in (
        b'\xf0\x7e\x7f\x09\x01\xf7',
        b'\xf0\x02\x10\x11\x12\x13\xf7',
        b'\xf0\x7f\x7f\xf7',
    ):
        (notice,) = read(midi(track((0, event), *NOTES))).notices
        assert 'system exclusive' in notice
    # one longer than its track
    assert refused(midi(track(*NOTES[:2], (0, b'\xf0\x7fabc'), *NOTES[2:]))) == 'damaged MIDI'


def test_channel_messages():
    spoiled = midi(track((0, b'\xb0\x07\xff'), (0, b'\xc0\x80'), (0, on(200)), *NOTES))
    score = read(spoiled)
    assert len(score.notices) == 2
    assert score.program == 0
    for velocity in (128, 255):
        score = parse_midi(midi(track((0, on(60, velocity)), (9, off(60)))))
        assert score.notes[0].velocity == 127
        (notice,) = score.notices
        assert 'velocities' in notice
    for status in (0xF4, 0xF5):
        assert refused(midi(track((0, bytes([status])), *NOTES))) == 'damaged MIDI'


def test_numbers():
    spoiled = b'\x80\x80\x80\x80\0' + on(50) + b'\x83\x60' + off(50)
    assert len(parse_midi(bytes_of((spoiled + BODY + LAST, 0))).notes) == 5
    assert refused(bytes_of((b'\x81\x80\x80\x80\0' + BODY[1:] + LAST, 0))) == 'damaged MIDI'


@pytest.mark.parametrize('cut', [1, 2, 3])
def test_an_event_that_its_track_cuts_short(cut):
    """What follows are not its data."""
    for content in (BODY, BODY + b'\0\xff\x01\x04text', BODY + b'\0\xf0\x04abc\xf7'):
        assert refused(bytes_of((content[:-cut], 0), (LAST, 0))) == 'damaged MIDI'


def test_riff():
    """As `.rmi` files are; the strict reader of similarity unwraps them, too."""
    assert read(riff(GOOD)).notices == ()
    assert read(riff(GOOD, riff_chunk(b'DISP', b'\1\0\0\0odd'))).notices == ()
    info = riff_chunk(b'LIST', b'INFO' + riff_chunk(b'INAM', b'abc'))
    assert read(riff(GOOD, info) + riff_chunk(b'LIST', b'INFO')).notices == ()
    assert len(read(riff(GOOD).replace(b'RMID', b'WAVE')).notices) == 1
    assert parse_monophonic(riff(GOOD, info)) == parse_monophonic(GOOD)


@pytest.mark.parametrize(
    'piece',
    [
        track(),
        b'MTrk\0\0\0\0' + b'x',
        b'MTrk\0\0\0\x01\0',
        b'MTrk\x7f\xff\xff\xff\0\x90\x3c\x40',
        b'MThd',
        b'\0\xf0\x10',
        b'\xff',
        b'\0\xff\x01\x00',
        b'\0\xb0\xff\xff',
        b'abcd\0\0\0\0',
        b'abcd\0\0\0\x01',
    ],
)
def test_bytes_examined_grow_with_the_length(piece):
    def examined(times):
        data = Counted(midi(track(*NOTES)) + b'MTrk\0\0\0\0' + piece * times)
        with contextlib.suppress(ScoreError):
            parse_midi(data)
        return data.examined

    assert 0 < examined(4_000) <= 9 * examined(500)


class Counted(bytes):
    """The bytes of a file, with the number of those that were read or searched."""

    examined = 0

    def __getitem__(self, place):
        found = super().__getitem__(place)
        self.examined += 1 if isinstance(place, int) else len(found)
        return found

    def find(self, part, start=0, end=None):
        end = len(self) if end is None else min(end, len(self))
        found = super().find(part, start, end)
        self.examined += max(0, (end if found < 0 else found + len(part)) - start)
        return found
