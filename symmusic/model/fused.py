"""The loop over time of one LSTM layer as one kernel (Pallas), and its backward pass as another.

XLA launches several kernels in every iteration of a loop, and on a GPU a small layer spends most of
its time on these launches. Here one kernel runs through all steps for some rows of the batch: the
recurrent weights are read once and stay on the chip with the rows' state. The equations, the order
of the gates and what is kept for the backward pass are those of `lstm`. Cells are padded to a power
of two and rows to whole blocks, as the kernel compilers require. The padding is zeros, whose cells
stay 0.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

ROWS = 16  # rows of the batch per block: the fewest that the matrix units of GPUs take
# bytes of recurrent weights that stay on the chip: half of a GPU's registers per multiprocessor
MOST_BYTES = 128 * 1024


def fits(num_cells: int, dtype: str) -> bool:
    """Whether the recurrent weights of a layer fit on the chip: those of up to 64 cells in
    'float32', 128 in 'bfloat16'.
    """
    return 4 * _width(num_cells) ** 2 * jnp.dtype(dtype).itemsize <= MOST_BYTES


def fused_lstm(
    dtype: str, reverse: bool, recurrent_HG: jax.Array, projected_TBG: jax.Array, carry: tuple
) -> tuple:
    """`lstm.lstm` with all arguments given. On a CPU the kernels are interpreted, for tests.

    Raises:
      ValueError: the layer does not fit on the chip.
    """
    num_cells, num_rows = recurrent_HG.shape[0], projected_TBG.shape[1]
    if not fits(num_cells, dtype):
        raise ValueError(f'layers of {num_cells} cells do not fit on the chip in {dtype}')
    more_cells, more_rows = _width(num_cells) - num_cells, -num_rows % ROWS
    recurrent_HG = _fill(recurrent_HG, 4, more_cells, more_cells)
    projected_TBG = _fill(projected_TBG, 4, more_rows, more_cells)
    carry = tuple(_fill(state_BH, 1, more_rows, more_cells) for state_BH in carry)
    outputs_TBH, last = _fused(dtype, reverse, recurrent_HG, projected_TBG, carry)
    return outputs_TBH[:, :num_rows, :num_cells], tuple(
        state_BH[:num_rows, :num_cells] for state_BH in last
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _fused(dtype, reverse, recurrent_HG, projected_TBG, carry):
    return _fused_forward(dtype, reverse, recurrent_HG, projected_TBG, carry)[0]


def _fused_forward(dtype, reverse, recurrent_HG, projected_TBG, carry):
    num_steps, num_rows, num_cells = *projected_TBG.shape[:2], recurrent_HG.shape[0]

    def kernel(recurrent, projected, hidden, cell, outputs, gates, cells, last_hidden, last_cell):
        weights = [recurrent[:, gate] for gate in _gates(num_cells)]

        def step(index, state):
            hidden_BH, cell_BH = state
            index = num_steps - 1 - index if reverse else index
            rounded_BH = hidden_BH.astype(dtype)
            before = [
                projected[index, :, gate] + _dot(rounded_BH, weight_HH)
                for gate, weight_HH in zip(_gates(num_cells), weights, strict=True)
            ]
            i, f, o = (jax.nn.sigmoid(before[gate]) for gate in (0, 1, 3))
            g = jnp.tanh(before[2])
            cell_BH = f * cell_BH + i * g
            hidden_BH = o * jnp.tanh(cell_BH)
            for gate, after_BH in zip(_gates(num_cells), (i, f, g, o), strict=True):
                gates[index, :, gate] = after_BH
            cells[index], outputs[index] = cell_BH, hidden_BH
            return hidden_BH, cell_BH

        last_hidden[:, :], last_cell[:, :] = lax.fori_loop(
            0, num_steps, step, (hidden[:, :], cell[:, :])
        )

    shapes = {'T': num_steps, 'B': num_rows, 'H': num_cells, 'G': 4 * num_cells}
    outputs_TBH, gates_TBG, cells_TBH, *last = _call(
        kernel,
        shapes,
        ('HG', 'TBG', 'BH', 'BH'),
        ('TBH', 'TBG', 'TBH', 'BH', 'BH'),
        recurrent_HG.astype(dtype),
        projected_TBG,
        *carry,
    )
    return (outputs_TBH, tuple(last)), (recurrent_HG, carry, gates_TBG, cells_TBH, outputs_TBH)


def _fused_backward(dtype, reverse, residuals, cotangents):
    recurrent_HG, (hidden_BH, cell_BH), gates_TBG, cells_TBH, outputs_TBH = residuals
    d_outputs_TBH, d_last = cotangents
    num_steps, num_rows, num_cells = outputs_TBH.shape

    def kernel(
        recurrent_GH,
        gates,
        cells,
        first_cell,
        d_outputs,
        d_last_hidden,
        d_last_cell,
        d_projected,
        d_hidden,
        d_cell,
    ):
        weights = [recurrent_GH[gate, :] for gate in _gates(num_cells)]

        def step(index, state):
            d_hidden_BH, d_cell_BH = state
            index = index if reverse else num_steps - 1 - index
            before = index + 1 if reverse else index - 1  # the step that was read before
            is_first = (before == num_steps) | (before < 0)
            previous_BH = jnp.where(
                is_first, first_cell[:, :], cells[jnp.clip(before, 0, num_steps - 1)]
            )
            i, f, g, o = (gates[index, :, gate] for gate in _gates(num_cells))
            tanh_cell = jnp.tanh(cells[index])
            d_hidden_BH += d_outputs[index]
            d_cell_BH += d_hidden_BH * o * (1 - tanh_cell * tanh_cell)
            d_gates = (
                d_cell_BH * g * i * (1 - i),
                d_cell_BH * previous_BH * f * (1 - f),
                d_cell_BH * i * (1 - g * g),
                d_hidden_BH * tanh_cell * o * (1 - o),
            )
            for gate, d_gate_BH in zip(_gates(num_cells), d_gates, strict=True):
                d_projected[index, :, gate] = d_gate_BH
            d_hidden_BH = sum(
                _dot(d_gate_BH.astype(dtype), weight_HH)
                for d_gate_BH, weight_HH in zip(d_gates, weights, strict=True)
            )
            return d_hidden_BH, d_cell_BH * f

        d_hidden[:, :], d_cell[:, :] = lax.fori_loop(
            0, num_steps, step, (d_last_hidden[:, :], d_last_cell[:, :])
        )

    shapes = {'T': num_steps, 'B': num_rows, 'H': num_cells, 'G': 4 * num_cells}
    inputs = recurrent_HG.T.astype(dtype), gates_TBG, cells_TBH, cell_BH, d_outputs_TBH, *d_last
    names = ('GH', 'TBG', 'TBH', 'BH', 'TBH', 'BH', 'BH')
    d_projected_TBG, *d_carry = _call(kernel, shapes, names, ('TBG', 'BH', 'BH'), *inputs)
    ends = (outputs_TBH[1:], hidden_BH[None]) if reverse else (hidden_BH[None], outputs_TBH[:-1])
    # for every step the state of the step that was read before it
    hidden_NH = jnp.concatenate(ends).reshape(-1, num_cells)
    d_recurrent_HG = _dot(
        hidden_NH.T.astype(dtype), d_projected_TBG.reshape(-1, 4 * num_cells).astype(dtype)
    )
    return d_recurrent_HG, d_projected_TBG, tuple(d_carry)


_fused.defvjp(_fused_forward, _fused_backward)


def _call(kernel, shapes, inputs, outputs, *arrays):
    """Calls the kernel on blocks of rows. Arrays are named by their axes: each block has its own
    rows of axis B and the whole of every other axis.
    """

    def block(axes):
        row = axes.find('B')
        index = lambda number: tuple(number if axis == row else 0 for axis in range(len(axes)))
        return pl.BlockSpec(tuple(ROWS if axis == 'B' else shapes[axis] for axis in axes), index)

    return pl.pallas_call(
        kernel,
        grid=(shapes['B'] // ROWS,),
        in_specs=[block(axes) for axes in inputs],
        out_specs=[block(axes) for axes in outputs],
        out_shape=[
            jax.ShapeDtypeStruct(tuple(shapes[axis] for axis in axes), jnp.float32)
            for axes in outputs
        ],
        # Triton reads each step of a block when it gets there; the other GPU compiler would copy
        # whole blocks to the chip.
        compiler_params=(
            triton.CompilerParams(num_warps=8) if jax.default_backend() == 'gpu' else None
        ),
        interpret=jax.default_backend() == 'cpu',
    )(*arrays)


def _gates(num_cells):
    return [pl.ds(gate * num_cells, num_cells) for gate in range(4)]


def _dot(left, right):
    return jnp.dot(left, right, preferred_element_type=jnp.float32)


def _fill(array, num_blocks, more_rows, more_cells):
    """The array with rows of zeros added, and zeros added to the end of each of the equal blocks of
    its last axis.
    """
    *axes, num_rows, size = array.shape
    blocks = array.reshape(*axes, num_rows, num_blocks, size // num_blocks)
    widths = [(0, 0)] * len(axes) + [(0, more_rows), (0, 0), (0, more_cells)]
    return jnp.pad(blocks, widths).reshape(*axes, num_rows + more_rows, -1)


def _width(num_cells):
    return max(ROWS, 1 << (num_cells - 1).bit_length())
