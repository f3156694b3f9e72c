"""One update and its loss, as pure functions."""

import dataclasses
import functools
from collections.abc import Mapping

import jax
import jax.flatten_util
import jax.numpy as jnp
import optax

from symmusic.model.model import Architecture, Params, apply_all, apply_last
from symmusic.streams import Stream, random_key
from symmusic.training.batch import Batch, Data, gather, open_gaps, tell_form, transpose
from symmusic.training.state import Recipe, TrainState


def target_losses(
    params: Params,
    batch: Batch,
    architecture: Architecture,
    targets: str,
    keys_B: jax.Array | None = None,
    label_smoothing: float = 0.0,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The loss of every target in nats, its loss against smoothed labels, and its weight: three
    arrays [B] or [B, S-1].

    With `targets` 'last' the window's first S-1 steps predict its last one; with 'all' each step
    predicts the next; with 'gap' likewise, knowing what follows the gap. The weight is 0 where
    there is no target: before the first one, after the gap, in a filler row, at a blank. Label
    smoothing spreads a share of the target's probability uniformly over all classes (Szegedy et
    al., 2016); without it the first two arrays are equal. `keys_B` are consumed by dropout; None =
    no dropout.
    """
    inputs_BT, positions_BT = batch.tokens_BS[:, :-1], batch.positions_BS[:, :-1]
    left_BT2 = None if batch.left_BS2 is None else batch.left_BS2[:, 1:]
    num_steps = batch.tokens_BS.shape[1]
    if targets == 'last':
        logits_BV, _ = apply_last(params, inputs_BT, positions_BT, architecture, keys_B, left_BT2)
        losses_B, smoothed_B = _cross_entropy(logits_BV, batch.tokens_BS[:, -1], label_smoothing)
        is_target_B = (batch.num_padding_B < num_steps) & (
            batch.tokens_BS[:, -1] < architecture.num_classes
        )
        return losses_B, smoothed_B, is_target_B.astype(losses_B.dtype)
    is_music_BT = jnp.arange(num_steps - 1) >= batch.num_padding_B[:, None]
    labels_BT, steps_T = batch.tokens_BS[:, 1:], jnp.arange(1, num_steps)
    is_before_BT = steps_T < batch.end_B[:, None]
    future_BT = (
        jnp.where(is_before_BT, architecture.num_classes, labels_BT) if targets == 'gap' else None
    )
    logits_BTV, _ = apply_all(
        params,
        inputs_BT,
        positions_BT,
        architecture,
        keys_B,
        mask_BT=is_music_BT,
        future_BT=future_BT,
        left_BT2=left_BT2,
    )
    losses_BT, smoothed_BT = _cross_entropy(logits_BTV, labels_BT, label_smoothing)
    is_target_BT = (
        (steps_T >= batch.first_target_B[:, None])
        & is_before_BT
        & (labels_BT < architecture.num_classes)
    )
    return losses_BT, smoothed_BT, is_target_BT.astype(losses_BT.dtype)


def _cross_entropy(logits_V, labels, smoothing):
    # A blank, one past the last class, is not a target: its loss has weight 0 but must be finite.
    losses = optax.softmax_cross_entropy_with_integer_labels(
        logits_V, jnp.minimum(labels, logits_V.shape[-1] - 1)
    )
    if not smoothing:
        return losses, losses
    # the cross entropy against the uniform distribution
    uniform = jax.nn.logsumexp(logits_V, axis=-1) - logits_V.mean(axis=-1)
    return losses, (1 - smoothing) * losses + smoothing * uniform


@functools.partial(
    jax.jit, static_argnames=('architecture', 'recipe', 'axis'), donate_argnames='state'
)
def update(
    state: TrainState,
    data: Data,
    rows_B: jax.Array,
    *,
    architecture: Architecture,
    recipe: Recipe,
    axis: str | None = None,
) -> tuple[TrainState, jax.Array]:
    """One update on the windows `rows_B`: the state after it and the batch's loss in nats per
    target. The given state is consumed.

    If the loss or a gradient is not finite, nothing is updated, and the loss and `epoch_nats`
    become NaN. Later updates then change nothing either, so the state stays the one before that
    update, no matter when the loss is checked.

    Within `shard_map`, `axis` names the axis of devices that each hold a part of the batch. All of
    them reach the same state by a single sum over devices: several sums at a time can block one
    another on a CPU.
    """
    part, num_parts = (jax.lax.axis_index(axis), jax.lax.axis_size(axis)) if axis else (0, 1)
    keys = jax.random.split(jax.random.fold_in(state.key, state.step), num_parts * len(rows_B))
    keys_B = jax.lax.dynamic_slice_in_dim(keys, part * len(rows_B), len(rows_B))
    batch = transpose(gather(data, rows_B), keys_B, recipe, architecture.num_classes)
    if recipe.targets == 'gap':
        batch = open_gaps(batch, keys_B, data.bars, recipe.gap_share)
    if architecture.left_sizes:
        batch = tell_form(batch, data, rows_B, keys_B)
    architecture = dataclasses.replace(
        architecture, kernel=recipe.kernel, product_dtype=recipe.product_dtype
    )

    def objective(params):
        losses, smoothed, weights = target_losses(
            params, batch, architecture, recipe.targets, keys_B, recipe.label_smoothing
        )
        return (smoothed * weights).sum(), ((losses * weights).sum(), weights.sum())

    (_, sums), gradients = jax.value_and_grad(objective, has_aux=True)(state.params)
    if num_parts > 1:
        flat, restore = jax.flatten_util.ravel_pytree((sums, gradients))
        sums, gradients = restore(jax.lax.psum(flat, axis))
    nats, num_targets = sums
    gradients = optax.tree.scale(1 / jnp.maximum(num_targets, 1), gradients)
    is_finite = jnp.isfinite(state.epoch_nats + nats + optax.tree.norm(gradients))
    updates, optimizer_state = recipe.optimizer().update(
        gradients, state.optimizer_state, state.params
    )
    updates = optax.tree.scale(recipe.rate_factor(state.step, state.plateau_state), updates)
    params = optax.apply_updates(state.params, updates)
    changed = {
        'params': params,
        'average_params': _averaged(state, params, recipe.average_decay),
        'optimizer_state': optimizer_state,
        'step': state.step + 1,
        'epoch_targets': state.epoch_targets + num_targets,
    }
    nats = jnp.where(is_finite, nats, jnp.nan)
    state = _replace_if(is_finite, state, changed).replace(epoch_nats=state.epoch_nats + nats)
    return state, nats / jnp.maximum(num_targets, 1)


def _replace_if(condition: jax.Array, state: TrainState, changed: Mapping) -> TrainState:
    """The state with the changed fields if the condition holds, else unchanged."""
    return state.replace(
        **{
            name: jax.tree.map(
                lambda new, old: jnp.where(condition, new, old), new, getattr(state, name)
            )
            for name, new in changed.items()
        }
    )


def _averaged(state: TrainState, params: Params, decay: float) -> Params:
    """The exponential moving average of the parameters (Polyak and Juditsky, 1992), with a lower
    decay in the first updates.
    """
    decay = jnp.minimum(decay, (1 + state.step) / (10 + state.step))
    return jax.tree.map(
        lambda average, new: new + decay * (average - new), state.average_params, params
    )


@functools.partial(jax.jit, static_argnames=('architecture', 'targets'))
def held_out_nats(
    params: Params, data: Data, rows_B: jax.Array, *, architecture: Architecture, targets: str
) -> tuple[jax.Array, jax.Array]:
    """The sum of the losses of some windows in nats, without dropout, and the number of their
    targets. A row always has the same gap. The bars left are not given.
    """
    batch = gather(data, rows_B)
    if targets == 'gap':
        batch = open_gaps(
            batch,
            jax.vmap(jax.random.fold_in, (None, 0))(random_key(0, Stream.HELD_OUT_GAPS), rows_B),
            data.bars,
        )
    losses, _, weights = target_losses(params, batch, architecture, targets)
    return (losses * weights).sum(), weights.sum()


@functools.partial(jax.jit, static_argnames=('recipe',), donate_argnames='state')
def end_epoch(state: TrainState, validation_loss: jax.Array, *, recipe: Recipe) -> TrainState:
    """Updates the best parameters, the plateau and early stopping with the epoch's validation loss.
    The given state is consumed.
    """
    epoch = state.epoch + 1
    better = validation_loss < state.best_loss
    _, plateau_state = recipe.plateau().update({}, state.plateau_state, value=validation_loss)
    num_waited = jnp.where(better, 0, state.num_waited + 1)
    patience = recipe.early_stopping_epochs
    return state.replace(
        plateau_state=plateau_state,
        epoch=epoch,
        epoch_nats=jnp.zeros_like(state.epoch_nats),
        epoch_targets=jnp.zeros_like(state.epoch_targets),
        best_params=jax.tree.map(
            lambda new, old: jnp.where(better, new, old), state.average_params, state.best_params
        ),
        best_loss=jnp.minimum(validation_loss, state.best_loss),
        best_epoch=jnp.where(better, epoch, state.best_epoch),
        num_waited=num_waited,
        stopped=state.stopped | ((num_waited >= patience) if patience else False),
    )
