"""The order in which an ABC tune is played: repeats, endings and parts."""

import pytest

from symmusic.score.abc_fields import TICKS_PER_QUARTER, parse_parts
from tests.score.abc_bodies import naturals, pitches, read


@pytest.mark.parametrize(
    ('body', 'played'),
    [
        ('|:C|D:|E', 'CDCDE'),
        ('C|D:|E', 'CDCDE'),
        # the first repeat without an opening sign goes back to the start, whatever is between
        ('C||D:|E', 'CDCDE'),
        ('C|]D:|[|E:|', 'CDCDEE'),
        ('C||D||E:|F:|', 'CDECDEFF'),
        ('C||D|1E:|2F|', 'CDECDF'),
        # later ones to the last || or repeat sign, but to no |] or [|
        ('C|D:|E||F|G:|', 'CDCDEFGFG'),
        ('C|D:|E|]F[|G:|', 'CDCDEFGEFG'),
        ('|:C:|D||E:|', 'CCDEE'),
        ('|:C:|D|]E:|', 'CCDEDE'),
        ('|:C:|:D||E:|', 'CCDEDE'),
        ('|:C||D:|', 'CDCD'),
        ('|:C::D:|', 'CCDD'),
        ('|:C:|:D:|', 'CCDD'),
        ('|:C:||:D:|', 'CCDD'),
        ('C:|D:|E', 'CCDDE'),
        ('|:C|1D:|2E|]F', 'CDCEF'),
        ('|:C|[1D:|[2E||F:|', 'CDCEFF'),
        ('|:C | [1 D :| [2 E ||', 'CDCE'),
        ('C|1D:|2E||F|1G:|2A|]', 'CDCEFGFA'),
        ('C|1D:|2E:|F|1G:|2A|]', 'CDCEFGFA'),
        ('C|1D:|2E|F|1G:|2A|]', 'CDCEFGFA'),
        ('|:C|1,3D:|2E:|4F||G', 'CDCECDCFG'),
        ('|:C|1-3D:|4E||', 'CDCDCDCE'),
        ('|:C|[1, 3D:|[2E:|', 'CDCECD'),
        ('|:C|1 - 2D:|3E:|', 'CDCDCE'),
        # an ending that an earlier pass has played is not played again behind the last one
        ('|:C|1,3D:|2E:|', 'CDCECD'),
        ('|:C|1,3D:|2E:|F||', 'CDCECDF'),
        ('|:C|[1,3-4D:|[2E:|]F', 'CDCECDCDF'),
        ('|:C|1,4D:|2E:|3F:|G|]', 'CDCECFCDG'),
        ('|:C|1,3D:|2E::F:|', 'CDCECDFF'),
        ('|:C|1D:|2E:|F|1G:|2A:|', 'CDCEFGFA'),
        ('|:C|1D|2E||F', 'CDCEF'),
        # no repeat sign is missing before an ending of a later pass than the next
        ('|:C|1D|3E||F', 'CDEF'),
        # a double bar directly before an ending ends no section
        ('|:C:|D||1E:|2F|]', 'CCDEDF'),
        ('D|E||[1F:|[2G|]', 'DEFDEG'),
        # an ending's number at the start of a line, after a bar line
        ('|:C|\\\n1 D:|\n 2 E|]', 'CDCE'),
        ('|:C\n1 D:|', 'CDCD'),
        ('|:C|1D:|E', 'CDCE'),
        ('|::C::|D', 'CCCD'),
        ('C[|]D:|', 'CDCD'),
        ('|:C|D:[|]|E|', 'CDE'),
        ('|:C|D[|]:|E|', 'CDCDE'),
        ('C.|D:|', 'CDCD'),
        ('|:C', 'C'),
        ('|: C :| [CE] |', 'CCCE'),
        # a repeat sign that also starts the next repeat has no second ending
        ('|:C|1D::2E||F:|', 'CDCEFEF'),
        ('|:C|1D::[2E||F:|', 'CDCEFEF'),
        ('|:C|1D:|:2E|F:|', 'CDCEFEF'),
        ('|:C|1D::2E:|F|', 'CDCEEF'),
        ('|:C|1D::2E|]', 'CDCE'),
        ('|:C|1D:|2E|F|', 'CDCEF'),
    ],
)
def test_repeats(body, played):
    assert pitches(body) == naturals(played)


def test_a_repeat_plays_in_the_key_that_applies_there():
    assert pitches('|:F|[K:G]F:|') == [65, 66, 65, 66]


@pytest.mark.parametrize('label', ['\nP:A\n', '\nP:chorus\n', '[P:B]', '\nP:A. B\n', '\nP:\n'])
@pytest.mark.parametrize(
    ('body', 'played'),
    [
        ('|:C{}D:|', 'CDCD'),
        ('C|{}DE|FG:|a{}b|c:|', 'CDEFGCDEFGabcabc'),
        ('C|{}D:|E', 'CDCDE'),
        ('|:C|1D{}:|2E|', 'CDCE'),
        ('|:C{}|1D:|{}2E|', 'CDCE'),
        ('C-{}C', 'C'),
        ('^C{}C', None),
    ],
)
def test_a_part_s_label_is_no_bar_line(body, label, played):
    body = body.replace('{}', label)
    assert pitches(body) == (naturals(played) if played else [61, 61])


def test_a_label_does_not_end_a_pickup():
    assert read('C\nP:A\nDEFG|ABcd|').pickup == 0
    assert read('C|\nP:A\nDEFG|ABcd|').pickup == TICKS_PER_QUARTER


@pytest.mark.parametrize(
    ('order', 'played'),
    [
        ('', 'CDDE'),
        ('ABA', 'CDDECDD'),
        ('A.(BA)2 % so', 'CDDECDDECDD'),
        ('A B A', 'CDDECDD'),
        ('A2B', 'CDDCDDE'),
        ('B', 'E'),
        # what does not fit is left out
        ('AC', 'CDDE'),
        ('A*B', 'CDDE'),
        ('Intro', 'CDDE'),
        ('ab', 'CDDE'),
    ],
)
def test_the_order_of_parts(order, played):
    assert pitches('P:A\nC|:D:|\nP:B\nE|', P=order) == naturals(played)


@pytest.mark.parametrize(
    ('body', 'order', 'played'),
    [
        # before the first part
        ('G|\nP:A\nC|\nP:B\nD|', 'BA', 'GDC'),
        # a part ends at the next single letter, whatever the order, and at no other label
        ('P:A\nC|\nP:segno\nD|\nP:B\nE|', 'AAB', 'CDCDE'),
        ('P:A\nC|\nP:C\nD|\nP:B\nE|', 'AAB', 'CCE'),
        ('P:A\nC|\nP:b\nD|\nP:B\nE|', 'AAB', 'CDCDE'),
        ('P:A\nC|\nP:B2\nD|\nP:B\nE|', 'AAB', 'CDCDE'),
        # in the middle of a line, and of a bar
        ('[P:A]C2[P:B]D2|', 'AAB', 'CCD'),
        # a repeat goes back to the start of its part
        ('P:A\nC|\nP:B\nD|E:|', 'ABA', 'CDEDEC'),
        # a label at two places: the order is not followed
        ('P:A\nC|\nP:B\nD|\nP:A\nE|', 'ABA', 'CDE'),
        ('P:A\nP:A\nC|\nP:B\nD|', 'ABA', 'CDC'),
        # named in each voice, or in one of them
        ('V:1\nP:A\nC|\nP:B\nD|\nV:2\nP:A\nE|\nP:B\nF|', 'BA', 'DC'),
        ('P:A\nV:1\nC|\nV:2\nE|\nP:B\nV:1\nD|\nV:2\nF|', 'BA', 'DC'),
        ('V:1\nP:A\nz|\nP:B\nz|\nV:2\nP:A\nE|\nP:B\nF|', 'BA', 'FE'),
    ],
)
def test_parts(body, order, played):
    assert pitches(body, P=order) == naturals(played)


def test_parse_parts():
    assert parse_parts('A(B2C)2') == list('ABBCBBC')
    assert parse_parts('((A9)9)9(') == parse_parts('((((A99)99)99)99)') == []
    assert parse_parts('a') == parse_parts('A-B') == parse_parts('P:A') == []
