"""All benchmarks in one command: one report in Markdown and all figures as JSON.

    python benchmarks/all.py [--peer='torch/bin/python benchmarks/peer_torch.py']
        [--peer='keras/bin/python benchmarks/peer_keras.py'] [--rounds=2] [--quick]
        [--report=FILE] [--json=FILE]

Updates and sampling beside the peers (`side_by_side.py`), whole commands with their peak memory,
the default training end to end among them (`jobs.py`), the search for the nearest tune
(`plagiarism.py`), the comparison of two sets (`evaluation.py`), and the machine's rate of matrix
products. `--quick` measures each once, a few networks only. Nothing else should run meanwhile.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shlex
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parent
PEAK = """
import time, json, jax, jax.numpy as jnp
found = {}
for size in (1024, 2048):
    a, times = jnp.ones((size, size)), []
    product = jax.jit(lambda a: a @ a)
    product(a).block_until_ready()
    for _ in range(10):
        begun = time.perf_counter()
        product(a).block_until_ready()
        times.append(time.perf_counter() - begun)
    found[f'{size} x {size}'] = round(2 * size**3 / min(times) / 1e9, 1)
print('| matrix product, float32 | GFLOP/s, best of 10 |\\n|---|---:|')
for name, rate in found.items():
    print(f'| {name} | {rate} |')
print(json.dumps(found))
"""


def machine() -> dict:
    """What the figures depend on."""
    cpu = [
        line.split(':', 1)[1].strip()
        for line in _lines('/proc/cpuinfo')
        if line.startswith('model name')
    ]
    commit = subprocess.run(
        ['git', 'rev-parse', '--short', 'HEAD'],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        'date': datetime.date.today().isoformat(),
        'commit': commit.stdout.strip(),
        'cpu': cpu[0] if cpu else platform.processor(),
        'cores': (
            len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
        ),
        'python': platform.python_version(),
        'load before': os.getloadavg() if hasattr(os, 'getloadavg') else None,
    }


def _lines(path: str) -> list[str]:
    return pathlib.Path(path).read_text().splitlines() if pathlib.Path(path).exists() else []


def measure(words: list[str]) -> tuple[str, object]:
    """The tables that a benchmark prints, and the figures of its last line."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f'{shlex.join(words)} failed: {(done.stderr.strip() or "no message").splitlines()[-1]}'
        )
    *tables, figures = done.stdout.splitlines()
    return '\n'.join(tables), json.loads(figures)


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--peer', action='append', default=[], help='as in side_by_side.py')
    parser.add_argument('--rounds', type=int, default=2)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--report', type=pathlib.Path)
    parser.add_argument('--json', type=pathlib.Path)
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    few = ['--networks=32,64'] if options.quick else []
    parts = {
        'Matrix products': ['-c', PEAK],
        'Updates and sampling': [
            'side_by_side.py',
            *(f'--peer={peer}' for peer in options.peer),
            f'--rounds={rounds}',
            *few,
        ],
        'Commands': [
            'jobs.py',
            f'--rounds={rounds}',
            *(['--jobs=prepare,cached,cold,warm'] if options.quick else []),
        ],
        'Nearest tunes': ['plagiarism.py', '--sizes=corpus', '--corpus-pieces=100'],
        'Comparison of two sets': ['evaluation.py'],
    }
    about = machine()
    report, found = (
        ['; '.join(f'{name}: {value}' for name, value in about.items())],
        {'machine': about},
    )
    print(report[0])
    for title, words in parts.items():
        begun = time.perf_counter()
        tables, found[title] = measure(
            words if words[0] == '-c' else [str(FOLDER / words[0]), *words[1:]]
        )
        report += ['', f'## {title} ({time.perf_counter() - begun:.0f} s)', '', tables]
        print('\n'.join(report[-4:]), flush=True)
    text = '\n'.join(report) + '\n'
    if options.report:
        options.report.write_text(text)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == '__main__':
    main()
