# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""A run for infilling from training to evaluation, as a user runs it."""

import csv
import json
import pathlib

import numpy as np
import pytest

import launch
from symmusic.melody.events import quantize
from symmusic.score.abc import read_abc_tune
from symmusic.score.midi import parse_midi
from tests.test_launch import (
    arguments,
    corpus,  # noqa: F401 - a fixture
    refused,  # noqa: F401 - a fixture
    sampling,
    settled,
)

pytestmark = pytest.mark.usefixtures('undrawn')

GAP = {
    'train.targets': 'gap',
    'train.gap_share': 1.0,
    'model.bidirectional': True,
    'model.metric_position': True,
    'model.lookback': '(16,)',
}
BOTH = {  # continues as well
    **GAP,
    'train.gap_share': 0.5,
    'model.backward_layers': 1,
    'model.backward_cells': 3,
    'model.agreement': True,
    'model.agreement_ahead': True,
}
EVALUATE = [
    '--mode=evaluate',
    '--config.evaluate.num_pieces=4',
    '--config.evaluate.num_draws=1',
    '--config.evaluate.critic_pieces=0',
]


@pytest.fixture(scope='module')
def workdir(tmp_path_factory, corpus):
    workdir = tmp_path_factory.mktemp('infilling') / 'run'
    with settled(tmp_path_factory.mktemp('cache')):
        assert launch.main(arguments(workdir, corpus, **BOTH)) == 0
    return workdir


def test_both_losses_of_a_run_that_learns_both_are_told(workdir, corpus, capsys):
    """By epoch and at the best one, which is that of their mean; also after it has gone on."""
    assert launch.main(arguments(workdir, corpus, **{**BOTH, 'train.num_epochs': 3})) == 0
    said = capsys.readouterr().out
    rows = list(csv.DictReader((workdir / 'gaps.csv').open()))
    losses = list(csv.DictReader((workdir / 'metrics.csv').open()))
    assert [row['epoch'] for row in rows] == [row['epoch'] for row in losses] == ['1', '2', '3']
    means = [(float(row['left_to_right_loss']) + float(row['gap_loss'])) / 2 for row in rows]
    assert means == pytest.approx([float(row['validation_loss']) for row in losses])
    (found,) = json.loads((workdir / 'summary.json').read_text())['replicas']
    best = rows[found['best_epoch'] - 1]
    assert found['best_epoch'] == 1 + np.argmin(means)
    assert found['nats_per_step']['validation'] == float(best['left_to_right_loss'])
    assert found['nats_per_gap_step']['validation'] == float(best['gap_loss'])
    assert found['nats_per_gap_step']['test'] > 0
    assert 'regenerate=2-3' in said
    assert 'to continue bars of your own' in said


def test_bars_between_others_are_drawn_and_the_others_are_kept(workdir, tmp_path, capsys, refused):
    prompt = tmp_path / 'mine.abc'
    # longer than a training sequence
    prompt.write_text('X:1\nT:Mine\nM:4/4\nL:1/4\nK:G\n' + 'GABc|dcBA|BcdB|AFG2|' * 5 + '\n')
    argv = sampling(workdir, f'--config.sample.prompt={prompt}')
    assert (
        launch.main(
            [
                *argv,
                '--config.sample.regenerate=2-3',
                '--config.sample.scale=prompt',
                '--config.sample.num_candidates=3',
            ]
        )
        == 0
    )
    folder = pathlib.Path(capsys.readouterr().out.splitlines()[-1])
    before = {
        (note.onset, note.pitch)
        for note in quantize(read_abc_tune(prompt.read_text()))
        if not 16 <= note.onset < 48
    }
    for name in ('01', '02'):
        after = quantize(
            parse_midi((folder / 'joined' / f'{name}.mid').read_bytes()), align_pickup=False
        )
        assert {(note.onset, note.pitch) for note in after if not 16 <= note.onset < 48} == before
        assert {note.pitch % 12 for note in after} <= {7, 9, 11, 0, 2, 4, 6}
    assert launch.main([*argv, '--config.sample.regenerate=20']) == 0  # nothing follows
    assert launch.main(argv) == 0  # continues
    assert '2 pieces of 1 bar after mine' in capsys.readouterr().out
    error = refused(*argv, '--config.sample.form=window')
    assert "config.sample.form = 'window' with config.train.targets = 'gap'" in error


@pytest.mark.slow
def test_it_is_measured_beside_a_run_left_to_right(workdir, corpus, tmp_path, capsys, refused):
    other = tmp_path / 'other'
    left_to_right = {'train.targets': 'all', 'model.bidirectional': False}
    assert launch.main(arguments(other, corpus, **left_to_right)) == 0
    argv = [f'--workdir={workdir}', *EVALUATE]
    assert launch.main([*argv, f'--config.evaluate.left_to_right={other}']) == 0
    said = capsys.readouterr().out
    folder = pathlib.Path(said.splitlines()[-1])
    assert '## Filling gaps' in (folder / 'report.md').read_text()
    comparison = json.loads((folder / 'comparison.json').read_text())
    found, order = comparison['infilling'], comparison['baselines']['markov_order']
    assert found['left_to_right'] == 'other'
    for each in found['gaps'].values():
        names = [
            'model',
            'right_hidden',
            'left_to_right',
            f'markov_{order}',
            'base_rate',
            'saved_hidden',
            'saved',
        ]
        assert set(each['nats_per_step']) == set(names)
        nats = each['nats_per_step']
        assert nats['saved'] == pytest.approx(nats['left_to_right'] - nats['model'])
        assert np.isfinite(list(nats.values())).all()
    assert launch.main(argv) == 0
    assert (
        'The shipped model is not compared: it was trained on other tunes'
        in capsys.readouterr().out
    )
    assert 'no such folder' in refused(*argv, '--config.evaluate.left_to_right=nowhere')
    assert 'this run is not for infilling' in refused(
        f'--workdir={other}', *EVALUATE, f'--config.evaluate.left_to_right={workdir}'
    )
    alone = tmp_path / 'alone'
    assert launch.main(arguments(alone, corpus, **GAP)) == 0
    assert "its config.train.targets is 'gap'; must be 'all'" in refused(
        *argv, f'--config.evaluate.left_to_right={alone}'
    )
