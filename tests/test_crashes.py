"""Real processes killed at random moments, again and again: the final result is that of an
uninterrupted one.
"""

import csv
import json
import pathlib
import random
import subprocess
import time

import jax
import numpy as np
import pytest

from symmusic.training.checkpoint import Checkpoints
from tests.test_launch import arguments, make_corpus, process

# it saves after every update
TRAINING = {'train.checkpoint_minutes': 1e-4, 'train.average_decay': 0.9}


@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp('tunes') / 'walks')


def run(argv, folder, kill=None):
    """Runs a process to its end or, with `kill`, until some seconds after its first line of an
    epoch or its start: (seconds, 'epoch' or 'start'). Returns its exit status.
    """
    started = process(*argv, cwd=folder, cache=folder / 'cache')
    if kill is None:
        out, error = started.communicate(timeout=300)
        assert (started.returncode, error) == (0, ''), out + error
        return 0
    seconds, since = kill
    if since == 'epoch':
        for line in started.stdout:
            if line.startswith('compiled'):
                break
    time.sleep(seconds)
    started.kill()
    started.communicate()
    return started.returncode


def outcome(workdir):
    """All output of a run except for times."""
    with (workdir / 'metrics.csv').open() as file:
        rows = [
            {name: value for name, value in row.items() if name != 'sequences_per_s'}
            for row in csv.DictReader(file)
        ]
    summary = json.loads((workdir / 'summary.json').read_text())
    del summary['seconds'], summary['digest']
    files = sorted(
        path
        for path in (workdir / 'samples').rglob('*')
        if path.suffix in ('.mid', '.abc', '.json', '.musicxml')
    )
    states, card = Checkpoints(workdir).restore()
    numbers = [
        np.asarray(leaf)
        for leaf in jax.tree.leaves(states.replace(key=jax.random.key_data(states.key)))
    ]
    contents = {str(path.relative_to(workdir)): path.read_bytes() for path in files}
    return rows, summary, contents, card.config, [number.tobytes() for number in numbers]


@pytest.mark.parametrize(
    ('num_kills', 'num_epochs'), [(2, 2), pytest.param(50, 24, marks=pytest.mark.slow)]
)
def test_training_killed_at_random_moments_ends_the_same(corpus, tmp_path, num_kills, num_epochs):
    """Within reading the corpus, compiling, checkpoints, metrics and samples: half of the moments
    are counted from the start, half from the first update on.
    """
    rng, killed = random.Random(num_kills), 0
    (tmp_path / 'whole').mkdir()
    (tmp_path / 'part').mkdir()
    for name in ('whole', 'part'):
        argv = arguments(
            tmp_path / name / 'run', corpus, **TRAINING, **{'train.num_epochs': num_epochs}
        )
        for _ in range(num_kills if name == 'part' else 0):
            kill = (
                (rng.uniform(0.5, 6), 'start')
                if rng.random() < 0.5
                else (rng.uniform(0, 1.5), 'epoch')
            )
            killed += run(argv, tmp_path / name, kill) < 0
        run(argv, tmp_path / name)
    assert killed > num_kills // 3  # others had finished before
    assert outcome(tmp_path / 'part' / 'run') == outcome(tmp_path / 'whole' / 'run')
    left = [path.name for path in (tmp_path / 'part' / 'run').iterdir()]
    assert not [name for name in left if name == '.lock']
    # no process remains
    assert subprocess.run(['pgrep', '-f', str(tmp_path)], capture_output=True).returncode == 1


@pytest.mark.slow
def test_preparation_and_sampling_killed_at_random_moments(corpus, tmp_path):
    """The cache and the folder of samples are complete or absent."""
    rng = random.Random(1)
    statistics = arguments(tmp_path / 'stats', corpus, mode='stats')
    run(statistics, tmp_path)
    first = {
        path.name: path.read_bytes()
        for path in (tmp_path / 'stats' / 'stats').iterdir()
        if path.suffix != '.png'
    }
    for _ in range(20):
        for path in (tmp_path / 'cache').rglob('corpus-*.bin'):
            path.unlink()
        run(statistics, tmp_path, (rng.uniform(0.3, 3), 'start'))
        run(statistics, tmp_path)
        assert first == {
            path.name: path.read_bytes()
            for path in (tmp_path / 'stats' / 'stats').iterdir()
            if path.suffix != '.png'
        }
    run(arguments(tmp_path / 'run', corpus), tmp_path)
    draw = [
        f'--workdir={tmp_path / "run"}',
        '--mode=sample',
        '--config.sample.num_samples=4',
        '--config.sample.num_bars=1',
        '--config.seed=',
    ]
    for seed in range(20):
        argv = [*draw[:-1], f'{draw[-1]}{seed + 1}']
        run(argv, tmp_path, (rng.uniform(2, 7), 'start'))
        for folder in (tmp_path / 'run' / 'samples').glob('[a-z]*'):
            assert len(json.loads((folder / 'samples.json').read_text())) == len(
                list(folder.glob('*.mid'))
            )
        run(argv, tmp_path)


@pytest.mark.slow
def test_the_harness_detects_a_difference(tmp_path, corpus):
    """Another seed has another outcome, so the comparison can fail."""
    outcomes = []
    for seed in (0, 1):
        folder = pathlib.Path(tmp_path / str(seed))
        folder.mkdir()
        argv = arguments(
            folder / 'run',
            corpus,
            **{**TRAINING, 'train.num_epochs': 1, 'seed': seed, 'train.checkpoint_minutes': 1.0},
        )
        run(argv, folder)
        outcomes.append(outcome(folder / 'run'))
    assert all(one != other for one, other in zip(outcomes[0][:3], outcomes[1][:3], strict=True))
    assert outcomes[0][4] != outcomes[1][4]
