"""symmusic and a peer in turn on the same networks: a table of times and ratios, as Markdown, and all figures as JSON.

    python benchmarks/side_by_side.py --peer='torch/bin/python benchmarks/peer_torch.py' [--rounds=3] [--json=FILE]

Every network is measured `rounds` times by each program, one after the other, so that both meet the same load of the machine. The ratio
is the peer's median over ours: above 1 symmusic is the faster.
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
NETWORKS = [
    *({'cells': cells} for cells in (32, 64, 128, 256)),
    {'cells': 64, 'batch': 512},
    {'cells': 64, 'bidirectional': True},
    {'cells': 64, 'attention': 'bahdanau'},
    {'cells': 64, 'bidirectional': True, 'attention': 'weighted'},
]


def measure(program: list[str], network: dict) -> dict:
    """The figures of one run of a program."""
    words = [f'--{name}' if value is True else f'--{name}={value}' for name, value in network.items()]
    return json.loads(subprocess.run([*program, *words], check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--peer', required=True, help='the command of a program with the flags and the output of network.py')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--json', type=pathlib.Path, help='where to write all figures')
    options = parser.parse_args()
    programs = {'ours': OURS, 'peer': shlex.split(options.peer)}
    rows = []
    for network in NETWORKS:
        found = {name: [] for name in programs}
        for _ in range(options.rounds):
            for name, program in programs.items():
                found[name].append(measure(program, network))
        rows.append({'network': network, **found})
        if len(rows) == 1:
            ours, peer = found['ours'][0], found['peer'][0]
            threads = f'{ours["threads"]} and {peer["threads"]} threads'
            print(f'{ours["peer"]} beside {peer["peer"]}; {ours["device"]}, {threads}, {platform.machine()}\n')
            print('| network | ms per update | peer, ms | ratio | 100 pieces, s | peer, s | ratio |\n|---|---:|---:|---:|---:|---:|---:|')
        cells = []
        for figure in ('update_ms_median', 'sampling_s'):
            ours, peer = (statistics.median(each[figure] for each in found[name]) for name in programs)
            cells += [f'{ours:.3g}', f'{peer:.3g}', f'{peer / ours:.2f}']
        name = ', '.join(f'{field} {value}' if value is not True else field for field, value in network.items())
        print(f'| {name} | {" | ".join(cells)} |', flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    main()
