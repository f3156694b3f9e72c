"""Counting parameters and matching sizes."""

import dataclasses

import jax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symmusic.model.model import Architecture
from symmusic.model.size import count_parameters, match_num_cells
from tests.model.compiled import init_params

ONE_WAY = Architecture(58, num_layers=2, num_cells=64)
BOTH_WAYS = Architecture(58, num_layers=2, num_cells=32, bidirectional=True)


@pytest.mark.parametrize('attention', ['none', 'weighted', 'bahdanau'])
def test_counted_is_what_is_made(attention):
    architecture = Architecture(
        7,
        num_layers=1,
        num_cells=3,
        attention=attention,
        attention_size=5,
        num_positions=16,
        lookback=(2,),
    )
    assert count_parameters(architecture) == sum(
        leaf.size for leaf in jax.tree.leaves(init_params(jax.random.key(0), architecture))
    )


def test_the_thesis_s_pair_and_ours():
    assert (count_parameters(BOTH_WAYS), count_parameters(ONE_WAY)) == (51_898, 68_282)
    num_cells = match_num_cells(ONE_WAY, 51_898)
    assert (num_cells, count_parameters(dataclasses.replace(ONE_WAY, num_cells=54))) == (54, 51_142)
    small = [
        dataclasses.replace(architecture, num_classes=49) for architecture in (BOTH_WAYS, ONE_WAY)
    ]
    assert [*map(count_parameters, small), match_num_cells(small[1], 49_009)] == [
        49_009,
        65_393,
        54,
    ]


@settings(max_examples=15)
@given(st.integers(0, 60_000), st.booleans(), st.sampled_from(['none', 'weighted', 'bahdanau']))
def test_no_other_number_of_cells_is_nearer(num_parameters, bidirectional, attention):
    architecture = Architecture(
        7,
        num_layers=1,
        num_cells=9,
        bidirectional=bidirectional,
        attention=attention,
        attention_size=32,
    )

    def distance(num_cells):
        return abs(
            count_parameters(dataclasses.replace(architecture, num_cells=num_cells))
            - num_parameters
        )

    found = match_num_cells(architecture, num_parameters)
    assert distance(found) <= distance(found + 1)
    assert found == 1 or distance(found) < distance(found - 1)


def test_its_own_count_gives_back_the_cells():
    assert (
        match_num_cells(dataclasses.replace(BOTH_WAYS, num_cells=1), count_parameters(BOTH_WAYS))
        == 32
    )
