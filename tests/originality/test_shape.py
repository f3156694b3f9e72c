"""2015-shapeh: the program's own scores, a slow oracle, and what must not change them."""

import csv
import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from symmusic.originality import shape, shape_query
from symmusic.originality.align import _batch_size, round_up
from symmusic.originality.shape import (
    bound_scores,
    find_nearest,
    mean_and_sd,
    score_all,
)
from symmusic.originality.shape_index import index_tunes
from symmusic.score.monophonic import parse_monophonic
from tests.originality import shape_oracle

# few pitches: many equal n-grams, repeated notes, ties
PITCHES = st.lists(st.integers(58, 66), max_size=14)
COLLECTIONS = st.lists(PITCHES, min_size=1, max_size=6)


def indexed(melodies):
    return index_tunes([str(number) for number in range(len(melodies))], melodies)


def pitches_of(folder):
    return {
        path.name: [note.pitch for note in parse_monophonic(path.read_bytes())]
        for path in sorted(folder.iterdir())
    }


def rows_of(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file, delimiter='\t'))


def difference(rows, column, found):
    """The largest difference; infinite scores must be the same."""
    pairs = [(float(row[column]), found[row['query'], row['doc']]) for row in rows]
    assert all(math.isfinite(a) == math.isfinite(b) for a, b in pairs)
    return max(abs(a - b) for a, b in pairs if math.isfinite(a))


@pytest.fixture(scope='module')
def reference(shared):
    return shared / 'reference' / 'melodyshape'


def test_every_pair_of_the_reference(reference):
    collection, queries = (
        pitches_of(reference / 'midi' / 'collection'),
        pitches_of(reference / 'midi' / 'queries'),
    )
    index = index_tunes(list(collection), collection.values())
    found = {
        (name, doc): score
        for name in queries
        for doc, score in zip(index.names, score_all(queries[name], index), strict=True)
    }
    rows = rows_of(reference / 'ref_small.tsv')
    assert len(rows) == len(found) == 1000
    largest = {
        column: difference(rows, column, found)
        for column in ('score_pure', 'score_jar', 'score_jar_onejvm')
    }
    print('largest differences:', largest)
    assert largest['score_pure'] <= 1e-9
    assert max(largest.values()) <= 0.02
    for name, pitches in queries.items():
        match = find_nearest(pitches, index)
        ours = [row for row in rows if row['query'] == name]
        best = max(float(row['score_pure']) for row in ours)
        assert match.score == pytest.approx(best, abs=1e-9)
        assert found[name, index.names[match.tune]] == match.score
        assert 0 < match.num_cells <= match.num_all_cells


def test_toy(reference):
    collection, queries = (
        pitches_of(reference / 'toy' / 'collection'),
        pitches_of(reference / 'toy' / 'queries'),
    )
    index = index_tunes(list(collection), collection.values())
    found = {
        (name, doc): score
        for name in queries
        for doc, score in zip(index.names, score_all(queries[name], index), strict=True)
    }
    rows = rows_of(reference / 'toy' / 'expected.tsv')
    assert len(rows) == len(found) == 9
    print('largest difference:', largest := difference(rows, 'score_jar', found))
    assert largest <= 1e-8  # printed with 8 digits


def test_samples(reference):
    """The tunes behind these scores are not all available: note counts, unusable pieces and the
    bound of the best cell are compared.
    """
    samples, collection = (
        pitches_of(reference / 'midi_samples'),
        pitches_of(reference / 'midi' / 'collection'),
    )
    index = index_tunes(list(collection), collection.values())
    rows = rows_of(reference / 'ref_samples.tsv')
    assert len(rows) == len(samples) == 20
    for row in rows:
        assert len(samples[row['query']]) == int(row['n_notes'])
        match = find_nearest(samples[row['query']], index)
        assert (match.tune is None) == (row['score_jar'] == '-Infinity')
        assert match.score < 1
    assert sum(row['score_jar'] == '-Infinity' for row in rows) == 8


SIGN_TABLE = """
--  -0.5  -0.5    -1  -0.5  -0.5    -8    -1    -8    -8
-0    -1  -0.5  -0.5    -8  -0.5  -0.5    -8    -8    -1
+-    -1    -8    -8  -0.5  -0.5    -8  -0.5  -0.5    -1
++    -8    -8    -1    -8  -0.5  -0.5    -1  -0.5  -0.5
"""


def test_table_of_mismatches():
    signs = ['--', '-0', '-+', '0-', '00', '0+', '+-', '+0', '++']
    table = {
        line.split()[0]: [float(cell) for cell in line.split()[1:]]
        for line in SIGN_TABLE.strip().splitlines()
    }
    table |= dict.fromkeys(('-+', '00', '0+'), table['-0']) | dict.fromkeys(
        ('0-', '+0'), table['+-']
    )
    columns = {
        sign: number
        for number, sign in enumerate(['--', '-0', '-+', '0-', '00', '0+', '+-', '+0', '++'])
    }
    np.testing.assert_array_equal(
        -shape_query.MISMATCHES / 2,
        [[table[row][columns[column]] for column in signs] for row in signs],
    )
    for u, v in [(-3, 2), (0, 0), (5, 0), (1, 1)]:
        ngram = shape_query.find_ngrams([60, 60 + u, 60 + u + v]).astype(np.int64)
        assert shape_query.signs_of(ngram) == 3 * np.sign(u) + np.sign(v) + 4


@given(COLLECTIONS, PITCHES)
@settings(max_examples=60)
def test_oracle(melodies, query):
    expected = [shape_oracle.score(query, melody, melodies) for melody in melodies]
    expected = [-math.inf if each is None else float(each) for each in expected]
    collection = indexed(melodies)
    for whole in (False, True):
        np.testing.assert_allclose(
            score_all(query, collection, whole=whole), expected, rtol=0, atol=1e-12
        )


@given(COLLECTIONS, PITCHES)
def test_pruning_changes_nothing(melodies, query):
    collection = indexed(melodies)
    scores = score_all(query, collection, whole=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape, 'BATCH_TUNES', 2)
        patch.setattr(shape, 'CHUNKS', (1, 2))
        match = find_nearest(query, collection)
    assert match.score == scores.max()
    if match.tune is None:
        assert scores.max() == -np.inf
        return
    tied = np.flatnonzero(scores == scores.max())
    assert match.tune == min(tied, key=lambda tune: (abs(len(melodies[tune]) - len(query)), tune))
    assert (bound_scores(query, collection) >= scores).all()


def test_pruning_of_long_tunes():
    """Tunes far longer than the query, so that columns and whole tunes are left out, and few cells
    are computed.
    """
    rng = np.random.default_rng(0)
    melodies = [
        np.clip(60 + np.cumsum(rng.integers(-2, 3, size)), 0, 127)
        for size in rng.integers(3, 400, 80)
    ]
    collection = indexed(melodies)
    longest = max(melodies, key=len)
    for query in (longest[:40], longest[100:160], rng.integers(55, 70, 30)):
        scores = score_all(query, collection, whole=True)
        np.testing.assert_array_equal(scores, score_all(query, collection))
        match = find_nearest(query, collection)
        assert (match.score, match.tune) == (scores.max(), int(scores.argmax()))
        assert match.num_cells < match.num_all_cells * 0.8


@pytest.mark.parametrize('chunks', [(2,), (1,)])
def test_of_equal_scores_the_nearest_in_number_of_notes(monkeypatch, chunks):
    """One repeated note: the shorter tune is the start of the longer, and both have the same score,
    equal to their bounds.
    """
    monkeypatch.setattr(shape, 'CHUNKS', chunks)
    collection = indexed([[60] * 4, [60] * 9, [60, 62, 65, 61]])
    few, many, other = score_all([60] * 8, collection)
    assert few == many > other
    assert find_nearest([60] * 8, collection).tune == 1
    assert find_nearest([60] * 5, collection).tune == 0


def test_a_batch_has_little_padding():
    """By less than 16 columns, or than an eighth of the next power of two."""
    for size in (1, 16, 17, 100, 128, 129, 1000, 5000):
        filled, _ = _batch_size(np.zeros((size, 1)))
        assert size <= filled < size + max(16, round_up(size) // 8)


def test_a_tune_that_cannot_win_is_not_aligned(monkeypatch):
    """Not even in the same chunk as the tune that wins."""
    monkeypatch.setattr(shape, 'BATCH_TUNES', 1)
    melody, unlike = [60, 62, 64, 65, 67], [70, 60] * 5
    match = find_nearest(melody, indexed([unlike, melody]))
    assert (match.tune, match.num_cells, match.num_all_cells) == (1, 3 * 3, 3 * (3 + 8))


@given(COLLECTIONS, PITCHES, st.integers(-20, 20))
def test_transposition(melodies, query, distance):
    scores = score_all(query, indexed(melodies))
    np.testing.assert_array_equal(
        score_all([pitch + distance for pitch in query], indexed(melodies)), scores
    )
    moved = [[pitch + number for pitch in melody] for number, melody in enumerate(melodies)]
    np.testing.assert_array_equal(score_all(query, indexed(moved)), scores)


@given(COLLECTIONS, PITCHES, st.randoms())
def test_order_and_batches(melodies, query, random):
    order = random.sample(range(len(melodies)), len(melodies))
    scores = score_all(query, indexed(melodies))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape, 'BATCH_TUNES', 1)
        np.testing.assert_array_equal(
            score_all(query, indexed([melodies[place] for place in order])), scores[order]
        )


@given(COLLECTIONS, PITCHES)
def test_duplicates(melodies, query):
    """Everything twice: the shares of the n-grams stay, but unknown n-grams cost half as much."""
    twice = score_all(query, indexed(melodies + melodies))
    np.testing.assert_array_equal(twice[: len(melodies)], twice[len(melodies) :])
    if set(shape_oracle.ngrams(query)) <= {
        ngram for melody in melodies for ngram in shape_oracle.ngrams(melody)
    }:
        np.testing.assert_allclose(
            twice[: len(melodies)], score_all(query, indexed(melodies)), rtol=0, atol=1e-12
        )


def test_nothing_to_compare_with():
    for melodies in ([], [[60, 62]]):
        assert find_nearest([60, 62, 64], indexed(melodies)).tune is None
        assert (score_all([60, 62, 64], indexed(melodies)) == -np.inf).all()


def test_jax_settings_are_restored():
    import jax.numpy as jnp

    find_nearest([60, 62, 64, 65], indexed([[60, 62, 64, 65]]))
    assert jnp.arange(3.0).dtype == jnp.float32


def test_unusable_pieces():
    assert mean_and_sd([0.2, -math.inf, 0.4, -math.inf]) == (
        pytest.approx(0.3),
        pytest.approx(0.1 / math.sqrt(2)),
        2,
    )
    assert mean_and_sd([-math.inf]) == (None, None, 1)
    assert mean_and_sd([]) == (None, None, 0)
    assert mean_and_sd([0.5]) == (0.5, 0.0, 0)
