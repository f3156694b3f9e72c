"""A token LSTM in the manner of folk-rnn, in PyTorch: the peer of the shipped model.

python benchmarks/peers/folk_rnn.py --tunes=FOLDER/tunes.jsonl --out=FOLDER/run --minutes=37
python benchmarks/peers/folk_rnn.py --tunes=FOLDER/tunes.jsonl --out=FOLDER/run --measure

Network as published (Sturm, Santos, Ben-Tal and Korshunova, 2016): one-hot tokens, 3 LSTM layers of
512 cells, dropout of 0.5 after each, softmax; `--layers` and `--cells` make it smaller. It is not a
copy of their program: it is trained with Adam, whose rate falls to zero over the processor time
that it is given (`--minutes`), instead of RMSprop for 100 epochs, because on two cores there is
time for a few epochs only. Batches are whole tunes of similar length, read in chunks with the state
carried from one to the next, so no token is dropped. After each epoch the validation tunes are
measured and the best parameters kept; a run stops after `--patience` epochs without a better one.
A stopped run resumes.

With `--measure` the best parameters are measured on the test tunes: test.json has the bits of each
tune, which are those of all its tokens after the metre, the end token included. The tokens of the
corpus, about 80, are given. This file imports nothing of symmusic.
"""

import argparse
import json
import math
import pathlib
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

POOL = 20  # batches whose tunes are sorted by length together
PADDING = -1


class Network(nn.Module):
    """Logits [B, T, V] of the tokens after tokens [B, T], and the state after them."""

    def __init__(self, vocabulary: int, layers: int, cells: int, dropout: float):
        super().__init__()
        self.vocabulary = vocabulary
        between = dropout if layers > 1 else 0.0
        self.layers = nn.LSTM(vocabulary, cells, layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(cells, vocabulary)
        for name, weights in self.layers.named_parameters():
            if 'bias' in name:
                nn.init.zeros_(weights)
            else:  # wider than PyTorch's, with which an epoch is lost on the frequencies of tokens
                nn.init.normal_(weights, 0, 0.5 if name == 'weight_ih_l0' else cells**-0.5)
            if 'bias_ih' in name:
                weights.data[cells : 2 * cells] = 1  # of the forget gates

    def forward(self, tokens, state=None):
        inputs = nn.functional.one_hot(tokens, self.vocabulary).float()
        states, state = self.layers(inputs, state)
        return self.head(self.dropout(states)), state


class Tunes:
    """The tunes of a file of tokens, by part: token indices [T] of each, and their file names."""

    def __init__(self, path: pathlib.Path):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        names = sorted({token for row in rows for token in row['tokens']})
        index = {name: place for place, name in enumerate(names)}
        self.num_tokens = len(names)
        self.parts: dict[str, list[np.ndarray]] = {}
        self.files: dict[str, list[str]] = {}
        self.num_notes: dict[str, int] = {}
        for row in rows:
            tokens = np.array([index[token] for token in row['tokens']])
            self.parts.setdefault(row['part'], []).append(tokens)
            self.files.setdefault(row['part'], []).append(row['file'])
            self.num_notes[row['part']] = self.num_notes.get(row['part'], 0) + row['num_notes']


def batches(tunes: list[np.ndarray], size: int, rng: np.random.Generator) -> list[list[int]]:
    """Each tune once, in random batches of similar length."""
    order, found = rng.permutation(len(tunes)), []
    for begin in range(0, len(order), POOL * size):
        pool = sorted(order[begin : begin + POOL * size].tolist(), key=lambda row: len(tunes[row]))
        found += [pool[at : at + size] for at in range(0, len(pool), size)]
    return [found[place] for place in rng.permutation(len(found))]


def chunks(
    network: Network, tunes: list[np.ndarray], steps: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Logits, targets (`PADDING` after the end of a tune) and the rows that they belong to, chunk
    by chunk from the first token of the tunes on. Tunes that have ended are left out.
    """
    order = sorted(range(len(tunes)), key=lambda row: -len(tunes[row]))
    length = len(tunes[order[0]])
    whole = np.full((len(tunes), length), PADDING)
    for place, row in enumerate(order):
        whole[place, : len(tunes[row])] = tunes[row]
    tokens, rows, state = torch.from_numpy(whole), torch.tensor(order), None
    for begin in range(0, length - 1, steps):
        end = min(begin + steps, length - 1)
        num = int((tokens[:, begin + 1] != PADDING).sum())  # tunes that go on; sorted
        if state is not None:
            state = tuple(part[:, :num].detach().contiguous() for part in state)
        logits, state = network(tokens[:num, begin:end].clamp(min=0), state)
        yield logits, tokens[:num, begin + 1 : end + 1], rows[:num]


def losses_of(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Nats [B, T], 0 for padding."""
    return nn.functional.cross_entropy(
        logits.transpose(1, 2), targets, reduction='none', ignore_index=PADDING
    )


@torch.no_grad()
def bits_of(network: Network, tunes: list[np.ndarray], size: int = 64) -> np.ndarray:
    """The bits of each tune, of all tokens after its first."""
    network.train(False)
    found = np.zeros(len(tunes))
    order = sorted(range(len(tunes)), key=lambda row: len(tunes[row]))
    for begin in range(0, len(order), size):
        own = order[begin : begin + size]
        for logits, targets, rows in chunks(network, [tunes[row] for row in own], 128):
            sums = losses_of(logits, targets).double().sum(dim=1).numpy() / math.log(2)
            np.add.at(found, [own[row] for row in rows.tolist()], sums)
    return found


class Run:
    """A run in a folder: its network, optimizer and progress, which are stored after each epoch."""

    def __init__(self, options: argparse.Namespace, tunes: Tunes):
        self.options, self.tunes, self.folder = options, tunes, options.out
        torch.manual_seed(options.seed)
        self.network = Network(tunes.num_tokens, options.layers, options.cells, options.dropout)
        self.optimizer = torch.optim.Adam(self.network.parameters(), options.rate)
        self.epoch, self.seconds, self.best, self.best_epoch = 0, 0.0, math.inf, 0
        self.path = self.folder / 'last.pt'
        if self.path.exists():
            stored = torch.load(self.path, weights_only=True)
            self.network.load_state_dict(stored['network'])
            self.optimizer.load_state_dict(stored['optimizer'])
            for name in ('epoch', 'seconds', 'best', 'best_epoch'):
                setattr(self, name, stored[name])

    def train(self) -> None:
        """Trains until the processor time is used up or validation stops improving."""
        self.folder.mkdir(parents=True, exist_ok=True)
        budget = 60 * self.options.minutes
        while self.seconds < budget and self.epoch - self.best_epoch <= self.options.patience:
            torch.manual_seed(self.options.seed + 1000 * (self.epoch + 1))
            begun, before, wall = time.process_time(), self.seconds, time.perf_counter()
            loss = self._train_epoch(budget, begun, before)
            bits = bits_of(self.network, self.tunes.parts['validation']).sum()
            bits /= self.tunes.num_notes['validation']
            self.epoch += 1
            self.seconds = before + time.process_time() - begun
            if bits < self.best:
                self.best, self.best_epoch = float(bits), self.epoch
                self._store(self.folder / 'best.pt')
            self._store(self.path)
            row = {
                'epoch': self.epoch,
                'train_nats_per_token': loss,
                'validation_bits_per_note': float(bits),
                'processor_s': self.seconds,
                'epoch_wall_s': time.perf_counter() - wall,
            }
            with (self.folder / 'metrics.jsonl').open('a') as file:
                file.write(json.dumps(row) + '\n')
            print(json.dumps(row), flush=True)

    def _train_epoch(self, budget: float, begun: float, before: float) -> float:
        """Nats per token of the epoch, with dropout; it ends early when the time is used up."""
        tunes, options = self.tunes.parts['train'], self.options
        nats = num = 0.0
        self.network.train()
        for rows in batches(
            tunes, options.batch, np.random.default_rng([options.seed, self.epoch])
        ):
            share = (before + time.process_time() - begun) / budget
            if share >= 1:
                break
            for group in self.optimizer.param_groups:
                group['lr'] = options.rate * (1 - share)
            for logits, targets, _ in chunks(
                self.network, [tunes[row] for row in rows], options.steps
            ):
                loss = losses_of(logits, targets).sum()
                self.optimizer.zero_grad()
                (loss / (options.batch * options.steps)).backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
                self.optimizer.step()
                nats += loss.item()
                num += (targets != PADDING).sum().item()
        return nats / num if num else math.nan

    def _store(self, path: pathlib.Path) -> None:
        partial = path.with_suffix('.partial')
        state = {'network': self.network.state_dict(), 'optimizer': self.optimizer.state_dict()}
        names = ('epoch', 'seconds', 'best', 'best_epoch')
        torch.save(state | {name: getattr(self, name) for name in names}, partial)
        partial.replace(path)

    def measure(self) -> None:
        """Writes test.json: the bits of each test tune by the best parameters of the run."""
        stored = torch.load(self.folder / 'best.pt', weights_only=True)
        self.network.load_state_dict(stored['network'])
        bits = bits_of(self.network, self.tunes.parts['test'])
        found = {
            'layers': self.options.layers,
            'cells': self.options.cells,
            'num_parameters': sum(each.numel() for each in self.network.parameters()),
            'processor_s': self.seconds,
            'epochs': self.epoch,
            'best_epoch': self.best_epoch,
            'validation_bits_per_note': self.best,
            'bits': dict(zip(self.tunes.files['test'], bits.tolist(), strict=True)),
        }
        (self.folder / 'test.json').write_text(json.dumps(found, indent=1) + '\n')
        print(f'{bits.sum() / self.tunes.num_notes["test"]:.4f} bits per note of the test tunes')


def main() -> None:
    """Trains, or measures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--tunes', type=pathlib.Path, required=True)
    parser.add_argument('--out', type=pathlib.Path, required=True)
    whole = {'layers': 3, 'cells': 512, 'batch': 32, 'steps': 64, 'patience': 3, 'seed': 0}
    for name, default in (whole | {'threads': 1}).items():
        parser.add_argument(f'--{name}', type=int, default=default)
    for name, default in {'dropout': 0.5, 'rate': 0.003, 'minutes': 37.0}.items():
        parser.add_argument(f'--{name}', type=float, default=default)
    parser.add_argument('--measure', action='store_true')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run = Run(options, Tunes(options.tunes))
    run.measure() if options.measure else run.train()


if __name__ == '__main__':
    main()
