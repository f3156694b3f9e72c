"""The bars of metres."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symmusic.errors import ScoreError
from symmusic.score.bar import bar_of

METERS = st.sampled_from(
    [
        '2/4',
        '3/4',
        '4/4',
        '2/2',
        '3/8',
        '4/8',
        '5/8',
        '6/8',
        '7/8',
        '9/8',
        '12/8',
        '3/2',
        '4/2',
        '6/4',
        '5/4',
        '7/4',
        '3/16',
        '6/16',
        '5/16',
        '1/4',
    ]
)


@pytest.mark.parametrize(
    ('meter', 'steps', 'groups', 'strong', 'cadence'),
    [
        ('4/4', 16, (0, 4, 8, 12), (0, 8), 4),
        ('2/4', 8, (0, 4), (0, 4), 4),
        ('3/4', 12, (0, 4, 8), (0,), 4),
        ('6/8', 12, (0, 6), (0, 6), 6),
        ('9/8', 18, (0, 6, 12), (0,), 6),
        ('12/8', 24, (0, 6, 12, 18), (0, 12), 6),
        ('3/8', 6, (0,), (0,), 6),
        ('6/4', 24, (0, 4, 8, 12, 16, 20), (0, 12), 4),
        ('3/2', 24, (0, 4, 8, 12, 16, 20), (0,), 4),
        ('5/4', 20, (0, 4, 8, 12, 16), (0,), 4),
        ('7/8', 14, (0, 6, 10), (0,), 4),
        ('5/16', 5, (0, 3), (0,), 4),
        ('3/16', 3, (0,), (0,), 3),
        ('6/32', 3, (0,), (0,), 3),
    ],
)
def test_by_hand(meter, steps, groups, strong, cadence):
    bar = bar_of(meter)
    assert (bar.steps, bar.groups, bar.strong, bar.cadence_steps) == (
        steps,
        groups,
        strong,
        cadence,
    )


def test_metres_that_are_divided_alike_are_equal():
    assert bar_of('2/2') == bar_of('4/4') == bar_of('8/8')
    assert bar_of('4/8') == bar_of('2/4')
    assert len({bar_of(meter) for meter in ('3/4', '6/8', '12/16')}) == 3


@given(METERS, st.data())
def test_groups_fill_the_bar(meter, data):
    bar = bar_of(meter)
    assert bar.steps * int(meter.split('/')[1]) == 16 * int(meter.split('/')[0])
    assert set(bar.strong) <= set(bar.groups)
    step = data.draw(st.integers(0, bar.steps - 1))
    begin, end = bar.group_at(step)
    assert begin <= step < end <= bar.steps
    assert begin in bar.groups
    assert not any(begin < other < end for other in bar.groups)


@pytest.mark.parametrize('meter', ['3/32', '17/4', '1/64', '5/1'])
def test_bars_that_are_no_whole_number_of_steps_are_refused(meter):
    with pytest.raises(ScoreError, match=meter):
        bar_of(meter)
