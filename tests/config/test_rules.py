"""Rules at the ends of what they allow."""

from symmusic.config import rules


def test_rules_at_their_ends():
    whole, open_real, closed_real = (
        rules.whole(2, 5),
        rules.real(0, 1, above=True, below=True),
        rules.real(0, 1),
    )
    assert [whole(value) is None for value in (1, 2, 5, 6, 2.0)] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert [open_real(value) is None for value in (0, 5e-324, 0.5, 1.0)] == [
        False,
        True,
        True,
        False,
    ]
    assert [closed_real(value) is None for value in (-5e-324, 0, 1, 1.0000001)] == [
        False,
        True,
        True,
        False,
    ]
    assert [rules.text(empty=empty)('') is None for empty in (False, True)] == [False, True]
    assert rules.text()('Dossier é/曲　一.mid') is None
    meters = rules.metres()
    given = ((), ('4/4',), ('2/2', '6/8'), ('4/4', '4/4'), ['4/4'], '4/4', ('3/32',), ('all',))
    assert [meters(value) is None for value in given] == [
        False,
        True,
        True,
        False,
        False,
        False,
        False,
        True,
    ]


def test_rules_of_structures_and_of_a_metre():
    letters, metre = rules.letters(3), rules.metre()
    given = ('', 'A', 'ABA', 'ABAB', 'aB', 'A B', 'Ä', None, ('A',))
    assert [letters(value) is None for value in given] == [True] * 3 + [False] * 6
    given = ('', '6/8', '12/8', '3/32', '4', '0/4', '4/4 ', 44)
    assert [metre(value) is None for value in given] == [True] * 3 + [False] * 5
