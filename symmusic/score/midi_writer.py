"""Melodies to MIDI files, by mido."""

import io
import os
from collections.abc import Sequence

import mido

from symmusic.files import write_whole
from symmusic.score.bar import SIXTEENTHS, bar_of
from symmusic.score.key import Key
from symmusic.score.layout import Section
from symmusic.score.midi import KEY_TEXT
from symmusic.score.midi_text import decode_text
from symmusic.score.notes import DEFAULT_QPM, Note

# The thesis's files have 220 ticks per quarter; a sixteenth is 55, so a grid of sixteenths is
# exact. A finer grid takes as many ticks as most programs do.
TICKS_PER_QUARTER = 220
FINER = 480


def ticks_of(steps_per_quarter: int) -> int:
    """The ticks per quarter of files on a grid, all of whose steps are whole ticks."""
    return TICKS_PER_QUARTER if steps_per_quarter == SIXTEENTHS else FINER


def write_midi(
    path: str | os.PathLike, notes: Sequence[Note], *, title: str = '', qpm: float = DEFAULT_QPM
) -> None:
    """Writes notes, in ticks of `TICKS_PER_QUARTER`, as a MIDI file in 4/4, atomically."""
    write_whole(path, format_midi(notes, title=title, qpm=qpm))


def format_midi(
    notes: Sequence[Note],
    *,
    title: str = '',
    qpm: float = DEFAULT_QPM,
    meter: str = '4/4',
    pickup: int = 0,
    program: int = 0,
    key: Key | None = None,
    sections: Sequence[Section] = (),
    steps_per_quarter: int = SIXTEENTHS,
) -> bytes:
    """The bytes of a MIDI file (format 1: one track of tempo and metre, one of notes), as notation
    programs expect it.

    Args:
      notes: in ticks of `ticks_of(steps_per_quarter)`.
      title: written as Latin-1, which most programs read, or if that lacks a letter as UTF-8.
      qpm: quarters per minute.
      meter: such as '6/8', as in `bar.bar_of`.
      pickup: number of steps in the first bar, 0 = a full bar. Notes start only in these last
        steps of the bar. The file starts with them, filled up to whole sixteenths, under a time
        signature of their own.
      program: General MIDI number of the instrument, from 0.
      key: its signature is written, as major or minor by its third, and a text for another mode;
        None writes none.
      sections: of the tune; a marker has the label of each.
      steps_per_quarter: the grid.
    """
    name, charset = _encoding(title)
    ticks_per_quarter, bar = ticks_of(steps_per_quarter), bar_of(meter, steps_per_quarter)
    step = ticks_per_quarter // steps_per_quarter
    pickup = -(-pickup // bar.sixteenth) * bar.sixteenth
    left_out = (bar.steps - pickup) * step if pickup else 0
    first, *change = _time_signatures(meter, pickup // bar.sixteenth)
    conductor = _track(
        [
            (0, mido.MetaMessage('track_name', name=name)),
            *((0, message) for message in (_key_signature(key) if key else ())),
            (0, first),
            (0, mido.MetaMessage('set_tempo', tempo=min(mido.bpm2tempo(qpm), 0xFFFFFF))),
            *((pickup * step, message) for message in change),
            *_markers(sections, bar.steps * step, left_out),
        ]
    )
    melody = _melody_track(notes, program, left_out)
    buffer = io.BytesIO()
    mido.MidiFile(
        type=1, ticks_per_beat=ticks_per_quarter, tracks=[conductor, melody], charset=charset
    ).save(file=buffer)
    return buffer.getvalue()


def _track(timed: Sequence[tuple[int, mido.MetaMessage]]) -> mido.MidiTrack:
    """A track of messages at their ticks."""
    track, now = mido.MidiTrack(), 0
    for tick, message in sorted(timed, key=lambda pair: pair[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    return mido.MidiTrack([*track, mido.MetaMessage('end_of_track')])


def _melody_track(notes: Sequence[Note], program: int, left_out: int) -> mido.MidiTrack:
    """A track of notes that starts `left_out` ticks after their tick 0."""
    # (tick, 0 for off / 1 for on, pitch, velocity): at one tick every note ends before the next
    # starts
    events = []
    for note in notes:
        events += [(note.onset, 1, note.pitch, note.velocity), (note.end, 0, note.pitch, 0)]
    melody = mido.MidiTrack(
        [
            mido.MetaMessage('track_name', name='Melody'),
            mido.Message('program_change', program=program),
        ]
    )
    tick = left_out
    for onset, is_on, pitch, velocity in sorted(events):
        melody.append(
            mido.Message(
                'note_on' if is_on else 'note_off', note=pitch, velocity=velocity, time=onset - tick
            )
        )
        tick = onset
    melody.append(mido.MetaMessage('end_of_track'))
    return melody


def _markers(
    sections: Sequence[Section], bar_ticks: int, left_out: int
) -> list[tuple[int, mido.MetaMessage]]:
    """The markers of sections; the first is at the start, before a pickup."""
    return [
        (
            section.first * bar_ticks - left_out if number else 0,
            mido.MetaMessage('marker', text=section.label),
        )
        for number, section in enumerate(sections)
    ]


def _time_signatures(meter: str, pickup: int) -> list[mido.MetaMessage]:
    """The time signature of the piece, preceded by that of the pickup, of so many sixteenths, in
    the longest value that divides it: 1/4 or 3/16.
    """
    numerator, denominator = map(int, meter.split('/'))
    own = mido.MetaMessage('time_signature', numerator=numerator, denominator=denominator)
    if not pickup:
        return [own]
    value = max(value for value in (1, 2, 4) if pickup % value == 0)
    before = mido.MetaMessage('time_signature', numerator=pickup // value, denominator=16 // value)
    return [before, own]


def _key_signature(key: Key) -> list[mido.MetaMessage]:
    plain = Key(key.fifths, 'major' if key.is_major else 'minor')
    signature = mido.MetaMessage('key_signature', key=plain.short_name)
    text = mido.MetaMessage('text', text=f'{KEY_TEXT}{key.short_name}')
    return [signature] if key == plain else [signature, text]


def _encoding(title: str) -> tuple[str, str]:
    """A title as it can be written, and the charset in which our reader decodes it."""
    title = title.encode('utf-8', 'replace').decode()  # a file name may contain lone surrogates
    try:
        if decode_text(title.encode('latin-1')) == title:
            return title, 'latin-1'
    except UnicodeEncodeError:
        pass
    return title, 'utf-8'
