"""Checkpoints: the whole state of a run and its description, written by Orbax.

The latest two are kept. Each holds the best parameters as well as the latest ones, so either
checkpoint is enough.
"""

import contextlib
import dataclasses
import hashlib
import logging
import os
import pathlib
import re
import sys
import warnings
from collections.abc import Iterator

import jax
import numpy as np
import orbax.checkpoint as ocp
from jax.experimental import multihost_utils

from symmusic.errors import UserError
from symmusic.files import digest_of
from symmusic.training.card import Card, first_line
from symmusic.training.devices import fetch
from symmusic.training.replicas import init_replicas
from symmusic.training.saved import FOLDER, saved_steps
from symmusic.training.state import TrainState


class Checkpoints:
    """The checkpoints of a workdir."""

    def __init__(self, workdir: pathlib.Path):
        self.folder = pathlib.Path(workdir) / FOLDER

    @contextlib.contextmanager
    def _manager(self) -> Iterator[ocp.CheckpointManager]:
        for name in ('absl', 'orbax', 'asyncio'):
            # their log messages are not meant for our users; errors are raised anyway
            logging.getLogger(name).setLevel(logging.CRITICAL)
        sys.unraisablehook = _without_tasks_of_orbax
        # warned after a failed save, which raises its own error
        warnings.filterwarnings('ignore', 'coroutine .* was never awaited', RuntimeWarning)
        options = ocp.CheckpointManagerOptions(
            max_to_keep=2, create=True, enable_async_checkpointing=False
        )
        if jax.process_count() > 1:  # each process reads for itself; only the first one writes
            this = jax.process_index()
            alone = ocp.options.MultiprocessingOptions(
                primary_host=this, active_processes={this}, barrier_sync_key_prefix=f'process{this}'
            )
            options = dataclasses.replace(options, create=False, multiprocessing_options=alone)
            self.folder.mkdir(parents=True, exist_ok=True)
        with ocp.CheckpointManager(self.folder.absolute(), options=options) as manager:
            yield manager

    def latest_step(self) -> int | None:
        """The number of updates, over all replicas, of the latest checkpoint; None if there is
        none.
        """
        return max(saved_steps(self.folder.parent), default=None)

    def save(self, state: TrainState, card: Card) -> None:
        """Writes a checkpoint atomically: Orbax writes to a temporary folder and renames it. With
        several processes, every process calls this.

        Raises:
          UserError: it cannot be written; earlier checkpoints are left as they were.
        """
        state = fetch(_storable(state))
        if jax.process_index() == 0:
            self._save(state, card)
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices('saved')

    def _save(self, state: TrainState, card: Card) -> None:
        step = int(state.step.sum())  # summed over replicas, as some may have stopped
        fields = card.to_json()
        stored = {
            **fields,
            'digests': {'card': digest_of(fields), 'state': _digest_of_state(state)},
        }
        items = ocp.args.Composite(
            state=ocp.args.StandardSave(state), card=ocp.args.JsonSave(stored)
        )
        try:
            with self._manager() as manager:
                manager.save(step, args=items, force=True)
        except (OSError, ValueError) as error:
            if not _disk_error(error):
                raise
            raise UserError(
                f'cannot write a checkpoint under {self.folder}: {_disk_error(error)}; free the'
                ' disk and run the same command'
            ) from error

    def restore_card(self) -> Card:
        """The card of the latest checkpoint.

        Raises:
          UserError: there is none, or it is damaged.
        """
        return self._restore()[0]

    def restore(self) -> tuple[TrainState, Card]:
        """The latest checkpoint's state and card; errors as in `restore_card`."""
        card, step, digest = self._restore()
        shapes = jax.eval_shape(
            lambda key: _storable(
                init_replicas([key] * card.num_replicas, card.architecture, card.recipe)
            ),
            jax.eval_shape(jax.random.key, 0),
        )
        sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        shapes = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), shapes
        )
        try:
            with self._manager() as manager:
                state = manager.restore(
                    step, args=ocp.args.Composite(state=ocp.args.StandardRestore(shapes))
                )['state']
            if digest is not None and digest != _digest_of_state(state):
                raise ValueError('its numbers are not those that were written')
        # Orbax and TensorStore raise many kinds of error; all mean that it cannot be read
        except Exception as error:
            raise self._damaged(step, error) from error
        return state.replace(key=jax.random.wrap_key_data(state.key)), card

    def _restore(self) -> tuple[Card, int, str | None]:
        """The latest checkpoint's card, its number, and the digest of its state, if any."""
        step = self.latest_step()
        if step is None:
            raise UserError(f'there is no checkpoint under {self.folder}')
        try:
            with self._manager() as manager:
                fields = manager.restore(
                    step, args=ocp.args.Composite(card=ocp.args.JsonRestore())
                )['card']
            digests = fields.pop(
                'digests', {'card': None, 'state': None} if fields.get('format') == 2 else {}
            )
            card = Card.from_json(fields)
            if digests['card'] not in (None, digest_of(fields)):
                raise ValueError('its card is not the one that was written')
            return card, step, digests['state']
        except Exception as error:  # as in `restore`
            raise self._damaged(step, error) from error

    def _damaged(self, step: int, error: Exception) -> UserError:
        earlier = max(
            (other for other in saved_steps(self.folder.parent) if other < step), default=None
        )
        advice = (
            f'remove the run in {self.folder.parent} to train again, or choose another --workdir:'
            ' there is none before it'
            if earlier is None
            else f'remove that folder to continue from the previous one, {earlier}'
        )
        return UserError(
            f'the checkpoint {self.folder / str(step)} is damaged ({first_line(error)}); {advice}'
        )


def _storable(state: TrainState) -> TrainState:
    """The state in the form that Orbax stores: plain arrays, so a typed key becomes its raw
    words.
    """
    return state.replace(key=jax.random.key_data(state.key))


def _digest_of_state(state: TrainState) -> str:
    """A digest of the bytes of every leaf: TensorStore does not detect every flipped bit."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(state):
        digest.update(np.ascontiguousarray(leaf))
    return digest.hexdigest()


DISK_ERRORS = {
    'no space': 'no space left on the disk',
    'resource_exhausted': 'no space left on the disk',
    'read-only': 'read-only file system',
    'permission': 'permission denied',
}


def _disk_error(error: Exception) -> str:
    """A disk's error in a few words, '' if the error is of another kind: TensorStore raises a
    ValueError of many lines and paths.
    """
    if code := re.search(r"os_error_code='(\d+)'", str(error)):
        return os.strerror(int(code[1]))
    text = str(error).lower()
    known = next((words for sign, words in DISK_ERRORS.items() if sign in text), '')
    return known or (error.strerror or first_line(error) if isinstance(error, OSError) else '')


def _without_tasks_of_orbax(unraisable: 'sys.UnraisableHookArgs') -> None:
    """Like `sys.__unraisablehook__`, but silent about the aftermath of a failed save or restore,
    whose error was already raised: reports of TensorStore's threads to a closed event loop, and
    tasks that were pending when one failed.
    """
    is_closed_loop = (
        isinstance(unraisable.exc_value, RuntimeError)
        and str(unraisable.exc_value) == 'Event loop is closed'
    )
    code = getattr(unraisable.object, 'cr_code', None)
    if not is_closed_loop and not (code and 'orbax' in pathlib.Path(code.co_filename).parts):
        sys.__unraisablehook__(unraisable)
