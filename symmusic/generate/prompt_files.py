"""Prompts and other melodies from files, ABC text or notes; the built-in prompt."""

import dataclasses
import itertools
import pathlib
from collections.abc import Iterable

from symmusic.corpus.collections import SUFFIXES, SourceFile
from symmusic.corpus.prepare import list_tunes
from symmusic.errors import ScoreError, UserError
from symmusic.files import read_bounded
from symmusic.generate.fitting import METERS, fit_score, in_meter
from symmusic.generate.prompt import VELOCITY, Prompt
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import StepNote, extract_phrases, quantize
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import split_tunes
from symmusic.score.meter import STEPS_PER_BAR, check_meter
from symmusic.score.midi import MAX_BYTES, MAX_QUARTERS, parse_midi
from symmusic.score.midi_writer import TICKS_PER_QUARTER
from symmusic.score.notes import Meter, Note, Score, Tempo


def read_prompt(path: str, vocabulary: Vocabulary, *, transpose: bool, part: int = 1) -> Prompt:
    """Reads a prompt; '' is the built-in one. Of a book of ABC tunes the first is taken, of several
    instruments in MIDI the one numbered `part`.

    The last bar is padded with silence. Of simultaneous notes only the highest is kept, as in
    training; notes outside the model's range are moved by octaves.

    Raises:
      UserError: the file cannot be read, holds no notes, or is not in bars of sixteen steps.
    """
    if not path:
        return fit_score(mary(), 'mary', vocabulary, transpose)
    try:
        score, notices = _read(path, 'prompt', part)
        return fit_score(score, pathlib.Path(path).stem, vocabulary, transpose, notices)
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
        return fit_score(score, 'prompt', vocabulary, transpose, score.notices)
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
    """The score at a default velocity, as ABC has no dynamics."""
    notes = tuple(dataclasses.replace(note, velocity=VELOCITY) for note in score.notes)
    return dataclasses.replace(score, notes=notes)


def read_notes(path: str, field: str) -> tuple[list[StepNote], list[str]]:
    """The notes of the melody in a file that a field of `config.sample` names, in its own key, at
    their steps from its first full bar on: those of a pickup are before step 0. Also notices on how
    it was read.

    Raises:
      UserError: as `read_prompt`.
    """
    try:
        score, notices = _read(path, field)
        check_meter(in_meter(score), METERS)
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
    """The first tune of a file, and notices on it; ScoreError if there is none."""
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
