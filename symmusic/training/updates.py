"""The compiled updates of a run."""

import jax
import numpy as np
from jax.sharding import Mesh

from symmusic.model.model import Architecture
from symmusic.training.batch import Data
from symmusic.training.devices import BY_REPLICA, BY_ROW, place
from symmusic.training.replicas import update_replicas
from symmusic.training.state import Recipe, TrainState


class Updates:
    """Programs of several updates each, compiled ahead of their first use."""

    def __init__(
        self,
        data: Data,
        batch_size: int,
        architecture: Architecture,
        recipe: Recipe,
        mesh: Mesh | None,
    ):
        self.data, self.batch_size, self.mesh = data, batch_size, mesh
        self.how = {'architecture': architecture, 'recipe': recipe, 'mesh': mesh}
        self.programs: dict[int, jax.stages.Compiled] = {}

    def compile(self, num_updates: int, states: TrainState) -> jax.stages.Compiled:
        """Compiles the program that does this many updates of such states."""
        if num_updates not in self.programs:
            num_replicas = len(states.step)
            rows_RUB = np.zeros((num_replicas, num_updates, self.batch_size), np.int32)
            self.programs[num_updates] = update_replicas.lower(
                states,
                self.data,
                place(rows_RUB, self.mesh, BY_ROW),
                place(np.ones(num_replicas, bool), self.mesh, BY_REPLICA),
                **self.how,
            ).compile()
        return self.programs[num_updates]

    def __call__(
        self, states: TrainState, rows_RUB: np.ndarray, active_R: jax.Array
    ) -> tuple[TrainState, jax.Array]:
        """The states, which are consumed, after an update for each batch of rows, and the losses
        [R, U]; only active replicas change.
        """
        program = self.compile(rows_RUB.shape[1], states)
        return program(states, self.data, place(rows_RUB, self.mesh, BY_ROW), active_R)
