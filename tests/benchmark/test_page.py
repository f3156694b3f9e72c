"""docs/pearce.md and what it is written from."""

import json

import pytest

from benchmarks import pearce
from symmusic.benchmark.melodies import SETS
from symmusic.benchmark.results import MODELS, OF_COUNTS, PUBLISHED


@pytest.fixture(scope='module')
def found():
    return json.loads(pearce.STORED.read_text())


def test_the_page_is_written_from_the_stored_results(found):
    assert pearce.PAGE.read_text() == pearce.page(found), 'python benchmarks/pearce.py'
    assert pearce.section(found) in pearce.RESULTS.read_text(), 'python benchmarks/pearce.py'


def test_the_page_describes_the_networks_with_results(found):
    rows = {'transformer', 'network_given_ensemble'}
    sets = {
        name: {model: each for model, each in values.items() if model not in rows}
        for name, values in found['sets'].items()
    }
    mean = {model: each for model, each in found['mean'].items() if model != 'transformer'}
    text = pearce.page(found | {'sets': sets, 'mean': mean})
    assert pearce.NO_TRANSFORMER in text
    assert '**Five networks' not in text
    changed = {'mean': mean}
    for group, value in (('sets', 2.0), ('over_notes', 2.0), ('intervals', [1.9, 2.1])):
        chorales = found[group]['2 chor'] | {'network_given_ensemble': value}
        changed[group] = found[group] | {'2 chor': chorales}
    assert '**Five networks' in pearce.page(found | changed)


def test_the_count_models_reach_the_published_means(found):
    """The check of the protocol: within 0.05 bits per note."""
    for model, name in PUBLISHED.items():
        means = [getattr(source.published, name) for source in SETS.values()]
        own = found['count_models_on_all_folds'][model]
        assert own == pytest.approx(sum(means) / len(means), abs=0.05)


def test_the_means_are_of_the_sets(found):
    assert set(found['sets']) == set(SETS)
    assert {*OF_COUNTS, 'network'} <= set(found['mean']) <= set(MODELS)
    for model in found['mean']:
        values = [of_set[model] for of_set in found['sets'].values()]
        assert found['mean'][model] == pytest.approx(sum(values) / len(values), abs=2e-4)
