"""What a musician wishes of the pieces, as the fields of `config.sample` say it."""

import re

import numpy as np
from ml_collections import ConfigDict

from symmusic.config.fields import nearest
from symmusic.errors import UserError
from symmusic.generate.masks import FREE, MOST_PITCHES, Wishes
from symmusic.generate.prompt import Prompt, read_melody, read_notes
from symmusic.melody.events import NO_EVENT
from symmusic.score.instruments import INSTRUMENTS
from symmusic.score.key import Key
from symmusic.score.meter import STEPS_PER_BAR

LETTERS = {'C': 0, 'D': 2, 'E': 4, 'F': 5, 'G': 7, 'A': 9, 'B': 11}
SCALES = {  # semitones above the tonic
    'major': (0, 2, 4, 5, 7, 9, 11),
    # with the raised sixth and seventh degrees that tunes in minor have
    'minor': (0, 2, 3, 5, 7, 8, 9, 10, 11),
    'natural minor': (0, 2, 3, 5, 7, 8, 10),
    'harmonic minor': (0, 2, 3, 5, 7, 8, 11),
    'dorian': (0, 2, 3, 5, 7, 9, 10),
    'phrygian': (0, 1, 3, 5, 7, 8, 10),
    'lydian': (0, 2, 4, 6, 7, 9, 11),
    'mixolydian': (0, 2, 4, 5, 7, 9, 10),
    'pentatonic': (0, 2, 4, 7, 9),
    'minor pentatonic': (0, 3, 5, 7, 10),
    'blues': (0, 3, 5, 6, 7, 10),
}
NO_WISHES = {
    'scale': '',
    'lowest': 0,
    'highest': 127,
    'min_notes_per_bar': 0,
    'max_notes_per_bar': 16,
    'rests': True,
    'end_on_tonic': False,
    'rhythm': '',
    'pitches': '',
    'fixed': '',
    'regenerate': '',
    'num_candidates': 1,
    'max_copied_run': 0,
    'redraw_copies': False,
}


def stated(settings: ConfigDict) -> list[str]:
    """The fields of `config.sample` that wish something."""
    return [name for name, default in NO_WISHES.items() if settings[name] != default]


def read_wishes(settings: ConfigDict, prompt: Prompt) -> Wishes:
    """The wishes that `config.sample` states, of pieces after `prompt`; of `fixed` and `regenerate`
    see `read_given` and `fix`.

    Raises:
      UserError: a field, or the file that it names, says what cannot be.
    """
    tonic, scale = parse_scale(settings.scale, prompt.key)
    pitches = read_melody(settings.pitches, 'pitches') if settings.pitches else np.zeros(0)
    pitches = tuple(int(event) for event in pitches if event >= 0)
    if len(pitches) > MOST_PITCHES:
        raise UserError(
            f'config.sample.pitches = {settings.pitches}: {len(pitches)} notes; at most'
            f' {MOST_PITCHES} can be given'
        )
    return Wishes(
        scale=scale,
        lowest=settings.lowest,
        highest=settings.highest,
        min_notes_per_bar=settings.min_notes_per_bar,
        max_notes_per_bar=settings.max_notes_per_bar,
        rests=settings.rests,
        last=tonic if settings.end_on_tonic else None,
        rhythm=read_melody(settings.rhythm, 'rhythm') if settings.rhythm else None,
        pitches=pitches,
    )


def read_given(path: str, num_steps: int) -> np.ndarray:
    """[N] for `Wishes.fixed`: the notes of a file where they stand in it, each at least as long as
    there; free where it is silent.

    Raises:
      UserError: it is no melody, or goes on after `num_steps`.
    """
    notes = read_notes(path, 'fixed')
    if notes[-1].end > num_steps:
        bars = -(-notes[-1].end // STEPS_PER_BAR)
        raise UserError(
            f'config.sample.fixed = {path}: its notes take {bars} bars; there are'
            f' {num_steps // STEPS_PER_BAR} new ones'
        )
    fixed = np.full(num_steps, FREE, np.int16)
    for note in notes:
        fixed[note.onset : note.end] = NO_EVENT
        fixed[note.onset] = note.pitch
    return fixed


def parse_scale(text: str, key: Key) -> tuple[int, frozenset[int] | None]:
    """The tonic and the pitch classes of a scale as 'D dorian'; 'prompt' is that of `key`, '' all
    pitches, with the tonic of `key`.
    """
    if not text:
        return key.tonic, None
    if text == 'prompt':
        tonic, name = key.tonic, 'major' if key.is_major else 'minor'
    else:
        found = re.fullmatch(r'([A-Ga-g])([#b]?) (.+)', text)
        if not found or found[3] not in SCALES:
            raise UserError(
                f"config.sample.scale = {text!r}: must be '', 'prompt', or a tonic and one of"
                f" {', '.join(SCALES)}, such as 'D dorian'"
            )
        tonic, name = (
            (LETTERS[found[1].upper()] + {'': 0, '#': 1, 'b': -1}[found[2]]) % 12,
            found[3],
        )
    return tonic, frozenset((tonic + step) % 12 for step in SCALES[name])


def parse_bars(text: str, num_bars: int, *, has_pickup: bool = False) -> tuple[int, int]:
    """The first bar of '3-4', from 0, and the one after the last, of a piece of `num_bars`; a
    pickup is bar 0, else bar 1 is the first.
    """
    found, lowest = re.fullmatch(r'([0-9]+)(?:-([0-9]+))?', text), 0 if has_pickup else 1
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (-1, -1)
    if not lowest <= first <= last < lowest + num_bars:
        pickup = ', its pickup being bar 0' * has_pickup
        raise UserError(
            f'config.sample.regenerate = {text!r}: must be a bar or some, as 3 or 3-4, of the'
            f' {num_bars} that the prompt has{pickup}'
        )
    return first - lowest, last - lowest + 1


def parse_instrument(text: str) -> int:
    """The General MIDI number, from 0, of an instrument's name."""
    if text.lower() not in INSTRUMENTS:
        raise UserError(
            f"config.sample.instrument = {text!r}: must be '' = the prompt's, or one of General"
            " MIDI, such as 'violin', 'flute', 'fiddle', 'church"
            f" organ'{nearest(text.lower(), INSTRUMENTS)}"
        )
    return INSTRUMENTS.index(text.lower())


def fix(events: np.ndarray, first: int, end: int) -> np.ndarray:
    """[N] for `Wishes.fixed`: the events from bar `first` on, free up to bar `end`."""
    fixed = events[first * STEPS_PER_BAR :].astype(np.int16)
    fixed[: (end - first) * STEPS_PER_BAR] = FREE
    return fixed
