"""Guides draws towards wishes that bind distant steps, such as given pitches: what is likely to be
met later is drawn more often now.

Masks alone exclude only the impossible, so that the model ignores the wishes until little time is
left. Here each class that the masks allow is weighted by how likely the rest can be met after it. A
small model of that is fitted to free draws of the network after the same prompts: the mean
probability of each class by the step in the bar and by whether a note sounds. A backward pass over
the automaton of the masks sums it over all ways to go on. Where the small model is the network, the
draws are exactly those of the network that meet the wishes; otherwise close to them. Guidance never
changes what may be drawn.

The method is that of Zhang et al., "Tractable control for autoregressive language generation"
(2023), with a small model that fits the automaton in place of their hidden Markov model.

If pitches are given, only their onsets are drawn: the next one counts as the start of any note,
since each given pitch must be drawn at some step anyway.
"""

import numpy as np

from symmusic.generate.control import LAST, NONE, OFF, ONSET, Masks

FREE_STEPS, MOST_FREE = 2048, 64  # steps drawn freely to fit the small model; most pieces
NUM_TRIED = 64  # pieces drawn to fit the chances of given pitches
EVEN = 1e-3  # the share of an even distribution in the small model: no class is impossible
LEAST = 1e-300  # smallest chance, whose logarithm is finite


def is_distant(masks: Masks) -> bool:
    """Whether the masks bind distant steps, so that draws within them can be guided."""
    return max(masks.rows.kinds_JCESK.shape[1:4]) > 1


def num_free(masks: Masks) -> int:
    """How many pieces are drawn freely to fit the small model."""
    return min(-(-FREE_STEPS // len(masks.rows.counts)), MOST_FREE)


def opened(masks: Masks) -> Masks:
    """Masks of the same shape that allow everything, for free draws with the same program."""
    rows = masks.rows
    return masks.replace(
        rows=rows.replace(
            tokens_V=np.ones_like(rows.tokens_V),
            kinds_JCESK=np.ones_like(rows.kinds_JCESK),
            counts=np.zeros_like(rows.counts),
            worth_JCESK=np.zeros(rows.kinds_JCESK.shape, np.float32),
        )
    )


def fit(masks: Masks, tokens_BN: np.ndarray, probabilities_BNV: np.ndarray | None) -> np.ndarray:
    """The small model [P, S, V]: the chance of each class by the step in the bar and by whether a
    note sounds.

    Each place is smoothed with one pseudo-observation of the mean over all steps.

    Args:
      masks: the masks to guide; only steps that are drawn, not kept, are counted.
      tokens_BN: free draws.
      probabilities_BNV: what they were drawn from; None = not known, and the tokens are counted.
    """
    kinds_NV = np.asarray(masks.rows.kinds_V)
    num_classes, num_places = kinds_NV.shape[1], int(np.argmax(masks.rows.ends_bar)) + 1
    shares_BNV = np.eye(num_classes)[tokens_BN] if probabilities_BNV is None else probabilities_BNV
    sums_PSV = np.zeros((num_places, 2, num_classes))
    sounds_B = np.full(len(tokens_BN), int(masks.sounds))
    for step, token_B in enumerate(tokens_BN.T):
        if masks.rows.counts[step]:
            np.add.at(sums_PSV[step % num_places], sounds_B, shares_BNV[:, step])
        kind_B = kinds_NV[step][token_B]
        sounds_B = np.where(kind_B == NONE, sounds_B, kind_B >= ONSET)
    by_sound_SV = _shares(sums_PSV.sum(axis=0) + _shares(sums_PSV.sum(axis=(0, 1))))
    chances_PSV = _shares(sums_PSV + by_sound_SV)
    return (1 - EVEN) * chances_PSV + EVEN / num_classes


def _shares(sums: np.ndarray) -> np.ndarray:
    """Sums [..., V] as shares; even where all are 0."""
    totals = sums.sum(axis=-1, keepdims=True)
    return np.where(totals > 0, sums / np.maximum(totals, LEAST), 1 / sums.shape[-1])


def guided(masks: Masks, chances_PSV: np.ndarray) -> Masks:
    """The masks with the weights of a small model: for each step, state and kind the logarithm of
    the chance, up to a factor, that the rest is met.
    """
    rows, shape = masks.rows, masks.rows.kinds_JCESK.shape[1:]
    after_K = _next_states(shape[:4])
    worth_NJCESK = np.zeros(masks.rows.kinds_JCESK.shape, np.float32)
    chance_JCES = np.ones(shape[:4])
    for step in reversed(range(len(worth_NJCESK))):
        if rows.ends_bar[step]:
            chance_JCES = np.broadcast_to(chance_JCES[:, :1], shape[:4])
        if not rows.counts[step]:
            continue
        if rows.closes[step]:
            chance_JCES = np.broadcast_to(chance_JCES[:, :, :1], shape[:4])
        is_strong = bool(rows.is_strong[step])
        chance_JCESK = np.stack([chance_JCES[after_K(kind, is_strong)] for kind in range(4)], -1)
        chance_JCESK = chance_JCESK * rows.kinds_JCESK[step]
        worth_NJCESK[step] = np.log(np.maximum(chance_JCESK, LEAST))
        shares_SK = _kind_shares(masks, step, chances_PSV[step % len(chances_PSV)])
        chance_JCES = (chance_JCESK * shares_SK).sum(axis=-1)
        chance_JCES = chance_JCES / max(chance_JCES.max(), LEAST)
    return masks.replace(rows=rows.replace(worth_JCESK=worth_NJCESK))


def fit_pitches(masks: Masks, tokens_BN: np.ndarray, own_BNV: np.ndarray) -> np.ndarray:
    """The mean log chances [J] of the given pitches, each among all notes that could start where it
    does; 0 after the last one.

    Args:
      masks: masks with given pitches.
      tokens_BN: draws that meet them.
      own_BNV: the model's probabilities.
    """
    is_start_BNV = np.broadcast_to(np.asarray(masks.rows.kinds_V) >= ONSET, own_BNV.shape)
    own_BN = np.take_along_axis(own_BNV, tokens_BN[..., None], axis=2)[..., 0]
    starts_BN = np.where(is_start_BNV, own_BNV, 0).sum(axis=2)
    is_given_BN = np.take_along_axis(is_start_BNV, tokens_BN[..., None], axis=2)[..., 0]
    is_given_BN &= np.asarray(masks.rows.counts)
    logs_BN = np.log(np.maximum(own_BN, LEAST)) - np.log(np.maximum(starts_BN, LEAST))
    logs_BJ = logs_BN[is_given_BN].reshape(len(tokens_BN), -1)
    num = logs_BJ.shape[1]
    return np.pad(logs_BJ.mean(axis=0), (0, len(masks.pitches_J) - num))


def with_pitches(masks: Masks, logs_J: np.ndarray) -> Masks:
    """Guided masks in which the next given pitch has its own probability, and later ones those of
    `fit_pitches`.
    """
    left_J = np.append(np.cumsum(logs_J[::-1])[::-1], 0.0)
    shape = len(logs_J), 1, 1, 1
    before_JCES, after_JCES = left_J[:-1].reshape(shape), left_J[1:].reshape(shape)
    more_JCESK = np.stack([before_JCES, before_JCES, after_JCES, after_JCES], axis=-1)
    worth_NJCESK = masks.rows.worth_JCESK + more_JCESK * masks.rows.counts.reshape(
        -1, 1, 1, 1, 1, 1
    )
    rows = masks.rows.replace(worth_JCESK=worth_NJCESK.astype(np.float32))
    return masks.replace(rows=rows, is_any=False)


def _kind_shares(masks: Masks, step: int, chances_SV: np.ndarray) -> np.ndarray:
    """[S, K] the chance of each kind among the classes that are allowed at a step."""
    kinds_V, is_allowed_V = masks.rows.kinds_V[step], masks.rows.tokens_V[step]
    shares = [chances_SV[:, (kinds_V == kind) & is_allowed_V].sum(axis=1) for kind in range(4)]
    if masks.gives_pitches:  # only one pitch can be next; it has the weight of any note
        shares[ONSET] = shares[LAST] = chances_SV[:, kinds_V >= ONSET].sum(axis=1)
    return np.stack(shares, axis=-1)


def _next_states(shape: tuple[int, ...]):
    """A function from a kind, and whether the step is on a strong beat, to the indices [J, C, E, S]
    of the next states: those of `Masks.advance` within a bar and a cadence.
    """
    used, begun, held, sounds = np.indices(shape)
    enough = shape[2] - 1
    longer = np.where((held > 0) & (held < enough), held + 1, held)
    let_go = np.where(held < enough, 0, held)
    more = np.minimum(used + 1, shape[0] - 1), np.minimum(begun + 1, shape[1] - 1)

    def after(kind: int, is_strong: bool) -> tuple[np.ndarray, ...]:
        if kind == NONE:
            return used, begun, longer, sounds
        if kind == OFF:
            return used, begun, let_go, np.zeros_like(sounds)
        begins = min(int(kind == LAST and is_strong), enough)
        return *more, np.full_like(held, begins), np.ones_like(sounds)

    return after
