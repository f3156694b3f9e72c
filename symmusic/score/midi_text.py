"""The texts of a MIDI file: its title, the names of its parts, lyrics."""

from collections.abc import Sequence

from symmusic.score.midi_events import (
    LYRIC,
    META,
    TEXT,
    TRACK_NAME,
    Event,
    Track,
)

KARAOKE_TRACKS = ('soft karaoke', 'words')  # names of the tracks of text in a karaoke file


def find_title(tracks: Sequence[Track]) -> str:
    """The first track name that is not empty; of a karaoke file the first text marked @T, else the
    first name that is not one of its tracks of text.
    """
    names = [trimmed(event.data) for event in metas_of(tracks, TRACK_NAME)]
    if _is_karaoke(tracks):
        marked = [event.data[2:] for event in metas_of(tracks, TEXT) if event.data[:2] == b'@T']
        names = [
            *map(trimmed, marked),
            *(name for name in names if name.lower() not in KARAOKE_TRACKS),
        ]
    return next(filter(None, names), '')


def trimmed(data: bytes) -> str:
    """The text without zeros, spaces and byte order marks at its ends."""
    return decode_text(data).strip('\x00 \ufeff')


def _is_karaoke(tracks: Sequence[Track]) -> bool:
    """Whether text events hold the words and, marked with @, information about the file."""
    names = [event.data.strip(b'\0 ').lower() for event in metas_of(tracks, TRACK_NAME)]
    return KARAOKE_TRACKS[0].encode() in names or any(
        event.data[:2] == b'@K' for event in metas_of(tracks, TEXT)
    )


def has_lyrics(tracks: Sequence[Track]) -> bool:
    """Whether a file has words to sing."""
    words = [event.data for event in metas_of(tracks, LYRIC)]
    if _is_karaoke(tracks):
        words += [event.data for event in metas_of(tracks, TEXT) if event.data[:1] != b'@']
    return any(word.strip(b'\0 ') for word in words)


def metas_of(tracks: Sequence[Track], kind: int) -> list[Event]:
    """The meta events of a kind, track by track."""
    return [
        event
        for track in tracks
        for event in track.events
        if event.status == META and event.kind == kind
    ]


def decode_text(data: bytes) -> str:
    """The text of a meta event, which does not state its encoding: UTF-16 if it has a byte order
    mark, UTF-8 if it is valid, else Windows-1252, with Latin-1 for the codes that it lacks.
    """
    if data[:2] in (b'\xff\xfe', b'\xfe\xff') and len(data) % 2 == 0:
        return data.decode('utf-16', 'replace')
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ''.join(bytes([byte]).decode('cp1252', 'ignore') or chr(byte) for byte in data)
