"""Fits a score to a model as a prompt: to whole bars of its grid, its key and its range."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.meters import find_index
from symmusic.corpus.prepare import Settings, Tune, prepare_score
from symmusic.errors import ScoreError
from symmusic.generate.prompt import Prompt
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import (
    NO_EVENT,
    NOTE_OFF,
    StepNote,
    extract_phrases,
    quantize,
)
from symmusic.score.bar import SIXTEENTHS, name_of
from symmusic.score.detection import detect_key
from symmusic.score.meter import check_first_bar, check_meter
from symmusic.score.notes import DEFAULT_QPM, Meter, Note, Score
from symmusic.score.tempo import name_tempo
from symmusic.wording import count

MAX_BARS = 64  # only the last this many bars of a longer prompt are used


def fit_score(
    score: Score,
    name: str,
    vocabulary: Vocabulary,
    transpose: bool,
    notices: Sequence[str] = (),
    *,
    meters: Sequence[str] = ('4/4',),
    steps_per_quarter: int = SIXTEENTHS,
) -> Prompt:
    """A score as a prompt on the model's grid; `notices` plus whatever else the user should know
    about how it was read.

    Raises:
      ScoreError: the score has no notes, is in none of the `meters` that the model knows, or its
        first bar is too long for its metre.
    """
    meter = check_meter(in_meter(score), steps_per_quarter=steps_per_quarter)
    check_first_bar(score)
    if 'all' not in meters and find_index(meter, meters) is None:
        raise ScoreError('meter', f'{meter}; the model knows {", ".join(meters)}')
    settings = Settings(meters=('all',), steps_per_quarter=steps_per_quarter)
    tune = prepare_score(in_meter(score), name, settings)
    notes = set(quantize(score, steps_per_quarter))
    events = _whole_bars(tune)[-MAX_BARS * tune.bar.steps :]
    pickup, first_bar = _numbering(score, tune, notes)
    said = [*notices, *_notices_of_score(score, tune), *_notices_of_bars(tune, notes, pickup)]
    if not (events >= 0).any():
        raise ScoreError('no notes', f'none in its last {MAX_BARS} bars')
    original = np.where(events >= 0, events - tune.transposed_by, events)
    wanted = events if transpose else original
    fitted, octaves = vocabulary.fit_range(wanted)
    return Prompt(
        name=name,
        events=original.astype(np.int8),
        tokens=vocabulary.encode(fitted),
        transposed_by=(tune.transposed_by if transpose else 0) + octaves,
        qpm=score.tempi[0].qpm if score.tempi else DEFAULT_QPM,
        notices=(*said, *_notices_of_range(wanted, fitted, octaves)),
        key=score.keys[0] if score.keys else detect_key(score.notes),
        states_key=bool(score.keys),
        meter=tune.meter,
        title=score.title,
        pickup=pickup,
        first_bar=first_bar,
        velocities=tuple(_velocities(score, tune)[-len(events) :]),
        program=score.program,
        steps_per_quarter=steps_per_quarter,
    )


def in_meter(score: Score) -> Score:
    """The score in its own metre, or in 4/4 if it states none."""
    return score if score.meters else dataclasses.replace(score, meters=(Meter(0, 4, 4),))


def _notices_of_score(score: Score, tune: Tune) -> list[str]:
    notices = []
    if len({tempo.qpm for tempo in score.tempi}) > 1:
        tempo = name_tempo(score.tempi[0].qpm, tune.counted_in)
        notices.append(f'the prompt changes its tempo: the first, {tempo}, is kept')
    if num_far := sum(_is_between(score, note, tune.steps_per_quarter) for note in score.notes):
        num, steps = len(score.notes), name_of(tune.steps_per_quarter)
        notices.append(
            f'{num_far} of {num} notes of the prompt start between the {steps}, as triplets or'
            f' swing do: moved to the nearest; {tune.num_moved} ({tune.num_moved / num:.0%}) start'
            ' or end off the grid'
        )
    if not score.meters:
        notices.append('the prompt states no metre: read as 4/4')
    if score.key_replaced and score.keys:
        notices.append(
            'the prompt states several keys before its first note: the last,'
            f' {score.keys[0].name}, is kept'
        )
    if len(set(score.keys)) > 1:
        notices.append(f'the prompt changes its key: the first, {score.keys[0].name}, is kept')
    return notices


def _notices_of_bars(tune: Tune, notes: set[StepNote], pickup: int) -> list[str]:
    notices = []
    if num_changed := len(notes.difference(*extract_phrases(notes, tune.bar.steps))):
        notices.append(
            f'the prompt has notes that sound together: {num_changed} of {len(notes)} are left out'
            ' or cut short, as the highest, or the next to start, is the melody'
        )
    missing = -len(tune.events) % tune.bar.steps
    if missing not in (0, pickup):  # with a pickup a tune's last bar is shorter by it
        steps = name_of(tune.steps_per_quarter, missing)
        notices.append(f"the prompt's last bar ends with {missing} {steps} of silence")
    if len(tune.events) > MAX_BARS * tune.bar.steps:
        notices.append(f'the prompt is long: its last {MAX_BARS} bars are read')
    return notices


def _notices_of_range(wanted: np.ndarray, fitted: np.ndarray, octaves: int) -> list[str]:
    if octaves:
        return [
            f"the prompt is outside the model's pitches: read {count(abs(octaves) // 12, 'octave')}"
            f' {"higher" if octaves > 0 else "lower"}'
        ]
    if (fitted != wanted).any():
        return ["some of the prompt's notes are outside the model's pitches: moved by octaves"]
    return []


def _numbering(score: Score, tune: Tune, notes: set[StepNote]) -> tuple[int, int]:
    """The steps of the prompt's pickup, and the number of its first bar in the file."""
    bar_steps = tune.bar.steps
    num_before = min(note.onset for note in notes) // bar_steps  # silent bars that are left out
    num_before += max(-(-len(tune.events) // bar_steps) - MAX_BARS, 0)
    pickup = round(score.pickup * tune.steps_per_quarter / score.ticks_per_quarter)
    first_bar = num_before + (0 if score.pickup else 1)
    return pickup if first_bar == 0 else 0, first_bar


def _whole_bars(tune: Tune) -> np.ndarray:
    """The tune's events [T] int16, with silence up to the next bar line."""
    events = tune.events.astype(np.int16)
    filling = np.full(-len(events) % tune.bar.steps, NO_EVENT, events.dtype)
    filling[:1] = NOTE_OFF
    return np.concatenate([events, filling])


def _is_between(score: Score, note: Note, steps_per_quarter: int) -> bool:
    """Whether a note starts more than a quarter of a step away from the nearest one."""
    steps = note.onset * steps_per_quarter / score.ticks_per_quarter
    return abs(steps - round(steps)) > 0.25


def _velocities(score: Score, tune: Tune) -> np.ndarray:
    """[T] of whole bars: the velocity of the highest note that starts at each step of the tune's
    events, 0 where none starts.
    """
    notes = sorted(
        zip(quantize(score, tune.steps_per_quarter), score.notes, strict=True),
        key=lambda pair: pair[0].pitch,
    )
    first = min(step_note.onset for step_note, _ in notes)
    first -= first % tune.bar.steps
    velocities = np.zeros(len(_whole_bars(tune)), np.uint8)
    for step_note, note in notes:
        if step_note.onset - first < len(velocities):
            velocities[step_note.onset - first] = note.velocity
    return velocities
