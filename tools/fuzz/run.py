"""Fuzzes a reader, guided by coverage if the package atheris is installed, otherwise at random.

    python tools/fuzz/run.py midi --runs=1000000

An input that ends in anything but the reader's own refusal, takes longer than 10 s of the processor
(atheris: 60 s by the clock) or more than 2 GB is kept as a file in the current folder, and the
program ends with status 1 (atheris: 77). Nothing else is read or written.
"""

import argparse
import pathlib
import random
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))


def by_chance(target: str, runs: int, seed: int) -> int:
    """Reads `runs` mutated seeds; returns the exit status."""
    from tools.fuzz.seeds import mutate
    from tools.fuzz.targets import TARGETS

    rng, begun = random.Random(seed), time.perf_counter()
    for run in range(runs):
        data = mutate(target, rng)
        started = time.process_time()
        try:
            TARGETS[target](data)
            if time.process_time() - started > 10:
                raise TimeoutError(f'{time.process_time() - started:.1f} s')
        except Exception:
            pathlib.Path(f'crash-{target}-{run}').write_bytes(data)
            traceback.print_exc()
            return 1
    print(f'{target}: {runs} runs in {time.perf_counter() - begun:.0f} s, no findings')
    return 0


def main() -> int:
    """Runs the fuzzer; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'target', choices=['midi', 'monophonic', 'abc', 'answers', 'flags', 'card', 'config']
    )
    parser.add_argument('--runs', type=int, default=1_000_000)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    try:
        import atheris
    except ImportError:
        return by_chance(options.target, options.runs, options.seed)
    with atheris.instrument_imports(include=['symmusic', 'mido']):
        from tools.fuzz import targets
    from tools.fuzz.seeds import SEEDS

    with tempfile.TemporaryDirectory() as corpus:
        for index, seed in enumerate(SEEDS[options.target]):
            pathlib.Path(corpus, str(index)).write_bytes(seed)
        limits = [
            f'-runs={options.runs}',
            f'-seed={options.seed}',
            '-timeout=60',
            '-rss_limit_mb=2048',
            f'-max_len={targets.MOST_BYTES}',
        ]
        atheris.Setup(
            [sys.argv[0], *limits, '-print_final_stats=1', corpus], targets.TARGETS[options.target]
        )
        atheris.Fuzz()
    return 0


if __name__ == '__main__':
    sys.exit(main())
