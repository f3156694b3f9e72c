"""A corpus of random tunes, a tiny architecture, and runs of the training loop on them."""

import contextlib
import dataclasses
import signal

import jax
import numpy as np
import pytest

from symmusic.config.fields import FIELDS
from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import cut_windows
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.model.model import Architecture
from symmusic.training import loop, session
from symmusic.training.card import Card
from symmusic.training.replicas import init_replicas, initial_keys
from symmusic.training.state import Recipe

VOCABULARY = MelodyVocabulary(60, 64)  # 7 classes
ARCHITECTURE = Architecture(
    VOCABULARY.num_classes, num_layers=1, num_cells=4, dropout_rate=0.4, num_positions=16
)


def make_recipe(**changes):
    """The recipe of the default config with some fields changed."""
    train = {name.removeprefix('train.'): field.default for name, field in FIELDS.items()}
    names = [field.name for field in dataclasses.fields(Recipe)]
    return Recipe(**({name: train[name] for name in names if name in train} | changes))


RECIPE = make_recipe(targets='all', learning_rate=0.02, plateau_patience=1, plateau_threshold=0.05)
BATCH_SIZE = 4
NUM_WINDOWS = 10  # of training: 3 updates an epoch, the last with two filler rows


def make_windows(num, seed, num_steps=9):
    """`num` windows of a random melody that mostly walks up and down, the first of them padded by 3
    steps.
    """
    rng = np.random.default_rng(seed)
    short, long = (
        rng.choice([-2, -2, -1, 60, 61, 62, 63, 64], n).astype(np.int8)
        for n in (num_steps - 3, num_steps + 4 * (num - 2))
    )
    return cut_windows(
        [Tune('short', phrases=(short,)), Tune('long', phrases=(long,))], VOCABULARY, num_steps, 4
    )


@dataclasses.dataclass
class Runs:
    """The training loop on a fixed problem, in a process that can be stopped or killed after any
    number of updates.
    """

    monkeypatch: pytest.MonkeyPatch
    train = make_windows(NUM_WINDOWS, 0)
    validation = make_windows(5, 1)

    def begin(self, recipe=RECIPE, num_replicas=1, seed=0, architecture=ARCHITECTURE):
        card = Card(
            architecture,
            recipe,
            VOCABULARY,
            {'seed': 0},
            {'corpus': 'walks'},
            num_replicas=num_replicas,
        )
        return init_replicas(initial_keys(seed, num_replicas), architecture, recipe), card

    def fit(
        self,
        state,
        card,
        workdir,
        num_epochs,
        *,
        after=None,
        do=None,
        minutes=1000.0,
        seed=7,
        tensorboard=False,
        updates_per_dispatch=1,
        mesh=None,
        measure=None,
    ):
        """`loop.fit`; `do` is called once `after` updates of this call are done."""

        class Progress(contextlib.nullcontext):
            disable, num_updates = True, 0

            def update(self, num):
                self.num_updates += num
                if self.num_updates == after:
                    do()

            def set_description(self, text):
                pass

            def external_write_mode(self):
                return contextlib.nullcontext()

        self.monkeypatch.setattr(session, 'open_bar', lambda *args, **kwargs: Progress())
        plan = session.Plan(
            num_epochs,
            BATCH_SIZE,
            seed=seed,
            checkpoint_minutes=minutes,
            tensorboard=tensorboard,
            updates_per_dispatch=updates_per_dispatch,
        )
        windows = self.train, self.validation
        return loop.fit(session.Session(state, card, *windows, 1.9, plan, workdir, mesh, measure))


def stop():
    signal.raise_signal(signal.SIGTERM)


class Killed(BaseException):
    """The process ends here without notice."""


def kill():
    raise Killed


def leaves(state):
    """The state's leaves as NumPy arrays, keys as their integers."""
    return [
        np.asarray(
            jax.random.key_data(leaf)
            if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
            else leaf
        )
        for leaf in jax.tree.leaves(state)
    ]


def assert_same_bits(left, right):
    """Two states agree in every bit of every leaf."""
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for ours, theirs in zip(leaves(left), leaves(right), strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        assert ours.tobytes() == theirs.tobytes()


def without_speed(rows):
    """The rows of metrics.csv but for the time they took."""
    return [
        {name: value for name, value in row.items() if name != 'sequences_per_s'} for row in rows
    ]
