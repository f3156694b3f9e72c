"""Times the update that training uses, and sampling by a sliding window and with the state carried.
Prints one JSON line.

    python benchmarks/network.py --batch=128 --layers=2 --cells=64 [--bidirectional]
        [--attention=none|bahdanau|weighted]

Network: one-hot tokens -> LSTM layers, dropout 0.4 after each -> summary of the window -> softmax;
one target per window (--targets=all: one per step, as the default config trains), Adam with
clipping, float32. One "sequence" is one window of --steps steps. --replicas=R: R networks of
different seeds in one update. Alternate it with another library's program for the same network
(`side_by_side.py`) and compare medians: single figures from a shared machine say little.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.config.fields import default
from symmusic.generate.readers import make_reader
from symmusic.generate.sample import Rule, sample
from symmusic.model.model import Architecture, Params
from symmusic.training.batch import Data
from symmusic.training.devices import (
    BY_PIECE,
    BY_REPLICA,
    BY_ROW,
    EVERYWHERE,
    claim_cores,
    make_mesh,
    place,
)
from symmusic.training.replicas import init_replicas, replica, update_replicas
from symmusic.training.state import Recipe, TrainState

DRAWN_STEPS = 65
OPTIMISER = (
    'learning_rate',
    'clip_norm',
    'plateau_factor',
    'plateau_patience',
    'plateau_threshold',
)


def time_updates(
    options: argparse.Namespace, architecture: Architecture
) -> tuple[TrainState, list[float]]:
    """The states after the timed updates, and the seconds of one update in each repetition."""
    mesh = make_mesh(options.replicas, options.batch)
    recipe = Recipe(
        targets=options.targets,
        kernel=options.kernel,
        product_dtype=options.dtype,
        **{name: default(f'train.{name}') for name in OPTIMISER},
    )
    rng = np.random.default_rng(0)
    num_windows, num_steps = options.batch * options.updates, options.steps + 1
    data = Data(
        stream=jnp.asarray(
            rng.integers(0, options.vocab, num_windows * num_steps).astype(np.uint8)
        ),
        starts_N=jnp.arange(num_windows, dtype=jnp.int32) * num_steps,
        positions_N=jnp.zeros(num_windows, jnp.uint8),
        num_padding_N=jnp.zeros(num_windows, jnp.uint16),
        first_targets_N=jnp.ones(num_windows, jnp.uint16),
        num_steps=num_steps,
    )
    batches = np.arange(num_windows, dtype=np.int32).reshape(-1, options.dispatch, options.batch)
    keys = [jax.random.key(seed) for seed in range(options.replicas)]
    states = place(init_replicas(keys, architecture, recipe), mesh, BY_REPLICA)
    data, active_R = (
        place(data, mesh, EVERYWHERE),
        place(np.ones(options.replicas, bool), mesh, BY_REPLICA),
    )

    def run(states, batches):
        for rows_UB in batches:
            rows_RUB = place(
                np.broadcast_to(rows_UB, (options.replicas, *rows_UB.shape)), mesh, BY_ROW
            )
            states, losses_RU = update_replicas(
                states,
                data,
                rows_RUB,
                active_R,
                architecture=architecture,
                recipe=recipe,
                mesh=mesh,
            )
            if mesh.size > 1 and jax.default_backend() == 'cpu':  # as the training loop
                losses_RU.block_until_ready()
        return states, losses_RU.block_until_ready()

    states, _ = run(states, batches[:3])
    times = []
    for _ in range(options.repeats):
        begun = time.perf_counter()
        states, _ = run(states, batches)
        times.append((time.perf_counter() - begun) / options.updates)
    return states, times


def time_sampling(
    options: argparse.Namespace,
    architecture: Architecture,
    params: Params,
    window_steps: int | None,
) -> float:
    """Seconds to draw the pieces, without compilation; the state is carried if `window_steps` is
    None.
    """
    mesh = make_mesh(1, options.samples, jax.local_devices())  # as symmusic.generate.compose
    params = place(params, mesh, EVERYWHERE)
    reader = make_reader(
        params,
        architecture,
        DRAWN_STEPS,
        memory_steps=default('sample.memory_steps'),
        window_steps=window_steps,
    )
    tokens_T = np.random.default_rng(1).integers(0, options.vocab, options.steps).astype(np.int32)
    shape = (options.samples, options.steps)
    prompt_BT, positions_BT = place(
        (np.broadcast_to(tokens_T, shape), np.broadcast_to(np.arange(options.steps) % 16, shape)),
        mesh,
        BY_PIECE,
    )

    def draw(seed):
        keys_B = place(jax.random.split(jax.random.key(seed), options.samples), mesh, BY_PIECE)
        drawn = sample(reader, prompt_BT, positions_BT, keys_B, Rule(), num_steps=DRAWN_STEPS)
        drawn.tokens_BN.block_until_ready()

    draw(0)
    begun = time.perf_counter()
    draw(1)
    return time.perf_counter() - begun


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, usual, text in (
        ('batch', 128, 'windows in an update'),
        ('layers', 2, 'LSTM layers'),
        ('cells', 64, 'per direction'),
        ('steps', 63, 'read before the target'),
        ('vocab', 58, 'classes'),
        ('updates', 20, 'in one timed repetition'),
        ('repeats', 7, 'timed repetitions'),
        ('samples', 100, f'pieces of {DRAWN_STEPS} steps, all in one batch; 0 = none'),
    ):
        parser.add_argument(f'--{name}', type=int, default=usual, help=text)
    parser.add_argument('--replicas', type=int, default=1, help='networks in one update')
    parser.add_argument(
        '--dispatch', type=int, default=1, help='updates in one dispatch; has to divide --updates'
    )
    parser.add_argument(
        '--kernel', choices=['scan', 'fused'], default='scan', help='of the LSTM layers'
    )
    parser.add_argument(
        '--dtype', choices=['float32', 'bfloat16'], default='float32', help='of their products'
    )
    parser.add_argument('--bidirectional', action='store_true')
    parser.add_argument('--attention', choices=['none', 'bahdanau', 'weighted'], default='none')
    parser.add_argument('--targets', choices=['last', 'all'], default='last')
    options = parser.parse_args()

    claim_cores(0)
    architecture = Architecture(
        options.vocab,
        options.layers,
        options.cells,
        options.bidirectional,
        attention=options.attention,
        attention_size=options.cells,
        dropout_rate=default('model.dropout_rate'),
    )
    states, times = time_updates(options, architecture)
    params = jax.device_get(replica(states, 0).params)
    sampling = {}
    if options.samples:
        sampling['sampling_s'] = time_sampling(options, architecture, params, options.steps)
    if options.samples and not options.bidirectional:
        sampling['sampling_stateful_s'] = time_sampling(options, architecture, params, None)
    figures = {
        'peer': f'symmusic on jax {jax.__version__}',
        'device': jax.devices()[0].platform,
        'threads': (
            len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
        ),
        'update_ms_median': 1e3 * statistics.median(times),
        'update_ms_min': 1e3 * min(times),
        'sequences_per_s': options.replicas * options.batch / statistics.median(times),
        'samples': options.samples,
        **sampling,
        'peak_memory_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


if __name__ == '__main__':
    main()
