# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""A Transformer and a hybrid from training to pieces, as a user runs them."""

import csv
import json
import pathlib

import pytest

import launch
from symmusic.melody.events import quantize
from symmusic.score.abc import read_abc_tune
from symmusic.score.midi import parse_midi
from tests.modes.test_infilling import EVALUATE
from tests.test_launch import (
    arguments,
    corpus,  # noqa: F401 - a fixture
    sampling,
    settled,
)

pytestmark = pytest.mark.usefixtures('undrawn')

FIELDS = {
    'train.targets': 'all',
    'model.bidirectional': False,
    'model.num_heads': 2,
    'model.metric_position': True,
    'model.lookback': '(16,)',
    'model.agreement': True,
    'model.last_notes': True,
    'model.recall': True,
    'model.copying': True,
    'model.relative_scores': True,
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


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['transformer', 'hybrid'])
def test_a_run_is_measured_fine_tuned_and_drawn_from_together(kind, tmp_path, corpus, capsys):
    workdir, fields = tmp_path / 'run', {**FIELDS, 'model.kind': kind, 'replicas': 2}
    with settled(tmp_path / 'cache'):
        assert launch.main(arguments(workdir, corpus, **fields)) == 0
        assert launch.main(sampling(workdir, '--config.sample.replica=all')) == 0
        finer = {**fields, 'init_from': workdir, 'data.split': 'window'}
        assert launch.main(arguments(tmp_path / 'finer', corpus, **finer)) == 0
        assert launch.main([f'--workdir={workdir}', *EVALUATE]) == 0
    folder = pathlib.Path(capsys.readouterr().out.splitlines()[-1])
    nats = json.loads((folder / 'comparison.json').read_text())['nats_per_step']
    assert 0 < nats['model'] < 1.5 * nats['base_rate']


@pytest.mark.slow
def test_a_hybrid_fills_bars_between_others(tmp_path, corpus, capsys):
    prompt, workdir = tmp_path / 'mine.abc', tmp_path / 'run'
    prompt.write_text('X:1\nT:Mine\nM:4/4\nL:1/4\nK:C\n' + 'GABc|dcBA|BcdB|AFG2|' * 2 + '\n')
    fields = {
        **FIELDS,
        'model.kind': 'hybrid',
        'model.bidirectional': True,
        'train.targets': 'gap',
    }
    with settled(tmp_path / 'cache'):
        assert launch.main(arguments(workdir, corpus, **fields)) == 0
        argv = sampling(workdir, f'--config.sample.prompt={prompt}')
        assert launch.main([*argv, '--config.sample.regenerate=2-3']) == 0
    folder = pathlib.Path(capsys.readouterr().out.splitlines()[-1])
    given = lambda notes: [(note.onset, note.pitch) for note in notes if not 16 <= note.onset < 48]
    joined = parse_midi((folder / 'joined' / '01.mid').read_bytes())
    assert given(quantize(joined, align_pickup=False)) == given(
        quantize(read_abc_tune(prompt.read_text()))
    )
