"""A reader of models that are not networks and run on the host."""

from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np

from symmusic.model.groups import picked
from symmusic.model.places import Bars


@flax.struct.dataclass
class HostReader:
    """Calls a function on the host at each step; a `readers.Reader`. `predict` is pure: from the
    tokens so far, int32 [B, T], and the places in the bar [B] of the first ones, to the log
    probabilities [B, V] of the next.
    """

    predict: Callable[[np.ndarray, np.ndarray], np.ndarray] = flax.struct.field(pytree_node=False)
    num_classes: int = flax.struct.field(pytree_node=False)
    bars: Bars = flax.struct.field(pytree_node=False, default=(16,))

    def init(self, prompt_BT: jax.Array, positions_BT: jax.Array, num_steps: int) -> tuple:
        num_read = prompt_BT.shape[1] - 1
        tokens_BT = jnp.pad(prompt_BT[:, :-1].astype(jnp.int32), ((0, 0), (0, num_steps)))
        return (tokens_BT, positions_BT[:, 0], num_read), None

    def read(self, carry: Any, token_B: jax.Array, position_B: jax.Array, row: Any) -> tuple:
        tokens_BT, positions_B, num_read = carry
        tokens_BT = tokens_BT.at[:, num_read].set(token_B)
        shape = jax.ShapeDtypeStruct((len(token_B), self.num_classes), jnp.float32)
        logits_BV = jax.pure_callback(self._predict, shape, tokens_BT, positions_B, num_read + 1)
        return (tokens_BT, positions_B, num_read + 1), logits_BV, None

    def take(self, carry: Any, of_BP: jax.Array) -> Any:
        tokens_BT, positions_B, num_read = carry
        return *picked((tokens_BT, positions_B), of_BP), num_read

    def _predict(self, tokens_BT, positions_B, num_read):
        tokens_BT = np.asarray(tokens_BT)[:, : int(num_read)]
        return self.predict(tokens_BT, np.asarray(positions_B)).astype(np.float32)
