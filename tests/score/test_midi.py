"""MIDI files, feature by feature on hand-made bytes; written files are read back by our reader,
mido and music21.
"""

import io

import hypothesis
import mido
import pytest
from hypothesis import strategies as st

from symmusic.errors import ScoreError
from symmusic.score.midi import parse_midi
from symmusic.score.midi_writer import TICKS_PER_QUARTER, format_midi, write_midi
from symmusic.score.notes import Meter, Note
from tests.score.midi_bytes import (
    END,
    chunk,
    melody,
    meta,
    meter,
    midi,
    name,
    off,
    on,
    program,
    tempo,
    track,
    varlen,
)

REASONS = {'damaged MIDI', 'MIDI format 2', 'SMPTE time', 'too long', 'no notes'}
SIXTEENTH = TICKS_PER_QUARTER // 4


def spans(data):
    """(pitch, onset, end) of each note."""
    return [(note.pitch, note.onset, note.end) for note in parse_midi(data).notes]


def reason(data):
    with pytest.raises(ScoreError) as caught:
        parse_midi(data)
    assert '\n' not in str(caught.value)
    return caught.value.reason


def read(data):
    """The score, or the reason why there is none."""
    try:
        return parse_midi(data)
    except ScoreError as error:
        return error.reason


def test_one_track():
    score = parse_midi(
        midi(
            track(
                (0, meter(4, 4)),
                (0, tempo(90)),
                (0, on(60, 70)),
                (480, off(60)),
                (240, on(64)),
                (240, off(64)),
            ),
            kind=0,
        )
    )
    assert score.notes == (Note(0, 480, 60, 70), Note(720, 240, 64, 100))
    assert (score.ticks_per_quarter, score.num_instruments, score.title) == (480, 1, '')
    assert score.meters == (Meter(0, 4, 4),)
    assert [(each.tick, round(each.qpm, 3)) for each in score.tempi] == [(0, 90)]


def test_running_status_and_velocity_0():
    notes = (
        varlen(0)
        + bytes([0x90, 60, 100])
        + varlen(10)
        + bytes([60, 0])
        + varlen(0)
        + bytes([62, 100])
        + varlen(10)
        + bytes([62, 0])
    )
    data = midi(chunk(b'MTrk', notes + b'\x00' + END))
    assert data.count(b'\x90') == 1
    assert spans(data) == [(60, 0, 10), (62, 10, 20)]


def test_long_delta():
    assert spans(midi(track((0x0FFFFFFF, on(60)), (0x4000, off(60))))) == [
        (60, 0x0FFFFFFF, 0x0FFFFFFF + 0x4000)
    ]


def test_conductor_track():
    conductor = track(
        (0, name('Reel')), (0, meter(2, 2)), (0, tempo(120)), (1920, meter(3, 4)), (0, tempo(60))
    )
    score = parse_midi(
        midi(
            conductor,
            track(
                (0, name('Flute')),
                (0, program(73)),
                (480, on(60)),
                (480, off(60)),
                (960, on(62)),
                (9600, off(62)),
            ),
        )
    )
    assert score.title == 'Reel'
    assert [(each.tick, str(each)) for each in score.meters] == [(0, '2/2'), (1920, '3/4')]
    assert [(each.tick, each.qpm) for each in score.tempi] == [(0, 120), (1920, 60)]
    # ticks, whatever the tempo
    assert score.notes == (Note(480, 480, 60, 100), Note(1920, 9600, 62, 100))


def test_meters_of_several_tracks_in_order_of_time():
    first = track((0, on(60)), (9600, off(60)), (0, meter(3, 4)), (0, on(60)), (9600, off(60)))
    score = parse_midi(midi(first, track((0, meter(4, 4)))))
    assert [str(each) for each in score.meters] == ['4/4', '3/4']


def test_no_meter():
    score = parse_midi(midi(track((0, on(60)), (1, off(60)))))
    assert (score.meters, score.tempi) == ((), ())


@pytest.mark.parametrize('division', [1, 4, 96, 220, 480, 960, 0x7FFF])
def test_resolution(division):
    score = parse_midi(midi(track((0, on(60)), (division, off(60))), division=division))
    assert (score.ticks_per_quarter, score.notes[0].duration) == (division, division)


def test_several_instruments():
    drums = track((0, on(38, channel=9)), (10, off(38, channel=9)))
    band = track(
        (0, on(72, channel=3)),
        (5, on(48, channel=1)),
        (5, off(72, channel=3)),
        (5, off(48, channel=1)),
    )
    score = parse_midi(midi(drums, band, track((0, on(90, channel=3)), (9, off(90, channel=3)))))
    # the channel that plays first, of the first track with a melody
    assert [note.pitch for note in score.notes] == [72]
    assert score.num_instruments == 4


def test_drums_only():
    assert reason(midi(track((0, on(38, channel=9)), (10, off(38, channel=9))))) == 'no notes'


def test_no_notes():
    assert reason(midi(track((0, meter(4, 4))))) == 'no notes'
    assert reason(midi()) == 'no notes'
    assert reason(midi(track((0, off(60))))) == 'no notes'


def test_unclosed_notes_end_with_the_track():
    data = midi(track((0, on(60)), (10, on(64)), (10, off(60)), (20, meta(0x01, b'end'))))
    assert spans(data) == [(60, 0, 20), (64, 10, 40)]


def test_overlapping_notes_of_one_pitch():
    data = midi(
        track((0, on(60)), (10, on(60)), (10, off(60)), (5, off(60)), (5, on(60)), (5, off(60)))
    )
    # the second note-off ends nothing
    assert spans(data) == [(60, 0, 20), (60, 10, 20), (60, 30, 35)]


def test_note_off_after_its_successor_of_the_same_tick():
    data = midi(track((0, on(60)), (10, on(60)), (0, off(60)), (10, off(60))))
    assert spans(data) == [(60, 0, 10), (60, 10, 20)]


def test_note_of_no_length():
    assert spans(midi(track((5, on(60)), (0, off(60)), (5, on(62)), (5, off(62))))) == [
        (60, 5, 5),
        (62, 10, 15),
    ]


def test_notes_are_sorted():
    data = midi(
        track(
            (0, on(64)),
            (0, on(60)),
            (10, off(64)),
            (0, off(60)),
            (0, on(67)),
            (0, on(55)),
            (9, off(55)),
            (0, off(67)),
        )
    )
    assert [pitch for pitch, _, _ in spans(data)] == [60, 64, 55, 67]


def test_velocity_out_of_range_is_clipped():
    assert (
        parse_midi(midi(track((0, bytes([0x90, 60, 200])), (5, off(60))))).notes[0].velocity == 127
    )


def test_refused():
    good = midi(track((0, on(60)), (10, off(60))))
    assert reason(midi(track((0, on(60)), (10, off(60))), kind=2)) == 'MIDI format 2'
    # 25 frames of 40
    assert reason(midi(track((0, on(60)), (10, off(60))), division=0xE728)) == 'SMPTE time'
    assert reason(midi(track((0, on(60)), (10, off(60))), division=0)) == 'damaged MIDI'
    assert (
        reason(b'')
        == reason(b'RIFF' + good[4:])
        == reason(b'MThd')
        == reason(b'X:1\nK:C\nCDEF|\n' * 9)
        == 'damaged MIDI'
    )


@pytest.mark.parametrize('cut', range(2, 40))  # of 1 the End of Track lacks its length alone
def test_truncated(cut):
    good = melody((60, 4), (62, 4), (64, 4), title='Cut')
    assert len(good) > 60
    assert reason(good[:-cut]) == 'damaged MIDI'


@hypothesis.given(st.binary(max_size=40), st.integers(0, 200), st.integers(0, 200), st.booleans())
def test_damage_is_a_score_or_a_reason(patch, begin, length, header):
    """Any file is read, or refused with a reason that a corpus can count."""
    good = midi(
        track((0, name('T')), (0, meter(4, 4)), (0, tempo(99)), (0, meta(0x59, b'\x02\x00'))),
        track(
            (0, program(3)),
            (0, on(60)),
            (480, off(60)),
            (0, b'\xf0\x03abc'),
            (9, on(70)),
            (9, on(70, 0)),
            (0, meta(0x7F, b'??')),
        ),
    )
    begin = begin % len(good) if header else 22 + begin % (len(good) - 22)
    score = read(good[:begin] + patch + good[begin + length :])
    if isinstance(score, str):
        assert score in REASONS
    else:
        assert score.notes
        for note in score.notes:
            assert 0 <= note.pitch <= 127
            assert note.duration >= 0
            assert note.onset >= 0
            assert 1 <= note.velocity <= 127


def test_every_single_byte_changed():
    good = midi(
        track(
            (0, name('T')),
            (0, meter(4, 4)),
            (0, tempo(99)),
            (0, meta(0x59, b'\x02\x00')),
            (0, meta(0x54, bytes(5))),
        ),
        track((0, program(3)), (0, on(60)), (480, off(60))),
    )
    for index in range(len(good)):
        for value in (0x00, 0x01, 0x7F, 0x80, 0xF0, 0xFF):
            score = read(good[:index] + bytes([value]) + good[index + 1 :])
            assert score in REASONS if isinstance(score, str) else score.notes


@pytest.mark.parametrize(
    ('data', 'text'),
    [
        (b'Caf\xc3\xa9', 'Café'),
        (b'\xef\xbb\xbfCaf\xc3\xa9', 'Café'),
        (b'Caf\xe9', 'Café'),
        (b'\x93Caf\xe9\x94', '“Café”'),
        (b'\x81\xe9', '\x81é'),  # Windows-1252 has no 0x81
        (b'\xff\xfeC\0\xe9\0', 'Cé'),
        (b'\xfe\xff\0C\0\xe9', 'Cé'),
        (b'\xff\xfeC', 'ÿþC'),
        (b' \0Reel\0', 'Reel'),
    ],
)
def test_the_encoding_of_a_title_is_detected(data, text):
    assert parse_midi(midi(track((0, meta(0x03, data)), (0, on(60)), (1, off(60))))).title == text


def test_the_first_title_that_is_not_empty():
    named = [(0, name('')), (0, name(' \0')), (0, name('Reel')), (0, name('Flute'))]
    assert parse_midi(midi(track(*named, (0, on(60)), (1, off(60))))).title == 'Reel'


def with_texts(*texts, names=()):
    """A score of one note in a file with (kind, text) in a track, after tracks of some names."""
    tracks = [track((0, name(each))) for each in names]
    words = [(0, meta(kind, text)) for kind, text in texts]
    return parse_midi(midi(*tracks, track(*words, (0, on(60)), (480, off(60)))))


KARAOKE = (1, b'@KMIDI KARAOKE FILE')


@pytest.mark.parametrize(
    ('texts', 'notices'),
    [
        ([(5, b'Ma'), (5, b'ry')], ('lyrics left out',)),
        ([(5, b'')], ()),
        ([(1, b'made with a program'), (2, b'somebody'), (6, b'verse')], ()),
        ([KARAOKE, (1, b'\\Ma'), (1, b'ry')], ('lyrics left out',)),
        ([KARAOKE, (1, b'@LENGL'), (1, b'@TMary')], ()),
        ([(3, b'Soft karaoke'), (1, b'Ma')], ('lyrics left out',)),
    ],
)
def test_lyrics_are_left_out_and_reported(texts, notices):
    assert with_texts(*texts).notices == notices


@pytest.mark.parametrize(
    ('texts', 'names', 'title'),
    [
        (
            [KARAOKE, (1, b'@TMary'), (1, b'@TTraditional')],
            ('Soft karaoke', 'Words', 'Flute'),
            'Mary',
        ),
        ([KARAOKE, (1, b'@T')], ('Soft Karaoke', 'Words', 'Flute'), 'Flute'),
        ([], ('Soft karaoke', 'Words'), ''),
        ([(1, b'@Tag')], ('Words', 'Flute'), 'Words'),  # no karaoke
    ],
)
def test_the_title_of_karaoke(texts, names, title):
    assert with_texts(*texts, names=names).title == title


melodies = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 40), st.integers(0, 127), st.integers(1, 127)),
    min_size=1,
    max_size=30,
)


def lay_out(rows):
    """Rows (rest, steps, pitch, velocity) one after the other, as notes on the grid."""
    notes, step = [], 0
    for rest, steps, pitch, velocity in rows:
        step += rest
        notes.append(Note(step * SIXTEENTH, steps * SIXTEENTH, pitch, velocity))
        step += steps
    return notes


def test_written_file():
    data = format_midi([Note(0, 220, 60, 90), Note(220, 55, 60, 90)], title='Süß', qpm=100)
    assert data[:14] == b'MThd\0\0\0\6\0\1\0\2\0\xdc'
    file = mido.MidiFile(file=io.BytesIO(data))
    conductor, notes = ([(message.time, message) for message in each] for each in file.tracks)
    assert [message.type for _, message in conductor] == [
        'track_name',
        'time_signature',
        'set_tempo',
        'end_of_track',
    ]
    assert conductor[0][1].name == 'Süß'
    assert (conductor[1][1].numerator, conductor[1][1].denominator) == (4, 4)
    assert conductor[2][1].tempo == 600_000
    assert [(time, message.type) for time, message in notes] == [
        (0, 'track_name'),
        (0, 'program_change'),
        (0, 'note_on'),
        (220, 'note_off'),
        (0, 'note_on'),  # a repeated pitch ends before it starts again
        (55, 'note_off'),
        (0, 'end_of_track'),
    ]
    assert notes[1][1].program == 0
    assert notes[2][1].velocity == 90


@hypothesis.given(melodies, st.text(max_size=20), st.sampled_from([60.0, 100.0, 120.0, 187.5]))
def test_round_trip(rows, title, qpm):
    notes = lay_out(rows)
    score = parse_midi(format_midi(notes, title=title, qpm=qpm))
    assert list(score.notes) == notes
    assert all(note.onset % SIXTEENTH == note.duration % SIXTEENTH == 0 for note in score.notes)
    assert score.ticks_per_quarter == TICKS_PER_QUARTER
    assert score.meters == (Meter(0, 4, 4),)
    assert [(each.tick, round(each.qpm, 3)) for each in score.tempi] == [(0, qpm)]
    assert score.title == (title.strip('\0 \ufeff') or 'Melody')
    assert score.notices == ()


@hypothesis.given(melodies)
def test_mido_reads_what_is_written(rows):
    file = mido.MidiFile(file=io.BytesIO(format_midi(lay_out(rows))))
    events, tick = [], 0
    for message in file.tracks[1]:
        tick += message.time
        if message.type in ('note_on', 'note_off'):
            events.append((tick, message.type == 'note_on', message.note))
    expected = []
    for note in lay_out(rows):
        expected += [(note.onset, True, note.pitch), (note.end, False, note.pitch)]
    assert sorted(events) == sorted(expected)
    assert events == sorted(events)


def test_write_midi(tmp_path):
    write_midi(tmp_path / 'deep' / 'a.mid', [Note(0, 55, 60)], title='A')
    assert (tmp_path / 'deep' / 'a.mid').read_bytes() == format_midi([Note(0, 55, 60)], title='A')


@pytest.mark.slow
def test_music21_reads_what_is_written(tmp_path):
    import music21

    rows = [(0, 4, 60, 80), (2, 2, 62, 80), (0, 1, 62, 80), (0, 7, 64, 80), (16, 16, 55, 80)]
    write_midi(tmp_path / 'a.mid', lay_out(rows), title='Mary', qpm=90)
    score = music21.converter.parse(tmp_path / 'a.mid')
    # Ties at bar lines are undone; offsets and lengths count quarters.
    notes = [
        (float(n.offset), float(n.quarterLength), n.pitch.midi)
        for n in score.parts[0].stripTies().flatten().notes
    ]
    assert notes == [(note.onset / 220, note.duration / 220, note.pitch) for note in lay_out(rows)]
    flat = score.flatten()
    assert [each.ratioString for each in flat.getElementsByClass(music21.meter.TimeSignature)] == [
        '4/4'
    ]
    assert [each.number for each in flat.getElementsByClass(music21.tempo.MetronomeMark)] == [90]


def test_a_short_file_of_a_long_piece_is_refused():
    """A note of 10^8 ticks at one tick per quarter: 300 bytes that would be gigabytes of steps."""
    held = [
        mido.Message('note_on', note=60, velocity=64),
        mido.Message('note_off', note=60, time=10**8),
    ]
    data = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=1, tracks=[mido.MidiTrack(held)]).save(file=data)
    with pytest.raises(ScoreError) as caught:
        parse_midi(data.getvalue())
    assert caught.value.reason == 'too long'


def test_a_tempo_slower_than_midi_allows_is_the_slowest():
    tempi = [
        message.tempo
        for message in mido.MidiFile(file=io.BytesIO(format_midi([Note(0, 55, 60)], qpm=1.0)))
        if message.type == 'set_tempo'
    ]
    assert tempi == [0xFFFFFF]


@pytest.mark.parametrize('channel', [0, 3, 15])
def test_an_instrument_is_its_channel_s(channel):
    """Set in its own track or, if that sets none, in another one; other channels have no effect."""
    others = [(0, program(40 + each, each)) for each in range(16) if each not in (channel, 9)]
    notes = (0, on(60, channel=channel)), (480, off(60, channel))
    own = (0, program(73, channel))
    assert parse_midi(midi(track(*others, own, *notes))).program == 73
    assert parse_midi(midi(track(*others, own), track(*notes))).program == 73
    assert parse_midi(midi(track((0, program(9, channel))), track(own, *notes))).program == 73
    assert parse_midi(midi(track(*others, *notes))).program == 0


@pytest.mark.parametrize('message', [b'\xf1\x10', b'\xf2\x10\x11', b'\xf3\x10', b'\xf6', b'\xf8'])
def test_system_messages_leave_all_notes(message):
    """Left out with as many data bytes as each has."""
    notes = (0, on(60)), (240, off(60)), (0, on(62)), (240, off(62))
    found = parse_midi(midi(track(*notes[:1], (240, message), *notes[1:])))
    assert [(note.pitch, note.onset, note.end) for note in found.notes] == [
        (60, 0, 480),
        (62, 480, 720),
    ]
    assert found.notices == ('system messages left out',)
