"""Families of tunes and the split along them."""

import collections

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import draw_share, find_families, split_styles, split_tunes, title_key
from symmusic.errors import UserError
from tests.corpus.tunes import random_tune, tune


def abc(seed, title, num_steps=96):
    return random_tune(seed, num_steps, file=f'book.abc#{seed}', title=title)


def same(*tunes):
    return len(set(find_families(tunes).tolist())) == 1


@pytest.mark.parametrize(
    'title',
    [
        'The Merry Blacksmith',
        'Merry Blacksmith, The',
        'Merry Blacksmith -- Reel',
        'The Merry Blacksmith (2nd setting)',
        'MERRY  BLACKSMITH.',
        'A Merry Blacksmith',
        'Merry Blacksmith, The -- Reel',
        '"Merry Blacksmith"',
        'Mérry Blacksmith [2]',
    ],
)
def test_titles_of_one_family(title):
    assert title_key(title) == title_key('Merry Blacksmith') == 'merry blacksmith'
    assert same(abc(1, 'Merry Blacksmith'), abc(2, title))


@pytest.mark.parametrize(
    ('one', 'other'), [("Tom's Reel", 'Toms Reel'), ("Peggy's", 'Peggys'), ("O'Neill", 'ONeill')]
)
def test_apostrophes(one, other):
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize('other', ['The Merry Smith', 'Blacksmith Merry', 'Merry Blacksmith 2', ''])
def test_titles_of_two_families(other):
    assert not same(abc(1, 'Merry Blacksmith'), abc(2, other))


def test_no_title_and_track_names_join_nothing():
    assert not same(abc(1, ''), abc(2, ''))
    assert not same(abc(1, 'The'), abc(2, 'A'))
    assert not same(random_tune(1, 96, title='Melody'), random_tune(2, 96, title='Melody'))


def test_four_shared_bars_join():
    shared = random_tune(9, 64).phrases[0]
    one = tune(np.concatenate([random_tune(1, 32).phrases[0], shared]), file='1.mid')
    other = tune(np.concatenate([shared, random_tune(2, 48).phrases[0]]), file='2.mid')
    assert same(one, other)
    # Three bars do not, nor four that begin within a bar.
    assert not same(
        one,
        tune(
            np.concatenate(
                [random_tune(3, 16).phrases[0], shared[:48], random_tune(2, 48).phrases[0]]
            ),
            file='2.mid',
        ),
    )
    assert not same(
        one,
        tune(
            np.concatenate([random_tune(3, 8).phrases[0], shared, random_tune(2, 24).phrases[0]]),
            file='2.mid',
        ),
    )


def test_four_bars_that_say_nothing_do_not_join():
    def whole_notes(seed):
        return tune([60, *[-2] * 63, *random_tune(seed, 64).phrases[0]], file=f'{seed}.mid')

    assert not same(whole_notes(1), whole_notes(2))


def test_twelve_onsets_say_enough_to_join():
    """Four bars in common of 12 notes are a family, of 11 none."""

    def with_onsets(num, seed):
        shared = np.full(64, -2)
        shared[: 2 * num : 2] = random_tune(9, num).phrases[0].clip(60)
        return tune([*shared, *random_tune(seed, 64).phrases[0]], file=f'{seed}.mid')

    assert same(with_onsets(12, 1), with_onsets(12, 2))
    assert not same(with_onsets(11, 1), with_onsets(11, 2))


def test_every_phrase_joins():
    """Four bars in common, in the first phrase of one tune and the last of another."""
    shared, others = random_tune(9, 64).phrases[0], [random_tune(seed, 80) for seed in range(4)]
    first = tune(shared, others[0].phrases[0], gaps=(1,), file='1.mid')
    last = tune(others[1].phrases[0], others[2].phrases[0], shared, gaps=(1, 1), file='2.mid')
    assert find_families([first, others[3], last]).tolist() == [0, 1, 0]


def test_equal_short_tunes_join():
    assert same(random_tune(1, 40, file='1.mid'), random_tune(1, 40, file='2.mid'))


def test_families_join_through_a_third():
    shared = random_tune(9, 64).phrases[0]
    tunes = [
        random_tune(0, 96, file='other.mid'),
        tune(shared, file='1.mid'),
        abc(5, 'Merry'),
        tune(
            shared, random_tune(3, 64).phrases[0], file='book.abc#7', title='The Merry', gaps=(1,)
        ),
    ]
    assert find_families(tunes).tolist() == [0, 1, 1, 1]  # numbered by the first
    assert find_families([]).tolist() == []


def made(num_families, num_members=1):
    return [
        tune([60], file=f'{i:03}-{j}.mid') for i in range(num_families) for j in range(num_members)
    ]


def families(num_families, num_members=1):
    return np.repeat(np.arange(num_families), num_members)


def files(part):
    return [each.file for each in part]


def test_tenths():
    tunes = made(200)
    split = split_tunes(tunes, families(200), 0)
    assert (len(split.train), len(split.validation), len(split.test)) == (160, 20, 20)
    assert sorted(files(split.train) + files(split.validation) + files(split.test)) == files(tunes)
    for part in (split.train, split.validation, split.test):
        assert files(part) == sorted(files(part))


def test_seed():
    tunes = made(50)
    assert split_tunes(tunes, families(50), 3) == split_tunes(tunes, families(50), 3)
    assert (
        len({tuple(files(split_tunes(tunes, families(50), seed).test)) for seed in range(5)}) == 5
    )


@hypothesis.given(
    st.lists(st.integers(0, 30), min_size=3, max_size=150).filter(
        lambda drawn: len(set(drawn)) >= 3
    ),
    st.integers(0, 999),
)
def test_no_family_in_two_parts(drawn, seed):
    tunes = made(len(drawn))
    split = split_tunes(tunes, np.array(drawn), seed)
    parts = [set(files(part)) for part in (split.train, split.validation, split.test)]
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(tunes)
    of = {each.file: family for each, family in zip(tunes, drawn, strict=True)}
    kinds = [{of[file] for file in part} for part in parts]
    assert sum(map(len, kinds)) == len(set(drawn))
    # Each of the small parts stops at the family that fills its tenth.
    sizes = collections.Counter(drawn)
    for part, families_of in zip(parts[1:], kinds[1:], strict=True):
        assert len(part) - min(sizes[family] for family in families_of) <= len(tunes) / 10
    if max(sizes.values()) <= len(tunes) / 20:
        assert 0.7 * len(tunes) <= len(parts[0]) <= 0.8 * len(tunes)


def test_a_large_family_goes_to_training():
    tunes = made(40)
    large = np.array([0] * 10 + list(range(10, 40)))
    for seed in range(10):
        assert set(files(tunes[:10])) <= set(files(split_tunes(tunes, large, seed).train))


@pytest.mark.parametrize('num', [3, 4, 5, 9])
def test_few_tunes(num):
    for seed in range(10):
        split = split_tunes(made(num), families(num), seed)
        assert (len(split.validation), len(split.test)) == (1, 1)


def test_too_few_families():
    with pytest.raises(UserError, match='3 tunes of 2 families'):
        split_tunes(made(3), np.array([0, 1, 1]), 0)
    with pytest.raises(UserError, match='0 tunes of 0 families'):
        split_tunes([], np.array([], int), 0)


@pytest.mark.parametrize('num_members', [2, 3, 5])
@pytest.mark.parametrize('num_families', [3, 4, 6])
def test_few_families_of_several_tunes(num_families, num_members):
    """Each is more than a twentieth of the corpus."""
    tunes = made(num_families, num_members)
    split = split_tunes(tunes, families(num_families, num_members), 0)
    assert (len(split.validation), len(split.test)) == (num_members, num_members)
    assert (
        len({file.split('-')[0] for part in (split.validation, split.test) for file in files(part)})
        == 2
    )
    assert len(split.train) == len(tunes) - 2 * num_members


@hypothesis.given(
    st.lists(st.tuples(st.sampled_from('ab'), st.integers(0, 11)), min_size=30, max_size=60),
    st.integers(0, 9),
)
def test_styles_are_split_each_on_its_own(drawn, seed):
    """Every tune once, every family in one part, whatever styles it has."""
    drawn = [*drawn, *(('ab'[index % 2], 20 + index) for index in range(20))]
    tunes = [Tune(f'{index:02}.mid', style=style) for index, (style, _) in enumerate(drawn)]
    numbers = np.array([family for _, family in drawn])
    parts = [
        getattr(split_styles(tunes, numbers, seed), part)
        for part in ('train', 'validation', 'test')
    ]
    assert sorted(tune.file for part in parts for tune in part) == [tune.file for tune in tunes]
    found = [{int(numbers[int(tune.file[:2])]) for tune in part} for part in parts]
    assert not found[0] & found[1] | found[0] & found[2] | found[1] & found[2]
    first = [tune for tune in tunes if tune.style == 'a']
    families = np.arange(len(first))
    assert split_styles(first, families, seed) == split_tunes(first, families, seed)


@hypothesis.given(st.integers(1, 40), st.floats(0.01, 1), st.floats(0.01, 1), st.integers(0, 5))
def test_a_share_is_part_of_every_larger_one(num, share, other, seed):
    tunes = [tune([60], file=f'{index:02}') for index in range(num)]
    small, large = (draw_share(tunes, each, seed) for each in sorted((share, other)))
    assert [each.file for each in small] == sorted({each.file for each in small})
    assert (
        {each.file for each in small}
        <= {each.file for each in large}
        <= {each.file for each in tunes}
    )
    assert len(small) == max(1, round(min(share, other) * num))
    assert draw_share(tunes, 1.0, seed) == tuple(tunes)
