"""The bars that a piece continues: read from a file or built in, brought into the model's key and
range.
"""

import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Iterable, Sequence

import numpy as np

from symmusic.corpus.collections import SUFFIXES, SourceFile
from symmusic.corpus.prepare import Settings, Tune, list_tunes, prepare_score
from symmusic.errors import ScoreError, UserError
from symmusic.files import read_bounded
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import (
    NO_EVENT,
    NOTE_OFF,
    StepNote,
    extract_phrases,
    quantize,
)
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import split_tunes
from symmusic.score.key import Key, detect_key
from symmusic.score.meter import STEPS_PER_BAR, STEPS_PER_QUARTER, check_meter
from symmusic.score.midi import MAX_BYTES, MAX_QUARTERS, parse_midi
from symmusic.score.midi_writer import TICKS_PER_QUARTER
from symmusic.score.notes import Meter, Note, Score, Tempo

METERS = ('4/4', '2/2')
C_MAJOR = Key(0, True)
VELOCITY = 100  # of notes whose file does not state it
MAX_STEPS = 64 * STEPS_PER_BAR  # only the last this many steps of a longer prompt are used


@dataclasses.dataclass(frozen=True)
class Prompt:
    """A prompt as the model reads it.

    Attributes:
      name: of its file, without folder and suffix.
      events: [T] int8 in the prompt's own key, T a whole number of bars.
      tokens: [T] uint8 in the model's key.
      transposed_by: semitones from the prompt's key to the model's.
      qpm: its first tempo, in quarters per minute.
      notices: what the user should know about how it was read.
      key: as detected.
      meter: its first one, '4/4' or '2/2'.
      title: as its file states it.
      pickup: number of sixteenths in its first bar, 0 = a full bar.
      first_bar: number of its first bar in the file, where the first full bar is 1 and a pickup 0.
      velocities: [T] uint8, of the note that starts at each step, 0 if not known; () = none known.
      program: General MIDI number of its instrument, from 0.
      after: [A] int8 events of the bars after the drawn ones, if bars between others are drawn.
      redrawn: which bars are drawn again, as the user wrote them; '' if the prompt is continued.
    """

    name: str
    events: np.ndarray
    tokens: np.ndarray
    transposed_by: int
    qpm: float
    notices: tuple[str, ...] = ()
    key: Key = C_MAJOR
    meter: str = '4/4'
    title: str = ''
    pickup: int = 0
    first_bar: int = 1
    velocities: Sequence[int] = ()
    program: int = 0
    after: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int8))
    redrawn: str = ''

    @property
    def sounds(self) -> bool:
        """Whether its last note lasts to its end."""
        said = self.events[self.events != NO_EVENT]
        return len(said) > 0 and said[-1] >= 0

    def pickup_of(self, events: np.ndarray) -> int:
        """The pickup of a melody [T] whose first bar is the prompt's first: 0 also where a note was
        drawn before it.
        """
        return 0 if (events[: -self.pickup % STEPS_PER_BAR] >= 0).any() else self.pickup

    @property
    def velocity(self) -> int:
        """The velocity of new notes: the median of its own."""
        known = [velocity for velocity in self.velocities if velocity]
        return int(np.median(known)) if known else VELOCITY


def read_prompt(path: str, vocabulary: Vocabulary, *, transpose: bool, part: int = 1) -> Prompt:
    """Reads a prompt; '' is the built-in one. Of a book of ABC tunes the first is taken, of several
    instruments in MIDI the one numbered `part`.

    The last bar is padded with silence. Of simultaneous notes only the highest is kept, as in
    training; notes outside the model's range are moved by octaves.

    Raises:
      UserError: the file cannot be read, holds no notes, or is not in bars of sixteen steps.
    """
    if not path:
        return _prompt(mary(), 'mary', vocabulary, transpose)
    try:
        score, notices = _read(path, 'prompt', part)
        return _prompt(score, pathlib.Path(path).stem, vocabulary, transpose, notices)
    except ScoreError as error:
        raise UserError(
            f'config.sample.prompt = {path}: {error}; a prompt is a melody in {" or ".join(METERS)}'
        ) from error


def make_prompt(
    tune: str | Iterable[tuple[float, float, int]], vocabulary: Vocabulary, *, transpose: bool
) -> Prompt:
    """A prompt of ABC text, or of notes in 4/4: onset and length in quarters, MIDI pitch.

    Raises:
      UserError: it holds no tune, or none in bars of sixteen steps.
    """
    try:
        score = _read_text(tune) if isinstance(tune, str) else _score_of(tune)
        return _prompt(score, 'prompt', vocabulary, transpose, score.notices)
    except ScoreError as error:
        raise UserError(
            f'prompt: {error}; a prompt is a melody in {" or ".join(METERS)}'
        ) from error


def _read_text(text: str) -> Score:
    tunes = split_tunes(text)
    if not tunes:
        raise ScoreError('no tune', 'ABC text starts with a field such as X:1')
    return _heard(read_abc_tune(tunes[0].text))


def _score_of(notes: Iterable[tuple[float, float, int]]) -> Score:
    if not isinstance(notes, Iterable):
        raise ScoreError('not a tune', f'{notes!r}: must be a path, ABC text or notes')
    found = []
    for note in notes:
        try:
            onset, length, pitch = note
            is_note = 0 <= onset < MAX_QUARTERS and 0 < length < MAX_QUARTERS and 0 <= pitch <= 127
        except (TypeError, ValueError):
            is_note = False
        if not is_note:
            raise ScoreError(
                'not a note',
                f'{note}: must be an onset of 0 or more and a length above 0, in quarters, and a'
                ' MIDI pitch from 0 to 127',
            )
        start, end = (round(each * TICKS_PER_QUARTER) for each in (onset, onset + length))
        found.append(Note(start, max(end - start, 1), int(pitch), VELOCITY))
    if not found:
        raise ScoreError('no notes')
    return Score(tuple(sorted(found, key=lambda note: note.onset)), TICKS_PER_QUARTER)


def _heard(score: Score) -> Score:
    """ABC does not say how loud its notes are."""
    notes = tuple(dataclasses.replace(note, velocity=VELOCITY) for note in score.notes)
    return dataclasses.replace(score, notes=notes)


def read_notes(path: str, field: str) -> tuple[list[StepNote], list[str]]:
    """The notes of the melody in a file that a field of `config.sample` names, in its own key, at
    their steps from its first full bar on: those of a pickup stand before step 0. And what to say
    of how it was read.

    Raises:
      UserError: as `read_prompt`.
    """
    try:
        score, notices = _read(path, field)
        check_meter(_in_meter(score), METERS)
        if not score.notes:
            raise ScoreError('no notes')
    except ScoreError as error:
        raise UserError(
            f'config.sample.{field} = {path}: {error}; must be a melody in {" or ".join(METERS)}'
        ) from error
    shift = STEPS_PER_BAR if score.pickup else 0
    notes = [
        StepNote(note.onset - shift, note.end - shift, note.pitch)
        for phrase in extract_phrases(quantize(score))
        for note in phrase
    ]
    return notes, notices


def _read(path: str, field: str, part: int = 1) -> tuple[Score, list[str]]:
    """The first tune of a file, and what to say of it; ScoreError where there is none."""
    source = pathlib.Path(path).expanduser()
    if source.suffix.lower() not in SUFFIXES:
        raise UserError(f'config.sample.{field} = {path}: not a file of {", ".join(SUFFIXES)}')
    try:
        if source.suffix.lower() != '.abc':
            score = parse_midi(read_bounded(source, MAX_BYTES), part)
            more = (
                f'has {score.num_instruments} instruments, any drums included: number {part} of the'
                ' others is read; config.sample.part says which'
            )
            num = score.num_instruments
        else:
            tunes = list_tunes(SourceFile(source.name, source))
            score = _heard(tunes[0][1]())
            more, num = f'holds {len(tunes)} tunes: the first is read', len(tunes)
        notices = [f'{source.name} {more}'] if num > 1 else []
        return score, [*notices, *(f'{source.name}: {notice}' for notice in score.notices)]
    except OSError as error:
        raise UserError(f'config.sample.{field} = {path}: {error.strerror or error}') from error


def _in_meter(score: Score) -> Score:
    return score if score.meters else dataclasses.replace(score, meters=(Meter(0, 4, 4),))


def _whole_bars(events: np.ndarray) -> np.ndarray:
    """Events with silence up to the next bar line."""
    filling = np.full(-len(events) % STEPS_PER_BAR, NO_EVENT, events.dtype)
    filling[:1] = NOTE_OFF
    return np.concatenate([events, filling])


def _prompt(
    score: Score, name: str, vocabulary: Vocabulary, transpose: bool, notices: Sequence[str] = ()
) -> Prompt:
    notices = list(notices)
    if len({tempo.qpm for tempo in score.tempi}) > 1:
        notices.append(
            f'the prompt changes its tempo: the first, {score.tempi[0].qpm:.0f} quarters per'
            ' minute, is kept'
        )
    if num_off := sum(map(functools.partial(_is_off_grid, score), score.notes)):
        notices.append(
            f'{num_off} of {len(score.notes)} notes of the prompt begin between the sixteenths, as'
            ' triplets or swing do: moved to the nearest'
        )
    if not score.meters:
        notices.append('the prompt states no metre: read as 4/4')
    tune = prepare_score(_in_meter(score), name, Settings(meters=METERS))
    events = tune.events.astype(np.int16)
    notes = set(quantize(score))
    num_changed = len(notes.difference(*extract_phrases(notes)))
    if num_changed:
        notices.append(
            f'the prompt has notes that sound together: {num_changed} of {len(notes)} are left out'
            ' or cut short, as the highest, or the next to begin, is the melody'
        )
    events = _whole_bars(events)[-MAX_STEPS:]
    if missing := -len(tune.events) % STEPS_PER_BAR:
        notices.append(
            f"the prompt's last bar is not full: {missing} sixteenth{'s' * (missing > 1)} of"
            ' silence end it'
        )
    if len(tune.events) > MAX_STEPS:
        notices.append(f'the prompt is long: its last {MAX_STEPS // STEPS_PER_BAR} bars are read')
    if not (events >= 0).any():
        raise ScoreError('no notes', f'none in its last {MAX_STEPS // STEPS_PER_BAR} bars')
    original = np.where(events >= 0, events - tune.transposed_by, events)
    fitted, octaves = vocabulary.fit_range(events if transpose else original)
    if octaves:
        notices.append(
            f"the prompt lies outside of the model's pitches: read {abs(octaves) // 12} octave(s)"
            f' {"up" if octaves > 0 else "down"}'
        )
    elif (fitted != (events if transpose else original)).any():
        notices.append(
            "some of the prompt's notes lie outside of the model's pitches: moved by octaves"
        )
    distance = (tune.transposed_by if transpose else 0) + octaves
    qpm = score.tempi[0].qpm if score.tempi else 120.0
    velocities = _velocities(score, tune)
    num_before = min(note.onset for note in notes) // STEPS_PER_BAR  # silent bars that are left out
    num_before += max(-(-len(tune.events) // STEPS_PER_BAR) - MAX_STEPS // STEPS_PER_BAR, 0)
    pickup = round(score.pickup * STEPS_PER_QUARTER / score.ticks_per_quarter)
    first_bar = num_before + (0 if score.pickup else 1)
    return Prompt(
        name,
        original.astype(np.int8),
        vocabulary.encode(fitted),
        distance,
        qpm,
        tuple(notices),
        detect_key(score.notes),
        tune.meter,
        score.title,
        pickup if first_bar == 0 else 0,
        first_bar,
        tuple(velocities[-len(events) :]),
        score.program,
    )


def _is_off_grid(score: Score, note: Note) -> bool:
    """Whether a note starts more than a quarter of a sixteenth away from the nearest one."""
    steps = note.onset * STEPS_PER_QUARTER / score.ticks_per_quarter
    return abs(steps - round(steps)) > 0.25


def _velocities(score: Score, tune: Tune) -> np.ndarray:
    """[T] of whole bars: the velocity of the highest note that starts at each step of the tune's
    events, 0 where none starts.
    """
    notes = sorted(zip(quantize(score), score.notes, strict=True), key=lambda pair: pair[0].pitch)
    first = min(step_note.onset for step_note, _ in notes) // STEPS_PER_BAR * STEPS_PER_BAR
    velocities = np.zeros(len(_whole_bars(tune.events)), np.uint8)
    for step_note, note in notes:
        if step_note.onset - first < len(velocities):
            velocities[step_note.onset - first] = note.velocity
    return velocities


def around(prompt: Prompt, first: int, end: int, padding: int) -> Prompt:
    """The context of bars `first` to `end` - 1 of a prompt, from 0: the bars before them are read,
    those after them are kept in `after`. If there is no bar before, the model reads a bar of
    padding. Velocities are kept for the bars that are kept.
    """
    velocities = np.array(prompt.velocities)
    velocities[first * STEPS_PER_BAR : end * STEPS_PER_BAR] = 0
    return dataclasses.replace(
        prompt,
        events=prompt.events[: first * STEPS_PER_BAR],
        tokens=(
            prompt.tokens[: first * STEPS_PER_BAR]
            if first
            else np.full(STEPS_PER_BAR, padding, np.uint8)
        ),
        velocities=tuple(velocities),
        after=prompt.events[end * STEPS_PER_BAR :],
    )


def stated_at(prompt: Prompt, step: int, vocabulary: Vocabulary) -> Prompt:
    """The prompt with the note or silence at a step made explicit, so that it does not depend on
    what is drawn before: a held note starts again there, and silence becomes a note-off.
    """
    if step >= len(prompt.events) or prompt.events[step] != NO_EVENT:
        return prompt
    events, tokens = prompt.events.copy(), prompt.tokens.copy()
    said = np.flatnonzero(events[:step] != NO_EVENT)
    if len(said) and events[said[-1]] >= 0:
        events[step], tokens[step] = events[said[-1]], tokens[said[-1]]
    else:
        events[step] = NOTE_OFF
        tokens[step] = vocabulary.encode(np.array([NOTE_OFF]))[0]
    return dataclasses.replace(prompt, events=events, tokens=tokens)


def mary() -> Score:
    """The built-in prompt, in public domain: four bars of "Mary had a little lamb" in C, in the
    register of the corpus `folk`.
    """
    pitches = (76, 74, 72, 74, 76, 76, 76, 74, 74, 74, 76, 79, 79)
    durations = (4, 4, 4, 4, 4, 4, 8, 4, 4, 8, 4, 4, 8)  # sixteenths, as are the score's ticks
    onsets = itertools.accumulate(durations, initial=0)
    notes = tuple(Note(*note, VELOCITY) for note in zip(onsets, durations, pitches, strict=False))
    return Score(
        notes,
        ticks_per_quarter=4,
        meters=(Meter(0, 4, 4),),
        tempi=(Tempo(0, 120.0),),
        title='Mary had a little lamb',
    )
