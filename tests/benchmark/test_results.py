"""From predictions to bits per note."""

import numpy as np
import pytest

from symmusic.benchmark.given import GIVEN_SET
from symmusic.benchmark.mixing import PENALTY, START, fit_weights, mix
from symmusic.benchmark.results import OF_COUNTS, FoldBits, bits_of_fold, summarise
from symmusic.report.benchmark import benchmark_report
from symmusic.report.blocks import Table


def random_logs(seed, num, pitches=4):
    return np.log(np.random.default_rng(seed).dirichlet(np.full(pitches, 0.5), num))


def test_a_mixture_finds_the_better_model():
    """Where the notes are drawn from one of the models, it gets the weight."""
    network, counts = random_logs(0, 3000), random_logs(1, 3000)
    rng = np.random.default_rng(2)
    notes = (np.exp(counts).cumsum(axis=1) < rng.random((3000, 1))).sum(axis=1)
    weights = fit_weights(network, counts, notes)
    used = np.searchsorted((0.15, 0.4), np.exp(counts.max(axis=1)))
    assert (weights[used][:, 1] > 0.8).mean() > 0.9
    mixed = mix(weights, network, counts)
    np.testing.assert_allclose(np.exp(mixed).sum(axis=1), 1)
    rows = np.arange(3000)
    # the penalty aside, no worse than where the fit started
    start = mix(np.tile(START, (3, 1)), network, counts)
    assert -mixed[rows, notes].sum() < -start[rows, notes].sum() + PENALTY


def test_bits_of_a_fold():
    """Of two melodies, of two notes and one: the first notes are the count model's."""
    half = np.full((3, 2), 0.5)
    counts = {
        'notes': np.array([0, 1, 1]),
        'melody': np.array([4, 4, 7]),
        'fixed': np.array([[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]),
        'adaptive': half,
        'short_term': half,
        'short_term_of_validation': half[:2],
    }
    predicted = {
        name: {
            'fixed': np.log([[share, 1 - share]]),
            'adaptive': np.log([[0.5, 0.5]]),
            'fixed_of_validation': np.log([[0.5, 0.5]]),
        }
        for name, share in (('network', 0.75), ('network_given', 0.5))
    }
    validation = [np.array([1, 0])]
    found = bits_of_fold(counts, predicted, validation)
    np.testing.assert_allclose(found.bits['count_model'], [2, 1, 1])
    np.testing.assert_allclose(found.bits['network'], [2, 2, 1])
    np.testing.assert_allclose(found.bits['network_adaptive'], [2, 1, 1])
    np.testing.assert_allclose(found.bits['network_given'], [2, 1, 1])
    assert set(bits_of_fold(counts, {}, validation).bits) == set(OF_COUNTS)


def test_the_summary():
    """Means over folds and over notes, and the mean over sets."""
    one = FoldBits({'count_model': np.array([1.0, 1.0, 4.0])}, np.array([0, 0, 1]))
    two = FoldBits({'count_model': np.array([3.0])}, np.array([2]))
    other = FoldBits({'count_model': np.array([1.0, 1.0])}, np.array([0, 1]))
    folds = {'1 nova': [[one, two]], '2 chor': [[other, other]]}
    found = summarise(folds, np.random.default_rng(0))
    assert found['sets']['1 nova'] == {'count_model': pytest.approx(2.5)}
    assert found['over_notes']['1 nova'] == {'count_model': pytest.approx(9 / 4)}
    assert found['mean'] == {'count_model': pytest.approx(1.75)}
    low, high = found['intervals']['1 nova']['count_model']
    assert low < 9 / 4 < high
    assert found['intervals']['2 chor']['count_model'] == pytest.approx([1, 1])
    report = benchmark_report(found | {'partitions': 1, 'folds': [0, 1], 'quick': True})
    assert len(report.sections) == 3
    tables = [
        block for section in report.sections for block in section.blocks if isinstance(block, Table)
    ]
    assert tables[0].rows[0][1].startswith('1.750 (')
    assert tables[1].rows[0] == ('1 nova', '2.500 [2.861]')


def test_a_slow_model_is_run_in_fewer_partitions():
    """Its figures are of these, the report says so, and those of the others stay the same."""
    counts = {'count_model': np.array([1.0, 3.0])}
    given = {'network_given': np.array([2.0, 2.0])}
    numbers = np.array([0, 1])
    with_slow = FoldBits(counts | {'transformer': np.array([2.0, 4.0])} | given, numbers)
    without = FoldBits({'count_model': np.array([5.0, 5.0])} | given, numbers)
    plain = FoldBits(counts | given, numbers)
    found = summarise({'2 chor': [[with_slow], [without]]}, np.random.default_rng(0))
    expected = summarise({'2 chor': [[plain], [without]]}, np.random.default_rng(0))
    assert found['mean'] == expected['mean'] | {'transformer': 3.0}
    assert found['fewer_partitions'] == {'transformer': 1}
    assert expected['fewer_partitions'] == {}
    for name, interval in expected['intervals']['2 chor'].items():
        assert found['intervals']['2 chor'][name] == interval
    report = benchmark_report(found | {'partitions': 2, 'folds': [0], 'quick': True})
    titles = [row[0] for row in report.sections[0].blocks[1].rows]
    assert 'Transformer, fixed (1 partition)' in titles
    assert 'count model, fixed (LTM)' in titles


def test_what_is_given_of_chorales_has_a_section_of_its_own():
    """Its network is in no mean over sets."""
    bits = {'count_model': np.array([2.0, 2.0]), 'network_given': np.array([1.0, 2.0])}
    chorales, others = FoldBits(bits, np.array([0, 1])), {'count_model': bits['count_model']}
    folds = {'1 nova': [[FoldBits(others, np.array([0, 1]))]], GIVEN_SET: [[chorales]]}
    found = summarise(folds, np.random.default_rng(0))
    assert set(found['mean']) == {'count_model'}
    report = benchmark_report(found | {'partitions': 1, 'folds': [0], 'quick': True})
    (section,) = [each for each in report.sections if 'given' in each.heading]
    assert section.blocks[0].rows[0][1] == '1.500'
