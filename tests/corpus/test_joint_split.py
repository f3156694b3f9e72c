"""The split of a corpus that holds out what another one holds out."""

import dataclasses

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.corpus.joint_split import hold_out_as
from symmusic.corpus.split import (
    TEST,
    VALIDATION,
    Split,
    find_families,
    split_by_names,
    split_styles,
)
from symmusic.errors import UserError
from tests.corpus.tunes import random_tune


def walks(seeds, style=''):
    return [
        dataclasses.replace(random_tune(seed, 96, file=f'{seed:04}.mid'), style=style)
        for seed in seeds
    ]


def joint(tunes, others, seed=0):
    """The splits of both corpora."""
    families, own = find_families(others), find_families(tunes)
    parts = split_styles(others, families, seed)
    return parts, split_by_names(tunes, own, hold_out_as(tunes, own, others, families, parts, seed))


def files(*parts):
    return {tune.file for part in parts for tune in part}


def test_a_corpus_is_split_as_itself():
    tunes = walks(range(30))
    parts, same = joint(tunes, tunes)
    assert same == parts


@hypothesis.settings(max_examples=20, deadline=None)
@hypothesis.given(
    st.lists(st.integers(0, 40), min_size=12, max_size=30, unique=True),
    st.lists(st.integers(0, 40), min_size=0, max_size=30, unique=True),
    st.integers(0, 3),
)
def test_what_one_holds_out_the_other_does_not_train_on(first, second, seed):
    """Also if neither corpus contains the other; each tune of both is in the same part."""
    others, new = walks(first), walks(range(50, 60))
    parts, found = joint([*walks(second), *new], others, seed)
    held_out = files(parts.validation, parts.test)
    assert not files(found.train) & held_out
    assert files(found.test) >= files(parts.test) & {f'{each:04}.mid' for each in second}
    assert not files(found.validation, found.test) & files(parts.train)
    assert files(found.train, found.validation, found.test) == files(walks(second), new)
    assert found.test or not new


def test_a_relative_of_a_held_out_tune_is_held_out():
    """The larger corpus has the same music under another name, in another key."""
    others = walks(range(30))
    parts = split_styles(others, find_families(others), 0)
    (held_out, *_), (kept, *_) = parts.test, parts.train
    relatives = [
        dataclasses.replace(
            tune,
            file=f'z {tune.file}',
            style='other',
            phrases=tuple(np.where(each >= 0, each + 2, each) for each in tune.phrases),
        )
        for tune in (held_out, kept)
    ]
    tunes = [*others, *relatives, *walks(range(50, 60), 'other')]
    _, found = joint(tunes, others)
    assert relatives[0].file in files(found.test)
    assert relatives[1].file in files(found.train)


def test_a_family_that_joins_parts_is_held_out():
    """A tune of the larger corpus that is a relative of a training and of a test tune."""
    others = walks(range(30))
    families = find_families(others)
    parts = split_styles(others, families, 0)
    (test, *_), (train, *_), (validation, *_) = parts.test, parts.train, parts.validation
    medley = dataclasses.replace(
        random_tune(99, 4),
        file='medley.mid',
        phrases=train.phrases + test.phrases,
        gaps=(16,),
    )
    tunes = [*others, medley]
    found = split_by_names(
        tunes,
        find_families(tunes),
        hold_out_as(tunes, find_families(tunes), others, families, parts, 0),
    )
    assert {medley.file, train.file, test.file} <= files(found.test)
    assert validation.file in files(found.validation)
    assert len(files(found.train, found.validation, found.test)) == len(tunes)


def test_tunes_of_the_other_corpus_alone_join_too():
    """A tune is held out if only a tune that it does not have itself connects it to the test
    part.
    """
    others = walks(range(30))
    families = find_families(others)
    parts = split_styles(others, families, 0)
    relative = dataclasses.replace(parts.test[0], file='relative.mid')
    tunes = [relative, *walks(range(50, 60))]
    found = hold_out_as(tunes, find_families(tunes), others, families, parts, 0)
    assert relative.file in found[TEST]
    assert not found[VALIDATION] & found[TEST]


def test_too_few_families_of_its_own():
    others = walks(range(30))
    with pytest.raises(UserError, match='at least 3'):
        joint([*others, *walks(range(50, 52), 'other')], others)


def test_parts_are_of_the_tunes():
    tunes = walks(range(20))
    parts = Split(tuple(tunes), (), ())
    families = find_families(tunes)
    assert hold_out_as(tunes, families, tunes, families, parts, 0) == {
        VALIDATION: frozenset(),
        TEST: frozenset(),
    }
