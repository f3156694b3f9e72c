"""The masks that enforce wishes exactly, and the contradictions among wishes."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from symmusic.config.fields import default
from symmusic.errors import UserError
from symmusic.generate.control import LAST, NONE, OFF, ONSET, Masks, Row
from symmusic.generate.reachable import find_allowed
from symmusic.melody.encodings import MelodyVocabulary, Vocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF, transpose_events
from symmusic.score.bar import Bar

FREE = -3  # in `Wishes.fixed` and `Wishes.rhythm`: any event
# in `kept_N` of `make_masks`: drawn; drawn, but a note starts or silence is stated there; repeats
# an earlier step
DRAWN, STATED, REPEATED = -1, -2, -3
MOST_PITCHES, ROOM = 256, 32


@dataclasses.dataclass(frozen=True)
class Cadence:
    """The last note that starts in steps `begin` to `end` - 1 is of `pitch_class`, starts on a
    strong beat and lasts, before `end`, at least the bar's `cadence_steps`. At most `rest` steps of
    silence are left before `end`; None = any number.
    """

    begin: int
    end: int
    pitch_class: int
    rest: int | None = None


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
      rest: the most steps of silence after that note, at most those from the bar's last strong beat
        on; None = any number. Not a wish by itself: it goes with `last`.
      cadences: the cadences before the last one, in order and without overlap; all of their steps
        are drawn.
      rhythm: [T] events whose onsets and ends the pieces take, repeated; `FREE` where any event is
        allowed; None = any.
      pitches: the pitches of all notes, in order; () = any.
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
    rest: int | None = None
    cadences: tuple[Cadence, ...] = ()
    rhythm: np.ndarray | None = None
    pitches: tuple[int, ...] = ()
    fixed: np.ndarray | None = None

    @property
    def bind(self) -> bool:
        """Whether some wish requires something at certain steps, and more than one piece can meet
        it.
        """
        if self.pitches and self.rhythm is not None and not (self.rhythm == FREE).any():
            return False
        binding = {'min_notes_per_bar', 'max_notes_per_bar', 'last', 'rhythm', 'pitches', 'fixed'}
        return not binding.isdisjoint(self.stated())

    def stated(self) -> list[str]:
        """The names of the wishes that differ from their defaults."""
        defaults = Wishes()
        return [
            field.name
            for field in dataclasses.fields(self)
            if field.name != 'rest'
            and not _alike(getattr(self, field.name), getattr(defaults, field.name))
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
      wishes: apply to those of the N steps that are not kept.
      vocabulary: of the model.
      prompt: [T] tokens.
      distance: semitones from the prompt's key to the model's.
      num_bars: of the pieces.
      bar: their bar.
      kept_N: tokens that are kept regardless of the wishes, elsewhere `DRAWN`, `STATED` or
        `REPEATED`; None = all are drawn.
      stated: for messages, how the user stated each wish and, under 'bars', the number of bars;
        None = the values of the wishes.

    Raises:
      UserError: the encoding does not support wishes, or the wishes contradict one another; the
        message names those that do.
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
        num_drawn = int((~_is_kept(kept_N)).reshape(-1, bar.steps).any(axis=1).sum())
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
        # "no notes at all" is not tested as a separate wish: 'max_notes_per_bar' covers it
        return None
    num_steps, is_kept_N = len(kept_N), _is_kept(kept_N)
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
    tokens_NV = tokens_NV & ((kept_N != STATED)[:, None] | (events_V != NO_EVENT))
    is_own_NV = (np.arange(len(events_V)) == kept_N[:, None]) | (kept_N == REPEATED)[:, None]
    tokens_NV = np.where(is_kept_N[:, None], is_own_NV, tokens_NV)
    kinds_NV, closes_N = _kinds(wishes, events_V, num_steps)
    pitches_J = np.array([*(int(np.argmax(events_V == pitch)) for pitch in wishes.pitches), -1])
    kinds_NJCESK, good = find_allowed(
        wishes, tokens_NV, kinds_NV, closes_N, pitches_J, bar, is_kept_N
    )
    said = prompt[prompt != vocabulary.padding]
    sounds = int(len(said) > 0 and vocabulary.decode(said[-1:])[0] >= 0)
    if not good[0, 0, 0, min(sounds, good.shape[3] - 1)]:
        return None
    steps_N = np.arange(num_steps) % bar.steps
    rows = Row(
        tokens_V=tokens_NV,
        kinds_JCESK=kinds_NJCESK,
        kinds_V=kinds_NV.astype(np.int32),
        ends_bar=steps_N == bar.steps - 1,
        closes=closes_N,
        is_strong=np.isin(steps_N, bar.strong),
        counts=~is_kept_N,
        given=given_N,
    )
    return Masks(rows, pitches_J.astype(np.int32), np.int32(sounds), binds=wishes.bind)


def with_room(masks: Masks) -> Masks:
    """The masks, padded to a multiple of `ROOM` given pitches, so that few different shapes are
    compiled. The states of the padding are never reached.
    """
    more = -len(masks.pitches_J) % ROOM if masks.gives_pitches else 0
    widths = [(0, 0), (0, more), *[(0, 0)] * 4]
    return masks.replace(
        rows=masks.rows.replace(kinds_JCESK=np.pad(masks.rows.kinds_JCESK, widths)),
        pitches_J=np.pad(masks.pitches_J, (0, more), constant_values=-1),
    )


def _is_wished(wishes: Wishes, events_V: np.ndarray) -> np.ndarray:
    """[V] which classes the wishes allow at any step."""
    is_note_V = events_V >= 0
    in_scale_V = np.isin(events_V % 12, list(range(12) if wishes.scale is None else wishes.scale))
    return ~is_note_V | (in_scale_V & (wishes.lowest <= events_V) & (events_V <= wishes.highest))


def _is_kept(kept_N: np.ndarray) -> np.ndarray:
    """[N] which steps are not drawn."""
    return (kept_N >= 0) | (kept_N == REPEATED)


def _kinds(wishes: Wishes, events_V: np.ndarray, num_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """[N, V] the kind of each class, and [N] at which steps a cadence must be complete."""
    kinds_V = np.where(events_V == NO_EVENT, NONE, np.where(events_V == NOTE_OFF, OFF, ONSET))
    kinds_NV = np.tile(kinds_V, (num_steps, 1))
    closes_N = np.full(num_steps, False)
    for cadence in (Cadence(0, num_steps, wishes.last), *wishes.cadences):
        if cadence.pitch_class is not None:
            is_last_V = (events_V >= 0) & (events_V % 12 == cadence.pitch_class)
            kinds_NV[cadence.begin : cadence.end, is_last_V] = LAST
    closes_N[[cadence.end - 1 for cadence in wishes.cadences]] = True
    return kinds_NV, closes_N


def _only(wishes: Wishes, names: list[str]) -> Wishes:
    return Wishes(**{name: getattr(wishes, name) for name in [*names, 'rest']})


def _alike(one, other) -> bool:
    return (
        one is other
        if isinstance(one, np.ndarray) or isinstance(other, np.ndarray)
        else one == other
    )
