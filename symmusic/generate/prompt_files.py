"""Prompts and other melodies from files, ABC text or notes; the built-in prompt."""

import dataclasses
import itertools
import pathlib
from collections.abc import Sequence

from symmusic.corpus.collections import SUFFIXES, SourceFile
from symmusic.corpus.files import list_tunes
from symmusic.corpus.meters import find_index
from symmusic.errors import ScoreError, UserError
from symmusic.files import read_bounded
from symmusic.generate.fitting import fit_score, in_meter
from symmusic.generate.prompt import C_MAJOR, VELOCITY, Prompt
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import StepNote, extract_phrases, quantize
from symmusic.score.bar import SIXTEENTHS, bar_of
from symmusic.score.meter import check_first_bar, check_meter
from symmusic.score.midi import MAX_BYTES, parse_midi
from symmusic.score.midi import SUFFIXES as MIDI_SUFFIXES
from symmusic.score.musicxml_reader import SUFFIXES as XML_SUFFIXES
from symmusic.score.musicxml_reader import read_musicxml
from symmusic.score.notes import DEFAULT_QPM, Meter, Note, Score, Tempo

BUILT_IN = 'mary'  # the name of the built-in prompt
MOST_PARTS = 20  # named in a notice


def read_prompt(
    path: str,
    vocabulary: Vocabulary,
    *,
    transpose: bool,
    part: int = 1,
    tune: int = 1,
    meters: Sequence[str] = ('4/4',),
    steps_per_quarter: int = SIXTEENTHS,
) -> Prompt:
    """Reads a prompt; '' is the built-in one. `tune` chooses a tune from an ABC book, `part` one of
    several parts of a MIDI or MusicXML file; both count from 1.

    The last bar is padded with silence. Of simultaneous notes only the highest is kept, as in
    training; notes outside the model's range are moved by octaves. `meters` are those that the
    model knows, on the grid of `steps_per_quarter`.

    Raises:
      UserError: the file cannot be read, holds no notes, or is in a metre that the model does not
        know.
    """
    how = {'meters': meters, 'steps_per_quarter': steps_per_quarter}
    if not path:
        return fit_score(mary(meters), BUILT_IN, vocabulary, transpose, **how)
    try:
        score, notices = read_score(path, 'prompt', part, tune)
        name = pathlib.Path(path).stem
        return fit_score(score, name, vocabulary, transpose, notices, **how)
    except ScoreError as error:
        raise UserError(f'config.sample.prompt = {path}: {error}') from error


def at_one_velocity(score: Score) -> Score:
    """The score with all notes at the default velocity: dynamics in ABC and MusicXML are
    not read.
    """
    notes = tuple(dataclasses.replace(note, velocity=VELOCITY) for note in score.notes)
    return dataclasses.replace(score, notes=notes)


def read_notes(path: str, field: str, prompt: Prompt) -> tuple[list[StepNote], list[str]]:
    """The notes of the melody in a file that a field of `config.sample` names, in its own key, at
    their steps from its first full bar on: those of a pickup are before step 0. Also notices on how
    it was read. Its bars must be divided as the prompt's, except where only pitches count.

    Raises:
      UserError: as `read_prompt`.
    """
    try:
        score, notices = read_score(path, field)
        grid, bar = prompt.steps_per_quarter, prompt.bar
        meter = check_meter(in_meter(score), steps_per_quarter=grid)
        if field != 'pitches':  # whose rhythm is ignored
            if bar_of(meter, grid) != bar:
                raise ScoreError('meter', meter)
            check_first_bar(score)
        if not score.notes:
            raise ScoreError('no notes')
    except ScoreError as error:
        is_other = error.reason in ('meter', 'change of meter')
        must = f'; must be a melody in {prompt.meter}, as the prompt' * is_other
        raise UserError(f'config.sample.{field} = {path}: {error}{must}') from error
    shift = bar.steps if score.pickup else 0
    notes = [
        StepNote(note.onset - shift, note.end - shift, note.pitch)
        for phrase in extract_phrases(quantize(score, grid), bar.steps)
        for note in phrase
    ]
    return notes, notices


def read_score(path: str, field: str, part: int = 1, tune: int = 1) -> tuple[Score, list[str]]:
    """The score of the file that a field of `config.sample` names, and notices on it.

    Raises:
      UserError: there is no such file, or it is of another kind.
      ScoreError: it holds no such part or tune, or is damaged.
    """
    source = pathlib.Path(path).expanduser()
    suffix = source.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f'config.sample.{field} = {path}: not a file of {", ".join(SUFFIXES)}')
    try:
        if suffix == '.abc':
            score, said = _read_book(source, tune, field)
        elif tune > 1:
            raise ScoreError(f'no tune {tune}', 'only a book of ABC holds several')
        elif suffix in XML_SUFFIXES:
            score = read_musicxml(source, part)
            said = _part_notices(score, part, field)
        else:
            score = parse_midi(read_bounded(source, MAX_BYTES), part)
            said = _part_notices(score, part, field)
    except OSError as error:
        raise UserError(f'config.sample.{field} = {path}: {error.strerror or error}') from error
    score = score if suffix in MIDI_SUFFIXES else at_one_velocity(score)
    return score, [
        f'{source.name}{notice}' for notice in (*said, *(f': {each}' for each in score.notices))
    ]


def _read_book(source: pathlib.Path, number: int, field: str) -> tuple[Score, list[str]]:
    tunes = list_tunes(SourceFile(source.name, source))
    if number > len(tunes):
        raise no_tune(number, 'book', len(tunes))
    score = tunes[number - 1][1]()
    return score, book_notices(score, number, len(tunes), field)


def no_tune(number: int, place: str, num_tunes: int) -> ScoreError:
    """The error of `config.sample.tune = number` where there are only `num_tunes`."""
    allowed = f'from 1 to {num_tunes}' if num_tunes > 1 else '1'
    return ScoreError(
        f'no tune {number}',
        f'the {place} holds {num_tunes}; config.sample.tune must be {allowed}',
    )


def book_notices(score: Score, number: int, num_tunes: int, field: str) -> list[str]:
    """A notice that says which tune of a book is read."""
    name = f' ({score.title})' if score.title else ''
    more = f' holds {num_tunes} tunes: number {number}{name} is read{_choice(field, "tune")}'
    return [more] if num_tunes > 1 else []


def _choice(field: str, which: str) -> str:
    """For the prompt, a hint at the field that chooses a tune or part; '' for other files, whose
    first one is read.
    """
    return f'; config.sample.{which} says which' * (field == 'prompt')


def _part_notices(score: Score, number: int, field: str) -> list[str]:
    if len(score.parts) > 1:
        named = ', '.join(
            f'{place} {name}' for place, name in enumerate(score.parts[:MOST_PARTS], 1)
        ) + ' and more' * (len(score.parts) > MOST_PARTS)
        return [
            f' has {len(score.parts)} parts, {named}: number {number} is read'
            f'{_choice(field, "part")}'
        ]
    return [': drums left out'] * (score.num_instruments > 1)


def mary(meters: Sequence[str] = ('4/4',)) -> Score:
    """The built-in prompt, in the public domain: four bars of "Mary had a little lamb" in C, in the
    register of the corpus `folk`. It is barred in 4/4 or, if the model does not know that, in the
    first of its `meters`.
    """
    is_known = 'all' in meters or find_index('4/4', meters) is not None
    meter = '4/4' if is_known else meters[0]
    pitches = (76, 74, 72, 74, 76, 76, 76, 74, 74, 74, 76, 79, 79)
    durations = (4, 4, 4, 4, 4, 4, 8, 4, 4, 8, 4, 4, 8)  # sixteenths, as are the score's ticks
    onsets = itertools.accumulate(durations, initial=0)
    notes = tuple(Note(*note, VELOCITY) for note in zip(onsets, durations, pitches, strict=False))
    return Score(
        notes,
        ticks_per_quarter=4,
        meters=(Meter(0, *map(int, meter.split('/'))),),
        tempi=(Tempo(0, DEFAULT_QPM),),
        title='Mary had a little lamb',
        keys=(C_MAJOR,),
    )
