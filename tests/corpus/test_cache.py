"""The cache: it gives the same corpus, anything else has another key, and any damage is
detected.
"""

import dataclasses

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.corpus import cache as caching
from symmusic.corpus import collections
from symmusic.corpus.cache import Corpus, load_corpus, share_tunes
from symmusic.corpus.prepare import Settings, Tune
from symmusic.errors import UserError
from symmusic.files import cache_folder
from tests.corpus.tunes import mixed_folder, tune, write_files
from tests.score.midi_bytes import melody


@pytest.fixture
def folder(tmp_path):
    folder = mixed_folder(tmp_path / 'music')
    write_files(
        folder,
        {
            'k phrases.mid': melody((67, 4), (None, 40), (64, 4), (None, 17), (60, 16)),
            'l café ♪.abc': 'X:1\nT:Ó\nM:4/4\nK:C\nC4',
        },
    )
    return folder


def same(one: Corpus, other: Corpus) -> bool:
    def fields(corpus):
        return [dataclasses.replace(each, phrases=()) for each in corpus.tunes]

    def phrases(corpus):
        return [
            [(phrase.dtype, phrase.tolist()) for phrase in each.phrases] for each in corpus.tunes
        ]

    return (
        (one.name, one.num_files, one.fingerprint, one.families.tolist(), one.families.dtype)
        == (
            other.name,
            other.num_files,
            other.fingerprint,
            other.families.tolist(),
            other.families.dtype,
        )
        and fields(one) == fields(other)
        and phrases(one) == phrases(other)
    )


def load(folder, settings=None, **options):
    return load_corpus(str(folder), settings or Settings(), **options)


def entries(cache):
    return sorted(cache.iterdir())


def test_second_load(folder, cache, monkeypatch):
    first = load(folder)
    assert (first.from_cache, first.notices, len(entries(cache))) == (False, (), 1)
    assert (first.num_files, len(first.kept), len(first.tunes)) == (12, 4, 14)
    assert first.families.tolist() == [0, 1, 2, 3]
    assert {len(each.phrases) for each in first.tunes} == {0, 1, 3}
    monkeypatch.setattr(caching, 'prepare_files', None)  # not called again
    second = load(folder)
    assert (second.from_cache, second.notices, len(entries(cache))) == (True, (), 1)
    assert same(first, second)
    for one, other in zip(first.tunes, second.tunes, strict=True):
        np.testing.assert_array_equal(one.events, other.events)


def test_everything_dropped_is_cached_too(tmp_path):
    write_files(tmp_path, {'a.mid': b''})
    first, second = load(tmp_path), load(tmp_path)
    assert second.from_cache
    assert same(first, second)
    assert second.kept == []


def test_another_place_is_the_same_corpus_under_its_own_name(folder):
    first = load(folder)
    moved = folder.rename(folder.parent / 'moved')
    second = load(moved)
    assert second.from_cache
    assert second.name == str(moved)
    assert second.fingerprint == first.fingerprint


@pytest.mark.parametrize('change', ['content', 'new', 'gone', 'name'])
def test_changed_files(folder, cache, change):
    before = load(folder)
    good = folder / 'a good.mid'
    if change == 'content':
        good.write_bytes(melody((67, 4), (69, 4), (71, 4), (67, 7), title='Good'))
    elif change == 'new':
        (folder / 'a new.mid').write_bytes(good.read_bytes())
    elif change == 'gone':
        good.unlink()
    else:
        good.rename(folder / 'a bad.mid')
    after = load(folder)
    assert not after.from_cache
    assert len(entries(cache)) == 2
    assert after.fingerprint != before.fingerprint
    assert load(folder).from_cache


def test_changed_settings(folder, cache, monkeypatch):
    def distinct():
        return [
            load(folder),
            load(folder, Settings(meters=('4/4',))),
            load(folder, Settings(meters=('2/2', '4/4'))),
            load(folder, Settings(align_pickups=False)),
            load(folder, Settings(rests='end')),
            load(folder, Settings(strict=True)),
            load(folder, max_tunes=3),
            load(folder, max_tunes=3, seed=1),
            load(folder, max_tunes=4),
        ]

    assert not any(corpus.from_cache for corpus in distinct())
    assert len(entries(cache)) == 9
    assert all(corpus.from_cache for corpus in distinct())
    assert load(folder, seed=5).from_cache  # the seed draws nothing where all tunes are read
    monkeypatch.setattr(caching, 'FORMAT', caching.FORMAT + 1)
    assert not any(corpus.from_cache for corpus in distinct())
    assert len(entries(cache)) == 18


def check_rebuilt(folder, before):
    after = load(folder)
    assert not after.from_cache
    assert len(after.notices) == 1
    assert 'is damaged' in after.notices[0]
    assert '\n' not in after.notices[0]
    assert same(before, after)
    again = load(folder)
    assert (again.from_cache, again.notices) == (True, ())


@pytest.mark.parametrize('length', [0, 1, 3, 40, -1, -30, -500])
def test_truncated(folder, cache, length):
    before = load(folder)
    (path,) = entries(cache)
    path.write_bytes(path.read_bytes()[:length])
    check_rebuilt(folder, before)


@pytest.mark.parametrize('content', [b'not a cache', b'PK\3\4', b'\x93NUMPY\1\0', b'\x80\4K\1.'])
def test_something_else(folder, cache, content):
    before = load(folder)
    entries(cache)[0].write_bytes(content)
    check_rebuilt(folder, before)


def test_the_cache_of_another_corpus(tmp_path, cache):
    """Undamaged but under the wrong name: a file that was copied or renamed."""
    for name, pitch in (('one', 67), ('other', 60)):
        write_files(tmp_path / name, {'a.mid': melody((pitch, 4), (69, 4))})
    load(tmp_path / 'other')
    (other,) = entries(cache)
    before = load(tmp_path / 'one')
    (path,) = set(entries(cache)) - {other}
    path.write_bytes(other.read_bytes())
    check_rebuilt(tmp_path / 'one', before)


def test_no_flipped_bit_goes_unnoticed(tmp_path, cache):
    """Every bit of every byte: an error, never another corpus or another kind of exception."""
    write_files(tmp_path, {'a.mid': melody((67, 4), (69, 4))})
    load(tmp_path)
    (path,) = entries(cache)
    good = path.read_bytes()
    for index in range(len(good)):
        for bit in range(8) if index < 64 else (index % 8,):
            flipped = bytearray(good)
            flipped[index] ^= 1 << bit
            with pytest.raises(ValueError, match='checksum'):
                caching._from_bytes(bytes(flipped), path.name)


def test_flipped_bits(folder, cache):
    before = load(folder)
    (path,) = entries(cache)
    good = path.read_bytes()
    for index in range(5, len(good), len(good) // 7):
        path.write_bytes(good[:index] + bytes([good[index] ^ 0x10]) + good[index + 1 :])
        check_rebuilt(folder, before)


def test_a_folder_in_place_of_the_cache(folder, cache):
    before = load(folder)
    (path,) = entries(cache)
    path.unlink()
    path.mkdir()
    after = load(folder)
    assert same(before, after)
    assert len(after.notices) == 2  # neither readable nor writable
    assert 'not cached' in after.notices[1]


def test_unwritable_cache(folder, tmp_path, monkeypatch):
    place = tmp_path / 'occupied'
    place.write_text('a file')
    monkeypatch.setenv('SYMMUSIC_CACHE', str(place))
    corpus = load(folder)
    assert (len(corpus.kept), corpus.from_cache) == (4, False)
    assert len(corpus.notices) == 1
    assert 'not cached' in corpus.notices[0]
    assert str(place) in corpus.notices[0]
    assert place.read_text() == 'a file'


def test_a_preparation_is_logged_before_it(folder, caplog):
    with caplog.at_level('INFO'):
        load(folder)
    assert caplog.messages == [f'preparing corpus {folder} (once; then it is in the cache)']
    caplog.clear()
    with caplog.at_level('INFO'):
        load(folder)
    assert caplog.messages == []


def test_no_such_corpus(tmp_path):
    with pytest.raises(UserError, match='no such corpus'):
        load(tmp_path / 'none')


def test_undecodable_file_name(tmp_path):
    """A name of Latin-1 bytes, as old collections have them."""
    path = tmp_path / b'caf\xe9.mid'.decode('utf-8', 'surrogateescape')
    path.write_bytes(melody((67, 4)))
    first, second = load(tmp_path), load(tmp_path)
    assert second.from_cache
    assert same(first, second)
    assert len(second.kept) == 1


def test_unreadable_file_is_one_dropped_tune(tmp_path, monkeypatch):
    write_files(tmp_path, {'a.mid': melody((67, 4)), 'b.mid': melody((67, 4), (69, 4))})
    before = load(tmp_path)
    read = open

    def refuse(path, *how, **more):
        if str(path).endswith('b.mid'):
            raise PermissionError(13, 'Permission denied', str(path))
        return read(path, *how, **more)

    monkeypatch.setattr('builtins.open', refuse)
    after = load(tmp_path)
    assert [(each.file, each.reason) for each in after.tunes] == [
        ('a.mid', ''),
        ('b.mid', 'unreadable file'),
    ]
    monkeypatch.undo()
    monkeypatch.setattr(caching, 'cache_folder', lambda: tmp_path / 'cache')
    assert same(load(tmp_path), before)


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv('SYMMUSIC_CACHE', '~/place')
    monkeypatch.setenv('HOME', str(tmp_path))
    assert cache_folder() == tmp_path / 'place'
    monkeypatch.delenv('SYMMUSIC_CACHE')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'caches'))
    assert cache_folder() == tmp_path / 'caches' / 'symmusic'
    monkeypatch.setenv('XDG_CACHE_HOME', '')
    assert cache_folder() == tmp_path / '.cache' / 'symmusic'


events = st.lists(st.integers(-2, 127), min_size=1, max_size=20)
texts = st.text(st.characters(), max_size=8)


@hypothesis.given(
    st.lists(st.tuples(texts, texts, st.lists(events, max_size=3), st.integers(-5, 6)), max_size=4)
)
def test_bytes_and_back(rows):
    tunes = [
        tune(
            *phrases,
            file=file,
            title=title,
            gaps=tuple(range(len(phrases) - 1)),
            transposed_by=distance,
            reason='' if phrases else 'meter',
        )
        for file, title, phrases, distance in rows
    ]
    corpus = Corpus(
        'made', 3, tuple(tunes), np.arange(sum(each.kept for each in tunes), dtype=np.int32)
    )
    assert same(corpus, caching._from_bytes(caching._to_bytes(corpus, 'a'), 'a'))
    assert all(type(each) is Tune for each in corpus.tunes)


@hypothesis.given(
    st.lists(st.tuples(st.sampled_from('abc'), st.integers(1, 2000)), min_size=1, max_size=6),
    st.integers(0, 500),
)
def test_shares(sizes, max_tunes):
    shares = share_tunes(sizes, max_tunes)
    assert sum(shares) == max_tunes
    assert min(shares) >= 0
    of_style = [
        sum(share for (style, _), share in zip(sizes, shares, strict=True) if style == each)
        for each in {style for style, _ in sizes}
    ]
    assert max(of_style) - min(of_style) <= 1


def test_shares_by_hand():
    assert share_tunes([('x', 7)], 100) == [100]
    assert share_tunes([('x', 100), ('y', 20), ('z', 1318), ('z', 49)], 90) == [30, 30, 29, 1]


@pytest.fixture
def two_books(tmp_path, monkeypatch):
    book = ''.join(
        f'X:{index}\nT:Tune {index}\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|{note}4|\n\n'
        for index, note in enumerate('CDEFGAB')
    )
    write_files(
        tmp_path,
        {
            'b/one.abc': book,
            'a/two.abc': book.replace('GABc', 'ccGG'),
            'b/zwei.abc': book.replace('GABc', 'EDCB'),
        },
    )
    one = collections.Collection(('b',), style='one')
    two = collections.Collection(('a',), style='two', notice='mind the terms')
    monkeypatch.setattr(collections, 'COLLECTIONS', {'one': one, 'two': two})
    monkeypatch.setattr(
        collections, 'NAMED', {'one': ('one',), 'two': ('two',), 'both': ('one', 'two')}
    )
    monkeypatch.setattr(collections, 'music21_corpus', lambda: tmp_path)


@pytest.mark.usefixtures('two_books')
def test_a_union_is_its_collections_each_cached(cache):
    one = load_corpus('one', Settings())
    both = load_corpus('both', Settings())
    assert len(entries(cache)) == 2
    assert (both.from_cache, both.num_files, len(both.tunes)) == (False, 3, 21)
    assert [each.file.rpartition('#')[0] for each in both.tunes] == ['a/two.abc'] * 7 + [
        'b/one.abc'
    ] * 7 + ['b/zwei.abc'] * 7
    assert [each.style for each in both.tunes] == ['two'] * 7 + ['one'] * 14
    assert both.families.tolist() == [*range(7)] * 3  # titles join them across collections
    assert (one.notices, both.notices) == ((), ('mind the terms',))
    again = load_corpus('both', Settings())
    assert (again.from_cache, again.notices, again.name) == (True, ('mind the terms',), 'both')
    assert same(both, again)
    assert load_corpus('two', Settings()).from_cache
    few = load_corpus('both', Settings(), max_tunes=5)
    assert [each.style for each in few.tunes] == ['two'] * 2 + ['one'] * 3
    assert [each.style for each in load_corpus('both', Settings(), max_tunes=1).tunes] == ['one']
    assert not load_corpus('both', Settings(), max_tunes=5, seed=1).from_cache


@pytest.mark.usefixtures('two_books')
def test_another_version_of_music21_is_another_key(monkeypatch):
    files = collections.find_files('one')
    for has_voices in (False, True):
        collection = collections.Collection(has_voices=has_voices)
        before = caching._key(collection, files, Settings(), 0, 0)
        with monkeypatch.context() as patch:
            patch.setattr(caching, 'music21_version', lambda: '0')
            assert (caching._key(collection, files, Settings(), 0, 0) != before) == has_voices
