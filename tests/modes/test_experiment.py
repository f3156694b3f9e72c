"""A tiny experiment from start to end, stopped at every stage and resumed, and its possible
errors.
"""

import dataclasses
import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

import launch
from symmusic.corpus.prepare import Tune
from symmusic.errors import Interrupted
from symmusic.experiment import arm, ground, pieces, runner
from symmusic.experiment.claims import join
from symmusic.experiment.measures import (
    MEASURES,
    OF_LIKELIHOOD,
    index_originals,
    measure_pieces,
)
from symmusic.experiment.outcome import Outcome
from symmusic.measures.scale import measure
from symmusic.modes import experiment
from symmusic.score.bar import COMMON
from symmusic.training import session, start
from tests.corpus.tunes import random_notes, write_files
from tests.score.midi_bytes import melody

CONFIG = """
from configs import base
from symmusic.config.experiments import Hypothesis, Primary

def get_config():
    config = base.get_experiment()
    config.data.corpus = 'CORPUS'
    config.model.num_layers = 1
    config.model.num_cells = 3
    config.sample.num_samples = 1
    config.sample.num_bars = 1
    config.sample.keep_distributions = False
    config.evaluate.num_pieces = 6
    config.replicas = 2
    config.train.num_epochs = 2
    config.train.batch_size = 8
    config.train.targets = 'all'
    config.train.sequence_steps = 32
    config.train.sequence_hop_steps = 32
    config.train.cpu_devices = 1
    config.experiment = Hypothesis(
        question='Is faster better?',
        variable=('train.learning_rate',),
        arms={'slow': {'train.learning_rate': 0.001}, 'fast': {'train.learning_rate': 0.01}},
        sound={},
        source=base.AS_PUBLISHED,
        quickly={},
        primaries=(Primary('Faster is better', 'nats_per_step', ('fast', 'slow'), 'lower', 0.01),),
    )
    return config
"""


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """Twenty tunes of eight bars and more, and an experiment on them."""
    folder = write_files(
        tmp_path_factory.mktemp('tunes'),
        {f'{seed}.mid': melody(*random_notes(seed, 50)) for seed in range(20)},
    )
    path = tmp_path_factory.mktemp('configs') / 'tiny.py'
    path.write_text(CONFIG.replace('CORPUS', str(folder)))
    return path


def words(config, workdir, *more):
    return ['--mode=experiment', f'--config={config}', f'--workdir={workdir}', *more]


@pytest.fixture(scope='module')
def whole(tmp_path_factory, config):
    """The workdir of an uninterrupted experiment; read-only."""
    workdir = tmp_path_factory.mktemp('whole')
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv('SYMMUSIC_CACHE', str(tmp_path_factory.mktemp('cache')))
        assert launch.main(words(config, workdir)) == 0
    return workdir


def results(workdir):
    return json.loads((workdir / 'experiment' / 'results.json').read_text())


def test_what_it_writes(whole):
    found = results(whole)
    assert (found['experiment'], found['quick'], list(found['arms'])) == (
        'tiny',
        False,
        ['slow', 'fast'],
    )
    for cells in found['arms'].values():
        assert (cells['replicas'], len(cells['measures']['nats_per_step']['values'])) == (2, 2)
        assert 0 < cells['measures']['nats_per_step']['mean'] < 5
        assert cells['measures']['note_count']['mean'] > 0
        assert (cells['num_epochs'], cells['num_cut_off']) == ([2, 2], 2)
        assert cells['count_model'] is None  # too few tunes
    slow, fast = (found['arms'][name]['config']['train'] for name in ('slow', 'fast'))
    assert (slow.pop('learning_rate'), fast.pop('learning_rate')) == (0.001, 0.01)
    assert slow == fast
    levels = [found['arms'][name]['real_continuations'] for name in ('slow', 'fast')]
    assert levels[0] == levels[1]  # of the same prompts
    assert levels[0].keys() == MEASURES.keys() - {*OF_LIKELIHOOD}
    assert len(levels[0]['overall_oa']['values']) == 2
    assert levels[0]['empty']['values'] == [0, 0]
    assert (
        '| | slow | fast | real continuations |'.replace('| |', '|  |')
        in (whole / 'experiment' / 'report.md').read_text()
    )
    losses = [found['arms'][name]['measures']['nats_per_step']['mean'] for name in ('fast', 'slow')]
    assert losses[0] < losses[1]
    assert len(found['highlights']) == 1
    assert (whole / 'experiment' / 'report.md').read_text().startswith('# tiny: Is faster better?')
    assert (whole / 'experiment' / 'sound' / 'fast' / 'metrics.csv').exists()


class Killed(BaseException):
    """The process ends here without notice."""


def killed_at(monkeypatch, module, name, after):
    """Ends the process in a call of a function after some completed ones."""
    function, calls = getattr(module, name), []

    def run(*args, **kwargs):
        calls.append(name)
        if len(calls) > after:
            raise Killed
        return function(*args, **kwargs)

    monkeypatch.setattr(module, name, run)


STAGES = [
    (session, 'write_metrics', 1),  # in training, after the second epoch is saved
    (arm.run_folder, 'write_summary', 0),  # trained, without a summary
    (arm, 'measure_pieces', 1),  # the first arm's second replica
    (arm, 'write_digested', 1),  # measured, but not marked as done
    (experiment.gallery, 'draw', 0),  # done, without its pieces
    (start, 'init_replicas', 0),  # before the second arm
    (arm, 'measure_pieces', 0),
    (experiment, 'write_report', 0),
    (experiment, 'write_whole', 0),
]


@pytest.mark.usefixtures('undrawn')
def test_killed_at_every_stage_it_ends_the_same(whole, config, tmp_path, capsys):
    for module, name, after in STAGES:
        with pytest.MonkeyPatch.context() as monkeypatch:
            killed_at(monkeypatch, module, name, after)
            with pytest.raises(Killed):
                launch.main(words(config, tmp_path))
    assert not (tmp_path / 'experiment' / 'results.json').exists()
    capsys.readouterr()
    assert launch.main(words(config, tmp_path)) == 0
    assert 'compiled in' not in capsys.readouterr().out  # what is done is not done again
    assert results(tmp_path) == results(whole)


@pytest.mark.usefixtures('undrawn')
def test_arms_of_a_version_without_a_level_of_real_continuations(whole, config, tmp_path, capsys):
    shutil.copytree(whole, tmp_path / 'old')
    for path in (tmp_path / 'old').rglob('arm.json'):
        fields = json.loads(path.read_text())
        del fields['real'], fields['digest']
        path.write_text(json.dumps(fields))
    assert launch.main(words(config, tmp_path / 'old')) == 0
    assert 'compiled in' not in capsys.readouterr().out
    assert results(tmp_path / 'old') == results(whole)


@pytest.mark.usefixtures('undrawn')
@pytest.mark.parametrize(
    ('field', 'num_measured'),
    [
        ('train.checkpoint_minutes=7.5', 0),
        ('study.qpm=90', 0),
        ('sample.wav=True', 0),
        ('sample.temperature=2.0', 4),  # of two arms two replicas each
    ],
)
def test_a_finished_arm_is_measured_again_where_its_pieces_differ(
    whole, config, tmp_path, monkeypatch, field, num_measured
):
    shutil.copytree(whole, tmp_path / 'copy')
    drawn, draw = [], pieces.draw
    monkeypatch.setattr(pieces, 'draw', lambda *args: drawn.append(args) or draw(*args))
    assert launch.main(words(config, tmp_path / 'copy', f'--config.{field}')) == 0
    assert len(drawn) == num_measured
    measures, before = (
        [found['measures'] for found in results(folder)['arms'].values()]
        for folder in (tmp_path / 'copy', whole)
    )
    assert (measures == before) == (num_measured == 0)


@pytest.mark.usefixtures('undrawn')
def test_damaged_results_are_reported_and_made_again(whole, config, tmp_path, capsys):
    workdir = pathlib.Path(shutil.copytree(whole, tmp_path / 'copy'))
    folder = workdir / 'experiment' / 'sound'
    texts = {
        folder / 'slow' / 'arm.json': '',
        folder / 'slow' / 'measures' / '0001.json': '{"of": 3}',
    }
    texts[folder / 'slow' / 'measures' / '0000.json'] = '[]'
    changes = {
        'arm.json': ['replicas', 0, 'note_count'],
        'measures/0001.json': ['measures', 'note_count'],
        'summary.json': ['num_parameters'],
    }
    for name, (*place, last) in changes.items():  # still in the readable format
        fields = json.loads((folder / 'fast' / name).read_text())
        functools.reduce(lambda part, key: part[key], place, fields)[last] += 1
        texts[folder / 'fast' / name] = json.dumps(fields)
    for path, text in texts.items():
        path.write_text(text)
    assert launch.main(words(config, workdir)) == 0
    said = capsys.readouterr().out
    assert [path for path in texts if f'{path} is damaged (' not in said] == []
    assert said.count('made again') == len(texts)
    assert said.count('its content is not what was written') == 3
    assert 'epoch   1/2' not in said
    assert results(workdir) == results(whole)


@pytest.mark.usefixtures('undrawn')
def test_heat_maps_are_of_the_pieces_that_are_measured(whole, config, tmp_path, monkeypatch):
    shutil.copytree(whole, tmp_path / 'run')
    for path in [*(tmp_path / 'run').rglob('arm.json'), *(tmp_path / 'run').rglob('measures/*')]:
        path.unlink()
    measured, drawn, draw = [], [], pieces.draw

    def draw_and_note(*args):
        measured.append(draw(*args))
        return measured[-1]

    monkeypatch.setattr(pieces, 'draw', draw_and_note)
    monkeypatch.setattr(
        experiment,
        'write_heatmaps',
        lambda folder, shown, *more, **options: drawn.append((folder, shown)),
    )
    keep = words(config, tmp_path / 'run', '--config.sample.keep_distributions=True')
    assert launch.main(keep) == 0
    for which, (folder, shown) in enumerate(drawn):
        assert (
            folder
            == tmp_path / 'run' / 'experiment' / 'sound' / ('slow', 'fast')[which] / 'heatmaps'
        )
        best = json.loads((folder.parent / 'summary.json').read_text())['best_replica']
        assert np.array_equal([piece.events for piece in shown], measured[2 * which + best])
        assert {piece.probabilities.shape[0] for piece in shown} == {16}
        assert {len(piece.read) for piece in shown} == {64}
    assert len(drawn) == 2
    assert launch.main(keep) == 0
    assert len(drawn) == 2  # not again


def test_a_level_is_the_measures_of_the_real_continuations():
    rng = np.random.default_rng(0)
    prompts, real = rng.integers(60, 72, (2, 6, 16)), rng.integers(60, 72, (2, 6, 32))
    references = tuple((measure(rng.integers(60, 72, (6, 32)), 'corrected'),) for _ in range(2))
    originals = index_originals([Tune('a.mid', (rng.integers(60, 72, 200).astype(np.int8),))])
    made = ground.Ground(prompts, references, originals, 'corrected', COMMON, real)
    assert made.levels == [
        measure_pieces(
            prompts[index], real[index], references[index], originals, 'corrected', COMMON
        ).values
        for index in range(2)
    ]
    assert made.levels[0] != made.levels[1]
    assert dataclasses.replace(made, continuations_RNT=None).levels is None


@pytest.mark.slow
def test_other_splits(whole, config, tmp_path, capsys, monkeypatch):
    shutil.copytree(whole, tmp_path / 'run')
    finish = runner.finish

    def fail_once(which, *more):
        if which.config.data.split_seed == 4 and which.name == 'fast':
            raise MemoryError('out of memory')
        return finish(which, *more)

    monkeypatch.setattr(runner, 'finish', fail_once)
    assert launch.main(words(config, tmp_path / 'run', '--config.split_seeds=4')) == 1
    said = capsys.readouterr()
    assert '1 of 4 arms failed: fast, split 4: out of memory' in said.err
    assert 'arm 3 of 4: slow, split 4, 2 replicas' in said.out
    monkeypatch.setattr(runner, 'finish', finish)
    assert launch.main(words(config, tmp_path / 'run', '--config.split_seeds=4')) == 0
    found = results(tmp_path / 'run')
    assert found | {'splits': {}} == results(whole)
    other = found['splits']['4']
    assert other['failed'] == {}
    assert other['highlights'][0]['difference'] != found['highlights'][0]['difference']
    assert (
        other['measures']['slow']['nats_per_step']
        != found['arms']['slow']['measures']['nats_per_step']
    )
    stored = json.loads(
        (tmp_path / 'run' / 'experiment' / 'split-4' / 'sound' / 'slow' / 'config.json').read_text()
    )
    assert stored['data']['split_seed'] == 4
    assert '## On other splits' in (tmp_path / 'run' / 'experiment' / 'report.md').read_text()


@pytest.mark.slow
def test_an_arm_that_differs_only_in_sampling_copies_the_training(config, tmp_path, capsys):
    warm = (
        ("('train.learning_rate',)", "('sample.temperature',)"),
        ("'slow': {'train.learning_rate': 0.001}", "'cool': {}"),
        ("'fast': {'train.learning_rate': 0.01}", "'warm': {'sample.temperature': 3.0}"),
        ("('fast', 'slow')", "('warm', 'cool')"),
    )
    assert launch.main(words(changed(config, tmp_path, *warm), tmp_path)) == 0
    assert capsys.readouterr().out.count('epoch   2/2') == 1
    arms = results(tmp_path)['arms']
    cool, warm = (arms[name]['measures'] for name in ('cool', 'warm'))
    assert cool['nats_per_step'] == warm['nats_per_step']
    assert cool['note_count']['values'] != warm['note_count']['values']
    temperatures = [arms[name]['config']['sample']['temperature'] for name in ('cool', 'warm')]
    assert temperatures == ['auto', 3.0]  # as stated


@pytest.mark.slow
def test_a_process_killed_again_and_again_ends_the_same(whole, config, tmp_path):
    """A real process is killed whenever a progress file appears."""
    command = [sys.executable, str(pathlib.Path(launch.__file__)), *words(config, tmp_path)]
    folder = tmp_path / 'experiment' / 'sound'
    for wanted in (
        'slow/metrics.csv',
        'slow/measures/0000.json',
        'slow/arm.json',
        'fast/metrics.csv',
        'fast/measures/0001.json',
    ):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (folder / wanted).exists():
            assert process.poll() is None, 'it has ended before its time'
            time.sleep(0.02)
        process.kill()
        process.wait()
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert results(tmp_path) == results(whole)


@pytest.mark.usefixtures('undrawn')
def test_a_failed_arm_is_reported_and_the_others_go_on(
    whole, config, tmp_path, monkeypatch, capsys
):
    finish = runner.finish

    def fail(which, *more):
        if which.name == 'slow':
            raise MemoryError('out of memory')
        return finish(which, *more)

    monkeypatch.setattr(runner, 'finish', fail)
    assert launch.main(words(config, tmp_path)) == 1
    said = capsys.readouterr()
    assert 'arm slow failed: out of memory' in said.out
    assert '1 of 2 arms failed: slow: out of memory' in said.err
    found = results(tmp_path)
    assert list(found['arms']) == ['fast']
    assert found['arms']['fast']['measures'] == results(whole)['arms']['fast']['measures']
    assert 'MemoryError' in (tmp_path / 'experiment' / 'sound' / 'slow' / 'failure.txt').read_text()


@pytest.mark.parametrize(
    'error', [Interrupted('stopped and saved'), KeyboardInterrupt(), BrokenPipeError()]
)
def test_a_signal_stops_all_of_it(config, tmp_path, monkeypatch, error):
    def stop(*args):
        raise error

    monkeypatch.setattr(runner, 'finish', stop)
    monkeypatch.setattr(launch.os, 'dup2', lambda *args: None)
    assert launch.main(words(config, tmp_path)) == 1
    assert not (tmp_path / 'experiment').exists()


@pytest.fixture
def refused(capsys):
    def run(*argv):
        capsys.readouterr()
        status, error = launch.main(list(argv)), capsys.readouterr().err
        assert (status, error.count('\n')) == (2, 1), error
        return error

    return run


def content(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob('*') if path.is_file()}


def test_a_folder_of_other_settings(whole, config, refused):
    before = content(whole)
    assert 'replicas is 2 in the run and 3 now. Choose another --workdir' in refused(
        *words(config, whole, '--config.replicas=3')
    )
    assert 'train.clip_norm is 1.0 in the run' in refused(
        *words(config, whole, '--config.train.clip_norm=2')
    )
    assert content(whole) == before


@pytest.mark.usefixtures('undrawn')
def test_shards(whole, config, tmp_path, refused, capsys):
    """Each does its arms, and the last reports; others may be at work."""
    assert '--shard=2/2: must be INDEX/COUNT' in refused(*words(config, tmp_path, '--shard=2/2'))
    assert launch.main(words(config, tmp_path, '--shard=1/2')) == 0
    said = capsys.readouterr().out
    assert 'shard 1/2 has no arm left; of the other shards 1 arm is not finished' in said
    folder = tmp_path / 'experiment'
    assert (folder / 'sound' / 'fast' / 'arm.json').exists()
    assert not (folder / 'sound' / 'slow').exists()
    assert not (folder / 'results.json').exists()
    with join(folder / 'claims', {'code': 'other', 'version': '0'}) as other:
        before = content(folder)
        line = refused(*words(config, tmp_path, '--shard=0/2'))
        assert f'{other.who} works in {folder} with different code (version 0, other; here' in line
        assert content(folder) == before
    assert launch.main(words(config, tmp_path, '--shard=0/2')) == 0
    assert results(tmp_path) == results(whole)


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(2))
def test_four_processes_killed_at_random(whole, config, tmp_path, seed):
    """Whatever is killed, the others finish it, and one of them reports."""
    rng = np.random.default_rng(seed)
    argv = words(config, tmp_path, '--config.split_seeds=4')
    command = [sys.executable, str(pathlib.Path(launch.__file__)), *argv]
    report = tmp_path / 'experiment' / 'results.json'
    reported, started = None, [0.0] * 4

    def begin(which):
        started[which] = time.monotonic()
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def wait(seconds):
        nonlocal reported
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if reported is None and report.exists():
                reported = time.monotonic()
            time.sleep(0.05)

    workers, num_killed = [begin(which) for which in range(4)], 0
    while num_killed < 8 and any(each.poll() is None for each in workers):
        wait(rng.uniform(0.5, 4))
        which = int(rng.integers(4))
        if workers[which].poll() is None:
            workers[which].kill()
            workers[which].communicate()
            workers[which] = begin(which)
            num_killed += 1
    assert num_killed == 8
    while any(each.poll() is None for each in workers):
        wait(0.1)
    said = [each.communicate()[0].decode() for each in workers]
    assert [each.returncode for each in workers] == [0] * 4, said
    # A worker that joins after the report was written writes it again; joining takes seconds.
    num_late = sum(each > reported - 10 for each in started)
    num_writers = sum('the report was written by' not in each for each in said)
    assert num_writers <= 1 + num_late
    found = results(tmp_path)
    assert found | {'splits': {}} == results(whole)
    assert found['splits']['4']['failed'] == {}
    assert not list((tmp_path / 'experiment' / 'claims').glob('worker.*'))
    assert not list(tmp_path.rglob('*.lock'))


def changed(config, tmp_path, *replacements):
    text = config.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / 'other.py'
    path.write_text(text)
    return path


def test_windows(config, tmp_path, refused):
    by_length = (
        ("('train.learning_rate',)", "('data.window_steps',)"),
        ("'train.learning_rate': 0.001", "'data.window_steps': 64"),
        ("'train.learning_rate': 0.01}", "'data.window_steps': 32}"),
        ("targets = 'all'", "targets = 'last'"),
        ('sound={}', "sound={'data.keep_last_window': False}"),
    )
    line = refused(*words(changed(config, tmp_path, *by_length), tmp_path / 'run'))
    assert 'the arms have unequal numbers of training windows (slow ' in line
    line = refused(*words(config, tmp_path / 'run', '--config.data.max_windows=5000'))
    assert 'config.data.max_windows = 5000: corpus' in line
    assert 'must be at most that' in line
    assert not (tmp_path / 'run').exists()


def test_a_corpus_without_families_for_every_part(config, tmp_path, refused):
    folder = write_files(
        tmp_path / 'two', {f'{seed}.mid': melody(*random_notes(seed, 50)) for seed in range(2)}
    )
    path = tmp_path / 'two.py'
    path.write_text(re.sub("data.corpus = '.*'", f"data.corpus = '{folder}'", config.read_text()))
    line = refused(*words(path, tmp_path / 'run', '--config.split_seeds=4'))
    assert '2 tunes of 2 families, and a split by tune needs at least' in line
    assert not (tmp_path / 'run').exists()


def test_windows_that_may_be_missing(config, tmp_path, monkeypatch, capsys):
    few = (
        ("('train.learning_rate',)", "('data.max_windows',)"),
        ("{'train.learning_rate': 0.001}", "{'data.max_windows': 5000}"),
        ("{'train.learning_rate': 0.01}", "{'data.max_windows': 9}"),
        ('sound={}', 'may_miss=True, sound={}'),
    )
    finish = lambda arm, sizes, *more: Outcome(
        (dict.fromkeys(MEASURES, 0.5),), 9, sizes, {'train': {}, 'evaluate': {}}
    )
    monkeypatch.setattr(runner, 'finish', finish)
    monkeypatch.setattr(experiment, '_show', lambda *args: None)
    monkeypatch.setattr(experiment, 'write_report', lambda *args: None)
    assert launch.main(words(changed(config, tmp_path, *few), tmp_path)) == 0
    found = results(tmp_path)
    assert list(found['arms']) == ['fast']
    assert (
        found['arms']['fast']['num_windows'],
        found['arms']['fast']['num_distinct_windows'],
    ) == (9, 9)
    assert found['arms']['fast']['num_notes'] > 9
    assert found['failed'].keys() == {'slow'}
    assert 'config.data.max_windows = 5000: corpus' in found['failed']['slow']


def test_a_measure_that_is_none(config, tmp_path, refused):
    path = changed(config, tmp_path, ("'nats_per_step'", "'nats_per_stp'"))
    assert "no such measure as 'nats_per_stp'; did you mean nats_per_step?" in refused(
        *words(path, tmp_path / 'run')
    )


@pytest.mark.slow
def test_the_thesis_s_variant_beside_the_sound_one(config, tmp_path):
    """It is split by window: no tune is unseen, and one prompt is continued."""
    fields = [
        '--config.variant=both',
        '--config.train.num_epochs=1',
        '--config.replicas=1',
        '--config.quick=True',
    ]
    assert launch.main(words(config, tmp_path, *fields)) == 0
    found = results(tmp_path)
    assert (found['quick'], found['variant'], list(found['arms'])) == (
        True,
        'both',
        ['slow', 'fast', 'slow_source', 'fast_source'],
    )
    assert [found['arms'][name]['config']['data']['split'] for name in ('fast', 'fast_source')] == [
        'tune',
        'window',
    ]
    assert found['arms']['fast_source']['measures']['nats_per_step']['low'] is None
    assert [row['verdict'] for row in found['highlights']] == ['undecided', 'undecided']
    assert (tmp_path / 'experiment' / 'source' / 'fast' / 'arm.json').exists()
