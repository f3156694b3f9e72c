"""MIDI files to scores and back: mido reads and writes the messages, the pairing of notes is ours."""

import collections
import io
import os

import mido

from symmusic.errors import ScoreError
from symmusic.files import write_whole
from symmusic.score.notes import Meter, Note, Score, Tempo

DRUM_CHANNEL = 9
# The source's files count 220 ticks to a quarter; a sixteenth is 55, so a grid of sixteenths is
# exact.
TICKS_PER_QUARTER = 220
MAX_QUARTERS = 1_000_000  # of a piece, five days at 120 quarters per minute
# of a file: far beyond any melody; as many messages as fit into it take 10 s and 640 MB
MAX_BYTES = 4_000_000


def parse_midi(data: bytes, part: int = 1) -> Score:
    """Reads the bytes of a MIDI file of format 0 or 1.

    An instrument is what plays on one channel of one track. The score holds the notes of one of
    those, in file order, that play any and are not the drum channel: the first, or `part` says
    which, from 1.

    Raises:
      ScoreError: the file is damaged, of another kind, or holds no notes; `reason` says which.
    """
    try:
        # clip: a velocity above 127 is the commonest fault of otherwise sound files.
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except EOFError as error:
        raise ScoreError(
            'damaged MIDI', 'the file ends too soon' if data else 'the file is empty'
        ) from error
    except (
        OSError,
        ValueError,
        KeyError,
        IndexError,
        LookupError,
        mido.KeySignatureError,
    ) as error:
        raise ScoreError('damaged MIDI', str(error) or type(error).__name__) from error
    if file.type == 2:
        raise ScoreError('MIDI format 2', 'only formats 0 and 1 are one piece of music')
    if not 0 < file.ticks_per_beat < 0x8000:
        raise ScoreError('SMPTE time', 'the file counts film frames, not beats')

    instruments, programs, num_instruments = {}, {}, 0
    meters, tempi, title = [], [], ''
    for index, track in enumerate(file.tracks):
        for message, tick in _timed(track):
            if message.type == 'time_signature':
                meters.append(Meter(tick, message.numerator, message.denominator))
            elif message.type == 'set_tempo' and message.tempo > 0:
                tempi.append(Tempo(tick, mido.tempo2bpm(message.tempo)))
            elif message.type == 'program_change':
                programs.setdefault((index, message.channel), message.program)
                programs.setdefault(message.channel, message.program)
            elif message.type == 'track_name' and not title:
                title = message.name.strip('\x00 ')
        channels = _pair_notes(track)
        num_instruments += len(channels)
        instruments |= {
            (index, channel): notes
            for channel, notes in channels.items()
            if channel != DRUM_CHANNEL
        }
    if not instruments:
        raise ScoreError('no notes', 'only drums' if num_instruments else '')
    if (
        max(note.end for notes in instruments.values() for note in notes)
        > MAX_QUARTERS * file.ticks_per_beat
    ):
        raise ScoreError('too long', f'more than {MAX_QUARTERS} quarters')
    if part > len(instruments):
        raise ScoreError(
            f'no part {part}', f'the file has {len(instruments)} that play notes, drums apart'
        )
    place = list(instruments)[part - 1]
    notes = sorted(instruments[place], key=lambda note: (note.onset, note.pitch))
    return Score(
        notes=tuple(notes),
        ticks_per_quarter=file.ticks_per_beat,
        title=title,
        num_instruments=num_instruments,
        meters=tuple(sorted(meters, key=lambda meter: meter.tick)),
        tempi=tuple(sorted(tempi, key=lambda tempo: tempo.tick)),
        # of its track, or where only another one sets its channel, of that
        program=programs.get(place, programs.get(place[1], 0)),
    )


def _timed(track: mido.MidiTrack):
    tick = 0
    for message in track:
        tick += message.time
        yield message, tick


def _pair_notes(track: mido.MidiTrack) -> dict[int, list[Note]]:
    """The notes of each channel that has any, channels in the order of their first note.

    A note-off ends every sounding note of its pitch that began before it (one that begins at the
    same tick goes on, unless it is the only one); what is still sounding at the end of the track
    ends there.
    """
    sounding = collections.defaultdict(list)  # (channel, pitch) -> [(onset, velocity)]
    channels: dict[int, list[Note]] = {}
    tick = 0
    for message, tick in _timed(track):
        if message.type not in ('note_on', 'note_off'):
            continue
        key = (message.channel, message.note)
        if message.type == 'note_on' and message.velocity > 0:
            channels.setdefault(message.channel, [])
            sounding[key].append((tick, message.velocity))
            continue
        going_on = [begun for begun in sounding[key] if begun[0] == tick]
        ended = [begun for begun in sounding[key] if begun[0] != tick] or going_on
        channels.setdefault(message.channel, []).extend(
            Note(onset, tick - onset, message.note, velocity) for onset, velocity in ended
        )
        sounding[key] = going_on if ended is not going_on else []
    for (channel, pitch), begun in sounding.items():
        channels[channel].extend(
            Note(onset, tick - onset, pitch, velocity) for onset, velocity in begun
        )
    return {channel: notes for channel, notes in channels.items() if notes}


def write_midi(
    path: str | os.PathLike, notes: list[Note], *, title: str = '', qpm: float = 120.0
) -> None:
    """Writes notes, in ticks of `TICKS_PER_QUARTER`, as a MIDI file of one track in 4/4, whole or
    not at all.
    """
    write_whole(path, format_midi(notes, title=title, qpm=qpm))


def format_midi(
    notes: list[Note], *, title: str = '', qpm: float = 120.0, meter: str = '4/4', program: int = 0
) -> bytes:
    """The bytes of a MIDI file (format 1: one track of tempo and metre, one of notes), as notation
    programs expect it; `program` is the instrument's General MIDI number from 0.
    """
    numerator, denominator = map(int, meter.split('/'))
    conductor = mido.MidiTrack(
        [
            mido.MetaMessage('track_name', name=_latin(title)),
            mido.MetaMessage('time_signature', numerator=numerator, denominator=denominator),
            mido.MetaMessage('set_tempo', tempo=min(mido.bpm2tempo(qpm), 0xFFFFFF)),
            mido.MetaMessage('end_of_track'),
        ]
    )
    # (tick, 0 for off / 1 for on, pitch, velocity): at one tick every note ends before the next
    # begins
    events = []
    for note in notes:
        events += [(note.onset, 1, note.pitch, note.velocity), (note.end, 0, note.pitch, 0)]
    melody = mido.MidiTrack(
        [
            mido.MetaMessage('track_name', name='Melody'),
            mido.Message('program_change', program=program),
        ]
    )
    tick = 0
    for onset, is_on, pitch, velocity in sorted(events):
        melody.append(
            mido.Message(
                'note_on' if is_on else 'note_off', note=pitch, velocity=velocity, time=onset - tick
            )
        )
        tick = onset
    melody.append(mido.MetaMessage('end_of_track'))
    buffer = io.BytesIO()
    mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, tracks=[conductor, melody]).save(
        file=buffer
    )
    return buffer.getvalue()


def _latin(text: str) -> str:
    """MIDI text is Latin-1: what it lacks becomes a question mark."""
    return text.encode('latin-1', 'replace').decode('latin-1')
