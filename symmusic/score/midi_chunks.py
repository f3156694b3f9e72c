"""The chunks of a MIDI file: its header and tracks, wherever they are in the file."""

import dataclasses

from symmusic.errors import ScoreError
from symmusic.score.midi_events import DAMAGED, Track, read_track

HEADER, TRACK = b'MThd', b'MTrk'
WRONG_LENGTH = 'wrong track lengths: read up to the End of Track'


@dataclasses.dataclass(frozen=True)
class Chunks:
    """The contents of a MIDI file.

    Attributes:
      kind: its format, 0 to 2.
      division: ticks per quarter or, from 0x8000 on, film frames and their subdivisions.
      tracks: all tracks that are in the file.
      notices: what was left out or read differently, each kind once.
    """

    kind: int
    division: int
    tracks: list[Track]
    notices: tuple[str, ...]


def read_chunks(data: bytes) -> Chunks:
    """Reads every track of a file, regardless of the number in its header. Other chunks, and bytes
    that belong to no chunk, are skipped. A track with a wrong length is read up to its End of
    Track.

    Raises:
      ScoreError: there is no MIDI header, or a track is cut short or cannot be read.
    """
    data = unwrap_riff(data)
    begin = data.find(HEADER)
    if begin < 0:
        raise ScoreError('damaged MIDI', 'no MIDI header' if data else 'the file is empty')
    notices = ['bytes before the header left out'] if begin else []
    if len(data) < begin + 14:
        raise ScoreError('damaged MIDI', 'the file ends too soon')
    size, kind, num_tracks, division = (
        int.from_bytes(data[begin + place : begin + end], 'big')
        for place, end in ((4, 8), (8, 10), (10, 12), (12, 14))
    )
    place = begin + 8 + size
    if size != 6 and (size < 6 or not _is_boundary(data, place)):
        place = begin + 14
        notices.append('wrong length of the header')
    if kind > 2:
        notices.append(f'unknown MIDI format {kind} read as format 1')
    tracks = _read_tracks(data, place, notices)
    if num_tracks and not tracks:
        raise ScoreError('damaged MIDI', 'the file ends too soon')
    if num_tracks != len(tracks):
        notices.append('wrong number of tracks in the header: those that are there are read')
    for track in tracks:
        notices += track.notices
        notices += [DAMAGED[kind] for _, kind in track.damaged]
    return Chunks(kind, division, tracks, tuple(dict.fromkeys(notices)))


def unwrap_riff(data: bytes) -> bytes:
    """The MIDI file in a RIFF file (`.rmi`); any other data unchanged."""
    if data[:4] != b'RIFF' or data[8:12] != b'RMID':
        return data
    place = 12
    while place + 8 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8], 'little')
        if data[place : place + 4] == b'data':
            content = data[place + 8 : place + 8 + size]
            return content if content[:4] == HEADER else data
        place += 8 + size + size % 2
    return data


def _read_tracks(data: bytes, place: int, notices: list[str]) -> list[Track]:
    tracks = []
    while place < len(data):
        kind, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], 'big')
        end = place + 8 + size
        if kind == TRACK:
            tracks.append(_read_one(data, place + 8, end, notices))
            place = _next_chunk(data, tracks[-1].end, end, notices)
        elif kind == HEADER:
            notices.append('a second MIDI file after the first left out')
            break
        elif _is_chunk(data, place) and _is_boundary(data, end):
            notices.append('chunks of unknown type left out')
            place = end
        else:
            place = _find_track(data, place, notices)
    return tracks


def _read_one(data: bytes, begin: int, end: int, notices: list[str]) -> Track:
    """A track that ends at `end` if a chunk or the end of the file follows there; otherwise at its
    End of Track, or at the latest where the next track starts.
    """
    if _is_boundary(data, end):
        return read_track(data, begin, end)
    following = data.find(TRACK, begin)
    limit = len(data) if following < 0 else following
    try:
        track = read_track(data, begin, limit)
    except ScoreError:
        if end > limit:
            raise
        return read_track(data, begin, end)
    if not track.is_ended and end > limit == len(data):
        raise ScoreError('damaged MIDI', 'the file ends too soon')
    if track.end != end:
        notices.append(WRONG_LENGTH)
    return track


def _next_chunk(data: bytes, track_end: int, end: int, notices: list[str]) -> int:
    """The offset of the chunk after a track that was read up to `track_end` and should end at
    `end`; no track is between the two.
    """
    if not _is_boundary(data, end):
        return track_end if track_end == len(data) else _find_track(data, track_end, notices)
    if data.find(TRACK, track_end, end) >= 0:
        notices.append(WRONG_LENGTH)
        return _find_track(data, track_end, notices)
    if track_end < end:
        notices.append('bytes after the End of Track left out')
    return end


def _find_track(data: bytes, place: int, notices: list[str]) -> int:
    """The offset of the next track, or of the end of the data."""
    found = data.find(TRACK, place)
    if found != place:
        notices.append('bytes that belong to no chunk left out')
    return len(data) if found < 0 else found


def _is_boundary(data: bytes, place: int) -> bool:
    """Whether the file ends or a chunk starts at an offset."""
    return place == len(data) or _is_chunk(data, place)


def _is_chunk(data: bytes, place: int) -> bool:
    kind, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], 'big')
    if kind in (HEADER, TRACK):
        return True
    has_name = len(kind) == 4 and kind.isascii() and kind.decode().isprintable()
    return has_name and place + 8 + size <= len(data)
