"""A program of `test_processes`: one of the processes (SYMMUSIC_PROCESSES) that train a small
problem, `WORKDIR NUM_REPLICAS EPOCHS`.
"""

import os
import pathlib
import signal
import sys

import jax

from symmusic.errors import Interrupted
from symmusic.progress import counted
from symmusic.terminal import print_log
from symmusic.training import loop, session
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.devices import PROCESSES, join_processes, make_mesh
from symmusic.training.replicas import init_replicas, initial_keys
from tests.training.toy import ARCHITECTURE, RECIPE, VOCABULARY, make_windows

BATCH_SIZE = 16


def main(workdir: pathlib.Path, num_replicas: int, num_epochs: int, stopping: int = -1) -> None:
    """Trains, or resumes the run in the workdir; the process `stopping` receives a signal to stop
    after its first epoch.
    """
    join_processes(os.environ.get(PROCESSES, ''))
    checkpoints = Checkpoints(workdir)
    if checkpoints.latest_step() is None:
        states = init_replicas(initial_keys(5, num_replicas), ARCHITECTURE, RECIPE)
        card = Card(ARCHITECTURE, RECIPE, VOCABULARY, {}, {}, num_replicas=num_replicas)
    else:
        states, card = checkpoints.restore()
    mesh = make_mesh(num_replicas, BATCH_SIZE)
    plan = session.Plan(num_epochs, BATCH_SIZE, seed=7, checkpoint_minutes=1000)

    def stop():
        if jax.process_index() == stopping:
            signal.raise_signal(signal.SIGTERM)

    print_log()
    windows = make_windows(40, 0), make_windows(20, 1)
    try:
        with counted(stop):
            loop.fit(session.Session(states, card, *windows, 1.9, plan, workdir, mesh))
    except Interrupted as stopped:
        print(stopped)


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:]))
