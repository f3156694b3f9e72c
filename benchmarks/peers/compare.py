"""Bits per note of the shipped model's test tunes: the shipped model beside a peer, with everything
paid for. Writes docs/results/peers.json and prints a table.

python benchmarks/peers/export.py --out=FOLDER/tunes.jsonl
python benchmarks/peers/folk_rnn.py --tunes=FOLDER/tunes.jsonl --out=FOLDER/run --minutes=37
python benchmarks/peers/folk_rnn.py --tunes=FOLDER/tunes.jsonl --out=FOLDER/run --measure
python benchmarks/peers/compare.py --peer=FOLDER/run/test.json

Both are trained on the same tunes, stop on the same validation tunes, and code the same pitches,
onsets and lengths of the same test tunes, whole, on the grid of sixteenths.

- Given to both: the metre, the key (all tunes are transposed), that a tune starts at a bar line,
  and the alphabet, which for the peer is that of its tokens.
- The peer pays for each of its tokens: pitches, lengths, ties, bar lines, repeat signs and the end.
- The shipped model pays for each step of the tune, the first included, as in `measures.likelihood`:
  given the steps before it in windows of `train.held_out_steps` at a hop of half of that, without
  the number of bars left. It does not predict where a tune ends, so the bars of a tune and the
  steps of its last bar are paid for under their distribution in the training tunes (`tune_ends`).

Bits per note are all bits divided by all notes. Intervals, 95 %, resample tune families, and
differences are paired by tune.
"""

import argparse
import dataclasses
import datetime
import json
import pathlib
import sys
from collections.abc import Mapping, Sequence

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np

from benchmarks.peers.export import shipped_split
from benchmarks.peers.tune_ends import TuneEnds
from symmusic.corpus.meters import find_index
from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import Windows, cut_windows, tune_indices
from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.measures.bounds import AMOUNT
from symmusic.measures.distributions import label_losses, model_log_probabilities
from symmusic.measures.families import resample_families
from symmusic.measures.likelihood import find_targets
from symmusic.model.model import Params
from symmusic.model.places import later
from symmusic.streams import Stream, generator
from symmusic.training.card import Card
from symmusic.training.data import put
from symmusic.training.shipped import read_shipped
from symmusic.wording import estimate

STORED = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'results' / 'peers.json'
SHIPPED_SECONDS = 2224  # of processor time to train the shipped model: docs/performance.md


def whole_windows(tunes: Sequence[Tune], card: Card) -> Windows:
    """Windows in which each step of the tunes is a target once. Those that `cut_windows` gives lack
    the first step of a phrase that is longer than they are: it gets a window of its own, at whose
    end it stands after padding.
    """
    steps = card.config['train']['held_out_steps'] + 1
    windows = cut_windows(
        tunes,
        card.vocabulary,
        steps,
        steps // 2,
        cover_end=True,
        count_once=True,
        meters=card.meters,
        steps_per_quarter=card.steps_per_quarter,
    )
    # a later window of a phrase has its first target after all steps of the window before
    rows = np.flatnonzero((windows.first_targets == 1) & (windows.num_padding == 0))
    own = windows.select(rows)
    places = np.asarray(later(own.positions.astype(int), 1 - steps, windows.bars))
    most = np.full(len(rows), steps - 1)
    first = {
        'starts': own.starts - (steps - 1),
        'positions': places,
        'num_padding': most,
        'first_targets': most,
    }
    joined = {
        name: np.concatenate([getattr(windows, name), part]).astype(getattr(windows, name).dtype)
        for name, part in first.items()
    }
    return dataclasses.replace(windows, **joined)


def bits_of_steps(tunes: Sequence[Tune], params: Params, card: Card) -> np.ndarray:
    """The bits of all steps of each tune under a model."""
    windows = whole_windows(tunes, card)
    targets = find_targets(windows, card.vocabulary, all_steps=True)
    num_steps = sum(len(tune.events) for tune in tunes)
    if len(targets) != num_steps:
        raise ValueError(f'{len(targets)} targets of {num_steps} steps')
    logs_KV = model_log_probabilities(
        params, put(windows), targets, architecture=card.architecture, kind='all'
    )
    of_tune = tune_indices(windows, tunes, card.vocabulary)[targets.rows]
    return np.bincount(of_tune, label_losses(logs_KV, targets), len(tunes)) / np.log(2)


def bits_of_ends(tunes: Sequence[Tune], train: Sequence[Tune], card: Card) -> np.ndarray:
    """The bits of the end of each tune."""

    def end(tune: Tune) -> tuple[str, int, int]:
        meter = card.meters[find_index(tune.counted_in, card.meters)]
        return meter, len(tune.events), tune.bar.steps

    ends = TuneEnds([end(tune) for tune in train])
    return np.array([ends.bits(*end(tune)) for tune in tunes])


def of_peer(path: pathlib.Path, tunes: Sequence[Tune]) -> tuple[dict, np.ndarray]:
    """What the peer says of itself, and its bits of each tune.

    Raises:
      UserError: it measured other tunes.
    """
    found = json.loads(path.read_text())
    bits = found.pop('bits')
    if bits.keys() != {tune.file for tune in tunes}:
        raise UserError(f'{path}: not the test tunes of the shipped model; export them again')
    return found, np.array([bits[tune.file] for tune in tunes])


def compared(bits: Mapping[str, np.ndarray], notes: np.ndarray, families: Sequence[int]) -> dict:
    """Bits per note of each model, and the difference of each from the first."""
    drawn = resample_families(list(families), generator(0, Stream.LIKELIHOOD_RESAMPLES))
    first = next(iter(bits.values()))
    found = {
        name: {
            'bits_per_note': drawn.ratio((each, notes), AMOUNT),
            'more': drawn.difference((each, notes), (first, notes), AMOUNT),
        }
        for name, each in bits.items()
    }
    return {
        name: {key: dataclasses.asdict(value) for key, value in each.items()}
        for name, each in found.items()
    }


def main() -> None:
    """Measures, stores and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--peer', type=pathlib.Path, required=True, help='its test.json')
    options = parser.parse_args()
    params, card, figures = read_shipped()
    corpus, split = shipped_split(card)
    tunes = split.test
    if several := [tune.file for tune in tunes if len(tune.phrases) > 1]:
        raise UserError(f'{several[0]}: several phrases; the cost of the silence is not defined')
    about, peer = of_peer(options.peer, tunes)
    ends = bits_of_ends(tunes, split.train, card)
    bits = {'shipped': bits_of_steps(tunes, params, card) + ends, 'peer': peer}
    notes = np.array([(tune.events >= 0).sum() for tune in tunes], float)
    families = [corpus.family_of[tune.file] for tune in tunes]
    models = compared(bits, notes, families)
    size = sum(leaf.size for leaf in jax.tree.leaves(params))
    models['shipped'] |= {
        'num_parameters': size,
        'processor_s': SHIPPED_SECONDS,
        'best_epoch': figures['best_epoch'],
    }
    models['peer'] |= about
    found = {
        'date': datetime.date.today().isoformat(),
        'corpus': corpus.name,
        'fingerprint': corpus.fingerprint,
        'num_tunes': len(tunes),
        'num_families': len(set(families)),
        'num_notes': int(notes.sum()),
        'bits_per_note_of_ends': float(ends.sum() / notes.sum()),
        'models': models,
    }
    write_whole(STORED, json.dumps(found, indent=1) + '\n')
    print('| model | parameters | processor time, s | bits per note | minus the shipped model |')
    print('|---|---|---|---|---|')
    for name, each in models.items():
        cells = [estimate(*each[key].values(), 3) for key in ('bits_per_note', 'more')]
        known = (f'{each[key]:,.0f}' for key in ('num_parameters', 'processor_s'))
        print(f'| {name} | {" | ".join([*known, *cells])} |')


if __name__ == '__main__':
    main()
