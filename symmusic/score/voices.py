"""Scores of several voices (MusicXML, Humdrum), read by music21: one score per voice.

music21 takes a second to import and a tenth of a second per piece, so it is imported only when a
piece is read.
"""

import bisect
import dataclasses
import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from symmusic.errors import ScoreError
from symmusic.score.meter import measure_first
from symmusic.score.notes import Meter, Note, Score
from symmusic.score.sections import section_starts

SUFFIXES = ('.mxl', '.musicxml', '.xml', '.krn')
TICKS_PER_QUARTER = 10080  # 64ths and tuplets of 3, 5, 7 and 9 are whole numbers
MAX_MEASURES = 20_000  # of one voice, repeats played
DOUBLE_BARS = ('double', 'final', 'heavy-light', 'heavy-heavy')  # as music21 names them


@dataclasses.dataclass(frozen=True)
class Measure:
    """A measure of one voice, in ticks. It can open or close a repeat (`opens`, `closes`), be
    played in some `passes` only (empty: in all of them), or end with a double bar (`is_last`). A
    repeat that it closes is played `times`, or as often as its endings say.
    """

    begin: int
    end: int
    opens: bool = False
    closes: bool = False
    passes: frozenset[int] = frozenset()
    is_last: bool = False
    times: int = 2


def read_voices(path: str | os.PathLike) -> list[Score]:
    """The voices of a piece from top to bottom, in ticks of `TICKS_PER_QUARTER`.

    Tied notes are joined, grace notes and chord symbols are left out, and of a chord the highest
    note is taken. Repeats and their endings are played, as with ABC. The first bar is a pickup if
    it is shorter than its metre.

    Raises:
      ScoreError: 'damaged score' if music21 cannot read it, 'no voices' if it finds none.
      OSError: the file cannot be read.
    """
    voices = parse(path, lambda piece: [read_voice(part, title_of(piece)) for part in piece.parts])
    if not voices:
        raise ScoreError('no voices')
    return voices


def parse(path: str | os.PathLike, read: Callable[[Any], list[Score]]) -> list[Score]:
    """Parses a piece with music21 and returns the result of `read` for it.

    Raises:
      ScoreError: 'damaged score' if music21 or `read` fails.
      OSError: the file cannot be read.
    """
    # imported here: it takes long, and only preparation needs it
    from music21 import converter

    try:
        # forceSource and storePickle: bypass music21's own cache of pickles.
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # it warns of damage before it raises its error
            return read(converter.parse(path, forceSource=True, storePickle=False))
    except (OSError, ScoreError):
        raise
    except Exception as error:  # its parsers raise errors of any type on a bad file
        raise ScoreError(
            'damaged score', f'{type(error).__name__}: {error}'.splitlines()[0]
        ) from error


def title_of(piece: Any) -> str:
    """The title of a piece as music21 reads it, '' if it has none."""
    return (piece.metadata and (piece.metadata.title or piece.metadata.movementName)) or ''


def read_voice(part: Any, title: str) -> Score:
    """The score of one part of a piece as music21 reads it, repeats played."""
    flat = part.flatten()
    meters = [
        Meter(_ticks(mark.offset), mark.numerator, mark.denominator)
        for mark in flat.getElementsByClass('TimeSignature')
    ]
    bars = list(part.getElementsByClass('Measure'))
    pickup = overfull = 0
    if meters and meters[0].tick == 0 and len(bars) > 1:
        bar = TICKS_PER_QUARTER * 4 * meters[0].numerator // meters[0].denominator
        pickup, overfull = measure_first(_ticks(bars[1].offset - bars[0].offset), bar)
    notes = join_ties(_sounds(flat))
    measures = _read_measures(part, max((note.end for note in notes), default=0))
    notes, meters, sections = play(notes, meters, measures)
    name = part.partName or ''
    return Score(
        notes=tuple(notes),
        ticks_per_quarter=TICKS_PER_QUARTER,
        title=': '.join(filter(None, (title, name))),
        meters=tuple(meters),
        pickup=pickup,
        overfull=overfull,
        sections=section_starts(sections, max((note.end for note in notes), default=0)),
    )


def _sounds(flat: Any) -> Iterable[tuple[Note, bool]]:
    """Each note, or the highest note of each chord, in order of onset, and whether it is tied to
    the next one.
    """
    for sound in flat.notes:
        # grace notes and chord symbols have no length
        if sound.duration.isGrace or sound.quarterLength == 0:
            continue
        notes = [
            note
            for note in getattr(sound, 'notes', [sound])
            if hasattr(note, 'pitch') and 0 <= note.pitch.midi <= 127
        ]
        if notes and 'Harmony' not in sound.classes:
            highest = max(notes, key=lambda note: note.pitch.midi)
            tie = highest.tie or sound.tie
            onset = _ticks(sound.offset)
            leads_on = tie is not None and tie.type in ('start', 'continue')
            yield (
                Note(
                    onset,
                    _ticks(sound.offset + sound.quarterLength) - onset,
                    int(highest.pitch.midi),
                ),
                leads_on,
            )


def join_ties(sounds: Iterable[tuple[Note, bool]]) -> list[Note]:
    """Notes in order of (onset, pitch), with tied notes joined into one; a tie that leads to no
    note of its pitch is ignored.
    """
    notes: list[Note] = []
    # (pitch, end) of a note tied to the next one -> its index
    held: dict[tuple[int, int], int] = {}
    for note, leads_on in sounds:
        index = held.pop((note.pitch, note.onset), None)
        if index is None:
            index = len(notes)
            notes.append(note)
        else:
            notes[index] = Note(notes[index].onset, note.end - notes[index].onset, note.pitch)
        if leads_on:
            held[note.pitch, note.end] = index
    return sorted(notes, key=lambda note: (note.onset, note.pitch))


def _read_measures(part: Any, end: int) -> list[Measure]:
    found = list(part.getElementsByClass('Measure'))
    begins = [_ticks(measure.offset) for measure in found]
    ends = [*begins[1:], max([end, *begins[-1:]])]
    passes = {}
    for bracket in part.getElementsByClass('RepeatBracket'):
        for measure in bracket.getSpannedElements():
            passes[id(measure)] = frozenset(bracket.numberRange)

    def repeats(bar, direction):
        return getattr(bar, 'direction', '') == direction

    def is_double(bar):
        return getattr(bar, 'type', '') in DOUBLE_BARS

    return [
        Measure(
            begin,
            end,
            repeats(measure.leftBarline, 'start'),
            repeats(measure.rightBarline, 'end'),
            passes.get(id(measure), frozenset()),
            is_double(measure.rightBarline) or is_double(getattr(after, 'leftBarline', None)),
            getattr(measure.rightBarline, 'times', None) or 2,
        )
        for measure, after, begin, end in zip(
            found, [*found[1:], None][: len(found)], begins, ends, strict=True
        )
    ]


def play(
    notes: Sequence[Note], meters: Sequence[Meter], measures: Sequence[Measure]
) -> tuple[list[Note], list[Meter], list[int]]:
    """Notes and time signatures with the repeats of `measures` played: each repeated section as
    often as its sign or its endings say, each ending in its own passes. Then the ticks at which
    sections start: after repeats, endings and double bars.

    A repeat without an opening sign starts where the last one ended, or at the start of the piece.
    """
    order = _play_order(measures)
    onsets, changes = [note.onset for note in notes], [meter.tick for meter in meters]
    played_notes, played_meters, sections, tick = [], [], [], 0
    for place, measure in enumerate(order):
        if place and _starts_section(order[place - 1], measure):
            sections.append(tick)
        shift = tick - measure.begin
        played_notes += [
            dataclasses.replace(note, onset=note.onset + shift)
            for note in notes[slice(*_places(onsets, measure))]
        ]
        for meter in meters[slice(*_places(changes, measure))]:
            if not played_meters or str(played_meters[-1]) != str(meter):
                played_meters.append(dataclasses.replace(meter, tick=meter.tick + shift))
        tick += measure.end - measure.begin
    if not any(measure.closes for measure in measures):
        return list(notes), list(meters), sections
    played_notes.sort(key=lambda note: (note.onset, note.pitch))
    return played_notes, played_meters, sections


def _places(ticks: Sequence[int], measure: Measure) -> tuple[int, int]:
    """The range of a measure's ticks in a sorted list of ticks."""
    return bisect.bisect_left(ticks, measure.begin), bisect.bisect_left(ticks, measure.end)


def _starts_section(before: Measure, measure: Measure) -> bool:
    """Whether a section starts with a measure that is played after another one."""
    after_endings = bool(before.passes) and not measure.passes
    is_double = before.is_last and not measure.passes
    is_again = measure.begin < before.begin
    return measure.opens or before.closes or is_again or after_endings or is_double


def _play_order(measures: Sequence[Measure]) -> list[Measure]:
    order, start, number, index = [], 0, 1, 0
    while index < len(measures):
        measure = measures[index]
        after_endings = index > 0 and measures[index - 1].passes and not measure.passes
        if index != start and (measure.opens or after_endings):
            start, number = index, 1
        if not measure.passes or number in measure.passes:
            order.append(measure)
            if len(order) > MAX_MEASURES:
                raise ScoreError('too long', 'with its repeats played')
            if measure.closes:
                if number < _num_passes(measures, index):
                    index, number = start, number + 1
                    continue
                start, number = index + 1, 1
        index += 1
    return order


def _num_passes(measures: Sequence[Measure], index: int) -> int:
    """How often the repeat is played that a measure closes: with endings, up to the last one of
    this measure and of those that follow.
    """
    passes = max([measures[index].times, *measures[index].passes])
    last = max(measures[index].passes, default=None)
    for measure in measures[index + 1 :] if last else []:
        if not measure.passes or max(measure.passes) < last:
            break
        last = max(measure.passes)
        passes = max(passes, last)
    return passes


def _ticks(quarters: float | Fraction) -> int:
    return round(quarters * TICKS_PER_QUARTER)
