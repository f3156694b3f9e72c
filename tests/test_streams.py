"""Every draw has its own stream, and no two streams are equal."""

import itertools
import math
import pathlib
import re

import jax
import numpy as np
import pytest

from symmusic.corpus.batches import batch_rows
from symmusic.streams import (
    SplitStream,
    Stream,
    generator,
    random_key,
    split_generator,
    tunes_generator,
)

ROOT = pathlib.Path(__file__).resolve().parents[1]
SEEDS = (0, 1, 2, 250, 2**31, 2**32 - 1)
INDICES = (0, 1, 2, 3, 250)
NUM = 400  # of a permutation


def draws():
    """`(name, make)` of every stream at several seeds and indices."""
    for seed, stream in itertools.product(SEEDS, Stream):
        num = len(stream.value[1])
        for indices in itertools.product(INDICES, repeat=num) if num < 3 else [(1,) * num]:
            yield (seed, stream.name, *indices), (seed, stream, *indices)


def legacy():
    """The generators of the split by name."""
    for seed in SEEDS:
        for split in SplitStream:
            yield (seed, split.name), split_generator(seed, split)
        for max_tunes in (4, 5, 6, 7, 200, 2**31 - 1):
            yield (seed, 'tunes', max_tunes), tunes_generator(seed, max_tunes)


def test_no_two_streams_of_numpy_are_equal():
    """Neither in their first numbers nor in the orders that they draw."""
    made = {name: generator(*of).integers(2**63, size=2) for name, of in draws()}
    made |= {name: rng.integers(2**63, size=2) for name, rng in legacy()}
    firsts = [first for pair in made.values() for first in pair.tolist()]
    assert len(made) > 500
    assert len(set(firsts)) == 2 * len(made)

    orders = [generator(*of).permutation(NUM) for _, of in draws()]
    orders += [rng.permutation(NUM) for _, rng in legacy()]
    alike = np.abs(np.corrcoef(np.array(orders)) - np.eye(len(orders)))
    # of as many pairs the largest correlation by chance is about sqrt(2 log(pairs) / NUM)
    assert alike.max() < 1.2 * math.sqrt(2 * math.log(len(orders) ** 2 / 2) / NUM)


def test_the_orders_of_epochs_are_not_those_of_the_split():
    """The order of an epoch once equalled that of the split with the same number: they correlated
    at 0.66.
    """
    for seed, epoch in itertools.product(range(4), range(5)):
        order = batch_rows(NUM, NUM, seed, epoch)[0]
        for split in SplitStream:
            other = split_generator(seed, split).permutation(NUM)
            assert abs(np.corrcoef(order, other)[0, 1]) < 0.3


def test_no_two_keys_are_equal():
    keys = {name: tuple(jax.random.key_data(random_key(*of)).tolist()) for name, of in draws()}
    assert len(set(keys.values())) == len(keys) > 500
    roots = {(0, seed) for seed in SEEDS}
    assert not roots & set(keys.values())


def test_pieces_of_a_seed_are_not_those_of_another():
    """Chunks were once drawn with `seed + begin`, so that seeds 0 and 250 shared pieces."""
    pieces = {
        tuple(words)
        for seed in (0, 250, 500)
        for chunk in range(3)
        for words in jax.random.key_data(
            jax.vmap(jax.random.fold_in, (None, 0))(
                random_key(seed, Stream.EVALUATED_PIECES, chunk), np.arange(250)
            )
        ).tolist()
    }
    assert len(pieces) == 3 * 3 * 250


@pytest.mark.parametrize('seed', [0, 1, 2**32 - 1])
def test_a_key_is_the_seeds_with_the_words_folded_in_one_by_one(seed):
    for stream, indices in (
        (Stream.SAMPLED_PIECES, ()),
        (Stream.BENCHMARK_NETWORK, (3, 2**32 - 1, 5)),
    ):
        expected = jax.random.key(np.uint32(seed))
        for word in (stream.value[0], *indices):
            expected = jax.random.fold_in(expected, np.uint32(word))
        found = random_key(seed, stream, *indices)
        assert (jax.random.key_data(found) == jax.random.key_data(expected)).all()


@pytest.mark.parametrize('make', [generator, random_key])
def test_a_stream_is_the_same_each_time(make):
    def first(*of):
        made = make(*of)
        return made.integers(2**63) if make is generator else jax.random.bits(made)

    assert first(7, Stream.BATCH_ORDER, 3) == first(7, Stream.BATCH_ORDER, 3)
    assert first(7, Stream.BATCH_ORDER, 3) == first(np.int64(7), Stream.BATCH_ORDER, np.uint32(3))


@pytest.mark.parametrize('make', [generator, random_key])
@pytest.mark.parametrize(
    ('seed', 'indices'),
    [(-1, (0,)), (2**32, (0,)), (0, (-1,)), (0, (2**32,)), (0, ()), (0, (1, 2))],
)
def test_a_seed_that_would_wrap_is_refused(make, seed, indices):
    with pytest.raises(ValueError, match=r'from 0 to 4294967295|indices'):
        make(seed, Stream.BATCH_ORDER, *indices)


@pytest.mark.parametrize('seed', [-1, 2**32])
def test_so_is_a_seed_of_the_split(seed):
    with pytest.raises(ValueError, match='seed'):
        split_generator(seed, SplitStream.FAMILIES)
    with pytest.raises(ValueError, match='seed'):
        tunes_generator(seed, 5)


def test_the_split_draws_what_it_always_has():
    """These numbers determine which tunes the shipped model was trained on."""
    for seed in SEEDS:
        for number, split in ((1, 'FAMILIES'), (2, 'SHARES'), (3, 'WINDOWS')):
            np.testing.assert_array_equal(
                split_generator(seed, SplitStream[split]).permutation(50),
                np.random.default_rng([seed, number]).permutation(50),
            )
        np.testing.assert_array_equal(
            tunes_generator(seed, 20).choice(99, 20, replace=False),
            np.random.default_rng([seed, 20]).choice(99, 20, replace=False),
        )


def test_numbers_are_used_once():
    numbers = [stream.value[0] for stream in Stream]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) > 0


MAKES = re.compile(
    r'default_rng\(|SeedSequence\(|random\.key\(|PRNGKey\(|RandomState\(|np\.random\.(?!Generator\b)'
    r'|^import random\b|\brandom\.Random\('
)


def test_nothing_else_makes_generators():
    """All random draws of symmusic use a stream, or a key or generator that is passed in."""
    files = [path for path in (ROOT / 'symmusic').rglob('*.py') if path.name != 'streams.py']
    found = [
        f'{path.relative_to(ROOT)}:{number}: {line.strip()}'
        for path in files
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1)
        if MAKES.search(line)
    ]
    assert found == []
    source = '\n'.join(path.read_text(encoding='utf-8') for path in files)
    unused = [stream.name for stream in Stream if f'Stream.{stream.name}' not in source]
    assert unused == []
