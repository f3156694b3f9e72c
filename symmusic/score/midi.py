"""MIDI files to scores: the pairing of notes, instruments, metres and tempi."""

import collections
from collections.abc import Mapping, Sequence

from symmusic.errors import ScoreError
from symmusic.score.instruments import INSTRUMENTS
from symmusic.score.key import Key, parse_key_name, sounding_keys
from symmusic.score.meter import find_bars, overfull_start
from symmusic.score.midi_chunks import read_chunks
from symmusic.score.midi_events import (
    KEY_SIGNATURE,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM,
    TEMPO,
    TEXT,
    TIME_SIGNATURE,
    TRACK_NAME,
    Event,
    Track,
)
from symmusic.score.midi_text import decode_text, find_title, has_lyrics, metas_of, trimmed
from symmusic.score.notes import DEFAULT_QPM, LYRICS, Meter, Note, Score, Tempo

SUFFIXES = ('.mid', '.midi', '.kar', '.rmi')
DRUM_CHANNEL = 9
MAX_QUARTERS = 1_000_000  # of a piece, five days at 120 quarters per minute
# of a file: far more than any melody needs; reading a file of this size takes 10 s and 640 MB
MAX_BYTES = 4_000_000
KEY_TEXT = 'Key: '  # begins the text that names a key whose mode a key signature cannot state
MIDI_MODES = ('major', 'minor')  # by their number in a key signature


def parse_midi(data: bytes, part: int = 1) -> Score:
    """Reads the bytes of a MIDI file of format 0 or 1, which may be wrapped in RIFF.

    An instrument is one channel of one track. The score holds the notes of one instrument. Damaged
    data that the notes do not need is left out, with a notice in the score.

    Args:
      data: the file's bytes.
      part: number of the instrument, from 1, in file order; the drum channel and instruments
        without notes do not count.

    Raises:
      ScoreError: the file is damaged, of another kind, or holds no notes; `reason` says which.
    """
    file = read_chunks(data)
    if file.kind == 2:
        raise ScoreError('MIDI format 2', 'only formats 0 and 1 are one piece of music')
    if not file.division:
        raise ScoreError('damaged MIDI', 'the header says 0 ticks per quarter')
    if file.division >= 0x8000:
        raise ScoreError('SMPTE time', 'the file counts film frames, not beats')
    instruments, programs, num_instruments = _find_instruments(file.tracks)
    if not instruments:
        raise ScoreError('no notes', 'only drums' if num_instruments else '')
    end = max(note.end for notes in instruments.values() for note in notes)
    if end > MAX_QUARTERS * file.division:
        raise ScoreError('too long', f'more than {MAX_QUARTERS} quarters')
    names = tuple(_part_name(file.tracks, place, programs) for place in instruments)
    if part > len(instruments):
        raise ScoreError(
            f'no part {part}',
            f'the file has {len(instruments)} that play notes, drums apart: {", ".join(names)}',
        )
    place = list(instruments)[part - 1]
    notes = sorted(instruments[place], key=lambda note: (note.onset, note.pitch))
    stated = _find_meters(file.tracks)
    meters, pickup = find_bars(stated, notes, file.division)
    keys, is_replaced = _find_keys(file.tracks, notes[0].onset, notes[-1].onset)
    return Score(
        notes=tuple(notes),
        ticks_per_quarter=file.division,
        title=find_title(file.tracks),
        num_instruments=num_instruments,
        meters=tuple(meters),
        tempi=tuple(_find_tempi(file.tracks)),
        pickup=pickup,
        overfull=overfull_start(meters, file.division),
        program=_program(programs, place),
        parts=names,
        notices=(*file.notices, *([LYRICS] if has_lyrics(file.tracks) else [])),
        num_meters=len(stated),
        keys=keys,
        key_replaced=is_replaced,
    )


def _find_instruments(tracks: Sequence[Track]) -> tuple[dict, dict, int]:
    """The notes by (track, channel), drums apart; the programs by (track, channel), and by channel
    alone in case only another track sets it; the number of instruments, drums included.
    """
    programs: dict = {}
    instruments, num_instruments = {}, 0
    for index, track in enumerate(tracks):
        for _, status, content, _ in track.events:
            if status & 0xF0 == PROGRAM:
                programs.setdefault((index, status & 0x0F), content[0])
                programs.setdefault(status & 0x0F, content[0])
        channels = _pair_notes(track.events)
        num_instruments += len(channels)
        instruments |= {
            (index, channel): notes
            for channel, notes in channels.items()
            if channel != DRUM_CHANNEL
        }
    return instruments, programs, num_instruments


def _program(programs: Mapping, place: tuple[int, int]) -> int:
    """The program of a channel of a track, or else of the channel."""
    return programs.get(place, programs.get(place[1], 0))


def _part_name(tracks: Sequence[Track], place: tuple[int, int], programs: Mapping) -> str:
    """The name of a track, or else of its instrument, on one line."""
    names = (trimmed(event.data) for event in metas_of(tracks[place[0] : place[0] + 1], TRACK_NAME))
    name = ' '.join(next(filter(None, names), '').split())
    return name[:40] or INSTRUMENTS[_program(programs, place)]


def _find_meters(tracks: Sequence[Track]) -> list[Meter]:
    """Every time signature in order of time; if the first one is damaged, 4/4 before the next."""
    meters = [
        Meter(event.tick, event.data[0], 2 ** event.data[1])
        for event in _in_time(tracks, TIME_SIGNATURE)
    ]
    damaged = _damaged(tracks, TIME_SIGNATURE)
    if damaged and (not meters or meters[0].tick > min(damaged)):
        meters.insert(0, Meter(0, 4, 4))
    return meters


def _find_tempi(tracks: Sequence[Track]) -> list[Tempo]:
    """Every tempo in order of time; if the first one is damaged, 120 before the next."""
    stated = {
        event.tick: 60_000_000 / int.from_bytes(event.data[:3], 'big')
        for event in _in_time(tracks, TEMPO)
    }
    tempi = [Tempo(tick, qpm) for tick, qpm in stated.items()]
    damaged = _damaged(tracks, TEMPO)
    if damaged and (not tempi or tempi[0].tick > min(damaged)):
        tempi.insert(0, Tempo(0, DEFAULT_QPM))
    return tempi


def _find_keys(tracks: Sequence[Track], first: int, last: int) -> tuple[tuple[Key, ...], bool]:
    """`sounding_keys` for the ticks of the first and the last note. A signature says major or
    minor; a text after `KEY_TEXT` at its tick names another mode.
    """
    modes = {}
    for event in metas_of(tracks, TEXT):
        text = decode_text(event.data)
        if text.startswith(KEY_TEXT) and (key := parse_key_name(text[len(KEY_TEXT) :])):
            modes[event.tick] = key
    stated = []
    for event in _in_time(tracks, KEY_SIGNATURE):
        fifths = int.from_bytes(event.data[:1], 'big', signed=True)
        key = modes.get(event.tick)
        has_mode = key is not None and key.fifths == fifths
        stated.append((event.tick, key if has_mode else Key(fifths, MIDI_MODES[event.data[1]])))
    return sounding_keys([(tick, key) for tick, key in stated if tick <= last], first)


def _in_time(tracks: Sequence[Track], kind: int) -> list[Event]:
    """The events of a kind in order of time. At the same tick, events of the first track, where
    they belong, come last and so take precedence.
    """
    return sorted(metas_of(tracks[::-1], kind), key=lambda event: event.tick)


def _damaged(tracks: Sequence[Track], kind: int) -> list[int]:
    """The ticks of damaged events of a kind, which were left out."""
    return [tick for track in tracks for tick, found in track.damaged if found == kind]


def _pair_notes(events: Sequence[Event]) -> dict[int, list[Note]]:
    """The notes of each channel that has any, channels in the order of their first note.

    A note-off ends every sounding note of its pitch that started before it (one that starts at the
    same tick continues, unless it is the only one). Notes still sounding at the end of the track
    end there.
    """
    sounding = collections.defaultdict(list)  # (channel, pitch) -> [(onset, velocity)]
    channels: dict[int, list[Note]] = {}
    tick = 0
    for tick, status, content, _ in events:
        if status & 0xF0 not in (NOTE_OFF, NOTE_ON):
            continue
        channel, (pitch, velocity) = status & 0x0F, content
        key = (channel, pitch)
        if status & 0xF0 == NOTE_ON and velocity > 0:
            channels.setdefault(channel, [])
            sounding[key].append((tick, velocity))
            continue
        going_on = [begun for begun in sounding[key] if begun[0] == tick]
        ended = [begun for begun in sounding[key] if begun[0] != tick] or going_on
        channels.setdefault(channel, []).extend(
            Note(onset, tick - onset, pitch, velocity) for onset, velocity in ended
        )
        sounding[key] = going_on if ended is not going_on else []
    for (channel, pitch), begun in sounding.items():
        channels[channel].extend(
            Note(onset, tick - onset, pitch, velocity) for onset, velocity in begun
        )
    return {channel: notes for channel, notes in channels.items() if notes}
