"""The whole state of a training run as one pytree; nothing else is needed to continue it."""

import dataclasses

import flax.struct
import jax
import jax.numpy as jnp
import optax

from symmusic.model.model import Architecture, Params, init_params


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How to train; hashable, a static argument of `jit`. Its fields are those of `config.train`
    with the same names, with epochs converted to updates. Where there is a default, it turns
    something off.
    """

    targets: str
    learning_rate: float
    clip_norm: float
    plateau_factor: float
    plateau_patience: int
    plateau_threshold: float
    gap_share: float = 1.0
    warmup_updates: int = 0
    cosine_updates: int = 0  # 0 = plateau schedule
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    # lowest and highest number of semitones by which a window is transposed each time it is read
    transpositions: tuple[int, int] = (0, 0)
    # the class of the vocabulary's lowest pitch; classes before it and after the last pitch are not
    # transposed
    first_pitch: int = 0
    average_decay: float = 0.0
    early_stopping_epochs: int = 0
    kernel: str = 'scan'
    product_dtype: str = 'float32'

    @property
    def left_to_right(self) -> bool:
        """Whether the model learns to predict every step from the steps before it alone."""
        return self.targets == 'all' or self.both

    @property
    def both(self) -> bool:
        """Whether the model learns both that and to fill gaps."""
        return self.targets == 'gap' and self.gap_share < 1

    def optimizer(self) -> optax.GradientTransformation:
        """Adam (Kingma and Ba, 2015) on gradients clipped by their global norm (Pascanu et al.,
        2013).

        A weight decay above 0 is decoupled from Adam's moments (Loshchilov and Hutter, 2019).
        """
        clip = optax.clip_by_global_norm(self.clip_norm) if self.clip_norm else optax.identity()
        return optax.chain(clip, optax.adamw(self.learning_rate, weight_decay=self.weight_decay))

    def rate_factor(self, step: jax.Array, plateau_state: optax.OptState) -> jax.Array:
        """The factor of the learning rate at update `step` (from 0): a linear warm-up, times half a
        cosine from 1 to 0 (Loshchilov and Hutter, 2017) or, without one, the plateau's scale.
        """
        factor = (
            optax.schedules.cosine_decay_schedule(1.0, self.cosine_updates)(step)
            if self.cosine_updates
            else plateau_state.scale
        )
        return (
            factor * jnp.minimum(1.0, (step + 1) / self.warmup_updates)
            if self.warmup_updates
            else factor
        )

    def plateau(self) -> optax.GradientTransformationExtraArgs:
        """The plateau schedule. It is updated once per epoch, and its scale is applied after Adam:
        before Adam it would have no effect.
        """
        return optax.contrib.reduce_on_plateau(
            self.plateau_factor,
            self.plateau_patience,
            rtol=0.0,
            atol=self.plateau_threshold,
            accumulation_size=1,
        )


@flax.struct.dataclass
class TrainState:
    """A run between two updates. Every leaf is an array; `training.replicas` adds a leading axis R
    to all of them.
    """

    params: Params
    # moving average of the parameters over the updates, used for evaluation and sampling
    average_params: Params
    optimizer_state: optax.OptState
    plateau_state: optax.OptState  # its `scale` is the learning rate's factor
    key: jax.Array  # for dropout: update n draws with fold_in(key, n)
    step: jax.Array  # updates done
    epoch: jax.Array  # epochs finished
    epoch_nats: jax.Array  # sum of the losses of this epoch's targets so far
    epoch_targets: jax.Array  # the number of these targets
    best_params: Params  # the moving average with the lowest validation loss so far
    best_loss: jax.Array
    best_epoch: jax.Array  # counted from 1; 0 = none yet
    num_waited: jax.Array  # epochs since the best one, or since a stopped run was resumed
    stopped: jax.Array  # whether early stopping has ended the run


def init_state(key: jax.Array, architecture: Architecture, recipe: Recipe) -> TrainState:
    """A run before its first update; `key` is consumed by the initialisation of the parameters and
    by dropout.
    """
    params_key, dropout_key = jax.random.split(key)
    params = init_params(params_key, architecture)
    return TrainState(
        params=params,
        # a copy: a donated state must not hold the same buffer twice
        average_params=jax.tree.map(jnp.copy, params),
        optimizer_state=recipe.optimizer().init(params),
        plateau_state=recipe.plateau().init(params),
        key=dropout_key,
        step=jnp.zeros((), jnp.int32),
        epoch=jnp.zeros((), jnp.int32),
        epoch_nats=jnp.zeros(()),
        epoch_targets=jnp.zeros(()),
        best_params=jax.tree.map(jnp.copy, params),
        best_loss=jnp.array(jnp.inf),
        best_epoch=jnp.zeros((), jnp.int32),
        num_waited=jnp.zeros((), jnp.int32),
        stopped=jnp.zeros((), bool),
    )
