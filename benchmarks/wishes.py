"""Measures what wishes cost: how likely pieces that meet them are under the model left alone, and
how their notes are spread over the bars, drawn by particles, by one guided draw, and with masks
alone. Prints Markdown.

    python benchmarks/wishes.py [--prompts=32] [--pieces=8] [--meter=4/4] [--seed=0]
        [--wishes='free;pitches'] [--part=test] [--particles=N]

The shipped model continues four bars each of tunes of different families of a part of the corpus,
in one metre. Its wishes are the pitches, or the rhythm, of the real next four bars, or of those of
another tune. `free` asks for nothing, `real` is the real continuation. Nats per step are of all
steps, at temperature 1, those that a wish decides included; the share of notes that start in each
bar is of all pieces. Intervals are 95 %, over tunes; differences are paired by tune.
"""

import argparse
import dataclasses
import pathlib
import sys
import tempfile
from collections.abc import Iterator
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import numpy as np

import symmusic
from symmusic.api import copying
from symmusic.generate import draw
from symmusic.measures.by_family import mean_by_family
from symmusic.measures.excerpts import cut_excerpts
from symmusic.melody.events import from_events, to_notes
from symmusic.progress import track
from symmusic.score.abc_writer import format_abc
from symmusic.score.bar import SIXTEENTHS, bar_of
from symmusic.score.detection import detect_key
from symmusic.training.build import split_as_trained
from symmusic.training.corpora import corpus_of
from symmusic.wording import estimate

NUM_BARS = 4  # of a prompt, and of what follows it
ONE = {'particles': 1}
WISHES = {  # wishes, by field; 'own' and 'other' name the tune whose next bars give them
    'free': {},
    'pitches': {'pitches': 'own'},
    'pitches, guided alone': {'pitches': 'own', **ONE},
    'pitches, masks alone': {'pitches': 'own', **ONE},
    'pitches of another tune': {'pitches': 'other'},
    'pitches of another tune, guided alone': {'pitches': 'other', **ONE},
    'pitches of another tune, masks alone': {'pitches': 'other', **ONE},
    'rhythm': {'rhythm': 'own'},
    'rhythm, masks alone': {'rhythm': 'own', **ONE},
    'rhythm of another tune': {'rhythm': 'other'},
    'rhythm of another tune, masks alone': {'rhythm': 'other', **ONE},
    'real': {'pitches': 'own', 'rhythm': 'own'},
}
UNGUIDED = 'masks alone'


@dataclasses.dataclass(frozen=True)
class Excerpt:
    """Bars of a tune: ABC text of the first ones, and a file of those that follow."""

    prompt: str
    following: pathlib.Path


def excerpts(
    model: symmusic.Model,
    part: str,
    meter: str,
    num: int,
    folder: pathlib.Path,
    rng: np.random.Generator,
) -> list[Excerpt]:
    """Bars of `num` tunes of a part of the corpus, of different families, chosen at random."""
    config = model.config()
    corpus = corpus_of(config, model.card, is_shipped=True)
    held_out = getattr(split_as_trained(config, corpus), part)
    tunes = [tune for tune in held_out if tune.meter == meter]
    num_steps = NUM_BARS * bar_of(meter).steps
    cut = cut_excerpts(tunes, num_steps, continued=num_steps)
    families = corpus.family_of
    found, seen = [], set()
    for row in rng.permutation(len(cut)):
        events, family = cut.events_NT[row], families[cut.places[row][0]]
        after = from_events(events[num_steps:])
        if family not in seen and after and len(found) < num:
            seen.add(family)
            path = folder / f'{len(found)}.abc'
            path.write_text(_abc(events[num_steps:], meter))
            found.append(Excerpt(_abc(events[:num_steps], meter), path))
    return found


def _abc(events: np.ndarray, meter: str) -> str:
    notes = to_notes(from_events(events), SIXTEENTHS)
    return format_abc(notes, key=detect_key(notes), meter=meter, num_bars=NUM_BARS)


def measure(
    model: symmusic.Model,
    found: list[Excerpt],
    wish: str,
    num_pieces: int,
    seed: int,
    **usual: int,
) -> np.ndarray:
    """[N, 1 + NUM_BARS] for each tune: the mean nats per step and the share of notes that start in
    each bar. `usual` are fields that hold where the wish states no other.
    """
    rows = []
    for place, excerpt in enumerate(track(found, wish)):
        other = found[(place + 1) % len(found)]
        files = {'own': str(excerpt.following), 'other': str(other.following)}
        fields = {name: files.get(value, value) for name, value in WISHES[wish].items()}
        num = 1 if wish == 'real' else num_pieces
        pieces = model.continue_tune(
            excerpt.prompt, num_bars=NUM_BARS, num_samples=num, seed=seed, **{**usual, **fields}
        )
        nats = -np.mean([piece.drawn.log_probabilities.mean() for piece in pieces])
        starts = np.array([piece.drawn.events >= 0 for piece in pieces])
        bars = starts.reshape(len(pieces), NUM_BARS, -1).sum(axis=(0, 2))
        rows.append([nats, *bars / bars.sum()])
    return np.array(rows)


def rows(
    model: symmusic.Model,
    found: list[Excerpt],
    wishes: list[str],
    num_pieces: int,
    seed: int,
    **usual: int,
) -> Iterator[list[str]]:
    """The rows of the table."""
    free, families = None, np.arange(len(found))
    for wish in wishes:
        distant = (lambda _: False) if wish.endswith(UNGUIDED) else draw.is_distant
        with mock.patch.object(draw, 'is_distant', distant):
            values = measure(model, found, wish, num_pieces, seed, **usual)
        free = values if free is None else free
        table = np.column_stack([values, values[:, 0] - free[:, 0]])
        cells = mean_by_family(table, families, np.random.default_rng(seed))
        nats, *bars, more = (estimate(each.value, each.low, each.high) for each in cells)
        yield [wish, nats, more if wish != 'free' else '', *bars]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--prompts', type=int, default=32, help='tunes')
    parser.add_argument('--pieces', type=int, default=8, help='after each')
    parser.add_argument('--meter', default='4/4', help='of the tunes')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--wishes', default=';'.join(WISHES), help='which')
    parser.add_argument('--part', default='test', help='validation, to choose settings')
    parser.add_argument('--particles', type=int, help='those of each piece; none = the default')
    options = parser.parse_args()
    model, rng = symmusic.load(), np.random.default_rng(options.seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(copying, 'find_originals', return_value=None),  # takes time, says nothing
    ):
        usual = {} if options.particles is None else {'particles': options.particles}
        of = options.part, options.meter, options.prompts, pathlib.Path(folder)
        found = excerpts(model, *of, rng)
        print(f'{len(found)} tunes in {options.meter}, {options.pieces} pieces after each')
        bars = [f'notes in bar {number}' for number in range(1, NUM_BARS + 1)]
        head = ['constraint', 'nats per step', 'minus free', *bars]
        print(f'| {" | ".join(head)} |', f'|{"---|" * len(head)}', sep='\n')
        wishes = [name for name in WISHES if name in options.wishes.split(';')]
        for row in rows(model, found, wishes, options.pieces, options.seed, **usual):
            print(f'| {" | ".join(row)} |', flush=True)


if __name__ == '__main__':
    main()
