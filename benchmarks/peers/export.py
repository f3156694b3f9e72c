"""Writes the tunes of the shipped model, split as it was trained, as tokens for other programs.

python benchmarks/peers/export.py --out=FOLDER/tunes.jsonl

Each line is a tune: part ('train', 'validation' or 'test'), file, num_notes, and the tokens of
`abc_tokens`. The tunes are transposed to C major or A minor and on the grid of sixteenths, as the
shipped model reads them. Metres that it does not tell apart, such as 4/4 and 2/2, have one name.
The file contains the corpus, so it belongs outside of the project.
"""

import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import numpy as np

from benchmarks.peers import abc_tokens
from symmusic.config.protocol import base_config
from symmusic.config.runs import from_dict
from symmusic.corpus.cache import Corpus
from symmusic.corpus.meters import find_index
from symmusic.corpus.split import TEST, TRAIN, VALIDATION, Split
from symmusic.files import write_whole
from symmusic.training import build, corpora
from symmusic.training.card import Card
from symmusic.training.shipped import read_shipped


def shipped_split(card: Card) -> tuple[Corpus, Split]:
    """The corpus of the shipped model and its tunes in each part."""
    config = from_dict(card.config, base_config())
    corpus = corpora.corpus_of(config, card, is_shipped=True)
    return corpus, build.split_as_trained(config, corpus)


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', type=pathlib.Path, required=True)
    options = parser.parse_args()
    _, card, _ = read_shipped()
    _, split = shipped_split(card)
    lines = []
    for part in (TRAIN, VALIDATION, TEST):
        for tune in getattr(split, part):
            meter = card.meters[find_index(tune.counted_in, card.meters)]
            tokens = abc_tokens.to_tokens(tune.events, tune.bar.steps, meter)
            if not np.array_equal(abc_tokens.to_events(tokens), tune.events):
                raise ValueError(f'{tune.file}: its tokens are not the same melody')
            line = {'part': part, 'file': tune.file, 'num_notes': int((tune.events >= 0).sum())}
            lines.append(json.dumps(line | {'tokens': tokens}))
    write_whole(options.out, '\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
