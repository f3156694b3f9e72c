"""How a model reads a melody while it is sampled: from the tokens so far to the next one's logits.
Pure functions.

    carry, rows = reader.init(prompt_BT, positions_BT, num_steps)
    carry, logits_BV, weights_BT = reader.read(carry, token_B, position_B, row)

`left_BS2` of a reader are the bars left (`melody.form`) at each of the S = T + N steps of prompts
and what follows them, of which a step reads those of the step that it predicts; None = not known.
"""

from typing import Any, Protocol

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.melody.form import NOT_KNOWN
from symmusic.model import sliding, steps
from symmusic.model.ahead import Ahead, look_ahead
from symmusic.model.ensemble import num_networks
from symmusic.model.groups import picked
from symmusic.model.model import Architecture, Params, apply_last
from symmusic.model.places import Bars, later


class Reader(Protocol):
    """The interface of a reader, a pytree."""

    @property
    def bars(self) -> Bars:
        """The steps in a bar of each metre."""
        ...

    def init(
        self, prompt_BT: jax.Array, positions_BT: jax.Array, num_steps: int
    ) -> tuple[Any, Any]:
        """The carry after all tokens of the prompts except the last one, and the further inputs of
        the N steps on a leading axis N; None = no further inputs.
        """
        ...

    def read(
        self, carry: Any, token_B: jax.Array, position_B: jax.Array, row: Any
    ) -> tuple[Any, jax.Array, jax.Array | None]:
        """The carry after tokens at places in the bar, the logits [B, V] of the next tokens, and
        the attention weights [B, T], None without attention.
        """
        ...

    def take(self, carry: Any, of_BP: jax.Array) -> Any:
        """The carry of rows `of_BP` of each group of P adjacent rows."""
        ...


@flax.struct.dataclass
class _NetworkReader:
    """What the readers of a network have in common."""

    params: Params
    architecture: Architecture = flax.struct.field(pytree_node=False)

    @property
    def bars(self) -> Bars:
        """The steps in a bar of each metre."""
        return self.architecture.bars


@flax.struct.dataclass
class WindowReader(_NetworkReader):
    """Rereads the last `window_steps` tokens for each new token, from a zero state; a shorter
    prompt is padded on the left. Works for any architecture.
    """

    window_steps: int = flax.struct.field(pytree_node=False)
    left_BS2: jax.Array | None = None

    def init(self, prompt_BT: jax.Array, positions_BT: jax.Array, num_steps: int) -> tuple:
        window_BT = _last(prompt_BT[:, :-1], self.window_steps, self.architecture.padding)
        if self.left_BS2 is None:
            return (window_BT, None), None
        left_BT2, rows = _split_left(self.left_BS2, prompt_BT.shape[1])
        return (window_BT, _last(left_BT2, self.window_steps, NOT_KNOWN)), rows

    def read(self, carry: Any, token_B: jax.Array, position_B: jax.Array, row: Any) -> tuple:
        window_BT, left_BT2 = carry
        window_BT = _appended(window_BT, token_B)
        left_BT2 = None if row is None else _appended(left_BT2, row)
        steps_T = jnp.arange(1 - self.window_steps, 1)
        positions_BT = later(position_B[:, None], steps_T, self.architecture.bars)
        logits_BV, weights_BT = apply_last(
            self.params, window_BT, positions_BT, self.architecture, left_BT2=left_BT2
        )
        return (window_BT, left_BT2), logits_BV, weights_BT

    def take(self, carry: Any, of_BP: jax.Array) -> Any:
        return picked(carry, of_BP)


@flax.struct.dataclass
class SlidingReader(_NetworkReader):
    """Gives the logits of `WindowReader` at lower cost: all windows that contain a token read it at
    the same time. For architectures that `can_slide`.
    """

    window_steps: int = flax.struct.field(pytree_node=False)
    num_windows: int = flax.struct.field(pytree_node=False)
    left_BS2: jax.Array | None = None

    def init(self, prompt_BT: jax.Array, positions_BT: jax.Array, num_steps: int) -> tuple:
        padded_BT = _last(prompt_BT, self.window_steps, self.architecture.padding)
        steps_T = jnp.arange(1 - self.window_steps, 1)
        positions_BT = later(positions_BT[:, -1:], steps_T, self.architecture.bars)
        windows = sliding.init_windows(
            self.architecture, len(prompt_BT), self.window_steps, num_networks(self.params)
        )
        left_TB2, rows = None, None
        if self.left_BS2 is not None:
            left_BT2, rows = _split_left(self.left_BS2, prompt_BT.shape[1])
            left_TB2 = _last(left_BT2, self.window_steps - 1, NOT_KNOWN).swapaxes(0, 1)
        before = padded_BT[:, :-1], positions_BT[:, :-1]
        return _read_all(self, windows, *before, left_TB2), rows

    def read(self, carry: Any, token_B: jax.Array, position_B: jax.Array, row: Any) -> tuple:
        carry, logits_BV = sliding.slide(
            self.params,
            carry,
            token_B,
            position_B,
            self.architecture,
            self.window_steps,
            self.num_windows,
            row,
        )
        return carry, logits_BV, None

    def take(self, carry: Any, of_BP: jax.Array) -> Any:
        return sliding.take_rows(carry, of_BP)


@flax.struct.dataclass
class StateReader(_NetworkReader):
    """Carries the recurrent state from token to token, and the last `memory_steps` states for
    attention. For unidirectional and infilling models.

    `future_BN` holds the tokens that an infilling model knows in advance, blanks (num_classes)
    elsewhere; the last one is known. It may reach beyond the steps that are drawn. At a known step
    all other classes' logits are -inf.
    """

    memory_steps: int = flax.struct.field(pytree_node=False)
    future_BN: jax.Array | None = None
    left_BS2: jax.Array | None = None

    def init(self, prompt_BT: jax.Array, positions_BT: jax.Array, num_steps: int) -> tuple:
        num_before = prompt_BT.shape[1] - 1
        ahead = ahead_before = known_NB = left_TB2 = left_NB2 = None
        if self.future_BN is not None:
            whole = self._look_ahead(positions_BT[:, :1], num_before)
            ahead_before = jax.tree.map(lambda leaf: leaf[:num_before], whole)
            ahead = jax.tree.map(lambda leaf: leaf[num_before : num_before + num_steps], whole)
            known_NB = self.future_BN.T[:num_steps]
        if self.left_BS2 is not None:
            left_BT2, left_NB2 = _split_left(self.left_BS2, num_before + 1)
            left_TB2 = left_BT2[:, 1:].swapaxes(0, 1)
        carry = steps.init_carry(
            self.architecture,
            len(prompt_BT),
            self.memory_steps,
            num_networks=num_networks(self.params),
        )
        before = prompt_BT[:, :-1], positions_BT[:, :-1]
        carry = _read_all(self, carry, *before, (ahead_before, None, left_TB2))
        return carry, (ahead, known_NB, left_NB2)

    def read(self, carry: Any, token_B: jax.Array, position_B: jax.Array, row: Any) -> tuple:
        ahead, known_B, left_B2 = row
        carry, logits_BV, weights_BT = steps.apply_step(
            self.params,
            carry,
            token_B,
            position_B,
            self.architecture,
            ahead=ahead,
            left_B2=left_B2,
        )
        if known_B is not None:
            num_classes = self.architecture.num_classes
            is_other_BV = (known_B < num_classes)[:, None] & (
                jnp.arange(num_classes) != known_B[:, None]
            )
            logits_BV = jnp.where(is_other_BV, -jnp.inf, logits_BV)
        return carry, logits_BV, weights_BT

    def take(self, carry: Any, of_BP: jax.Array) -> Any:
        return steps.take_rows(self.params, carry, of_BP)

    def _look_ahead(self, position_B1: jax.Array, num_before: int) -> Ahead:
        """What each step, from the first of the prompt, knows in advance about the steps
        after it.
        """
        whole_BT = jnp.pad(
            self.future_BN,
            ((0, 0), (num_before, 0)),
            constant_values=self.architecture.num_classes,
        )
        steps_T = jnp.arange(whole_BT.shape[1])
        positions_BT = later(position_B1, steps_T, self.architecture.bars)
        left_BT2 = None if self.left_BS2 is None else self.left_BS2[:, 1:]
        return look_ahead(self.params, whole_BT, positions_BT, self.architecture, left_BT2=left_BT2)


def make_reader(
    params: Params,
    architecture: Architecture,
    num_steps: int,
    *,
    memory_steps: int,
    window_steps: int | None = None,
    future_BN: jax.Array | None = None,
    left_BS2: jax.Array | None = None,
) -> Reader:
    """The reader for drawing `num_steps` tokens. It reads windows of `window_steps`, sliding ones
    if the architecture allows; None = it carries the state, with attention to the last
    `memory_steps`. `left_BS2` is ignored unless the architecture reads it.
    """
    left_BS2 = left_BS2 if architecture.left_sizes else None
    if window_steps is None:
        return StateReader(params, architecture, memory_steps, future_BN, left_BS2)
    if sliding.can_slide(architecture):
        return SlidingReader(params, architecture, window_steps, num_steps, left_BS2)
    return WindowReader(params, architecture, window_steps, left_BS2)


def _split_left(left_BS2: jax.Array, num_given: int) -> tuple[jax.Array, jax.Array]:
    """The bars left at the steps of prompts of `num_given` steps, each read at the step before it,
    and at the new steps, time first.
    """
    return left_BS2[:, :num_given], left_BS2[:, num_given:].swapaxes(0, 1)


def _last(steps_BT: jax.Array, num: int, padding: int) -> jax.Array:
    """The last `num` steps, padded on the left if there are fewer."""
    missing = max(num - steps_BT.shape[1], 0)
    widths = ((0, 0), (missing, 0), *[(0, 0)] * (steps_BT.ndim - 2))
    padded_BT = jnp.pad(steps_BT, widths, constant_values=padding)
    return padded_BT[:, padded_BT.shape[1] - num :]


def _appended(steps_BT: jax.Array, step_B: jax.Array) -> jax.Array:
    """The steps without the first one and with a new one at the end."""
    return jnp.concatenate([steps_BT[:, 1:], step_B[:, None].astype(steps_BT.dtype)], axis=1)


def _read_all(
    reader: Reader, carry: Any, tokens_BT: jax.Array, positions_BT: jax.Array, rows: Any
) -> Any:
    """The carry after reading all these tokens."""

    def step(carry, inputs):
        return reader.read(carry, *inputs)[0], None

    return lax.scan(step, carry, (tokens_BT.T, positions_BT.T, rows))[0]
