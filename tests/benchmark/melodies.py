"""Made-up melodies, and a package that holds some in its eight sets."""

import pathlib

import numpy as np

from symmusic.benchmark import melodies as benchmark
from tests.score.midi_bytes import melody


def random_tunes(num, seed=0, low=60, pitches=5):
    """`num` walks of 6 to 12 notes."""
    rng = np.random.default_rng(seed)
    tunes = []
    for _ in range(num):
        steps = rng.integers(-1, 2, rng.integers(6, 13))
        tunes.append(low + np.clip(np.cumsum(steps) + 2, 0, pitches - 1))
    return tunes


def write_package(folder: pathlib.Path, monkeypatch, num: int = 10):
    """A folder as of the package, whose counts the benchmark then expects."""
    for seed, (name, source) in enumerate([*benchmark.SETS.items()]):
        tunes = random_tunes(num, seed)
        place = folder / source.folder
        place.mkdir(exist_ok=True)
        for number, tune in enumerate(tunes, 1):
            path = place / f'{source.prefix}{number:03d}.mid'
            path.write_bytes(melody(*[(int(pitch), 1) for pitch in tune]))
        found = benchmark.make_set(name, tunes)
        own = benchmark.Source(
            source.folder,
            source.prefix,
            num,
            found.num_notes,
            len(found.pitches),
            source.published,
        )
        monkeypatch.setitem(benchmark.SETS, name, own)
