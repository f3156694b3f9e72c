"""One LSTM layer (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000) with
a backward pass of its own.

    i, f, o = sigmoid, g = tanh of  x W + b + h' R,      c = f c' + i g,      h = o tanh(c)

where h', c' are those of the step before. The gates lie side by side in the order i, f, g, o, as in
`flax.linen.OptimizedLSTMCell`. The caller computes the input projection x W of all steps at once:
outside the loop it is one large product or, for a one-hot input, a gather of rows. The bias is
added in the loop, where it costs nothing, instead of in a separate pass over all steps.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike

Params = dict[str, jax.Array]  # 'input' [I, G], 'recurrent' [H, G], 'bias' [G]
Carry = tuple[jax.Array, jax.Array]  # hidden_BH and cell_BH after a step


def init_lstm(key: jax.Array, input_size: int, num_cells: int) -> Params:
    """Glorot-uniform input weights, an orthogonal recurrent matrix per gate, a forget bias of 1
    (Jozefowicz et al., 2015).

    The gates' matrices are drawn in a loop, so that one orthogonal initialiser is compiled, not
    four. Several of them can hang under `jit(vmap(...))`: use `lax.map` over replicas.
    """
    input_key, gates_key = jax.random.split(key)
    orthogonal = jax.nn.initializers.orthogonal()
    gates = lax.map(
        lambda gate_key: orthogonal(gate_key, (num_cells, num_cells)),
        jax.random.split(gates_key, 4),
    )
    return {
        'input': jax.nn.initializers.glorot_uniform()(input_key, (input_size, 4 * num_cells)),
        'recurrent': jnp.concatenate(gates, axis=1),
        'bias': jnp.zeros(4 * num_cells).at[num_cells : 2 * num_cells].set(1.0),
    }


def init_lstm_carry(batch: int, num_cells: int, dtype: DTypeLike = jnp.float32) -> Carry:
    """The zero state before the first step, two arrays [B, H]."""
    return jnp.zeros((batch, num_cells), dtype), jnp.zeros((batch, num_cells), dtype)


def lstm_step(params: Params, projected_BG: jax.Array, carry: Carry) -> tuple[jax.Array, Carry]:
    """One step: `(hidden_BH, carry)` from the projected input x W [B, G] and the carry of the step
    before.
    """
    carry, _ = _advance('float32', params['recurrent'], params['bias'], projected_BG, carry)
    return carry[0], carry


def lstm(
    params: Params,
    projected_TBG: jax.Array,
    carry: Carry | None = None,
    reverse: bool = False,
    kernel: str = 'scan',
    dtype: str = 'float32',
) -> tuple[jax.Array, Carry]:
    """All steps: `(outputs_TBH, carry)` from the projected inputs x W [T, B, G].

    Args:
      params: of the layer; 'input' is not used here and may be absent.
      projected_TBG: every step's product with 'input'.
      carry: the state before the first step read, zeros if None.
      reverse: read from the last step to the first; outputs stay in order of time, and the final
        carry is that of step 0.
      kernel: 'scan', an XLA loop, or 'fused', one kernel for all steps (`fused`).
      dtype: what the operands of the loop's products are rounded to; everything else, including
        the sums and the state, keeps the type of `projected_TBG`.

    Raises:
      ValueError: the layer is too large for the kernel.

    Gradients (reverse mode only) to all three arguments equal those of autodiff; see
    `_lstm_backward`.
    """
    recurrent_HG, bias_G = params['recurrent'], params['bias']
    if carry is None:
        carry = init_lstm_carry(projected_TBG.shape[1], recurrent_HG.shape[0], projected_TBG.dtype)
    if kernel == 'fused':
        # imported here: Pallas takes a tenth of a second to import and is seldom used
        from symmusic.model.fused import fused_lstm

        return fused_lstm(dtype, reverse, recurrent_HG, projected_TBG + bias_G, carry)
    return _lstm(dtype, reverse, recurrent_HG, bias_G, projected_TBG, carry)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def product(dtype: str, left_NH: jax.Array, right_HG: jax.Array) -> jax.Array:
    """`left_NH @ right_HG` with operands rounded to `dtype` ('float32': not rounded) and summed in
    their own type; the gradient is computed in the same way.
    """
    if dtype == 'float32':
        return left_NH @ right_HG
    return jnp.matmul(
        left_NH.astype(dtype), right_HG.astype(dtype), preferred_element_type=left_NH.dtype
    )


product.defvjp(
    lambda dtype, left_NH, right_HG: (product(dtype, left_NH, right_HG), (left_NH, right_HG)),
    lambda dtype, factors, d_NG: (
        product(dtype, d_NG, factors[1].T),
        product(dtype, factors[0].T, d_NG),
    ),
)


def multiply(states_H: jax.Array, weights_HG: jax.Array, dtype: str = 'float32') -> jax.Array:
    """The product of states with any leading axes and a matrix, computed as a product of two
    matrices: a weight gradient over several axes at once takes XLA a third longer on a CPU.
    Operands are rounded to `dtype`.
    """
    return product(dtype, states_H.reshape(-1, states_H.shape[-1]), weights_HG).reshape(
        *states_H.shape[:-1], -1
    )


def _advance(dtype, recurrent_HG, bias_G, projected_BG, carry):
    """The equations above: the next carry, and the gates [B, G] after activation."""
    hidden_BH, cell_BH = carry
    # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2: one tanh over all gates, which XLA computes several
    # times as fast as exponentials.
    half = jnp.full(cell_BH.shape[-1], 0.5, cell_BH.dtype)
    scale_G = jnp.concatenate([half, half, jnp.ones_like(half), half])
    gates_BG = jnp.tanh(
        (projected_BG + bias_G + product(dtype, hidden_BH, recurrent_HG)) * scale_G
    ) * scale_G + (1 - scale_G)
    # Without the barrier XLA recomputes the gates for each of their uses, which takes 3 times as
    # long for outputs alone.
    gates_BG = lax.optimization_barrier(gates_BG)
    i, f, g, o = jnp.split(gates_BG, 4, axis=-1)
    cell_BH = f * cell_BH + i * g
    return (o * jnp.tanh(cell_BH), cell_BH), gates_BG


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _lstm(dtype, reverse, recurrent_HG, bias_G, projected_TBG, carry):
    def step(carry, projected_BG):
        carry, _ = _advance(dtype, recurrent_HG, bias_G, projected_BG, carry)
        return carry, carry[0]

    last, outputs_TBH = lax.scan(step, carry, projected_TBG, reverse=reverse)
    return outputs_TBH, last


def _lstm_forward(dtype, reverse, recurrent_HG, bias_G, projected_TBG, carry):
    """The loop over time, which keeps gates, cells and outputs of every step for the backward pass.

    The gates overwrite the projected inputs, as their derivatives will overwrite the gates: a
    `scan` would fill a new array with zeros and copy it before its first step, which cost more than
    the products. Cells [T + 1, B, H] start (in reverse: end) with the carry's.
    """
    num_steps = len(projected_TBG)
    empty_TBH = jnp.zeros((num_steps, *carry[0].shape), projected_TBG.dtype)
    cells_SBH = jnp.concatenate(
        [empty_TBH, carry[1][None]] if reverse else [carry[1][None], empty_TBH]
    )

    def step(turn, loop):
        carry, gates_TBG, cells_SBH, outputs_TBH = loop
        index = num_steps - 1 - turn if reverse else turn
        carry, gates_BG = _advance(dtype, recurrent_HG, bias_G, _read(gates_TBG, index), carry)
        cells_SBH = _write(cells_SBH, carry[1], index if reverse else index + 1)
        return (
            carry,
            _write(gates_TBG, gates_BG, index),
            cells_SBH,
            _write(outputs_TBH, carry[0], index),
        )

    last, gates_TBG, cells_SBH, outputs_TBH = lax.fori_loop(
        0, num_steps, step, (carry, projected_TBG, cells_SBH, empty_TBH)
    )
    return (outputs_TBH, last), (recurrent_HG, carry[0], gates_TBG, cells_SBH, outputs_TBH)


def _lstm_backward(dtype, reverse, residuals, cotangents):
    """Backpropagation through time; the gates' derivatives overwrite the gates.

    With dh, dc the derivatives with respect to a step's hidden and cell state, those with respect
    to its gates before activation are dc (i, f, g) or dh (o) times the derivative of the rest. The
    weight gradient, which autodiff would accumulate step by step, is one product over all steps.
    """
    recurrent_HG, hidden_BH, gates_TBG, cells_SBH, outputs_TBH = residuals
    d_outputs_TBH, d_carry = cotangents
    recurrent_GH = recurrent_HG.T
    num_steps, num_cells = len(gates_TBG), recurrent_HG.shape[0]

    def step(turn, loop):
        (d_hidden_BH, d_cell_BH), gates_TBG = loop
        index = turn if reverse else num_steps - 1 - turn
        before, after = (index + 1, index) if reverse else (index, index + 1)
        # One slice per gate: if a gate is cut from the slice of all four, XLA's code is not
        # vectorised.
        i, f, g, o = (
            lax.dynamic_slice(
                gates_TBG,
                (index, 0, gate * num_cells),
                (1, *d_cell_BH.shape),
                allow_negative_indices=False,
            )[0]
            for gate in range(4)
        )
        tanh_cell = jnp.tanh(_read(cells_SBH, after))
        d_hidden_BH += _read(d_outputs_TBH, index)
        d_cell_BH += d_hidden_BH * o * (1 - tanh_cell * tanh_cell)
        # Computed with the derivatives, so that f is read before they overwrite the gates;
        # otherwise XLA would copy the gates of all steps.
        d_before_BH = lax.optimization_barrier(d_cell_BH * f)
        d_gates = (
            d_cell_BH * g * i * (1 - i),
            d_before_BH * _read(cells_SBH, before) * (1 - f),
            d_cell_BH * i * (1 - g * g),
            d_hidden_BH * tanh_cell * o * (1 - o),
        )
        d_gates_BG = jnp.concatenate(d_gates, axis=-1)
        return (product(dtype, d_gates_BG, recurrent_GH), d_before_BH), _write(
            gates_TBG, d_gates_BG, index
        )

    d_carry, d_projected_TBG = lax.fori_loop(0, num_steps, step, (d_carry, gates_TBG))
    ends = (outputs_TBH[1:], hidden_BH[None]) if reverse else (hidden_BH[None], outputs_TBH[:-1])
    # for every step the state of the step that was read before it
    hidden_NH = jnp.concatenate(ends).reshape(-1, num_cells)
    d_projected_NG = d_projected_TBG.reshape(-1, recurrent_HG.shape[1])
    # As a product of two matrices: over two axes at once it takes XLA twice as long on a CPU.
    return (
        product(dtype, hidden_NH.T, d_projected_NG),
        d_projected_NG.sum(axis=0),
        d_projected_TBG,
        d_carry,
    )


_lstm.defvjp(_lstm_forward, _lstm_backward)


def _read(array_TBX, index):
    return lax.dynamic_index_in_dim(array_TBX, index, keepdims=False, allow_negative_indices=False)


def _write(array_TBX, value_BX, index):
    return lax.dynamic_update_index_in_dim(
        array_TBX, value_BX, index, 0, allow_negative_indices=False
    )
