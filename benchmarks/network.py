"""Times the update that training uses, and sampling by a sliding window. Prints one JSON line.

    python benchmarks/network.py --batch=128 --layers=2 --cells=64 [--bidirectional] [--attention=none|bahdanau|weighted]

Network: one-hot tokens -> LSTM layers, dropout 0.4 after each -> summary of the window -> softmax; one target per window, Adam with
clipping, float32. One "sequence" is one window of --steps steps with one target. Run it in turn with another library's program of the same
network and compare medians: single figures of a shared machine say little.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.generate.sample import sample
from symmusic.model.model import Architecture
from symmusic.train.devices import BY_PIECE, BY_REPLICA, BY_ROW, EVERYWHERE, claim_cores, make_mesh, place
from symmusic.train.replicas import init_replicas, replica, update_replicas
from symmusic.train.state import Recipe
from symmusic.train.step import Data

DRAWN_STEPS = 65


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default, text in (
        ('batch', 128, 'windows in an update'),
        ('layers', 2, 'LSTM layers'),
        ('cells', 64, 'per direction'),
        ('steps', 63, 'read before the target'),
        ('vocab', 58, 'classes'),
        ('updates', 20, 'in one timed repetition'),
        ('repeats', 7, 'timed repetitions'),
        ('samples', 100, f'pieces of {DRAWN_STEPS} steps, all in one batch'),
    ):
        parser.add_argument(f'--{name}', type=int, default=default, help=text)
    parser.add_argument('--bidirectional', action='store_true')
    parser.add_argument('--attention', choices=['none', 'bahdanau', 'weighted'], default='none')
    options = parser.parse_args()

    claim_cores(0)
    mesh = make_mesh(1, options.batch)
    architecture = Architecture(
        options.vocab, options.layers, options.cells, options.bidirectional, options.attention, attention_size=options.cells
    )
    recipe = Recipe()
    rng = np.random.default_rng(0)
    num_windows, num_steps = options.batch * options.updates, options.steps + 1
    data = Data(
        stream=jnp.asarray(rng.integers(0, options.vocab, num_windows * num_steps).astype(np.uint8)),
        starts_N=jnp.arange(num_windows, dtype=jnp.int32) * num_steps,
        positions_N=jnp.zeros(num_windows, jnp.uint8),
        num_padding_N=jnp.zeros(num_windows, jnp.uint16),
        first_targets_N=jnp.ones(num_windows, jnp.uint16),
        num_steps=num_steps,
    )
    batches = np.arange(num_windows, dtype=np.int32).reshape(options.updates, options.batch)
    states = place(init_replicas([jax.random.key(0)], architecture, recipe), mesh, BY_REPLICA)
    placed, active_R = place(data, mesh, EVERYWHERE), place(np.array([True]), mesh, BY_REPLICA)

    def run(states, batches):
        for rows_B in batches:
            rows_RB = place(rows_B[None], mesh, BY_ROW)
            states, loss_R = update_replicas(states, placed, rows_RB, active_R, architecture=architecture, recipe=recipe, mesh=mesh)
            if mesh.size > 1 and jax.default_backend() == 'cpu':  # as the training loop
                loss_R.block_until_ready()
        return states, loss_R.block_until_ready()

    states, _ = run(states, batches[:3])
    times = []
    for _ in range(options.repeats):
        begun = time.perf_counter()
        states, _ = run(states, batches)
        times.append((time.perf_counter() - begun) / options.updates)

    mesh = make_mesh(1, options.samples)  # as symmusic.generate.compose
    params = place(jax.device_get(replica(states, 0).params), mesh, EVERYWHERE)
    prompt_BT = jnp.broadcast_to(data.stream[: options.steps].astype(jnp.int32), (options.samples, options.steps))
    positions_BT = jnp.broadcast_to(jnp.arange(options.steps) % 16, prompt_BT.shape)
    prompt_BT, positions_BT = place((np.asarray(prompt_BT), np.asarray(positions_BT)), mesh, BY_PIECE)

    def draw(seed):
        keys_B = place(jax.random.split(jax.random.key(seed), options.samples), mesh, BY_PIECE)
        drawn = sample(
            params,
            prompt_BT,
            positions_BT,
            keys_B,
            architecture=architecture,
            num_steps=DRAWN_STEPS,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            window_steps=options.steps,
        )
        drawn.tokens_BN.block_until_ready()

    draw(0)
    begun = time.perf_counter()
    draw(1)
    sampling = time.perf_counter() - begun
    figures = {
        'peer': f'symmusic on jax {jax.__version__}',
        'device': jax.devices()[0].platform,
        'threads': len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count(),
        'update_ms_median': 1e3 * statistics.median(times),
        'update_ms_min': 1e3 * min(times),
        'sequences_per_s': options.batch / statistics.median(times),
        'sampling_s': sampling,
        'samples': options.samples,
    }
    print(json.dumps(figures))


if __name__ == '__main__':
    main()
