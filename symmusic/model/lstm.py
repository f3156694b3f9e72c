"""One LSTM layer (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000) with a backward pass of its own.

    i, f, o = sigmoid, g = tanh of  x W + b + h' R,      c = f c' + i g,      h = o tanh(c)

where h', c' are the step before. The gates lie side by side in the order i, f, g, o, as in `flax.linen.OptimizedLSTMCell`. The input
projection x W + b of all steps at once is the caller's: outside of the loop it is one large product or, for a one-hot input, a gather
of rows.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

Params = dict[str, jax.Array]  # 'input' [I, G], 'recurrent' [H, G], 'bias' [G]
Carry = tuple[jax.Array, jax.Array]  # hidden_BH and cell_BH after a step


def init_lstm(key: jax.Array, input_size: int, num_cells: int) -> Params:
    """Glorot-uniform input weights, an orthogonal recurrent matrix per gate, a forget bias of 1 (Jozefowicz et al., 2015).

    The gates' matrices are drawn in a loop, which compiles one orthogonal initialiser and not four. Under `jit(vmap(...))` several of them
    can hang: use `lax.map` over replicas.
    """
    input_key, gates_key = jax.random.split(key)
    orthogonal = jax.nn.initializers.orthogonal()
    gates = lax.map(lambda gate_key: orthogonal(gate_key, (num_cells, num_cells)), jax.random.split(gates_key, 4))
    return {
        'input': jax.nn.initializers.glorot_uniform()(input_key, (input_size, 4 * num_cells)),
        'recurrent': jnp.concatenate(gates, axis=1),
        'bias': jnp.zeros(4 * num_cells).at[num_cells : 2 * num_cells].set(1.0),
    }


def init_lstm_carry(batch: int, num_cells: int, dtype=jnp.float32) -> Carry:
    """The zero state before the first step, two arrays [B, H]."""
    return jnp.zeros((batch, num_cells), dtype), jnp.zeros((batch, num_cells), dtype)


def lstm_step(recurrent_HG: jax.Array, projected_BG: jax.Array, carry: Carry) -> tuple[jax.Array, Carry]:
    """One step: `(hidden_BH, carry)` of the projected input x W + b [B, G] and the carry of the step before."""
    carry, _ = _advance(recurrent_HG, projected_BG, carry)
    return carry[0], carry


def lstm(recurrent_HG: jax.Array, projected_BTG: jax.Array, carry: Carry | None = None, reverse: bool = False) -> tuple[jax.Array, Carry]:
    """All steps: `(outputs_BTH, carry)` of the projected inputs x W + b [B, T, G].

    Args:
      recurrent_HG: the 'recurrent' parameters.
      projected_BTG: 'input' and 'bias' applied to every step.
      carry: the state before the first step read, zeros if None.
      reverse: read from the last step to the first; outputs stay in their places, and the final carry is that of step 0.

    Gradients (reverse mode only) are those of autodiff, to all three arguments; see `_lstm_backward`.
    """
    if carry is None:
        carry = init_lstm_carry(projected_BTG.shape[0], recurrent_HG.shape[0], projected_BTG.dtype)
    outputs_TBH, carry = _lstm(reverse, recurrent_HG, jnp.swapaxes(projected_BTG, 0, 1), carry)
    return jnp.swapaxes(outputs_TBH, 0, 1), carry


def _advance(recurrent_HG, projected_BG, carry):
    """The equations above: the next carry and the four activated gates [B, G] side by side."""
    hidden_BH, cell_BH = carry
    i, f, g, o = jnp.split(projected_BG + hidden_BH @ recurrent_HG, 4, axis=-1)
    i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
    cell_BH = f * cell_BH + i * g
    return (o * jnp.tanh(cell_BH), cell_BH), jnp.concatenate([i, f, g, o], axis=-1)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _lstm(reverse, recurrent_HG, projected_TBG, carry):
    return _lstm_forward(reverse, recurrent_HG, projected_TBG, carry)[0]


def _lstm_forward(reverse, recurrent_HG, projected_TBG, carry):
    """The loop over time; keeps the gates, cells and outputs, all that the backward pass needs."""

    def step(carry, projected_BG):
        carry, gates_BG = _advance(recurrent_HG, projected_BG, carry)
        return carry, (*carry, gates_BG)

    last, (outputs_TBH, cells_TBH, gates_TBG) = lax.scan(step, carry, projected_TBG, reverse=reverse)
    return (outputs_TBH, last), (recurrent_HG, carry, outputs_TBH, cells_TBH, gates_TBG)


def _lstm_backward(reverse, residuals, cotangents):
    """Backpropagation through time with everything taken out of the loop that does not depend on a later step.

    With dh, dc the derivatives to a step's hidden and cell state, those to its gates before activation are dc (i, f, g) or dh (o) times
    factors of the forward pass alone, made for all steps at once. The loop is left with those four products and dh' = dgates R^T; the
    weight gradient, which autodiff would sum up step by step, is one product over all steps.
    """
    recurrent_HG, (hidden_BH, cell_BH), outputs_TBH, cells_TBH, gates_TBG = residuals
    d_outputs_TBH, (d_hidden_BH, d_cell_BH) = cotangents

    def before(initial_BH, values_TBH):
        """Every step's value of the step read before it."""
        if reverse:
            return jnp.concatenate([values_TBH[1:], initial_BH[None]])
        return jnp.concatenate([initial_BH[None], values_TBH[:-1]])

    i, f, g, o = jnp.split(gates_TBG, 4, axis=-1)
    tanh_cells = jnp.tanh(cells_TBH)
    gate_factors = (g * i * (1 - i), before(cell_BH, cells_TBH) * f * (1 - f), i * (1 - g * g), tanh_cells * o * (1 - o))
    cell_factor = o * (1 - tanh_cells * tanh_cells)

    def step(carry, inputs):
        d_hidden_BH, d_cell_BH = carry
        d_output_BH, (i, f, g, o), cell_factor, forget = inputs
        d_hidden_BH += d_output_BH
        d_cell_BH += d_hidden_BH * cell_factor
        d_gates_BG = jnp.concatenate([d_cell_BH * i, d_cell_BH * f, d_cell_BH * g, d_hidden_BH * o], axis=-1)
        return (d_gates_BG @ recurrent_HG.T, d_cell_BH * forget), d_gates_BG

    inputs = (d_outputs_TBH, gate_factors, cell_factor, f)
    d_carry, d_projected_TBG = lax.scan(step, (d_hidden_BH, d_cell_BH), inputs, reverse=not reverse)
    d_recurrent_HG = jnp.einsum('tbh,tbg->hg', before(hidden_BH, outputs_TBH), d_projected_TBG)
    return d_recurrent_HG, d_projected_TBG, d_carry


_lstm.defvjp(_lstm_forward, _lstm_backward)
