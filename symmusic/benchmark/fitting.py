"""Training of the benchmark's network on the melodies of a fold."""

import dataclasses
import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax

from symmusic.benchmark.network import Shape, init_network, losses, score
from symmusic.benchmark.notes import Steps, pack, read_melody


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained. Settings were chosen on validation melodies of set 3.

    Attributes:
      num_epochs: at most.
      patience: epochs without a better validation loss after which training ends.
      num_rows: of `ROW_STEPS` in an update.
      learning_rate: of Adam.
      weight_decay: decoupled, of Adam.
      averaging: of the moving average of the parameters, which is what is validated and kept.
      most_shift: a training melody is transposed by up to this many semitones either way,
      shifted_share: with this probability, drawn anew in each epoch.
      num_cells: of the LSTM.
    """

    num_epochs: int = 90
    patience: int = 10
    num_rows: int = 4
    learning_rate: float = 0.004
    weight_decay: float = 0.01
    averaging: float = 0.98
    most_shift: int = 5
    shifted_share: float = 0.5
    num_cells: int = 128

    def shape(self, num_pitches: int, num_given: int) -> Shape:
        """The shape of the network that is trained."""
        return Shape(num_pitches, self.num_cells, num_given=num_given)


@dataclasses.dataclass(frozen=True)
class TransformerRecipe(Recipe):
    """How a Transformer is trained, and its sizes and rates of dropout (`network.Shape`)."""

    learning_rate: float = 0.001
    weight_decay: float = 0.1
    num_cells: int = 64
    num_layers: int = 2
    num_heads: int = 4
    dropout_rate: float = 0.5
    input_dropout_rate: float = 0.1
    layer_dropout_rate: float = 0.2

    def shape(self, num_pitches: int, num_given: int) -> Shape:
        return Shape(
            num_pitches,
            self.num_cells,
            embedding_size=self.num_cells,
            dropout_rate=self.dropout_rate,
            input_dropout_rate=self.input_dropout_rate,
            num_given=num_given,
            num_layers=self.num_layers,
            num_heads=self.num_heads,
            layer_dropout_rate=self.layer_dropout_rate,
        )


# The same for all sets, so that one program serves them.
NUM_PITCHES = 64  # semitones from the lowest pitch of a set, transposed, to the highest
ROW_STEPS = 192  # the longest melody has 185 notes
HELD_OUT_ROWS = 8  # enough rows for all validation melodies of a fold
# rows hold this share of a set's notes: a fold trains on 0.81 of them, and almost all fit
ROOM = 0.87


@dataclasses.dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network and the mean square `rms` of its parameters' last gradients."""

    params: dict
    rms: dict
    validation_bits: float
    num_epochs: int


class Reader:
    """The steps of melodies over `NUM_PITCHES` semitones from `most_shift` below a set's lowest
    pitch, or `lowest`, on. `given` are classes [L, G] of each melody's notes, of `num_given`.

    Raises:
      ValueError: the set needs more semitones, or a melody more steps than a row has.
    """

    def __init__(
        self,
        pitches: np.ndarray,
        melodies: Sequence[np.ndarray],
        most_shift: int,
        given: Sequence[np.ndarray] | None = None,
        num_given: int = 0,
        lowest: int | None = None,
    ):
        lowest = pitches[0] if lowest is None else lowest
        self.places = pitches - lowest + most_shift  # [V] of the set's pitches
        self._melodies = [self.places[melody] for melody in melodies]
        if self.places[-1] + most_shift >= NUM_PITCHES or max(map(len, melodies)) > ROW_STEPS:
            raise ValueError(
                f'a set has more than {NUM_PITCHES} semitones, or a melody {ROW_STEPS} notes'
            )
        self._read = functools.cache(
            lambda index, shift: read_melody(
                self._melodies[index], NUM_PITCHES, shift, given and given[index]
            )
        )
        self.num_given = num_given
        self.num_notes = sum(map(len, self._melodies))

    def __len__(self) -> int:
        return len(self._melodies)

    def shape(self, recipe: Recipe) -> Shape:
        """The shape of a network that reads these steps."""
        return recipe.shape(NUM_PITCHES, self.num_given)

    def steps(self, index: int, shift: int = 0) -> Steps:
        """The steps of a melody, given by its number in the set, transposed by semitones."""
        return self._read(index, shift)

    def pack(
        self, steps: Sequence[Steps], num_rows: int, row_steps: int = ROW_STEPS
    ) -> dict[str, np.ndarray]:
        """Rows [B, T] of melodies."""
        return pack(steps, num_rows, row_steps, NUM_PITCHES).arrays()

    def absent(self) -> np.ndarray:
        """What is added to logits [NUM_PITCHES], so that only the set's pitches are possible."""
        added = np.full(NUM_PITCHES, -np.inf, np.float32)
        added[self.places] = 0
        return added


def fit(
    reader: Reader,
    train: Sequence[int],
    validation: Sequence[int],
    recipe: Recipe,
    rng: np.random.Generator,
    key: jax.Array,
    start: dict | None = None,
) -> Fitted:
    """Trains on the melodies `train` until the loss on those in `validation` stops falling; starts
    from the parameters `start` or, if None, from random ones.
    """
    shape = reader.shape(recipe)
    num_updates = -(-int(ROOM * reader.num_notes) // (ROW_STEPS * recipe.num_rows))
    held_out = reader.pack([reader.steps(index) for index in validation], HELD_OUT_ROWS)
    num_targets = int((held_out['target'] >= 0).sum())
    init_key, key = jax.random.split(key)
    params = init_network(init_key, shape) if start is None else start
    state = (params, params, _optimizer(recipe).init(params))
    best, best_epoch, kept = np.inf, 0, state
    for epoch in range(recipe.num_epochs):
        epoch_key = jax.random.fold_in(key, epoch)
        rows = _draw(reader, train, recipe, num_updates, rng)
        for turn in range(num_updates):
            batch = {name: each[turn] for name, each in rows.items()}
            state = _update(state, batch, jax.random.fold_in(epoch_key, turn), shape, recipe)
        nats = float(_total(state[1], held_out, reader.absent(), shape))
        bits = nats / num_targets / np.log(2)
        if bits < best:
            best, best_epoch, kept = bits, epoch, state
        if epoch - best_epoch >= recipe.patience:
            break
    return Fitted(kept[1], optax.tree_utils.tree_get(kept[2], 'nu'), best, best_epoch + 1)


def predict(params: dict, reader: Reader, indices: Sequence[int], shape: Shape) -> list[np.ndarray]:
    """The log probabilities [L - 1, V] of the set's pitches at each note but the first of
    melodies.
    """
    found = []
    for begin in range(0, len(indices), HELD_OUT_ROWS):
        part = [reader.steps(index) for index in indices[begin : begin + HELD_OUT_ROWS]]
        padded = part + part[:1] * (HELD_OUT_ROWS - len(part))
        rows = [reader.pack([steps], 1) for steps in padded]
        joined = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
        logs_BTV = np.asarray(_logs(params, joined, reader.absent(), shape))[..., reader.places]
        found += [
            logs_TV[1 : len(steps.target)] for steps, logs_TV in zip(part, logs_BTV, strict=False)
        ]
    return found


@functools.partial(jax.jit, static_argnames='shape')
def _logs(params, steps, absent, shape):
    return jax.nn.log_softmax(score(params, steps, shape) + absent)


@functools.partial(jax.jit, static_argnames='shape')
def _total(params, steps, absent, shape):
    """The nats of all targets among the set's pitches."""
    logits_BTV = score(params, steps, shape)
    log_sums_BT = jax.nn.logsumexp(logits_BTV + absent, axis=-1)
    hot_BTV = jax.nn.one_hot(steps['target'], logits_BTV.shape[-1])
    is_target_BT = steps['target'] >= 0
    return (is_target_BT * log_sums_BT).sum() - (hot_BTV * logits_BTV).sum()


def _draw(
    reader: Reader,
    train: Sequence[int],
    recipe: Recipe,
    num_updates: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """The rows [U, B, T] of one epoch's updates, in a new random order and with new
    transpositions.
    """
    order = rng.permutation(np.asarray(train))
    shifts = rng.integers(-recipe.most_shift, recipe.most_shift + 1, len(order))
    shifts = np.where(rng.random(len(order)) < recipe.shifted_share, shifts, 0)
    steps = [
        reader.steps(index, shift)
        for index, shift in zip(order.tolist(), shifts.tolist(), strict=True)
    ]
    rows = reader.pack(steps, num_updates * recipe.num_rows)
    return {name: each.reshape(-1, recipe.num_rows, *each.shape[1:]) for name, each in rows.items()}


def _optimizer(recipe: Recipe) -> optax.GradientTransformation:
    return optax.adamw(recipe.learning_rate, b2=0.99, weight_decay=recipe.weight_decay)


@functools.partial(jax.jit, static_argnames=('shape', 'recipe'))
def _update(state, batch, key, shape, recipe):
    params, average, inner = state

    def mean_loss(params):
        nats_BT = losses(score(params, batch, shape, key), batch)
        return nats_BT.sum() / jnp.maximum((batch['target'] >= 0).sum(), 1)

    slopes = jax.grad(mean_loss)(params)
    changes, inner = _optimizer(recipe).update(slopes, inner, params)
    params = optax.apply_updates(params, changes)
    share = recipe.averaging
    average = jax.tree.map(lambda old, new: share * old + (1 - share) * new, average, params)
    return params, average, inner
