"""Whole commands as a user gives them: seconds, and the peak memory of the process. Prints a table
and one JSON line.

    python benchmarks/jobs.py [--rounds=3] [--jobs=prepare,cold,...] [--config=configs/attn.py]

- `prepare`: `--mode=stats` with an empty cache, which reads and prepares the corpus
- `cached`: the same again
- `cold`: from the start of the command to its first update, with no compiled program kept
- `warm`: the same with compiled programs
- `epoch`: an epoch of training, with validation and samples
- `sample`: pieces from what was trained
- `evaluate`: its evaluation, one draw

Each works in its own folder, which is removed afterwards.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIRST_UPDATE = re.compile(r'^compiled in ')
JOBS = {
    'prepare': ['--mode=stats'],
    'cached': ['--mode=stats'],
    'cold': ['--mode=train', '--config.train.num_epochs=1'],
    'warm': ['--mode=train', '--config.train.num_epochs=1'],
    'epoch': ['--mode=train', '--config.train.num_epochs=1'],
    'sample': ['--mode=sample', '--config.sample.num_samples=100'],
    'evaluate': [
        '--mode=evaluate',
        '--config.evaluate.num_draws=1',
        '--config.evaluate.critic_pieces=0',
    ],
}


def run(
    words: list[str], environment: dict[str, str], until: re.Pattern | None = None
) -> tuple[float, float]:
    """Seconds and peak memory in MB of a command; with `until` only up to the line that matches
    it.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, 'launch.py', *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = None
    for line in process.stdout:
        if until and until.match(line):
            found = time.perf_counter() - begun
            process.kill()
            break
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if found is None and (process.returncode or until):
        raise SystemExit(f'{" ".join(words)} ended with status {process.returncode}')
    return found or time.perf_counter() - begun, usage.ru_maxrss / 1024


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--jobs', default=','.join(JOBS), help=f'some of: {", ".join(JOBS)}')
    parser.add_argument('--config', default='configs/attn.py')
    options = parser.parse_args()
    names = options.jobs.split(',')
    if unknown := set(names) - set(JOBS):
        parser.error(f'unknown jobs {", ".join(sorted(unknown))}; known are {", ".join(JOBS)}')
    with tempfile.TemporaryDirectory() as folder:
        found = {name: [] for name in names}
        for number in range(options.rounds):
            for name in names:
                found[name].append(measure(name, pathlib.Path(folder), number, options.config))
    print('| job | s | peak memory, MB |\n|---|---:|---:|')
    for name, figures in found.items():
        cells = [
            f'{statistics.median(each):.3g} ({min(each):.3g} to {max(each):.3g})'
            for each in zip(*figures, strict=True)
        ]
        print(f'| {name} | {" | ".join(cells)} |')
    print(json.dumps(found))


def measure(name: str, folder: pathlib.Path, number: int, config: str) -> tuple[float, float]:
    """One run of a job; what it needs from other jobs is made first and not measured."""
    cache, trained = folder / 'cache', folder / 'trained'
    environment = os.environ | {'SYMMUSIC_CACHE': str(cache)}
    if name == 'prepare':
        shutil.rmtree(cache, ignore_errors=True)
    elif not cache.exists():
        measure('prepare', folder, -1, config)
    if name == 'cold':
        shutil.rmtree(cache / 'compiled', ignore_errors=True)
    elif name == 'warm' and number == 0:
        measure('cold', folder, -1, config)  # fills what the measured ones find
    if name == 'epoch':
        shutil.rmtree(trained, ignore_errors=True)
    elif name in ('sample', 'evaluate') and not trained.exists():
        measure('epoch', folder, -1, config)
    workdir = trained if name in ('epoch', 'sample', 'evaluate') else folder / f'{name}{number}'
    return run(
        [f'--config={config}', *JOBS[name], f'--workdir={workdir}'],
        environment,
        FIRST_UPDATE if name in ('cold', 'warm') else None,
    )


if __name__ == '__main__':
    main()
