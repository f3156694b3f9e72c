"""The page of the findings, from stored results: simulated ones, and none."""

import dataclasses
import importlib.util
import json
import pathlib

import numpy as np
import pytest
from ml_collections import ConfigDict

from symmusic.config.arms import Experiment
from symmusic.experiment.measures import MEASURES
from symmusic.experiment.outcome import Outcome
from symmusic.experiment.results import make_results

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def module():
    spec = importlib.util.spec_from_file_location('stored', ROOT / 'benchmarks' / 'experiments.py')
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def outcome(seed, *, better):
    """Four replicas; `better` lowers the loss."""
    rng = np.random.default_rng(seed)
    replicas = [
        {name: 0.5 + 0.001 * rng.random() for name in MEASURES}
        | {'nats_per_step': 1.0 - 0.2 * better + 0.001 * rng.random()}
        for _ in range(4)
    ]
    sizes = {'num_windows': 3200, 'num_distinct_windows': 3100, 'num_notes': 9}
    more = {'versions': {'jax': '0.1'}, 'device': 'cpu', 'count_model': 0.9}
    return Outcome(tuple(replicas), 147_825, sizes, {'seed': 0}, num_epochs=(9,) * 4, **more)


def simulated(module, name='exp3', *, variant='sound', seed=0):
    """Results in which Bahdanau's attention learns better; the arms with lookback are not run."""
    hypothesis = module.read_hypothesis(name)
    kept = {arm: hypothesis.arms[arm] for arm in ('none', 'weighted', 'bahdanau')}
    primaries = tuple(each for each in hypothesis.primaries if set(each.arms) <= kept.keys())
    hypothesis = dataclasses.replace(hypothesis, arms=kept, primaries=primaries)
    experiment = Experiment(hypothesis, False, {variant: {arm: ConfigDict() for arm in kept}})
    outcomes = {
        (variant, arm): outcome(seed + index, better=arm == 'bahdanau')
        for index, arm in enumerate(kept)
    }
    return make_results(name, experiment, outcomes, {})


def write_run(folder, found, minutes=12):
    folder.mkdir(parents=True)
    (folder / 'results.json').write_text(json.dumps(found))
    for arm, each in found['arms'].items():
        place = folder / each['variant'] / arm
        place.mkdir(parents=True)
        (place / 'summary.json').write_text(json.dumps({'seconds': 60 * minutes}))
    return folder


def rows_of(text, claim):
    return [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in text.splitlines()
        if line.startswith('|') and claim in line
    ]


@pytest.fixture
def docs(module, tmp_path):
    """A folder with the stored results of one experiment on two splits."""
    found = simulated(module)
    other = simulated(module, seed=10)
    found['splits'] = {
        '1': {'measures': {}, 'common_tunes': {}, 'failed': {}}
        | {'highlights': other['highlights']}
    }
    run = write_run(tmp_path / 'run', found)
    (run / 'effects.png').write_bytes(b'small')
    (run / 'measures.png').write_bytes(bytes(module.MOST_BYTES + 1))
    module.main(['--commit=1a2b3c4', f'exp3={run}'], tmp_path / 'docs')
    return tmp_path / 'docs', found, other


def test_every_claim_is_there_without_any_result(module, tmp_path):
    (tmp_path / 'docs').mkdir()
    module.main([], tmp_path / 'docs')
    text = (tmp_path / 'docs' / 'study.md').read_text()
    for name in module.EXPERIMENTS:
        for primary in module.read_hypothesis(name).primaries:
            rows = rows_of(text, f'{primary.claim} ({name}, {primary.measure})')
            assert [row[6] for row in rows] == ['not run']
    assert text.count('\nNot run.') == len(module.EXPERIMENTS)


def test_the_table_has_the_figures_of_the_results(module, docs):
    folder, found, other = docs
    text = (folder / 'study.md').read_text()
    (row,) = rows_of(text, "Bahdanau's attention improves learning (exp3, nats_per_step)")
    answer, again = (
        next(
            each
            for each in of['highlights']
            if each['arms'][0] == 'bahdanau' and each['measure'] == 'nats_per_step'
        )
        for of in (found, other)
    )
    ends = f'[{answer["low"]:.3f}, {answer["high"]:.3f}]'
    assert row[2] == f'{answer["difference"]:.3f} {ends}'
    assert row[3].startswith(f'{(answer["difference"] + again["difference"]) / 2:.3f} [')
    assert row[4] == f'{answer["p_holm"]:.2g}'
    assert row[5:] == ['4 x 2', 'confirmed; other splits: confirmed', 'none']
    (thesis,) = rows_of(text, "The thesis's attention improves learning")
    assert thesis[6].startswith('not confirmed')
    assert thesis[7] == 'overall_oa 0.618 and 0.664 (tables 5.11 and 5.10)'
    (lookback,) = rows_of(text, "Bahdanau's attention does so beside lookback inputs")
    assert lookback[6] == 'not run'


def test_the_section_has_arms_minutes_and_origin(module, docs):
    folder, found, _ = docs
    text = (folder / 'study.md').read_text()
    assert 'commit 1a2b3c4, on cpu, 2 splits of the tunes; jax 0.1' in text
    (arm,) = [row for row in rows_of(text, '| weighted |') if row[0] == 'weighted']
    assert arm[1:5] == ['4', '147,825', '3,200', '12, -']
    assert arm[6] == '0.900, not beaten'
    assert f'{found["arms"]["weighted"]["measures"]["nats_per_step"]["mean"]:.3f} [' in arm[5]
    assert 'results/exp3/effects.png' in text
    assert not (folder / 'results' / 'exp3' / 'measures.png').exists()


def test_what_is_stored_is_small_and_has_the_contract_s_form(module, docs):
    folder, found, _ = docs
    path = folder / 'results' / 'exp3' / 'results.json'
    stored = json.loads(path.read_text())
    assert stored['arms'].keys() == found['arms'].keys()
    assert {'replicas', 'num_parameters', 'config', 'measures'} <= stored['arms']['none'].keys()
    pairs = {tuple(row['arms']) for row in stored['contrasts']}
    assert pairs == {('weighted', 'none'), ('bahdanau', 'none')}
    assert stored['highlights'][0].keys() == found['highlights'][0].keys()
    assert stored['splits'].keys() == {'1'}
    assert path.stat().st_size < 100_000


def test_both_variants_are_answered(module, tmp_path):
    docs = tmp_path / 'docs'
    sound, source = simulated(module), simulated(module, variant='source', seed=5)
    runs = [write_run(tmp_path / name, each) for name, each in (('a', sound), ('b', source))]
    module.main(['--commit=1a2b3c4', f'exp3={runs[0]}', f'exp3_source={runs[1]}'], docs)
    rows = rows_of((docs / 'study.md').read_text(), "Bahdanau's attention improves learning (exp3")
    assert [row[6] for row in rows] == ['confirmed', 'confirmed (source)']
    assert [row[5] for row in rows] == ['4 x 1', '4 x 1']


def test_what_would_decide_a_claim(module):
    row = {'verdict': 'undecided', 'low': -0.03, 'high': 0.05, 'smallest': 0.02, 'bound': None}
    assert 'about 4.0 times as many' in module.undecided(row)
    for change in ({'verdict': 'confirmed'}, {'bound': 0.0}, {'low': None}, {'smallest': 0.1}):
        assert module.undecided(row | change) == ''


def test_what_cannot_be_stored(module, tmp_path):
    quick = write_run(tmp_path / 'quick', simulated(module) | {'quick': True})
    for runs, message in (
        ([f'exp3={quick}'], 'a quick run'),
        ([f'exp3={tmp_path / "none"}'], 'no such file'),
        ([f'exp9={quick}'], 'unknown experiment'),
    ):
        with pytest.raises(SystemExit, match=message):
            module.main(['--commit=1a2b3c4', *runs], tmp_path / 'docs')
    with pytest.raises(SystemExit):
        module.main([f'exp3={quick}'], tmp_path / 'docs')
    assert not (tmp_path / 'docs').exists()


def test_the_page_is_written_from_what_is_stored(module):
    """No figure is typed: the committed page is exactly the written one."""
    assert (module.DOCS / 'study.md').read_text() == module.page(module.DOCS).rstrip('\n') + '\n'
