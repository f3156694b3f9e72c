"""One LSTM layer (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000) with
a backward pass of its own.

    i, f, o = sigmoid, g = tanh of  x W + b + h' R,      c = f c' + i g,      h = o tanh(c)

where h', c' are the step before. The gates lie side by side in the order i, f, g, o, as in
`flax.linen.OptimizedLSTMCell`. The input projection x W of all steps at once is the caller's:
outside of the loop it is one large product or, for a one-hot input, a gather of rows. The bias is
added in the loop, where it costs nothing, and not in a pass of its own over all steps.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

Params = dict[str, jax.Array]  # 'input' [I, G], 'recurrent' [H, G], 'bias' [G]
Carry = tuple[jax.Array, jax.Array]  # hidden_BH and cell_BH after a step


def init_lstm(key: jax.Array, input_size: int, num_cells: int) -> Params:
    """Glorot-uniform input weights, an orthogonal recurrent matrix per gate, a forget bias of 1
    (Jozefowicz et al., 2015).

    The gates' matrices are drawn in a loop, which compiles one orthogonal initialiser and not four.
    Under `jit(vmap(...))` several of them can hang: use `lax.map` over replicas.
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


def init_lstm_carry(batch: int, num_cells: int, dtype=jnp.float32) -> Carry:
    """The zero state before the first step, two arrays [B, H]."""
    return jnp.zeros((batch, num_cells), dtype), jnp.zeros((batch, num_cells), dtype)


def lstm_step(params: Params, projected_BG: jax.Array, carry: Carry) -> tuple[jax.Array, Carry]:
    """One step: `(hidden_BH, carry)` of the projected input x W [B, G] and the carry of the step
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
    """All steps: `(outputs_TBH, carry)` of the projected inputs x W [T, B, G].

    Args:
      params: of the layer; 'input' has been used already and may be absent.
      projected_TBG: every step's product with 'input'.
      carry: the state before the first step read, zeros if None.
      reverse: read from the last step to the first; outputs stay in their places, and the final
        carry is that of step 0.
      kernel: 'scan', a loop of XLA's, or 'fused', one kernel for all steps (`fused`; ValueError
        where the layer is too large for it).
      dtype: what the operands of the loop's products are rounded to; all else, the sums and the
        state too, stays in `projected_TBG`'s.

    Gradients (reverse mode only) are those of autodiff, to all three arguments; see
    `_lstm_backward`.
    """
    recurrent_HG, bias_G = params['recurrent'], params['bias']
    if carry is None:
        carry = init_lstm_carry(projected_TBG.shape[1], recurrent_HG.shape[0], projected_TBG.dtype)
    if kernel == 'fused':
        # not above: Pallas takes a tenth of a second to import, and few want it
        from symmusic.model.fused import fused_lstm

        return fused_lstm(dtype, reverse, recurrent_HG, projected_TBG + bias_G, carry)
    return _lstm(dtype, reverse, recurrent_HG, bias_G, projected_TBG, carry)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def product(dtype: str, left_NH: jax.Array, right_HG: jax.Array) -> jax.Array:
    """`left_NH @ right_HG` of operands rounded to `dtype`, 'float32' being as they are, summed up
    in their own; so is its gradient.
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
    """The product of any axes of states and a matrix, as one of two matrices: the weights' gradient
    over several axes at once takes XLA a third longer on a CPU. Operands are rounded to `dtype`.
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
    # Without the barrier XLA computes gates anew for each of their uses: 3 times as long for
    # outputs alone.
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

    The gates take the place of the projected inputs, as the gates' derivatives will take theirs: a
    `scan` would fill a new array with zeros and copy it before its first step, which cost more than
    the products. Cells [T + 1, B, H] begin, or in reverse end, with the carry's.
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
    """Backpropagation through time; the gates' derivatives take the place of the gates.

    With dh, dc the derivatives to a step's hidden and cell state, those to its gates before
    activation are dc (i, f, g) or dh (o) times the derivative of the rest. The weight gradient,
    which autodiff would sum up step by step, is one product over all steps.
    """
    recurrent_HG, hidden_BH, gates_TBG, cells_SBH, outputs_TBH = residuals
    d_outputs_TBH, d_carry = cotangents
    recurrent_GH = recurrent_HG.T
    num_steps, num_cells = len(gates_TBG), recurrent_HG.shape[0]

    def step(turn, loop):
        (d_hidden_BH, d_cell_BH), gates_TBG = loop
        index = turn if reverse else num_steps - 1 - turn
        before, after = (index + 1, index) if reverse else (index, index + 1)
        # One slice for each gate: where one is cut from the slice of all four, XLA computes with
        # one number at a time.
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
        # A part of the derivatives, so that f is read before they are written over the gates; else
        # XLA would copy the gates of all steps.
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
    # every step's state of the step read before it
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
