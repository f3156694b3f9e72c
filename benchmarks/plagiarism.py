"""Times plagiarism (MelodyShape's 2015-shapeh) against collections of growing size. Prints Markdown
and one JSON line.

    python benchmarks/plagiarism.py [--sizes=corpus,1000,10000,100000] [--pieces=20]
        [--corpus-pieces=100] [--corpus=folk]

The size `corpus` is the whole corpus, with which 100 pieces are compared. The tunes of the other
collections are assembled from two-bar excerpts of random tunes of the corpus and have the lengths
of random tunes; pieces are four bars assembled in the same way. "Computed" counts the alignment
cells that were computed, "covered" all cells between the pieces and the tunes: cells left out
cannot change the result. "Times Java" compares both with the 3.0e6 cells per second of the original
program, which computes all cells, with 2 threads on 2 cores. Peak memory is that of the process so
far.
"""

import argparse
import json
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import numpy as np

from symmusic.corpus.cache import load_corpus
from symmusic.corpus.prepare import Settings
from symmusic.melody.events import from_events
from symmusic.originality.shape import find_nearest
from symmusic.originality.shape_index import index_tunes

STRETCH_STEPS = 32
JAVA_CELLS_PER_S = 3.0e6
WHOLE = 'corpus'


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--sizes',
        default=f'{WHOLE},1000,10000,100000',
        help='tunes of the collections; "corpus" is the corpus itself',
    )
    parser.add_argument('--pieces', type=int, default=20, help='of four bars')
    parser.add_argument(
        '--corpus-pieces', type=int, default=100, help='the same, against the corpus itself'
    )
    parser.add_argument('--corpus', default='folk', help='a corpus name, or a folder')
    options = parser.parse_args()

    tunes = load_corpus(options.corpus, Settings()).kept
    stretches, lengths = [], []
    for tune in tunes:
        notes = from_events(tune.events)
        parts = [[] for _ in range(notes[-1].onset // STRETCH_STEPS + 1)]
        for note in notes:
            parts[note.onset // STRETCH_STEPS].append(note.pitch)
        stretches += [part for part in parts if part]
        lengths.append(len(parts))
    rng = np.random.default_rng(0)

    def resample(num_stretches: int) -> list[int]:
        return [
            pitch
            for place in rng.integers(len(stretches), size=num_stretches)
            for pitch in stretches[place]
        ]

    drawn = [resample(2) for _ in range(max(options.pieces, options.corpus_pieces))]
    rows = []
    for size in options.sizes.split(','):
        whole = size == WHOLE
        pieces = drawn[: options.corpus_pieces if whole else options.pieces]
        num = len(tunes) if whole else int(size)
        begun = time.perf_counter()
        if whole:
            collection = index_tunes(
                range(num), ([note.pitch for note in from_events(tune.events)] for tune in tunes)
            )
        else:
            collection = index_tunes(
                range(num), (resample(length) for length in rng.choice(lengths, num))
            )
        index_s = time.perf_counter() - begun
        begun = time.perf_counter()
        for piece in pieces:  # compiles
            find_nearest(piece, collection)
        first_s = time.perf_counter() - begun
        begun = time.perf_counter()
        matches = [find_nearest(piece, collection) for piece in pieces]
        seconds = time.perf_counter() - begun
        rows.append(
            {
                'tunes': num,
                'whole_corpus': whole,
                'pieces': len(pieces),
                'ngrams': collection.total,
                'index_s': index_s,
                'first_s_per_piece': first_s / len(pieces),
                's_per_piece': seconds / len(pieces),
                'cells_per_s': sum(match.num_cells for match in matches) / seconds,
                'covered_cells_per_s': sum(match.num_all_cells for match in matches) / seconds,
                'peak_memory_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    print(
        '| tunes | pieces | n-grams | index, s | s per piece, compiling | s per piece | cells/s'
        ' computed | cells/s covered | times Java | peak memory, MB |'
    )
    print('|---:' * 10 + '|')
    for row in rows:
        print(
            f'| {row["tunes"]:,}{f" ({options.corpus})" * row["whole_corpus"]} | {row["pieces"]} |'
            f' {row["ngrams"]:,} | {row["index_s"]:.1f} | {row["first_s_per_piece"]:.3f} |'
            f' {row["s_per_piece"]:.3f} | {row["cells_per_s"]:.2g} |'
            f' {row["covered_cells_per_s"]:.2g} | {row["cells_per_s"] / JAVA_CELLS_PER_S:.0f},'
            f' {row["covered_cells_per_s"] / JAVA_CELLS_PER_S:.0f} | {row["peak_memory_mb"]:.0f} |'
        )
    print(json.dumps({'corpus': options.corpus, 'rows': rows}))


if __name__ == '__main__':
    main()
