"""The events of a MIDI track, from its bytes.

Damaged data that the notes do not need is left out and named. If data that the notes need is
damaged, the file is refused; no note is lost silently.
"""

import dataclasses
from typing import NamedTuple

from symmusic.errors import ScoreError

NOTE_OFF, NOTE_ON, PROGRAM = 0x80, 0x90, 0xC0  # status bytes without their channel
REAL_TIME = 0xF8  # from here on, status bytes are single-byte messages, except for `META`
META, SYSEX, SYSEX_GOES_ON = 0xFF, 0xF0, 0xF7
TEXT, TRACK_NAME, LYRIC, END_OF_TRACK = 0x01, 0x03, 0x05, 0x2F  # kinds of meta events
TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x51, 0x58, 0x59
SHORTEST_QUARTER = 30_000  # microseconds: 2000 per minute at most, as in ABC and MusicXML
LARGEST_NUMBER = 0x0FFFFFFF  # of four bytes
# after the status byte
CHANNEL_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
# not allowed in MIDI files, but found in some; the undefined 0xF4 and 0xF5 have no known length
SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0} | dict.fromkeys(range(REAL_TIME, META), 0)
RUNNING_ON = 'running status continues after a sysex or meta event: read with the status before it'


class Event(NamedTuple):
    """A message at a tick: the status byte with its channel, or `META` with its kind, and data."""

    tick: int
    status: int
    data: bytes
    kind: int = 0


@dataclasses.dataclass
class Track:
    """The valid events of a track, and the kinds of its damaged meta events.

    Attributes:
      events: in file order, without system messages.
      damaged: (tick, kind) of the meta events left out.
      notices: what else was left out or read differently.
      end: the offset in the file after the last byte read.
      is_ended: whether there is an End of Track.
    """

    events: list[Event]
    damaged: list[tuple[int, int]]
    notices: list[str]
    end: int
    is_ended: bool = False


def read_track(data: bytes, begin: int, end: int) -> Track:
    """The events from offset `begin` of a file up to an End of Track, or to `end`.

    Raises:
      ScoreError: an event is cut short at `end`, or its boundaries cannot be determined.
    """
    track = Track([], [], [], begin)
    tick, running, interrupted = 0, None, False
    try:
        while track.end < end and not track.is_ended:
            delta, place = read_number(data, track.end, end)
            tick += delta
            status = data[place]
            if status >= 0x80:
                place += 1
            elif running is None:
                raise ScoreError('damaged MIDI', f'data without a status at tick {tick}')
            else:
                status = running
                if interrupted:
                    track.notices.append(RUNNING_ON)
            if status < SYSEX:
                running, interrupted = status, False
            elif status < REAL_TIME or status == META:
                interrupted = True
            track.end = _read_event(track, data, place, end, tick, status)
            if track.end > end:
                raise IndexError
    except IndexError as error:
        raise ScoreError('damaged MIDI', f'an event at tick {tick} is cut short') from error
    return track


def read_number(data: bytes, place: int, end: int) -> tuple[int, int]:
    """A variable-length number (seven bits per byte, the highest first), and the offset after it.

    Raises:
      IndexError: the data ends within it.
    """
    number = 0
    while place < end:
        number = number << 7 | data[place] & 0x7F
        if number > LARGEST_NUMBER:
            raise ScoreError('damaged MIDI', 'a number of more than four bytes')
        place += 1
        if data[place - 1] < 0x80:
            return number, place
    raise IndexError


def _read_event(track: Track, data: bytes, place: int, end: int, tick: int, status: int) -> int:
    """Adds the event whose data starts at `place`, if it is to be kept; returns the offset after
    it.
    """
    if status < SYSEX:
        return _read_channel(track, data, place, tick, status)
    if status == META:
        return _read_meta(track, data, place, end, tick)
    if status in (SYSEX, SYSEX_GOES_ON):
        return _skip_sysex(track, data, place, end, status)
    if status not in SYSTEM_BYTES:
        raise ScoreError('damaged MIDI', f'undefined status {status:#x} at tick {tick}')
    track.notices.append('system messages left out')
    return place + SYSTEM_BYTES[status]


def _read_channel(track: Track, data: bytes, place: int, tick: int, status: int) -> int:
    command, size = status & 0xF0, CHANNEL_BYTES[status & 0xF0]
    content = data[place : place + size]
    if len(content) < size:
        raise IndexError
    if command in (NOTE_ON, NOTE_OFF) and content[-1] > 127:
        content = bytes([content[0], 127])
        if command == NOTE_ON:  # the most common fault of otherwise valid files
            track.notices.append('velocities above 127 read as 127')
    if max(content) < 0x80:
        track.events.append(Event(tick, status, content))
    elif command in (NOTE_ON, NOTE_OFF):
        track.notices.append('notes of pitches above 127 left out')
    else:
        track.notices.append('damaged controls left out')
    return place + size


def _read_meta(track: Track, data: bytes, place: int, end: int, tick: int) -> int:
    kind = data[place]
    if kind == END_OF_TRACK:  # whatever its length, even if that is missing
        track.is_ended = True
        return min(place + 2, end)
    size, begin = read_number(data, place + 1, end)
    if begin + size > end:
        raise IndexError
    content = data[begin : begin + size]
    if _is_sound(kind, content):
        track.events.append(Event(tick, META, content, kind))
    else:
        track.damaged.append((tick, kind))
    return begin + size


def _is_sound(kind: int, content: bytes) -> bool:
    """Whether a meta event has at least the bytes that its kind needs, with valid values; further
    bytes are ignored.
    """
    size = len(content)
    if kind == 0x00:
        return size != 1  # an empty one stands for the track's own number
    if kind == 0x20:
        return size >= 1 and content[0] < 16
    if kind == TEMPO:
        return size >= 3 and int.from_bytes(content[:3], 'big') >= SHORTEST_QUARTER
    if kind == 0x54:
        return size >= 5 and content[0] < 0x80
    if kind == TIME_SIGNATURE:
        return size >= 4 and content[0] > 0 and content[1] <= 7
    if kind == KEY_SIGNATURE:
        return size >= 2 and (content[0] <= 7 or content[0] >= 0xF9) and content[1] <= 1
    return True


DAMAGED = {
    0x00: 'damaged sequence numbers left out',
    0x20: 'damaged channel prefixes left out',
    TEMPO: 'damaged tempo left out: the one before it holds, or 120',
    0x54: 'damaged SMPTE offsets left out',
    TIME_SIGNATURE: 'damaged time signature left out: the one before it holds, or 4/4',
    KEY_SIGNATURE: 'damaged key signatures left out',
}


def _skip_sysex(track: Track, data: bytes, place: int, end: int, status: int) -> int:
    """The offset after a system exclusive message; if it was written without its length, as it is
    sent on a cable, the offset after its end byte.
    """
    try:
        size, begin = read_number(data, place, end)
        after = begin + size
    except ScoreError:
        after = end + 1
    if status == SYSEX_GOES_ON or (after <= end and data[after - 1] == SYSEX_GOES_ON):
        return after
    sign = place
    while sign < end and data[sign] < 0x80:
        sign += 1
    if sign == end or data[sign] != SYSEX_GOES_ON or _goes_on(data, after, end):
        return after
    track.notices.append('system exclusive messages without their length left out')
    return sign + 1


def _goes_on(data: bytes, place: int, end: int) -> bool:
    """Whether the next event continues a system exclusive message."""
    try:
        _, place = read_number(data, place, end)
        return place < end and data[place] == SYSEX_GOES_ON
    except (IndexError, ScoreError):
        return False
