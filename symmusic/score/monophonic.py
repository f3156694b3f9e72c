"""The strict reader for the measure of plagiarism: one track of a MIDI file as a melody without
chords, as the program MelodyShape reads it.

It is strict on purpose: it refuses what that program would refuse, so that both measure the same
notes. All other code reads MIDI with `score/midi.py`, which is tolerant.
"""

from collections.abc import Iterator

from symmusic.errors import ScoreError
from symmusic.score.midi_chunks import unwrap_riff
from symmusic.score.notes import Note

NOTE_OFF, NOTE_ON = 0x80, 0x90
# after a channel message's status byte
DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
META, SYSEX, SYSEX_GOES_ON = 0xFF, 0xF0, 0xF7
END_OF_TRACK = 0x2F

# (tick, status without channel, pitch, velocity); a note-on of velocity 0 is a note-off
Event = tuple[int, int, int, int]


def parse_monophonic(data: bytes) -> list[Note]:
    """Reads the notes, in ticks, of the track with the most events of any kind (the first such
    track) of a MIDI file of format 0 or 1.

    Channels are not distinguished, not even drums. A note may start while another one sounds only
    if the very next event of the track ends that one, at most one tick later. A note still sounding
    at the end of the track is dropped. The result may be empty.

    Raises:
      ScoreError: the file is damaged ('damaged MIDI', 'MIDI format 2'), or several notes sound at
        the same time ('polyphonic', with the tick).
    """
    tracks = [_read_events(chunk) for chunk in _track_chunks(data)]
    if not tracks:
        raise ScoreError('damaged MIDI', 'no track')
    return _pair_notes(max(tracks, key=len))


def _pair_notes(events: list[Event]) -> list[Note]:
    notes = []
    sounding = None  # (onset, pitch, velocity)

    def end_at(tick: int) -> None:
        onset, pitch, velocity = sounding
        notes.append(Note(onset, tick - onset, pitch, velocity))

    steps = iter(range(len(events)))
    for index in steps:
        tick, status, pitch, velocity = events[index]
        if status == NOTE_ON:
            if sounding:
                later, command, ended, _ = events[index + 1]  # the last event is not a note
                if command != NOTE_OFF or ended != sounding[1] or later - tick > 1:
                    raise ScoreError('polyphonic', f'several notes at tick {tick}')
                end_at(tick)
                next(steps)
            sounding = (tick, pitch, velocity)
        elif status == NOTE_OFF:
            if not sounding or sounding[1] != pitch:
                raise ScoreError('polyphonic', f'several notes at tick {tick}')
            end_at(tick)
            sounding = None
    return notes


def _track_chunks(data: bytes) -> Iterator[bytes]:
    """The content of every track. Chunks of other kinds are skipped; a track cut short by the end
    of the file is an error.
    """
    data = unwrap_riff(data)
    if data[:4] != b'MThd' or len(data) < 14:
        raise ScoreError('damaged MIDI', 'no MIDI header')
    if (kind := int.from_bytes(data[8:10], 'big')) > 1:
        raise ScoreError(f'MIDI format {kind}', 'only formats 0 and 1 are one piece of music')
    place = 8 + int.from_bytes(data[4:8], 'big')
    left = int.from_bytes(data[10:12], 'big')
    while left and place + 8 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8], 'big')
        if data[place : place + 4] == b'MTrk':
            if place + 8 + size > len(data):
                raise ScoreError(
                    'damaged MIDI',
                    f'track {int.from_bytes(data[10:12], "big") - left} is cut short',
                )
            yield data[place + 8 : place + 8 + size]
            left -= 1
        place += 8 + size


def _read_events(chunk: bytes) -> list[Event]:
    """All events up to and including End of Track, which is added if it is missing. A meta event
    ends a running status.
    """
    events: list[Event] = []
    place = tick = 0
    running = None
    try:
        while place < len(chunk):
            delta, place = _read_number(chunk, place)
            tick += delta
            status = chunk[place]
            if status >= 0x80:
                place += 1
            elif running is None:
                raise ScoreError('damaged MIDI', f'data without a status at tick {tick}')
            else:
                status = running
            if status in (META, SYSEX, SYSEX_GOES_ON):
                kind = chunk[place] if status == META else None
                size, begin = _read_number(chunk, place + (status == META))
                place = begin + size
                if place > len(chunk):
                    raise IndexError
                running = None
                events.append((tick, status, 0, 0))
                if kind == END_OF_TRACK:
                    return events
                continue
            size = DATA_BYTES.get(status & 0xF0)
            if size is None:
                raise ScoreError('damaged MIDI', f'status {status:#x} at tick {tick}')
            content = chunk[place : place + size]
            if len(content) < size or max(content) > 0x7F:
                raise IndexError
            place += size
            running = status
            command = status & 0xF0
            if command == NOTE_ON and content[1] == 0:
                command = NOTE_OFF
            events.append((tick, command, content[0], content[1] if size == 2 else 0))
    except IndexError as error:
        raise ScoreError('damaged MIDI', f'an event at tick {tick} is cut short') from error
    return [*events, (tick, META, 0, 0)]


def _read_number(chunk: bytes, place: int) -> tuple[int, int]:
    """A variable-length number of at most four bytes, and the offset after it."""
    number = 0
    for index in range(place, place + 4):
        number = number << 7 | chunk[index] & 0x7F
        if chunk[index] < 0x80:
            return number, index + 1
    raise ScoreError('damaged MIDI', 'a number of more than four bytes')
