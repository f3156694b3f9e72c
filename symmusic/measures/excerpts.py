"""Excerpts of tunes: references for generated pieces, and the prompts that they continue."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.prepare import Tune
from symmusic.melody.events import NO_EVENT, NOTE_OFF, StepNote, from_events, to_events, to_notes
from symmusic.score.bar import SIXTEENTHS
from symmusic.score.midi_writer import ticks_of
from symmusic.score.notes import DEFAULT_QPM, Meter, Note, Score, Tempo

LEAST_SOUNDING = 0.3  # share of an excerpt's steps, as in the thesis


@dataclasses.dataclass(frozen=True)
class Excerpts:
    """N excerpts of equal length: events [N, T] int8, and the origin of each: the tune's file and
    the number of the bar, as `Tune.bars`.
    """

    events_NT: np.ndarray
    places: tuple[tuple[str, int], ...]

    def __len__(self) -> int:
        return len(self.events_NT)


def cut_excerpts(tunes: Sequence[Tune], num_steps: int, *, continued: int = 0) -> Excerpts:
    """Every stretch of `num_steps` that starts at a bar line, is followed by `continued` more steps
    in its phrase, and sounds for at least `LEAST_SOUNDING` of its steps. The `continued` steps are
    part of the excerpt.
    """
    length = num_steps + continued
    events, places = [], []
    for tune in tunes:
        for phrase, bar in zip(tune.phrases, tune.bars, strict=True):
            sounding = np.concatenate([[0], np.cumsum(_sounds(phrase))])
            for start in range(0, len(phrase) - length + 1, tune.bar.steps):
                if sounding[start + num_steps] - sounding[start] >= LEAST_SOUNDING * num_steps:
                    events.append(phrase[start : start + length])
                    places.append((tune.file, bar + start // tune.bar.steps))
    return Excerpts(np.array(events, np.int8).reshape(-1, length), tuple(places))


def draw_rows(num: int, size: int, num_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draws rows [num_draws, size] from a pool of `num`: within a draw without replacement, if the
    pool is large enough.
    """
    return np.array([rng.choice(num, size, replace=num < size) for _ in range(num_draws)])


def _sounds(phrase: np.ndarray) -> np.ndarray:
    """The steps in which a note sounds, bool."""
    last = np.maximum.accumulate(np.where(phrase != NO_EVENT, np.arange(len(phrase)), -1))
    return (last >= 0) & (phrase[last] != NOTE_OFF)


def shuffle_notes(events: np.ndarray, rng: np.random.Generator, bar_steps: int) -> np.ndarray:
    """The same notes in random order: pitches are permuted among the notes, and independently
    lengths with the silences after them.
    """
    notes = from_events(events)
    if not notes:
        return events
    ends = [note.onset for note in notes[1:]] + [len(events)]
    shapes = [
        (note.end - note.onset, end - note.end) for note, end in zip(notes, ends, strict=True)
    ]
    pitches = rng.permutation([note.pitch for note in notes]).tolist()
    step, shuffled = notes[0].onset, []
    for index, pitch in zip(rng.permutation(len(shapes)), pitches, strict=True):
        length, silence = shapes[index]
        shuffled.append(StepNote(step, step + length, pitch))
        step += length + silence
    written = to_events(shuffled, bar_steps)
    out = np.full(len(events), NO_EVENT, np.int8)
    # 0: lengths and silences add up; whole empty bars before the first note are restored here
    lead = len(events) - step
    first = shuffled[0].onset // bar_steps * bar_steps + lead
    out[first : first + len(written)] = written
    if first + len(written) < len(out):
        out[first + len(written)] = NOTE_OFF
    return out


def length_of(score: Score) -> float:
    """The length in quarters from the start to the end of the last note."""
    return max((note.end for note in score.notes), default=0) / score.ticks_per_quarter


def cut_score(score: Score, num_bars: int, rng: np.random.Generator) -> Score:
    """A random excerpt of `num_bars` bars in the score's first metre (4/4 where it states none),
    which starts at a bar line and sounds for at least `LEAST_SOUNDING` of its time. The whole score
    where it is no longer than that, or has no such excerpt.

    A note that started before the excerpt is left out; one that continues after it is cut.
    """
    meter = score.meters[0] if score.meters else Meter(0, 4, 4)
    per_bar = score.ticks_per_quarter * 4 * meter.numerator // meter.denominator
    end = max(note.end for note in score.notes)
    length, first = num_bars * per_bar, score.pickup % per_bar
    if end - first <= length:
        return score
    # where the last note ends within a bar, the excerpt may include the rest of that bar
    starts = range(first, end - length + per_bar, per_bar)
    cuts = [_cut(score.notes, start, start + length) for start in starts]
    able = [
        row
        for row, notes in enumerate(cuts)
        if sum(note.duration for note in notes) >= LEAST_SOUNDING * length
    ]
    if not able:
        return score
    row = able[rng.integers(len(able))]
    return dataclasses.replace(
        score,
        notes=cuts[row],
        meters=(dataclasses.replace(meter, tick=0),),
        tempi=_tempi_from(score.tempi, starts[row]),
        pickup=0,
    )


def _cut(notes: Sequence[Note], begin: int, end: int) -> tuple[Note, ...]:
    return tuple(
        dataclasses.replace(
            note, onset=note.onset - begin, duration=min(note.end, end) - note.onset
        )
        for note in notes
        if begin <= note.onset < end
    )


def _tempi_from(tempi: Sequence[Tempo], begin: int) -> tuple[Tempo, ...]:
    before = [dataclasses.replace(tempo, tick=0) for tempo in tempi if tempo.tick <= begin]
    after = [
        dataclasses.replace(tempo, tick=tempo.tick - begin) for tempo in tempi if tempo.tick > begin
    ]
    return (*before[-1:], *after)


def as_score(events: np.ndarray, steps_per_quarter: int = SIXTEENTHS) -> Score:
    """The notes of events on a grid as a score, at `DEFAULT_QPM`."""
    ticks = ticks_of(steps_per_quarter)
    return Score(
        tuple(to_notes(from_events(events), ticks, steps_per_quarter=steps_per_quarter)),
        ticks,
        tempi=(Tempo(0, DEFAULT_QPM),),
    )
