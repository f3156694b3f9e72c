"""The stages of a fold's computation, each with its own file: the predictions of the count models,
the trained network, and the network's predictions.

A stage whose file exists is not computed again, so that a stopped run resumes.
"""

import dataclasses
import io
import pathlib
from collections.abc import Sequence

import jax
import numpy as np
import scipy.special

from symmusic.benchmark.adapting import Adaptation, adapt
from symmusic.benchmark.fitting import Fitted, Reader, Recipe, fit, predict
from symmusic.benchmark.folds import Fold, Job, draw_fold, hold_out
from symmusic.benchmark.melodies import MelodySet
from symmusic.benchmark.ppm import LONG_TERM, PPM, SHORT_TERM
from symmusic.files import write_whole
from symmusic.streams import Stream, generator, random_key

Arrays = dict[str, np.ndarray]


def count_models(melodies: MelodySet, job: Job, path: pathlib.Path) -> Arrays:
    """The probabilities of every note of the fold's melodies, one melody after another: `fixed`
    (LTM), `adaptive` (LTM+) and `short_term` (STM), [N, V] each; of the validation melodies `of
    validation` the last. With the `notes` [N] and the number of the `melody` of each.
    """
    if path.exists():
        return _read(path)
    fold = draw_fold(len(melodies.melodies), job)
    _, validation = hold_out(fold, job.generator())
    num_pitches = len(melodies.pitches)
    long_term = PPM(num_pitches, LONG_TERM)
    long_term.learn([melodies.melodies[index] for index in fold.train])
    test = [melodies.melodies[index] for index in fold.test]
    arrays = {
        'notes': np.concatenate(test),
        'melody': np.repeat(fold.test, [len(each) for each in test]),
        'fixed': np.concatenate([long_term.predict(each, learn=False) for each in test]),
        'adaptive': np.concatenate([long_term.predict(each, learn=True) for each in test]),
        'short_term': _short_term(melodies, fold.test),
        'short_term_of_validation': _short_term(melodies, validation),
    }
    return _write(path, arrays)


def _short_term(melodies: MelodySet, indices: list[int] | tuple[int, ...]) -> np.ndarray:
    return np.concatenate(
        [
            PPM(len(melodies.pitches), SHORT_TERM).predict(melodies.melodies[index], learn=True)
            for index in indices
        ]
    )


def network(
    reader: Reader,
    job: Job,
    recipe: Recipe,
    path: pathlib.Path,
    stream: Stream = Stream.BENCHMARK_NETWORK,
    start: dict | None = None,
    member: int | None = None,
) -> Fitted:
    """The fold's trained network; `stream` draws its dropout and, unless training starts from the
    parameters `start`, its initial parameters; for the `member` of an ensemble if not None.
    """
    if path.exists():
        return _fitted(_read(path))
    rng = job.generator()
    train, validation = hold_out(draw_fold(len(reader), job), rng)
    key = random_key(job.seed, stream, job.number, job.partition, job.fold, *_indices(member))
    return _keep(fit(reader, train, validation, recipe, rng, key, start), path)


def network_of_others(
    reader: Reader, job: Job, recipe: Recipe, path: pathlib.Path, member: int | None = None
) -> Fitted:
    """A network trained on all melodies of a reader, those of the sets other than the job's; the
    same for all folds of a set, and one for each `member` of an ensemble. As there are so many
    melodies, a third of the epochs is enough.
    """
    if path.exists():
        return _fitted(_read(path))
    order, stream = Stream.BENCHMARK_OTHERS_ORDER, Stream.BENCHMARK_OTHERS
    if member is not None:
        order, stream = Stream.BENCHMARK_MEMBER_OTHERS_ORDER, Stream.BENCHMARK_MEMBER_OTHERS
    rng = generator(job.seed, order, job.number, *_indices(member))
    train, validation = hold_out(Fold((), tuple(range(len(reader)))), rng)
    key = random_key(job.seed, stream, job.number, *_indices(member))
    recipe = dataclasses.replace(recipe, num_epochs=-(-recipe.num_epochs // 3))
    return _keep(fit(reader, train, validation, recipe, rng, key), path)


def _indices(member: int | None) -> tuple[int, ...]:
    return () if member is None else (member,)


def _keep(fitted: Fitted, path: pathlib.Path) -> Fitted:
    _write(
        path,
        {
            **_flat(fitted.params, 'params/'),
            **_flat(fitted.rms, 'rms/'),
            'validation_bits': np.array(fitted.validation_bits),
            'num_epochs': np.array(fitted.num_epochs),
        },
    )
    return fitted


def _fitted(arrays: Arrays) -> Fitted:
    """The inverse of what `_keep` writes."""
    flat = {name: each for name, each in arrays.items() if '/' in name}
    return Fitted(
        _nested(flat, 'params/'),
        _nested(flat, 'rms/'),
        float(arrays['validation_bits']),
        int(arrays['num_epochs']),
    )


def predictions(
    reader: Reader,
    job: Job,
    recipe: Recipe,
    how: Adaptation,
    fitted: Fitted,
    path: pathlib.Path,
) -> Arrays:
    """The network's log probabilities at every note but the first of the fold's melodies, one
    melody after another: `fixed` and `adaptive`, [N, V] each, and `fixed_of_validation`, the first
    of the validation melodies.
    """
    if path.exists():
        return _read(path)
    fold = draw_fold(len(reader), job)
    _, validation = hold_out(fold, job.generator())
    shape = reader.shape(recipe)
    found = {
        'fixed': predict(fitted.params, reader, fold.test, shape),
        'fixed_of_validation': predict(fitted.params, reader, validation, shape),
        'adaptive': adapt(fitted, reader, fold.test, shape, how),
    }
    arrays = {name: np.concatenate(parts) for name, parts in found.items()}
    return _write(path, arrays)


def join_members(predicted: Sequence[Arrays]) -> Arrays:
    """The log probabilities of an ensemble: of the means of its members' probabilities."""
    return {
        name: scipy.special.logsumexp([each[name] for each in predicted], axis=0)
        - np.log(len(predicted))
        for name in predicted[0]
    }


def _flat(tree: dict, prefix: str) -> Arrays:
    return {
        prefix + '/'.join(part.key for part in path): np.asarray(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }


def _nested(flat: Arrays, prefix: str) -> dict:
    """The inverse of `_flat`."""
    tree: dict = {}
    for name, leaf in flat.items():
        if name.startswith(prefix):
            *parents, own = name.removeprefix(prefix).split('/')
            place = tree
            for parent in parents:
                place = place.setdefault(parent, {})
            place[own] = leaf
    return tree


def _read(path: pathlib.Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _write(path: pathlib.Path, arrays: Arrays) -> Arrays:
    """Writes arrays and returns them as read back, as a resumed run reads them."""
    content = io.BytesIO()
    np.savez_compressed(
        content,
        **{
            name: each.astype(np.float32) if each.dtype == np.float64 and each.ndim else each
            for name, each in arrays.items()
        },
    )
    write_whole(path, content.getvalue())
    return _read(path)
