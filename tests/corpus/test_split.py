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


def whole(seed, num_steps=512, **fields):
    """A tune of one phrase, by default of 32 bars."""
    return random_tune(seed, num_steps, **fields).phrases[0]


def move(events, by):
    return np.where(events >= 0, events + by, events)


@pytest.mark.parametrize('by', [0, 12, -12, 7, -5])
def test_transposed_copies_join(by):
    """In another key or octave, and at another place in the bar."""
    for before in (0, 16, 6):
        later = np.concatenate([whole(3, 16)[:before], move(whole(1), by)])
        assert same(tune(whole(1), file='1.mid'), tune(later, file='2.mid'))


def ornament(events, seed, *, every):
    """One note of every so many, where there is room, gets an upper neighbour after it."""
    events, onsets = events.copy(), np.flatnonzero(events[:-2] >= 0)
    for onset in onsets[np.arange(len(onsets)) % every == seed % every]:
        if events[onset + 1] == -2:
            events[onset + 1] = events[onset] + 2
    return events


@pytest.mark.parametrize('by', [0, 12, 5])
def test_ornamented_copies_join(by):
    """Too many ornaments for a passage of sixteen notes."""
    plain = np.where(np.arange(512) % 2 == 0, move(whole(1), 0).clip(0) % 12 + 60, -2)
    for seed in range(4):
        copy = move(ornament(plain, seed, every=12), by)
        assert same(tune(plain, file='1.mid'), tune(copy, file='2.mid'))


def test_copies_with_altered_bars_join():
    """Every fourth bar is another: no long passage is left, but most beats agree."""
    one, other = whole(1), whole(2)
    for bar in range(0, 32, 4):
        other[16 * bar + 16 : 16 * bar + 64] = one[16 * bar + 16 : 16 * bar + 64]
    assert same(tune(one, file='1.mid'), tune(move(other, -5), file='2.mid'))


def test_independent_tunes_do_not_join():
    tunes = [random_tune(seed, 256) for seed in range(60)]
    assert find_families(tunes).tolist() == list(range(60))


def with_shared(num_shared, num_notes, seed):
    """A tune of eighths that has some notes with every other tune of this function."""
    draw, shared = np.random.default_rng(seed), np.random.default_rng(99)
    pitches = [
        *draw.integers(40, 90, num_notes - num_shared),
        *shared.integers(50, 80, num_shared),
    ]
    return tune([event for pitch in pitches for event in (pitch, -2)], file=f'{seed}.mid')


def test_a_fifth_of_the_notes_of_either_joins():
    for num_notes, is_joined in ((100, True), (101, False)):
        one, other = with_shared(20, num_notes, 1), with_shared(20, 400, 2)
        assert same(one, other) == same(other, one) == is_joined


def test_half_of_the_beats_beyond_chance_join():
    """Quarters of all twelve classes, in groups of ten common ones and ten that never agree: no
    passage, and half of the beats. By chance a twelfth agrees.
    """
    notes = np.resize(np.random.default_rng(1).permutation(np.arange(50, 74)), 240)
    for num_equal, is_joined in ((14, True), (12, False)):
        other = notes + np.where(np.arange(240) % 24 >= num_equal, 6, 0)
        one, other = (
            tune([event for pitch in each for event in (pitch, -2, -2, -2)], file=file)
            for each, file in ((notes, '1.mid'), (other, '2.mid'))
        )
        assert same(one, other) == is_joined


def test_a_scale_in_common_does_not_join():
    """Nor any other figure that many tunes have."""
    scale = [event for pitch in range(60, 80) for event in (pitch, -2)]
    tunes = [
        tune([*whole(seed, 64), *scale, *whole(100 + seed, 64)], file=f'{seed}.mid')
        for seed in range(50)
    ]
    sizes = collections.Counter(find_families(tunes).tolist())
    assert max(sizes.values()) < 5


def test_many_copies_join():
    """More than have a figure in common before it is taken for stock."""
    plain = whole(1)
    copies = [tune(move(plain, seed % 12), file=f'{seed}.mid') for seed in range(80)]
    others = [random_tune(1000 + seed, 256) for seed in range(10)]
    assert find_families([*copies, *others]).tolist() == [0] * 80 + list(range(80, 90))


def test_every_phrase_joins():
    """A passage in the first phrase of one tune and the last of another."""
    shared, others = whole(9, 64), [random_tune(seed, 80) for seed in range(4)]
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
