"""The masks that enforce wishes exactly, and the contradictions among wishes."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from symmusic.config.fields import default
from symmusic.errors import UserError
from symmusic.generate.control import LAST, NONE, OFF, ONSET, Masks, Row
from symmusic.melody.encodings import MelodyVocabulary, Vocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF, transpose_events
from symmusic.score.bar import Bar

FREE = -3  # in `Wishes.fixed` and `Wishes.rhythm`: any event
DRAWN = -1  # in the tokens that `make_masks` keeps: to be drawn
MOST_PITCHES = 256


@dataclasses.dataclass(frozen=True)
class Wishes:
    """Constraints on the N drawn steps; pitches as they sound, in the prompt's key. The defaults
    constrain nothing.

    Attributes:
      scale: pitch classes that notes may have; None = all.
      lowest, highest: pitches, both included.
      min_notes_per_bar, max_notes_per_bar: notes that start in each bar.
      rests: whether any step may be silent.
      last: pitch class of the note that starts last, on a strong beat, and lasts at least the bar's
        `cadence_steps`; None = any, or no note.
      rhythm: [T] events whose onsets and ends the pieces take, repeated; `FREE` where any event is
        allowed; None = any.
      pitches: those of the notes, in order, all of them; () = any.
      fixed: [N] events that are given, `FREE` where they are to be drawn; None = none. They are
        notes of the piece, so all other wishes apply to them as well.
    """

    scale: frozenset[int] | None = None
    lowest: int = default('sample.lowest')
    highest: int = default('sample.highest')
    min_notes_per_bar: int = default('sample.min_notes_per_bar')
    max_notes_per_bar: int = default('sample.max_notes_per_bar')
    rests: bool = default('sample.rests')
    last: int | None = None
    rhythm: np.ndarray | None = None
    pitches: tuple[int, ...] = ()
    fixed: np.ndarray | None = None

    def stated(self) -> list[str]:
        """The names of the wishes that are not the defaults."""
        defaults = Wishes()
        return [
            field.name
            for field in dataclasses.fields(self)
            if not _alike(getattr(self, field.name), getattr(defaults, field.name))
        ]


def make_masks(
    wishes: Wishes,
    vocabulary: Vocabulary,
    prompt: np.ndarray,
    distance: int,
    num_bars: int,
    bar: Bar,
    *,
    kept_N: np.ndarray | None = None,
    stated: Mapping[str, str] | None = None,
) -> Masks:
    """The masks of `num_bars` new bars.

    Args:
      wishes: for the steps, of the N, that are not kept.
      vocabulary: of the model.
      prompt: [T] tokens.
      distance: semitones from the prompt's key to the model's.
      num_bars: of the pieces.
      bar: their bar.
      kept_N: tokens that are kept regardless of the wishes, `DRAWN` elsewhere; None = all are
        drawn.
      stated: for messages, how the user stated each wish and, under 'bars', the number of bars;
        None = the values of the wishes.

    Raises:
      UserError: the encoding cannot be controlled, or not all wishes can be met: those that
        contradict one another are named.
    """
    if stated is None:
        stated = {name: f'{name} = {getattr(wishes, name)!r}' for name in wishes.stated()}
    if not isinstance(vocabulary, MelodyVocabulary):
        names = ' and '.join(
            f'config.sample.{stated[name]}' for name in (wishes.stated() or ['bars'])
        )
        raise UserError(
            f"{names}: only models of config.data.encoding = 'melody' can be controlled, not"
            f' {vocabulary.encoding!r}'
        )
    if kept_N is None:
        kept_N = np.full(num_bars * bar.steps, DRAWN)
    masks = _try(wishes, vocabulary, prompt, distance, bar, kept_N)
    if masks is None:
        conflict = wishes.stated()
        # a wish is named only if its removal makes the rest possible
        for name in list(conflict):
            fewer = [other for other in conflict if other != name]
            other = _only(wishes, fewer)
            if _try(other, vocabulary, prompt, distance, bar, kept_N) is None:
                conflict = fewer
        named = ' and '.join(f'config.sample.{stated[name]}' for name in conflict)
        num_drawn = int((kept_N == DRAWN).reshape(-1, bar.steps).any(axis=1).sum())
        bars = f' (config.sample.{stated["bars"]})' if 'bars' in stated else ''
        raise UserError(
            f'{named} cannot be met in {num_drawn} bar{"s" * (num_drawn > 1)} after this prompt'
            f'{bars}; the model has the pitches {vocabulary.min_pitch - distance} to'
            f' {vocabulary.max_pitch - distance}'
        )
    return masks


def _try(
    wishes: Wishes,
    vocabulary: MelodyVocabulary,
    prompt: np.ndarray,
    distance: int,
    bar: Bar,
    kept_N: np.ndarray,
) -> Masks | None:
    """As `make_masks`, but None if the wishes cannot be met."""
    events_V = transpose_events(
        vocabulary.decode(np.arange(vocabulary.num_classes)), -distance
    ).astype(int)
    is_wished_V = _is_wished(wishes, events_V)
    if set(wishes.pitches) - set(events_V) or not (is_wished_V & (events_V >= 0)).any():
        # having no note at all is no wish of its own: 'max_notes_per_bar' covers it
        return None
    num_steps, is_kept_N = len(kept_N), kept_N != DRAWN
    tokens_NV = np.broadcast_to(is_wished_V, (num_steps, len(events_V)))
    given_N = is_kept_N
    if wishes.rhythm is not None:
        rhythm_N1 = np.resize(wishes.rhythm, num_steps).astype(int)[:, None]
        tokens_NV = tokens_NV & (
            (rhythm_N1 == FREE) | (np.sign(events_V + 1) == np.sign(rhythm_N1 + 1))
        )
    if wishes.fixed is not None:
        fixed_N1 = np.resize(wishes.fixed, num_steps).astype(int)[:, None]
        tokens_NV = tokens_NV & ((fixed_N1 == FREE) | (events_V == fixed_N1))
        given_N = given_N | (fixed_N1[:, 0] != FREE)
    tokens_NV = np.where(is_kept_N[:, None], np.arange(len(events_V)) == kept_N[:, None], tokens_NV)
    kinds_V = np.where(events_V == NO_EVENT, NONE, np.where(events_V == NOTE_OFF, OFF, ONSET))
    if wishes.last is not None:
        kinds_V = np.where((events_V >= 0) & (events_V % 12 == wishes.last), LAST, kinds_V)
    pitches_J = np.array([*(int(np.argmax(events_V == pitch)) for pitch in wishes.pitches), -1])
    kinds_NJCESK, good = _look_ahead(wishes, tokens_NV, kinds_V, pitches_J, bar, is_kept_N)
    said = prompt[prompt != vocabulary.padding]
    sounds = int(len(said) > 0 and vocabulary.decode(said[-1:])[0] >= 0)
    if not good[0, 0, 0, min(sounds, good.shape[3] - 1)]:
        return None
    steps_N = np.arange(num_steps) % bar.steps
    rows = Row(
        tokens_V=tokens_NV,
        kinds_JCESK=kinds_NJCESK,
        ends_bar=steps_N == bar.steps - 1,
        is_strong=np.isin(steps_N, bar.strong),
        counts=~is_kept_N,
        given=given_N,
    )
    return Masks(rows, kinds_V.astype(np.int32), pitches_J.astype(np.int32), np.int32(sounds))


def _is_wished(wishes: Wishes, events_V: np.ndarray) -> np.ndarray:
    """[V] which classes are allowed at all."""
    is_note_V = events_V >= 0
    in_scale_V = np.isin(events_V % 12, list(range(12) if wishes.scale is None else wishes.scale))
    return ~is_note_V | (in_scale_V & (wishes.lowest <= events_V) & (events_V <= wishes.highest))


def _look_ahead(
    wishes: Wishes,
    tokens_NV: np.ndarray,
    kinds_V: np.ndarray,
    pitches_J: np.ndarray,
    bar: Bar,
    is_kept_N: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """[N, J, C, E, S, K] which kinds may follow in each state so that the end can be reached, and
    [J, C, E, S] from which first states it can be reached.

    Filled backwards (dynamic programming): a state is good before a step if an allowed kind leads
    to a good state after it. Kept steps do not change the state.
    """
    counted = wishes.min_notes_per_bar > 0 or wishes.max_notes_per_bar < bar.steps
    shape = (
        len(pitches_J),
        bar.steps + 1 if counted else 1,
        1 if wishes.last is None else bar.cadence_steps + 1,
        1 if wishes.rests else 2,
    )
    good = np.zeros(shape, bool)
    good[-1, :, -1] = True  # all pitches are used, and the last note has been held
    table = np.zeros((len(tokens_NV), *shape, 4), bool)
    for step in reversed(range(len(tokens_NV))):
        if is_kept_N[step]:
            table[step] = True
            continue
        if step % bar.steps == bar.steps - 1:  # the count restarts in the next bar
            # a bar that is kept in part, as one before a pickup, need not be full
            is_whole = not is_kept_N[step + 1 - bar.steps : step + 1].any()
            enough_C = np.arange(shape[1]) >= (wishes.min_notes_per_bar if is_whole else 0)
            good = np.broadcast_to(good[:, :1], shape) & enough_C[:, None, None]
        is_strong = step % bar.steps in bar.strong
        table[step] = _kinds_at(wishes, tokens_NV[step], kinds_V, pitches_J, good, is_strong)
        good = table[step].any(axis=-1)
    return table, good


def _kinds_at(
    wishes: Wishes,
    tokens_V: np.ndarray,
    kinds_V: np.ndarray,
    pitches_J: np.ndarray,
    good: np.ndarray,
    is_strong: bool,
) -> np.ndarray:
    """[J, C, E, S, K] which kinds may follow at a step in each state, `good` being the states after
    it from which the end can be reached; a note that may end the piece starts on a strong beat.
    """
    now = np.zeros((*good.shape, 4), bool)
    may_K = [bool((tokens_V & (kinds_V == kind)).any()) for kind in range(4)]
    held_E, enough = np.arange(good.shape[2]), good.shape[2] - 1
    longer_E = np.where((held_E > 0) & (held_E < enough), held_E + 1, held_E)
    now[..., NONE] = may_K[NONE] & good[:, :, longer_E]
    now[..., OFF] = may_K[OFF] & good[:, :, np.where(held_E < enough, 0, held_E), :1]
    if not wishes.rests:
        now[..., OFF] = False
        now[..., 0, NONE] = False
    for kind in (ONSET, LAST):
        held = min(int(kind == LAST and is_strong), enough)
        after = good[:, :, held : held + 1, -1:]  # [J, C, 1, 1]
        if good.shape[1] > 1:
            few_C = np.arange(good.shape[1]) < wishes.max_notes_per_bar
            after = np.roll(after, -1, axis=1) & few_C[:, None, None]
        if len(pitches_J) > 1:
            fits_J = [
                token >= 0 and kinds_V[token] == kind and tokens_V[token] for token in pitches_J
            ]
            after = np.roll(after, -1, axis=0) & np.array(fits_J)[:, None, None, None]
        now[..., kind] = may_K[kind] & after
    return now


def _only(wishes: Wishes, names: list[str]) -> Wishes:
    return Wishes(**{name: getattr(wishes, name) for name in names})


def _alike(one, other) -> bool:
    return (
        one is other
        if isinstance(one, np.ndarray) or isinstance(other, np.ndarray)
        else one == other
    )
