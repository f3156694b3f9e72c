"""A musician's constraints on the pieces ("wishes"), as stated in the fields of `config.sample`."""

from collections.abc import Collection, Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.config.fields import constraints, default
from symmusic.errors import ScoreError, UserError
from symmusic.generate.masks import DRAWN, MOST_PITCHES, Wishes
from symmusic.generate.prompt import Prompt
from symmusic.generate.prompt_files import read_notes
from symmusic.generate.scales import OF_PROMPT, fifth_of, other_tonic, parse_scale
from symmusic.generate.sections import check_rhythm
from symmusic.generate.structure import Structure
from symmusic.generate.templates import lay_fixed, lay_rhythm
from symmusic.melody.events import NO_EVENT, NOTE_OFF, StepNote

CONSTRAINTS = tuple(name.removeprefix('sample.') for name in constraints.FIELDS)
# fields that the line of output mentions before `echo` completes it
SAID = ('prompt', 'num_samples', 'num_bars', 'temperature')


def stated(settings: ConfigDict) -> list[str]:
    """The fields of `config.sample` that state a constraint."""
    return [name for name in CONSTRAINTS if settings[name] != default(f'sample.{name}')]


def echo(settings: ConfigDict, changed: Collection[str]) -> str:
    """Those fields of `config.sample` that the user `changed`, as `name = value`, except for fields
    that the line of output mentions already.
    """
    names = [name for name in settings if name not in SAID and f'sample.{name}' in changed]
    return ', '.join(f'{name} = {settings[name]!r}' for name in names)


def as_stated(settings: ConfigDict, wishes: Wishes) -> dict[str, str]:
    """For messages, how the user stated each wish and, under 'bars', which bars are drawn."""
    names = {'last': 'end_on_tonic', 'cadences': 'structure'}
    fields = {wish: names.get(wish, wish) for wish in wishes.stated()}
    fields['bars'] = bars_field(settings)
    return {wish: f'{field} = {settings[field]!r}' for wish, field in fields.items()}


def bars_field(settings: ConfigDict) -> str:
    """The field of `config.sample` that determines which bars are drawn."""
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
        # the rhythm of a whole tune starts where the prompt does: with the first section
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
    notices += other_tonic(settings.scale, prompt) if needs_tonic else []
    is_by_key = settings.scale == OF_PROMPT or (needs_tonic and not settings.scale)
    if is_by_key and not prompt.states_key:
        notices.append(f'the prompt states no key: {prompt.key.name}, as detected from its notes')
    rest = _most_rest(prompt) if 'rhythm' not in laid else None
    wishes = Wishes(
        scale=scale,
        lowest=settings.lowest,
        highest=settings.highest,
        min_notes_per_bar=settings.min_notes_per_bar,
        max_notes_per_bar=settings.max_notes_per_bar,
        rests=settings.rests,
        last=tonic if settings.end_on_tonic and structure is None else None,
        rest=rest,
        cadences=structure.cadences(tonic, fifth_of(tonic, scale), rest) if structure else (),
        pitches=_given_pitches(settings, read['pitches'][0]) if settings.pitches else (),
        **laid,
    )
    return wishes, notices


def _most_rest(prompt: Prompt) -> int:
    """The most steps of silence after the last note of a tune: as long as its pickup, as in most
    real tunes, but never more than from the last strong beat on.
    """
    return min(prompt.pickup, prompt.bar.steps - prompt.bar.strong[-1])


def _given_pitches(settings: ConfigDict, notes: Sequence[StepNote]) -> tuple[int, ...]:
    if len(notes) > MOST_PITCHES:
        raise UserError(
            f'config.sample.pitches = {settings.pitches!r}: {len(notes)} notes; at most'
            f' {MOST_PITCHES} can be given'
        )
    return tuple(note.pitch for note in notes)


def keep(prompt: Prompt, first: int, end: int) -> np.ndarray:
    """[N] for `make_masks`: the tokens of a prompt from bar `first` on, with `DRAWN` up to bar
    `end`, except for the silence before a pickup.
    """
    bar_steps = prompt.bar.steps
    kept = prompt.tokens[first * bar_steps :].astype(np.int16)
    lead = bar_steps - prompt.pickup if first == 0 and prompt.pickup else 0
    kept[lead : (end - first) * bar_steps] = DRAWN
    return kept
