"""The whole default corpus: counts within sane bounds, and in time."""

import time

import pytest

from symmusic.corpus.base_rate import base_rate, target_counts
from symmusic.corpus.cache import load_corpus
from symmusic.corpus.dataset import build_dataset
from symmusic.corpus.drops import count_drops
from symmusic.corpus.prepare import Settings
from symmusic.corpus.split import FAMILY_NOTES
from symmusic.corpus.stats import compute_statistics


@pytest.mark.slow
def test_folk():
    begun = time.perf_counter()
    corpus = load_corpus('folk', Settings())
    assert time.perf_counter() - begun < 120  # 60 s are promised on two idle cores
    assert not corpus.notices
    drops = count_drops(corpus.tunes)
    assert 4000 < len(corpus.tunes) < 4500
    assert 1500 <= len(corpus.kept) <= 1800
    assert sum(drops.values()) == len(corpus.tunes) - len(corpus.kept)
    assert next(iter(drops)) == 'meter'
    assert sum(count for reason, count in drops.items() if reason != 'meter') < 10, drops
    begun = time.perf_counter()
    again = load_corpus('folk', Settings())
    assert time.perf_counter() - begun < 5
    assert (again.from_cache, again.fingerprint) == (True, corpus.fingerprint)

    found = compute_statistics(
        corpus, encoding='melody', window_steps=64, hop_steps=16, keep_last=True, split_seed=0
    )
    assert (found['num_classes'], found['min_pitch'], found['max_pitch']) == (49, 50, 96)
    assert 32_000 <= found['num_windows'] <= 34_000
    assert 22_000 <= found['num_distinct_windows'] <= 28_000
    assert 1250 < found['num_families'] < 1400
    assert found['largest_family'] <= 10
    assert found['overlap']['largest'] < FAMILY_NOTES
    assert all(-5 <= tune.transposed_by <= 6 for tune in corpus.kept)

    options = {
        'window_steps': 64,
        'hop_steps': 16,
        'keep_last': True,
        'cover_end': False,
        'max_windows': 0,
        'split_seed': 0,
    }
    dataset = build_dataset(corpus, encoding='melody', **options)
    tunes = dataset.num_tunes
    assert 0.78 < tunes['train'] / sum(tunes.values()) < 0.81
    # Passages join tunes to a family, so that no window of four bars is left to remove.
    assert sum(dataset.num_copies.values()) == 0
    halves = build_dataset(corpus, encoding='melody', **(options | {'window_steps': 32}))
    assert 0 < sum(halves.num_copies.values()) < 50
    counts = target_counts(dataset.train, 49, all_steps=False)
    assert counts[0] / counts.sum() > 0.6  # most ends of bars are no event
    assert 0 < base_rate(counts, target_counts(dataset.validation, 49, all_steps=False)) < 2
