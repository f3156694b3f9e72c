"""Distances, densities and the comparison of two sets: the reference tables, and properties of any
comparison.
"""

import csv
import itertools
import json

import hypothesis
import numpy as np
import pytest
import scipy.stats
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symmusic.measures import comparison as module
from symmusic.measures.bootstrap import holm, permutation_test, resample
from symmusic.measures.comparison import compare, stack
from symmusic.measures.densities import binned, fit_density
from symmusic.measures.distances import (
    inter_distances,
    intra_distances,
    kl_divergence,
    overlap_area,
    pairwise,
)
from symmusic.measures.features import FEATURES, PROTOCOLS, compute_features
from symmusic.report.comparison_file import as_json
from symmusic.score.midi import parse_midi
from tests.measures.test_features import piece

values = st.lists(st.floats(0, 50), min_size=3, max_size=30)


def random_pieces(num, seed, protocol='corrected', low=55, spread=12):
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(num):
        steps = np.cumsum(rng.integers(1, 5, rng.integers(16, 25)))
        notes = [
            (int(a), int(b - a), int(rng.integers(low, low + spread)))
            for a, b in itertools.pairwise(steps)
        ]
        scores.append(compute_features(piece(*notes), protocol))
    return stack([f'{index:02}.mid' for index in range(num)], scores)


TABLES = {
    'comparison_vs_samples': ((0, 100), None),
    'comparison20_vs_samples20': ((0, 20), None),
    'split': ((0, 50), (50, 100)),
    'self100': ((0, 100), (0, 100)),
}


@pytest.fixture(scope='module')
def reference_pieces(shared):
    folder = shared / 'reference' / 'mgeval' / 'midi'
    return {
        name: [
            compute_features(parse_midi(path.read_bytes()), 'thesis')
            for path in sorted((folder / name).iterdir())
        ]
        for name in ('comparison100', 'samples20')
    }


@pytest.mark.parametrize('table', TABLES)
def test_reference_tables(shared, reference_pieces, table):
    """Every cell of the original's tables; the largest difference of each kind is printed."""
    one, other = TABLES[table]
    hundred = reference_pieces['comparison100']
    one, other = (
        hundred[slice(*one)],
        reference_pieces['samples20'] if other is None else hundred[slice(*other)],
    )
    table_of = compare(
        stack(map(str, range(len(one))), one), stack(map(str, range(len(other))), other), 'thesis'
    )
    found = as_json({'features': table_of})
    worst = dict.fromkeys(('features', 'distances', 'KLD and OA', 'averages'), 0.0)
    with open(shared / 'reference' / 'mgeval' / f'table_{table}.csv') as file:
        for row in csv.DictReader(file):
            name = row['feat']
            if name in FEATURES:
                ours = found['features'][name]
                pairs = [
                    ('features', ours[which][cell], row[f'{column}{n}'])
                    for n, which in ((1, 'reference'), (2, 'generated'))
                    for cell, column in (('mean', 'mean'), ('sd', 'SD'))
                    if row[f'{column}{n}']
                ]
                pairs += [
                    ('distances', ours[which][cell], row[f'{column}{n}'])
                    for n, which in ((1, 'reference'), (2, 'generated'))
                    for cell, column in (('intra_mean', 'intra_mean'), ('intra_sd', 'intra_SD'))
                ]
                pairs += [
                    ('KLD and OA', ours[cell], row[column])
                    for cell, column in (('kld', 'KLD'), ('oa', 'OA'))
                ]
                pairs += [
                    ('KLD and OA', ours[cell], row[f'{column}_intra2_inter'])
                    for cell, column in (('kld_inter', 'KLD'), ('oa_inter', 'OA'))
                ]
                pairs += [
                    ('distances', ours[cell], row[column])
                    for cell, column in (('inter_mean', 'inter_mean'), ('inter_sd', 'inter_SD'))
                ]
                sets = [np.array([each[name] for each in pieces]) for pieces in (one, other)]
                intra, inter = (
                    [intra_distances(each, 'thesis') for each in sets],
                    inter_distances(*sets, 'thesis'),
                )
                pairs += [
                    ('KLD and OA', kl_divergence(intra[1], intra[0], 'thesis'), row['KLD_rev']),
                    (
                        'KLD and OA',
                        kl_divergence(intra[0], inter, 'thesis'),
                        row['KLD_intra1_inter'],
                    ),
                    ('KLD and OA', overlap_area(intra[0], inter, 'thesis'), row['OA_intra1_inter']),
                ]
            elif name.endswith('(thesis: from 3-decimal entries)'):
                ours = found['averages'][name.split()[0]]
                pairs = [('averages', ours['kld'], row['KLD']), ('averages', ours['oa'], row['OA'])]
            else:
                continue
            for kind, value, expected in pairs:
                expected = float(expected)
                worst[kind] = max(
                    worst[kind],
                    abs(value - expected) if np.isfinite(expected) else float(value is not None),
                )
    print(
        f'{table}: largest differences '
        + ', '.join(f'{kind} {value:.1e}' for kind, value in worst.items())
    )
    assert worst['features'] <= 1e-12
    assert worst['distances'] <= 1e-9
    assert worst['KLD and OA'] <= 1e-6
    assert worst['averages'] <= 1e-6


def test_imputation_by_hand():
    """Of 0, 1 and an undefined piece: its row is the mean of the other rows, in which it counts as
    their mean.
    """
    features = np.array([0.0, 1.0, np.nan])
    assert intra_distances(features, 'thesis').tolist() == [1, 1, 1, 1, 1, 1]
    assert intra_distances(features, 'corrected').tolist() == [1]
    features = np.array([0.0, 1.0, 4.0, np.nan])
    assert intra_distances(features, 'thesis').tolist() == pytest.approx(
        [1, 4, 2.5, 1, 3, 2, 4, 3, 3.5, *[16 / 6] * 3]
    )
    assert inter_distances(features, np.array([0.0, np.nan]), 'corrected').tolist() == [0, 1, 4]


@hypothesis.given(st.integers(0, 2**31), st.integers(1, 6), st.integers(1, 6))
def test_pairwise_is_the_norm(seed, num, other_num):
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 3, (num, 4, 4)), rng.integers(0, 3, (other_num, 4, 4))
    expected = [[np.linalg.norm(left - right) for right in other] for left in one]
    assert_allclose(pairwise(one.astype(float), other.astype(float)), expected)


@hypothesis.given(values.filter(lambda xs: np.ptp(xs) > 1e-3))
def test_density_is_scipy_s(xs):
    xs = np.array(xs)
    density, kde = fit_density(xs), scipy.stats.gaussian_kde(xs)
    points = np.linspace(xs.min() - 1, xs.max() + 1, 50)
    assert_allclose(density.at(points), kde(points), rtol=1e-9, atol=1e-12)
    weights = np.arange(1.0, len(xs) + 1)
    repeated = np.repeat(xs, np.arange(1, len(xs) + 1))
    assert_allclose(
        fit_density(xs, weights).at(points),
        scipy.stats.gaussian_kde(repeated)(points),
        rtol=1e-9,
        atol=1e-12,
    )


@hypothesis.given(values.filter(lambda xs: np.ptp(xs) > 1e-3))
def test_binned_density(xs):
    density = fit_density(np.array(xs))
    points = np.linspace(min(xs) - 6 * density.bandwidth, max(xs) + 6 * density.bandwidth, 2048)
    exact = density.at(points)
    assert np.abs(binned(density, points) - exact).max() <= 1e-3 * exact.max()


@hypothesis.given(
    values.filter(lambda xs: np.ptp(xs) > 1e-2), values.filter(lambda xs: np.ptp(xs) > 1e-2)
)
def test_overlap_and_divergence_have_their_bounds(one, other):
    one, other = np.array(one), np.array(other)
    area = overlap_area(one, other, 'corrected')
    assert 0 <= area <= 1
    assert area == pytest.approx(overlap_area(other, one, 'corrected'), abs=1e-6)
    assert overlap_area(one, one, 'corrected') == pytest.approx(1, abs=1e-3)
    assert kl_divergence(one, other, 'corrected') >= -1e-9
    assert kl_divergence(one, one, 'corrected') == pytest.approx(0, abs=1e-9)


def test_corrected_overlap_is_the_integral():
    rng = np.random.default_rng(0)
    one, other = rng.normal(3, 1, 200), rng.normal(5, 2, 150)
    p, q = scipy.stats.gaussian_kde(one), scipy.stats.gaussian_kde(other)
    points = np.linspace(-10, 25, 5001)
    expected = np.trapezoid(np.minimum(p(points), q(points)), points)
    assert overlap_area(one, other, 'corrected') == pytest.approx(expected, abs=2e-4)


def test_the_thesis_s_divergence_ignores_a_shift_and_the_corrected_one_does_not():
    xs = np.random.default_rng(0).normal(5, 1, 100)
    assert kl_divergence(xs, 3 * xs + 1, 'thesis') == pytest.approx(0, abs=1e-9)
    assert kl_divergence(xs, xs + 3, 'corrected') > 1


def test_distances_without_width_have_no_density():
    for xs in (np.ones(5), np.array([1.0]), np.zeros(0)):
        assert fit_density(xs) is None
        for protocol in PROTOCOLS:
            assert overlap_area(xs, np.arange(5.0), protocol) is None
            assert kl_divergence(np.arange(5.0), xs, protocol) is None


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_sets_that_are_hard_to_compare_give_null_with_a_note(protocol):
    """One piece; pieces that are all equal; pieces of one note: JSON without NaN, and each null has
    a reason.
    """
    alone, single = (
        random_pieces(1, 0, protocol),
        stack(['a', 'b'], [compute_features(piece((0, 4, 60)), protocol)] * 2),
    )
    for one, other in (
        (alone, random_pieces(5, 1, protocol)),
        (single, random_pieces(5, 1, protocol)),
        (single, single),
    ):
        found = as_json({'features': compare(one, other, protocol)})
        json.dumps(found, allow_nan=False)
        for name in FEATURES:
            row = found['features'][name]
            assert (row['oa'] is None) <= bool(row['note'])
        assert found['averages']['overall']['note']
    assert (
        'undefined for 2 of the reference pieces'
        in compare(single, alone, protocol).features['PI'].note
    )


def test_order_of_pieces_changes_no_estimate():
    one, other = random_pieces(12, 0), random_pieces(9, 1)
    order = np.random.default_rng(0).permutation(12)
    mixed = stack(
        [one.names[i] for i in order],
        [{name: one.features[name][i] for name in FEATURES} for i in order],
    )
    found, again = compare(one, other, 'corrected'), compare(mixed, other, 'corrected')
    for name in FEATURES:
        assert again.features[name].oa.value == pytest.approx(
            found.features[name].oa.value, abs=1e-9
        )


def test_intervals_contain_their_estimates_and_narrow_with_more_pieces():
    few, many = (
        compare(random_pieces(num, 0), random_pieces(num, 1), 'corrected') for num in (10, 60)
    )
    for found in (few, many):
        for cells in (*found.features.values(), *found.averages.values()):
            assert cells.oa.low <= cells.oa.value <= cells.oa.high
            assert 0 <= cells.kld.low <= cells.kld.value <= cells.kld.high
    overall = [found.averages['overall'].oa for found in (few, many)]
    width = [cells.high - cells.low for cells in overall]
    assert width[1] < width[0] / 1.5


def test_the_test_rejects_only_sets_that_differ(monkeypatch):
    monkeypatch.setattr(module, 'NUM_RESAMPLES', 20)
    alike = compare(random_pieces(30, 0), random_pieces(30, 1), 'corrected').features
    assert min(row.p_holm for row in alike.values()) > 0.05
    higher = compare(random_pieces(30, 0), random_pieces(30, 1, spread=24), 'corrected').features
    assert higher['PR'].p_holm < 0.02
    assert higher['NLH'].p_holm > 0.05


def test_holm_by_hand():
    """Four tests, one of which has no result and counts as the largest."""
    found = holm({'a': 0.01, 'b': 0.04, 'c': None, 'd': 0.03})
    assert found == {
        'a': pytest.approx(0.04),
        'b': pytest.approx(0.09),
        'c': None,
        'd': pytest.approx(0.09),
    }


@hypothesis.given(st.integers(0, 2**31), st.integers(3, 12), st.booleans())
def test_a_resample_is_the_measure_of_the_pieces_drawn(seed, num, whole):
    """All pieces once: the estimate; pieces left out: the estimate without them."""
    rng = np.random.default_rng(seed)
    one, other = rng.normal(0, 1, (num, 4)), rng.normal(0, 2, (9, 4))
    if whole:
        one, other = np.round(one[:, 0] * 3), np.round(other[:, 0] * 3)
    once = np.ones((2, num), int)
    once[1, :1] = 0
    found = resample(one, other, once, np.ones((2, 9), int))
    for row, part in enumerate((one, one[1:])):
        intra = intra_distances(part, 'corrected'), intra_distances(other, 'corrected')
        if fit_density(intra[0]) is None or fit_density(intra[1]) is None:
            assert np.isnan(found['oa'][row])
            continue
        assert found['oa'][row] == pytest.approx(overlap_area(*intra, 'corrected'), abs=2e-3)
        assert found['kld'][row] == pytest.approx(
            kl_divergence(*intra, 'corrected'), rel=0.02, abs=2e-3
        )


@hypothesis.settings(max_examples=20)
@hypothesis.given(st.floats(1e-6, 1e6), st.floats(0.01, 100))
def test_a_narrow_density_beside_a_wide_one(scale, ratio):
    """The overlap of two normal densities: of any scale, and of bandwidths far apart."""
    xs = np.random.default_rng(0).normal(0, 1, 300)
    one, other = 5 * scale + scale * xs, 5 * scale + scale * ratio * xs
    p, q = scipy.stats.gaussian_kde(one), scipy.stats.gaussian_kde(other)
    points = np.unique(
        np.concatenate(
            [
                np.linspace(each.min() - scale * s, each.max() + scale * s, 4000)
                for each, s in ((one, 1), (other, ratio))
            ]
        )
    )
    assert overlap_area(one, other, 'corrected') == pytest.approx(
        np.trapezoid(np.minimum(p(points), q(points)), points), abs=3e-3
    )


def test_values_that_differ_only_by_rounding_are_equal():
    xs = np.array([0.1 + 0.2, 0.3, 0.3, 0.1 + 0.2])
    assert not intra_distances(xs, 'corrected').any()
    assert fit_density(np.array([0.1 + 0.2, 0.3, 0.3])) is None
    steady = [
        compute_features(piece(*((3 * step, 3, 60) for step in range(num))), 'corrected')
        for num in range(2, 30)
    ]
    assert len({float(each['IOI']) for each in steady}) == 1


def test_permutation_test_by_hand():
    """Two pairs of pieces far apart: of six ways to divide them, two have this distance."""
    one, other = np.array([0.0, 0.0]), np.array([1.0, 1.0])
    assert permutation_test(one, other, 2000, np.random.default_rng(0)) == pytest.approx(
        1 / 3, abs=0.05
    )
    assert permutation_test(one, one, 99, np.random.default_rng(0)) == 1
    assert permutation_test(one, np.array([np.nan]), 99, np.random.default_rng(0)) is None


def test_undefined_pieces_and_sets_of_one_are_reported():
    """Every null of a table has its reason beside it."""
    pieces = random_pieces(6, 0)
    rare = stack(
        [*'abcdef'],
        [compute_features(piece((0, 4, 60)), 'corrected')] * 5
        + [compute_features(piece((0, 2, 60), (4, 2, 62)), 'corrected')],
    )
    for one, other in ((pieces, rare), (rare, pieces)):
        found = as_json({'features': compare(one, other, 'corrected')})
        for row in found['features'].values():
            nulls = [key for key, value in row.items() if value is None]
            assert not nulls or row['note']


@pytest.mark.slow
def test_intervals_contain_the_overlap_of_other_draws(monkeypatch):
    """Of 40 draws of 40 pieces from two pools, at least 85 % of the intervals contain the mean
    overlap.
    """
    monkeypatch.setattr(module, 'NUM_PERMUTATIONS', 1)
    pools, rng = (random_pieces(600, 0), random_pieces(600, 1, spread=16)), np.random.default_rng(2)
    found = []
    for seed in range(40):
        rows = [rng.choice(600, 40, replace=False) for _ in pools]
        drawn = [
            stack(row, [{name: pool.features[name][i] for name in FEATURES} for i in row])
            for pool, row in zip(pools, rows, strict=True)
        ]
        found.append(compare(*drawn, 'corrected', seed).averages['overall'].oa)
    mean = np.mean([cells.value for cells in found])
    assert np.mean([cells.low <= mean <= cells.high for cells in found]) >= 0.85
