"""Similarities on their own scale: at most 1, and below 0 where little is alike."""

import pytest

from symmusic.originality.plagiarism import Level, Match, Similarity
from symmusic.report.nearness import nearness_section, similarity_range


@pytest.mark.parametrize(
    ('scores', 'ends'),
    [
        ([0.25, 0.61], (0, 0.7)),
        ([-0.106, -0.32], (-0.4, 0.1)),
        ([-1.5, 0.999], (-1.5, 1.0)),
        ([], (0, 0.1)),
    ],
)
def test_the_axis_holds_every_score(scores, ends):
    assert similarity_range(scores) == pytest.approx(ends)


def test_pieces_below_0_are_counted_and_ordered():
    """Before those without a score, however low they are."""
    scores = {'a': -1.4, 'b': None, 'c': -0.2}
    pieces = {name: Match(score, score and 'tune') for name, score in scores.items()}
    similarity = Similarity(-0.8, 0.6, 1, pieces, Level(-0.3, 0.1, 0, (-0.3,)))
    charts, _, table, *_ = nearness_section(similarity, None).blocks
    assert charts.charts[0].svg.count('class="bar generated"') == 2
    assert [row[0] for row in table.rows] == ['c', 'a', 'b']
