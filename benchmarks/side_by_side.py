"""symmusic and its peers, alternately, on the same networks: tables of times and ratios, and all
figures as one line of JSON.

    python benchmarks/side_by_side.py --peer='torch/bin/python benchmarks/peer_torch.py'
        --peer='keras/bin/python benchmarks/peer_keras.py'
        [--rounds=3] [--networks=32,64,bidirectional | --networks=grid]

Every network is measured `rounds` times by each program, alternately, so that all run under the
same load of the machine. Each figure is the median of the rounds, with the smallest and the largest
in brackets. A ratio is the peer's median over ours: above 1, symmusic is faster. A peer's flags and
output are those of network.py; `--device=cuda` in a peer's command runs it on a GPU, which symmusic
uses by itself.
"""

import argparse
import json
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys

OURS = [sys.executable, str(pathlib.Path(__file__).with_name('network.py'))]
NETWORKS = {
    **{str(cells): {'cells': cells} for cells in (32, 64, 128, 256)},
    'batch 512': {'cells': 64, 'batch': 512},
    'bidirectional': {'cells': 64, 'bidirectional': True},
    'bahdanau': {'cells': 64, 'attention': 'bahdanau'},
    'bidirectional weighted': {'cells': 64, 'bidirectional': True, 'attention': 'weighted'},
}
OURS_ALONE = {  # not implemented in the peers' programs
    'bahdanau at all steps': {'cells': 64, 'attention': 'bahdanau', 'targets': 'all'},
    'as attn.py': {
        'cells': 192,
        'attention': 'bahdanau',
        'targets': 'all',
        'steps': 256,
        'batch': 16,
    },
    '8 replicas': {'cells': 64, 'replicas': 8},
    '16 updates in a dispatch': {'cells': 64, 'dispatch': 16, 'updates': 16},
}
GRID = {  # of updates alone: `--networks=grid`
    f'{cells} {"bidirectional" if both else "forward"} {attention} {batch}': {
        'cells': cells,
        'batch': batch,
        'attention': attention,
        **({'bidirectional': True} if both else {}),
        'samples': 0,
        'updates': 4,
        'repeats': 3,
    }
    for cells in (32, 64, 128, 256)
    for both in (False, True)
    for attention in ('none', 'bahdanau')
    for batch in (128, 512)
}
FIGURES = {
    'update_ms_median': 'ms per update',
    'sampling_s': 's for 100 pieces, windows read again',
}
ALONE = {
    'sampling_stateful_s': 'symmusic with the state carried',
    'sampling_one_piece_s': 'Keras, one piece alone, as in the thesis',
}


def measure(program: list[str], network: dict) -> dict:
    """The figures of one run of a program."""
    words = [
        f'--{name}' if value is True else f'--{name}={value}' for name, value in network.items()
    ]
    done = subprocess.run([*program, *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f'{shlex.join([*program, *words])} failed:'
            f' {(done.stderr.strip() or "no message").splitlines()[-1]}'
        )
    return json.loads(done.stdout.splitlines()[-1])


def spread(values: list[float]) -> str:
    """'median (least to most)'."""
    return f'{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})'


def report(rows: dict[str, list[list[dict]]]) -> str:
    """The tables: `rows` has each network's figures by program, ours first, and round."""
    programs = [each[0] for each in max(rows.values(), key=len)]
    lines = [
        f'{platform.machine()}, Python {platform.python_version()}; '
        + '; '.join(f'{p["peer"]}, {p["device"]}, {p["threads"]} threads' for p in programs)
    ]
    for figure, title in FIGURES.items():
        heads = [
            title,
            *(program['peer'] for program in programs),
            *(f'ratio to {program["peer"].split()[0]}' for program in programs[1:]),
        ]
        lines += ['', f'| {" | ".join(heads)} |', f'|---|{"---:|" * (len(heads) - 1)}']
        for name, found in rows.items():
            values = [[each[figure] for each in rounds if figure in each] for rounds in found]
            if not all(values):
                continue
            ratios = [
                f'{statistics.median(peer) / statistics.median(values[0]):.2f}'
                for peer in values[1:]
            ]
            absent = [''] * (len(programs) - len(found))
            lines.append(
                f'| {name} | {" | ".join([*map(spread, values), *absent, *ratios, *absent])} |'
            )
    lines.append('')
    for figure, title in ALONE.items():
        known = {
            name: [each[figure] for rounds in found for each in rounds if figure in each]
            for name, found in rows.items()
        }
        lines += [
            f'- {title}, s: '
            + '; '.join(f'{name}: {spread(values)}' for name, values in known.items() if values)
        ] * any(known.values())
    return '\n'.join(lines) + '\n'


def main() -> None:
    """Measures and prints."""
    known = NETWORKS | OURS_ALONE | GRID
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--peer',
        action='append',
        default=[],
        help='the command of a program with the flags and the output of network.py',
    )
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument(
        '--networks',
        default=','.join(NETWORKS | OURS_ALONE),
        help=f'grid, or some of: {", ".join(known)}',
    )
    options = parser.parse_args()
    names = list(GRID) if options.networks == 'grid' else options.networks.split(',')
    if unknown := set(names) - set(known):
        parser.error(f'unknown networks {", ".join(sorted(unknown))}; known are {", ".join(known)}')
    programs, rows = [OURS, *map(shlex.split, options.peer)], {}
    for number, name in enumerate(names):
        measured = programs[:1] if name in OURS_ALONE else programs
        rounds = [
            [measure(program, known[name]) for program in measured] for _ in range(options.rounds)
        ]
        rows[name] = [list(each) for each in zip(*rounds, strict=True)]
        if sys.stderr.isatty():
            print(f'{number + 1} of {len(names)} networks', file=sys.stderr)
    print(report(rows), end='')
    print(
        json.dumps(
            {
                name: dict(zip(['ours', *options.peer], found, strict=False))
                for name, found in rows.items()
            }
        )
    )


if __name__ == '__main__':
    main()
