"""The network of `network.py` in PyTorch, with its flags and its one JSON line; does not need
symmusic.

    python -m venv torch && torch/bin/pip install torch numpy
    torch/bin/python benchmarks/peer_torch.py --batch=128 --layers=2 --cells=64 [--bidirectional]
        [--attention=none|bahdanau|weighted]

`torch.nn.LSTM` on one-hot tokens, dropout 0.4 after each layer, Adam with clipping at a norm of 1,
float32.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn

DRAWN_STEPS = 65


class Network(nn.Module):
    """Logits [B, V] of the token after windows of tokens [B, T]."""

    def __init__(self, vocab: int, layers: int, cells: int, bidirectional: bool, attention: str):
        super().__init__()
        self.vocab, self.cells, self.bidirectional, self.attention = (
            vocab,
            cells,
            bidirectional,
            attention,
        )
        width = cells * (1 + bidirectional)
        self.layers = nn.LSTM(
            vocab,
            cells,
            layers,
            batch_first=True,
            dropout=0.4 if layers > 1 else 0.0,
            bidirectional=bidirectional,
        )
        self.dropout = nn.Dropout(0.4)
        if attention == 'bahdanau':
            self.query, self.key = (
                nn.Linear(width, cells, bias=False),
                nn.Linear(width, cells, bias=False),
            )
        self.score = nn.Linear(cells if attention == 'bahdanau' else width, 1)
        self.head = nn.Linear(width * (1 + (attention == 'bahdanau')), vocab)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        states, _ = self.layers(nn.functional.one_hot(tokens, self.vocab).float())
        states = self.dropout(states)
        summary = torch.cat([states[:, -1, : self.cells], states[:, 0, self.cells :]], dim=-1)
        if self.attention == 'none':
            return self.head(summary)
        hidden = (
            states
            if self.attention == 'weighted'
            else torch.tanh(self.query(summary)[:, None] + self.key(states))
        )
        context = (torch.softmax(self.score(hidden), dim=1) * states).sum(dim=1)
        return self.head(
            context if self.attention == 'weighted' else torch.cat([context, summary], dim=-1)
        )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    defaults = {
        'batch': 128,
        'layers': 2,
        'cells': 64,
        'steps': 63,
        'vocab': 58,
        'updates': 20,
        'repeats': 7,
        'samples': 100,
    }
    for name, default in defaults.items():
        parser.add_argument(f'--{name}', type=int, default=default)
    parser.add_argument('--bidirectional', action='store_true')
    parser.add_argument('--attention', choices=['none', 'bahdanau', 'weighted'], default='none')
    parser.add_argument('--device', default='cpu')
    options = parser.parse_args()
    network = Network(
        options.vocab, options.layers, options.cells, options.bidirectional, options.attention
    ).to(options.device)
    optimizer = torch.optim.Adam(network.parameters(), 0.005)
    windows = torch.randint(
        0, options.vocab, (options.updates, options.batch, options.steps + 1), device=options.device
    )

    def run(batches):
        for batch in batches:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(batch[:, :-1]), batch[:, -1]).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        if options.device != 'cpu':
            torch.cuda.synchronize()

    run(windows[:3])
    times = []
    for _ in range(options.repeats):
        begun = time.perf_counter()
        run(windows)
        times.append((time.perf_counter() - begun) / options.updates)

    network.train(False)  # no dropout
    window = windows[0, :1, : options.steps].repeat(options.samples, 1)
    begun = time.perf_counter()
    with torch.no_grad():
        for _ in range(DRAWN_STEPS * (options.samples > 0)):
            token = torch.distributions.Categorical(logits=network(window)).sample()
            window = torch.cat([window[:, 1:], token[:, None]], dim=1)
    window.cpu()
    sampling = time.perf_counter() - begun
    figures = {
        'peer': f'torch {torch.__version__}',
        'device': options.device,
        'threads': torch.get_num_threads(),
        'update_ms_median': 1e3 * statistics.median(times),
        'update_ms_min': 1e3 * min(times),
        'sequences_per_s': options.batch / statistics.median(times),
        'samples': options.samples,
        **({'sampling_s': sampling} if options.samples else {}),
    }
    print(json.dumps(figures))


if __name__ == '__main__':
    main()
