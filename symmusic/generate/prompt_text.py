"""Prompts of ABC text or of notes."""

from collections.abc import Iterable, Sequence

from symmusic.errors import ScoreError, UserError
from symmusic.generate.fitting import fit_score
from symmusic.generate.prompt import VELOCITY, Prompt
from symmusic.generate.prompt_files import at_one_velocity, book_notices, no_tune
from symmusic.melody.encodings import Vocabulary
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import split_tunes
from symmusic.score.bar import SIXTEENTHS
from symmusic.score.midi import MAX_QUARTERS
from symmusic.score.midi_writer import ticks_of
from symmusic.score.notes import Note, Score


def make_prompt(
    tune: str | Iterable[tuple[float, float, int]],
    vocabulary: Vocabulary,
    *,
    transpose: bool,
    number: int = 1,
    meters: Sequence[str] = ('4/4',),
    steps_per_quarter: int = SIXTEENTHS,
) -> Prompt:
    """A prompt from ABC text, of which tune `number` (from 1) is taken, or from notes in 4/4, each
    an onset and length in quarters and a MIDI pitch.

    Raises:
      UserError: there is no such tune, or it is in none of the `meters` that the model knows.
    """
    try:
        if isinstance(tune, str):
            score, said = _read_text(tune, number)
        else:
            score, said = _score_of(tune, ticks_of(steps_per_quarter)), []
        return fit_score(
            score,
            'prompt',
            vocabulary,
            transpose,
            [*said, *score.notices],
            meters=meters,
            steps_per_quarter=steps_per_quarter,
        )
    except ScoreError as error:
        raise UserError(f'prompt: {error}') from error


def _read_text(text: str, number: int) -> tuple[Score, list[str]]:
    tunes = split_tunes(text)
    if not tunes:
        raise ScoreError('no tune', 'ABC text starts with a field such as X:1')
    if number > len(tunes):
        raise no_tune(number, 'text', len(tunes))
    score = at_one_velocity(read_abc_tune(tunes[number - 1].text))
    return score, [f'the text{each}' for each in book_notices(score, number, len(tunes), 'prompt')]


def _score_of(notes: Iterable[tuple[float, float, int]], ticks_per_quarter: int) -> Score:
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
                f'{note!r}: a list must hold triples (onset, length, pitch): an onset of 0 or more'
                ' and a length above 0, in quarters, and a MIDI pitch from 0 to 127',
            )
        start, end = (round(each * ticks_per_quarter) for each in (onset, onset + length))
        found.append(Note(start, max(end - start, 1), int(pitch), VELOCITY))
    if not found:
        raise ScoreError('no notes')
    return Score(tuple(sorted(found, key=lambda note: note.onset)), ticks_per_quarter)
