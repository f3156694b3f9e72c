"""Times the comparison of two sets of pieces, KLD and OA included, on one core. Prints one JSON
line.

    OMP_NUM_THREADS=1 python benchmarks/evaluation.py [--pieces=100] [--repeats=5]
    [--reference=FOLDER --generated=FOLDER]

Without folders the sets are random walks of four bars, written as MIDI files beforehand. Timed are
reading, features and comparison, in processor seconds of this process; the median of the repeats.
`corrected` includes the resamples and the permutation tests. `features_s` is the part that reads
the files and computes the features.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import numpy as np

from symmusic.measures.comparison import compare
from symmusic.measures.features import PROTOCOLS
from symmusic.measures.folders import read_folder
from symmusic.score.midi_writer import TICKS_PER_QUARTER, write_midi
from symmusic.score.notes import Note

STEPS = 64
STEP = TICKS_PER_QUARTER // 4


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--pieces', type=int, default=100, help='of each random set')
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--reference', help='a folder of MIDI files')
    parser.add_argument('--generated', help='another')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = [options.reference, options.generated]
        for index, path in enumerate(paths):
            if path is None:
                paths[index] = os.path.join(folder, str(index))
                _write_walks(paths[index], options.pieces, seed=index)
        print(
            json.dumps(
                {protocol: _measure(paths, protocol, options.repeats) for protocol in PROTOCOLS}
            )
        )


def _measure(paths: list[str], protocol: str, repeats: int) -> dict:
    totals, parts = [], []
    for _ in range(repeats):
        begun = time.process_time()
        sets = [
            read_folder('folder', path, protocol, np.random.default_rng(0)).pieces for path in paths
        ]
        parts.append(time.process_time() - begun)
        compare(*sets, protocol)
        totals.append(time.process_time() - begun)
    return {
        'pieces': [len(each) for each in sets],
        'median_s': round(statistics.median(totals), 3),
        'least_s': round(min(totals), 3),
        'features_s': round(statistics.median(parts), 3),
        'repeats': repeats,
    }


def _write_walks(folder: str, num: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for index in range(num):
        onset, pitch, notes = 0, 72, []
        while onset < STEPS:
            length = min(int(rng.choice([1, 2, 2, 2, 4])), STEPS - onset)
            notes.append(Note(onset * STEP, length * STEP, pitch))
            onset, pitch = onset + length, int(np.clip(pitch + rng.integers(-4, 5), 55, 90))
        write_midi(os.path.join(folder, f'{index:04}.mid'), notes)


if __name__ == '__main__':
    main()
