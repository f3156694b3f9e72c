"""Bars of ABC that do not last their metre, and fields that cannot be read, are reported."""

import pytest

from symmusic.score.abc import read_abc_tune
from symmusic.score.notes import (
    ODD_BARS,
    UNREAD_KEY,
    UNREAD_METER,
    UNREAD_PARTS,
    UNREAD_TEMPO,
    UNREAD_TRANSPOSITION,
    kind_of,
)


def notices(body, meter='4/4', key='D', fields=''):
    return read_abc_tune(f'X:1\nM:{meter}\nL:1/8\n{fields}K:{key}\n{body}').notices


@pytest.mark.parametrize(
    ('body', 'meter', 'found'),
    [
        ('DEFG ABcd|DEFG ABc|DEFG ABcd|', '4/4', 'bar 2 lasts 7 of 8 eighths'),
        ('D8|D6|D8|', '4/4', 'bar 2 lasts 3 of 4 quarters'),
        ('D8|D9|D8|', '4/4', 'bar 2 lasts 9 of 8 eighths'),
        ('D6|D6|D3D/|D6|', '6/8', 'bar 3 lasts 7 of 12 sixteenths'),
        ('A2|D8|D7|D8|D6|', '4/4', 'bar 2 lasts 7 of 8 eighths'),
        ('D8|D7|D8|D9|D8|D5|D8|', '4/4', '3 bars, the first is bar 2, which lasts 7 of 8 eighths'),
        ('D8|[M:3/4]D6|D5|D6|', '4/4', 'bar 3 lasts 5 of 6 eighths'),
        ('|:D8|D7|D8:|', '4/4', 'bar 2 lasts 7 of 8 eighths'),  # once, although played twice
        ('|:D8|D6:|D8|D8|', '4/4', 'bar 2 lasts 3 of 4 quarters'),  # no pickup completes it
        ('A2|D8|D8:|D8|', '4/4', 'the pickup lasts 1 of 4 quarters'),  # when it is repeated
        ('|:A2|D8|1D6:|2D7||D8|D8|', '4/4', 'bar 3 lasts 7 of 8 eighths'),
    ],
)
def test_a_bar_that_does_not_last_its_metre(body, meter, found):
    assert notices(body, meter) == (f'{ODD_BARS}: {found}',)


@pytest.mark.parametrize(
    ('body', 'meter'),
    [
        ('A2|D8|D8|', '4/4'),
        ('|A2|D8|D8|', '4/4'),
        ('A2|D8|D6:|A2|D8|D6:|', '4/4'),
        ('A2|D8|D6:|D8|D8|D8|', '4/4'),  # a section with a pickup, and one without
        ('D8|D8:|A2|D8|D6:|D8|D8|', '4/4'),
        ('|:A2|D8|1D6:|2D8||D8|D8|', '4/4'),
        ('D8|D4|1D4:|2D2D2|D8|', '4/4'),
        ('D8|D4||D4|D8|D8|', '4/4'),
        ('D8|D6|\nA2|D8|D8|', '4/4'),  # sections without a double bar
        ('P:A\nD8|D6|\nP:B\nA2|D8|D8|', '4/4'),
        ('D8|D8|D5|', '4/4'),
        ('D8|D4|D2|]', '4/4'),
        ('D8|Z3|D8|z8|D8|', '4/4'),
        ('D8|D16|D8|', '4/4'),  # a bar line is missing: no later one is shifted
        ('D8|[M:3/4]D6|D6|[M:4/4]D8|D8|', '4/4'),
        ('D8|\nM:6/8\nD6|D6|', '4/4'),
        ('(3DEF (3DEF (3DEF (3DEF|(5DEFGA D6|D8|', '4/4'),
        ('D>E D>>E D<<<E D2|D8|D8|', '4/4'),
        ('D8|D4.|D4|D8|D4[|]D4|D8|', '4/4'),
        ('D8|D7|D5|D8|', 'none'),
        ('D8|D7|D5|D8|', ''),
        ('D8|[M:none]D7|D5|D8|', '4/4'),
    ],
)
def test_well_formed_bars(body, meter):
    assert notices(body, meter) == ()


@pytest.mark.parametrize('text', ['Hx', 'xyz', 'H', '5 sharps'])
def test_a_key_that_cannot_be_read_is_named(text):
    found = notices('D8|D8|', key=text)
    assert [kind_of(each) for each in found] == [UNREAD_KEY]
    assert repr(text) in found[0]
    assert 'detected' in found[0]
    (found,) = notices(f'D8|[K:{text}]D8|', key='G')
    assert found == f'{UNREAD_KEY}: {text!r}, the key before it is kept'


@pytest.mark.parametrize(
    'text',
    [
        '',
        'none',
        'HP',
        'Hp',
        'treble',
        'clef=bass',
        'bass-8',
        'exp ^f',
        '^f _b',
        'D exp ^f',
        'octave=-1',
        'staves=2 brace=1',
        'C',
        'D Phr',
        'G alto1',
        'transpose=2',
        'none alto',
    ],
)
def test_keys_that_other_readers_accept(text):
    assert notices('D8|D8|', key=text) == ()


@pytest.mark.parametrize('text', ['hello', '4', '4/5', '0/4'])
def test_a_metre_that_cannot_be_read_is_named(text):
    said = f'{UNREAD_METER}: {text!r}, read as none'
    assert notices('D8|D7|D8|', meter=text) == (said,)
    assert notices(f'D8|[M:{text}]D7|D8|') == (said,)


@pytest.mark.parametrize('text', ['4/4', 'C', 'C|', 'none', 'None', '2+3/8', '(2+3)/8'])
def test_metres_that_other_readers_accept(text):
    assert UNREAD_METER not in map(kind_of, notices('D4', meter=text))


@pytest.mark.parametrize('text', ['fast', '1/4=', '1/4=90000', 'x=120'])
def test_a_tempo_that_cannot_be_read_is_named(text):
    said = f'{UNREAD_TEMPO}: {text!r}, left out'
    assert notices('D8|', fields=f'Q:{text}\n') == (said,)
    assert notices(f'D8|[Q:{text}]D8|') == (said,)


@pytest.mark.parametrize('text', ['', '120', '1/4=120', '"Allegro"', '"Allegro" 1/4=120', 'C=100'])
def test_tempi_that_other_readers_accept(text):
    assert notices('D8|', fields=f'Q:{text}\n') == ()


@pytest.mark.parametrize('order', ['A+B', 'a b', 'A0B', 'A100B', 'Jig', 'A(B', 'A99B99A99'])
def test_an_order_of_parts_that_is_not_understood_is_said(order):
    said = f'{UNREAD_PARTS}: {order!r}, played as written'
    assert notices('P:A\nD8|\nP:B\nD8|', fields=f'P:{order}\n') == (said,)


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('sound=Bb', 'sound=Bb'),
        ('shift = CD', 'shift = CD'),
        ('clef=bass instrument="d/e"', 'instrument="d/e"'),
        ('name="a" sound=c', 'sound=c'),
        ('name="sound=c"', ''),
        ('score=CD', ''),
    ],
)
def test_a_transposition_that_is_not_read_is_said(text, found):
    said = (f'{UNREAD_TRANSPOSITION}: {found!r}, notes as written',) if found else ()
    assert notices('D8|', key=f'D {text}') == said
    assert notices(f'V:1 {text}\nD8|') == said
    assert notices(f'D8|[K:D {text}]D8|') == said


def test_notices_of_one_kind_count_together():
    first, second = (notices(body)[0] for body in ('D8|D7|D8|', 'D8|D8|D6|D8|'))
    assert first != second
    assert kind_of(first) == kind_of(second) == ODD_BARS
    assert kind_of('grace notes left out') == 'grace notes left out'
