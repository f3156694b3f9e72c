"""A musician's constraints on the pieces ("wishes"), as stated in the fields of `config.sample`."""

import re
from collections.abc import Collection, Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.config.fields import constraints, default
from symmusic.errors import ScoreError, UserError
from symmusic.generate.masks import DRAWN, MOST_PITCHES, Wishes
from symmusic.generate.prompt import Prompt
from symmusic.generate.prompt_files import read_notes
from symmusic.generate.structure import Structure, check_rhythm
from symmusic.generate.templates import lay_fixed, lay_rhythm
from symmusic.melody.events import NO_EVENT, NOTE_OFF, StepNote
from symmusic.score.instruments import INSTRUMENTS
from symmusic.score.key import parse_mode, parse_tonic
from symmusic.wording import nearest

SCALES = {  # semitones above the tonic
    'major': (0, 2, 4, 5, 7, 9, 11),
    # with the raised sixth and seventh degrees of tunes in minor
    'minor': (0, 2, 3, 5, 7, 8, 9, 10, 11),
    'natural minor': (0, 2, 3, 5, 7, 8, 10),
    'harmonic minor': (0, 2, 3, 5, 7, 8, 11),
    'dorian': (0, 2, 3, 5, 7, 9, 10),
    'phrygian': (0, 1, 3, 5, 7, 8, 10),
    'lydian': (0, 2, 4, 6, 7, 9, 11),
    'mixolydian': (0, 2, 4, 5, 7, 9, 10),
    'locrian': (0, 1, 3, 5, 6, 8, 10),
    'aeolian': (0, 2, 3, 5, 7, 8, 10),
    'pentatonic': (0, 2, 4, 7, 9),
    'minor pentatonic': (0, 3, 5, 7, 10),
    'blues': (0, 3, 5, 6, 7, 10),
}
CONSTRAINTS = tuple(name.removeprefix('sample.') for name in constraints.FIELDS)
SAID = ('prompt', 'num_samples', 'num_bars', 'temperature')  # by the line that `echo` completes


def stated(settings: ConfigDict) -> list[str]:
    """The fields of `config.sample` that state a constraint."""
    return [name for name in CONSTRAINTS if settings[name] != default(f'sample.{name}')]


def echo(settings: ConfigDict, changed: Collection[str]) -> str:
    """The fields of `config.sample` among the fields that the user `changed`, as the user states
    them, except for those that the line itself states.
    """
    names = [name for name in settings if name not in SAID and f'sample.{name}' in changed]
    return ', '.join(f'{name} = {settings[name]!r}' for name in names)


def as_stated(settings: ConfigDict, wishes: Wishes) -> dict[str, str]:
    """How the user stated each of the wishes and, under 'bars', which bars are drawn."""
    names = {'last': 'end_on_tonic', 'cadences': 'structure'}
    fields = {wish: names.get(wish, wish) for wish in wishes.stated()}
    fields['bars'] = bars_field(settings)
    return {wish: f'{field} = {settings[field]!r}' for wish, field in fields.items()}


def bars_field(settings: ConfigDict) -> str:
    """The field of `config.sample` that says which bars are drawn."""
    if settings.structure:
        return 'bars_per_section'
    return 'regenerate' if settings.regenerate else 'num_bars'


def read_wishes(
    settings: ConfigDict,
    prompt: Prompt,
    num_steps: int,
    *,
    pickup: int = 0,
    structure: Structure | None = None,
) -> tuple[Wishes, list[str]]:
    """The wishes that `config.sample` states for the `num_steps` drawn steps with `prompt` around
    them, and notices on how they were read; `pickup` as in `templates`. Those of a `structure` are
    its cadences.

    Raises:
      UserError: a field, or the file that it names, is not valid.
    """
    files = {field: settings[field] for field in ('rhythm', 'pitches', 'fixed') if settings[field]}
    read = {field: read_notes(path, field, prompt) for field, path in files.items()}
    laid, notices = {}, [notice for _, said in read.values() for notice in said]
    for field, lay in (('rhythm', lay_rhythm), ('fixed', lay_fixed)):
        if field not in read:
            continue
        notes, bar_steps = read[field][0], prompt.bar.steps
        # the rhythm of a whole tune starts with the first section, as the prompt does
        begun = structure.num_begun if structure else 0
        if structure and field == 'rhythm':
            check_rhythm(settings, notes, bar_steps)
        try:
            laid[field], said = lay(notes, begun + num_steps, bar_steps, pickup=pickup)
            laid[field] = laid[field][begun:]
        except ScoreError as error:
            limit = bars_field(settings)
            raise UserError(
                f'config.sample.{field} = {files[field]!r} with config.sample.{limit} ='
                f' {settings[limit]!r}: {error}'
            ) from error
        notices += [f'config.sample.{field} = {files[field]!r}: {said}'] if said else []
    if 'rhythm' in laid and laid['rhythm'][0] == NO_EVENT and prompt.sounds:
        laid['rhythm'][0] = NOTE_OFF  # a rest ends what sounds before it
    tonic, scale = parse_scale(settings.scale, prompt)
    needs_tonic = settings.end_on_tonic or structure is not None
    is_by_key = settings.scale == 'prompt' or (needs_tonic and not settings.scale)
    if is_by_key and not prompt.states_key:
        notices.append(f'the prompt states no key: {prompt.key.name}, as detected from its notes')
    wishes = Wishes(
        scale=scale,
        lowest=settings.lowest,
        highest=settings.highest,
        min_notes_per_bar=settings.min_notes_per_bar,
        max_notes_per_bar=settings.max_notes_per_bar,
        rests=settings.rests,
        last=tonic if settings.end_on_tonic and structure is None else None,
        cadences=structure.cadences(tonic, _fifth(tonic, scale)) if structure else (),
        pitches=_given_pitches(settings, read['pitches'][0]) if settings.pitches else (),
        **laid,
    )
    return wishes, notices


def _given_pitches(settings: ConfigDict, notes: Sequence[StepNote]) -> tuple[int, ...]:
    if len(notes) > MOST_PITCHES:
        raise UserError(
            f'config.sample.pitches = {settings.pitches!r}: {len(notes)} notes; at most'
            f' {MOST_PITCHES} can be given'
        )
    return tuple(note.pitch for note in notes)


def parse_scale(text: str, prompt: Prompt) -> tuple[int, frozenset[int] | None]:
    """The tonic and the pitch classes of a scale such as 'D dorian', 'Ebm' or 'F sharp blues'.
    'prompt' is the scale of the prompt's key with all other notes that the prompt has; '' allows
    all pitches, with the tonic of its key.
    """
    if not text:
        return prompt.key.tonic, None
    if text == 'prompt':
        own = _scale_on(prompt.key.tonic, prompt.key.mode)
        return prompt.key.tonic, own | prompt.pitch_classes
    found = parse_tonic(text, r'[A-Za-z]{0,12}|[A-Za-z]{3,10}\s{1,3}[A-Za-z]{3,10}')
    name = found and ' '.join(found[1].lower().split())
    if not found or (name not in SCALES and not (name := parse_mode(found[1]))):
        raise UserError(
            f"config.sample.scale = {text!r}: must be '', 'prompt', or a tonic and one of"
            f" {', '.join(SCALES)}, such as 'D dorian' or 'Ebm'"
        )
    return 7 * found[0] % 12, _scale_on(7 * found[0], name)


def _fifth(tonic: int, scale: Collection[int] | None) -> int:
    """The pitch class of the fifth: diminished in a scale that has no other, as locrian."""
    perfect, diminished = (tonic + 7) % 12, (tonic + 6) % 12
    return diminished if scale and perfect not in scale and diminished in scale else perfect


def _scale_on(tonic: int, name: str) -> frozenset[int]:
    return frozenset((tonic + step) % 12 for step in SCALES[name])


def parse_bars(text: str, num_bars: int, first_bar: int = 1) -> tuple[int, int]:
    """The first bar of '3-4', from 0, and the one after the last, of a piece of `num_bars` that are
    numbered from `first_bar` on.
    """
    found = re.fullmatch(r'([0-9]{1,9})(?:-([0-9]{1,9}))?', text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (-1, -1)
    end = first_bar + num_bars
    if not first_bar <= first <= last < end:
        pickup = ', its pickup being bar 0' * (first_bar == 0)
        raise UserError(
            f'config.sample.regenerate = {text!r}: must be a bar or some, as 3 or 3-4, of the'
            f' {num_bars} that the prompt has, {first_bar} to {end - 1}{pickup}'
        )
    return first - first_bar, last - first_bar + 1


def parse_instrument(text: str) -> int:
    """The General MIDI number, from 0, of an instrument's name."""
    if text.lower() not in INSTRUMENTS:
        raise UserError(
            f"config.sample.instrument = {text!r}: must be '' = the prompt's, or one of General"
            " MIDI, such as 'violin', 'flute', 'fiddle', 'church"
            f" organ'{nearest(text.lower(), INSTRUMENTS)}"
        )
    return INSTRUMENTS.index(text.lower())


def keep(prompt: Prompt, first: int, end: int) -> np.ndarray:
    """[N] for `make_masks`: the tokens of a prompt from bar `first` on, with `DRAWN` up to bar
    `end`, except for the silence before a pickup.
    """
    bar_steps = prompt.bar.steps
    kept = prompt.tokens[first * bar_steps :].astype(np.int16)
    lead = bar_steps - prompt.pickup if first == 0 and prompt.pickup else 0
    kept[lead : (end - first) * bar_steps] = DRAWN
    return kept
