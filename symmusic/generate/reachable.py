"""Which kinds of classes may follow so that all constraints can still be met at the end."""

from typing import TYPE_CHECKING

import numpy as np

from symmusic.generate.control import LAST, NONE, OFF, ONSET
from symmusic.score.bar import Bar

if TYPE_CHECKING:
    from symmusic.generate.masks import Wishes  # imports this module


def find_allowed(
    wishes: 'Wishes',
    tokens_NV: np.ndarray,
    kinds_NV: np.ndarray,
    closes_N: np.ndarray,
    pitches_J: np.ndarray,
    bar: Bar,
    is_kept_N: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Which kinds may follow in each state so that the end can be reached, [N, J, C, E, S, K], and
    from which initial states it can be reached, [J, C, E, S].

    Filled backwards (dynamic programming): a state is good before a step if an allowed kind leads
    to a good state after it. Kept steps do not change the state.
    """
    counted = wishes.min_notes_per_bar > 0 or wishes.max_notes_per_bar < bar.steps
    distant = (
        len(pitches_J),
        bar.steps + 1 if counted else 1,
        1 if wishes.last is None and not wishes.cadences else bar.cadence_steps + 1,
    )
    shape = (*distant, 1 if wishes.rests and max(distant) == 1 else 2)
    good = np.zeros(shape, bool)
    # all pitches are used, and the last note has been held
    good[-1, :, slice(None) if wishes.last is None else -1] = True
    silences = _last_silences(wishes, is_kept_N)
    table = np.zeros((len(tokens_NV), *shape, 4), bool)
    for step in reversed(range(len(tokens_NV))):
        if step % bar.steps == bar.steps - 1:  # the count restarts in the next bar
            # a bar that is partly kept, such as the one with a pickup, need not have the minimum of
            # notes
            is_whole = not is_kept_N[step + 1 - bar.steps : step + 1].any()
            enough_C = np.arange(shape[1]) >= (wishes.min_notes_per_bar if is_whole else 0)
            good = np.broadcast_to(good[:, :1], shape) & enough_C[:, None, None]
        if closes_N[step]:
            has_closed_E = np.arange(shape[2]) == shape[2] - 1
            good = np.broadcast_to(good[:, :, :1], shape) & has_closed_E[:, None]
        if is_kept_N[step]:
            table[step] = True
            continue
        if silences.get(step + 1) == 0:
            good = good & (np.arange(shape[3]) == 1)
        is_strong = step % bar.steps in bar.strong
        table[step] = _kinds_at(wishes, tokens_NV[step], kinds_NV[step], pitches_J, good, is_strong)
        if silences.get(step):
            table[step, ..., 0, :ONSET] = False  # silence does not go on
        good = table[step].any(axis=-1)
    return table, good


def _last_silences(wishes: 'Wishes', is_kept_N: np.ndarray) -> dict[int, int]:
    """The step from which on silence may follow the last note of each cadence, with the number of
    such steps.
    """
    found = {
        cadence.end - cadence.rest: cadence.rest
        for cadence in wishes.cadences
        if cadence.rest is not None
    }
    drawn = np.flatnonzero(~is_kept_N)
    if wishes.last is not None and wishes.rest is not None and wishes.rest < len(drawn):
        found[int(drawn[-wishes.rest]) if wishes.rest else int(drawn[-1]) + 1] = wishes.rest
    return found


def _kinds_at(
    wishes: 'Wishes',
    tokens_V: np.ndarray,
    kinds_V: np.ndarray,
    pitches_J: np.ndarray,
    good: np.ndarray,
    is_strong: bool,
) -> np.ndarray:
    """Which kinds may follow at a step in each state, [J, C, E, S, K]. `good` are the states after
    the step from which the end can be reached. A note that may end the piece starts on a strong
    beat.
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
