"""Handles a run whose loss is no longer finite."""

import pathlib
import shutil

import jax
import numpy as np

from symmusic.errors import UserError
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.state import TrainState


def diverged(
    states: TrainState, now: TrainState, card: Card, num_batches: int, workdir: pathlib.Path
) -> UserError:
    """Saves states whose loss is not finite for inspection, in a folder from which no run resumes,
    and returns the error to raise. `now` is the states on the host without their parameters.
    """
    good, aside = Checkpoints(workdir).latest_step(), workdir / 'diverged'
    bad_R = ~np.isfinite(now.epoch_nats)
    # 0 if no update is to blame: then it is the loss on held-out tunes
    replica = int(np.argmax(bad_R))
    number = int(now.step[replica] - now.epoch[replica] * num_batches) + 1
    what = (
        f'loss or gradient of epoch {now.epoch[replica] + 1}, update {number} of {num_batches},'
        if bad_R.any()
        else 'validation loss'
    )
    try:
        if jax.process_index() == 0 and aside.exists():
            shutil.rmtree(aside)
        Checkpoints(aside).save(states, card)
        kept = f'the state before it is kept for inspection in {aside}'
    except (OSError, UserError) as error:
        kept = f'the state before it could not be kept ({error})'
    return UserError(
        f'the {what}{f" of replica {replica}" if len(bad_R) > 1 else ""} is not finite; {kept}; the'
        ' last good checkpoint is'
        f' {workdir / "checkpoints" / str(good) if good is not None else "none yet"}; train again'
        ' in another --workdir with a smaller config.train.learning_rate'
        f' ({card.recipe.learning_rate:g}) or config.train.clip_norm ({card.recipe.clip_norm:g}; 0'
        ' = no clipping)'
    )
