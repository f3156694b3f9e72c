# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""A Transformer and a hybrid from training to pieces, as a user runs them."""

import csv
import json
import pathlib

import pytest

import launch
from tests.test_launch import (
    arguments,
    corpus,  # noqa: F401 - a fixture
    sampling,
    settled,
)

FIELDS = {
    'model.num_heads': 2,
    'model.metric_position': True,
    'model.lookback': '(16,)',
    'model.agreement': True,
    'model.last_notes': True,
    'train.warmup_updates': 3,
}


@pytest.mark.parametrize('kind', ['transformer', 'hybrid'])
def test_two_replicas_train_go_on_and_are_sampled(kind, tmp_path, corpus, capsys):
    workdir, fields = tmp_path / 'run', {**FIELDS, 'model.kind': kind, 'replicas': 2}
    with settled(tmp_path / 'cache'):
        assert launch.main(arguments(workdir, corpus, **fields)) == 0
        words = 'Transformer layer' if kind == 'transformer' else 'unidirectional LSTM layer'
        assert f'1 {words} of 8 cells, self-attention in 2 heads' in capsys.readouterr().out
        assert launch.main(arguments(workdir, corpus, **fields, **{'train.num_epochs': 3})) == 0
        with open(workdir / 'metrics.csv') as file:
            rows = list(csv.DictReader(file))
        assert [(row['replica'], row['epoch']) for row in rows].count(('1', '3')) == 1
        capsys.readouterr()
        # the prompt has more steps than the memory
        argv = sampling(workdir, '--config.sample.memory_steps=12')
        assert launch.main(argv) == 0
    folder = pathlib.Path(capsys.readouterr().out.splitlines()[-1])
    pieces = json.loads((folder / 'samples.json').read_text())
    assert [piece['num_steps'] for piece in pieces] == [16, 16]
    assert all(piece['log_probability'] < 0 for piece in pieces)
