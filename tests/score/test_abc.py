"""The ABC reader, feature by feature on made-up tunes, and compared with music21."""

import time

import hypothesis
import pytest
from hypothesis import strategies as st

from symmusic.errors import ScoreError
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import split_tunes
from symmusic.score.abc_fields import TICKS_PER_QUARTER, parse_key, parse_meter
from tests.score.abc_bodies import LETTERS, lengths, naturals, onsets, pitches, read

TUNE = 'X:1\nT:Made up\nM:4/4\nL:1/4\nK:C\n'
REASONS = {'no key field', 'no notes', 'damaged ABC', 'too long'}


def test_split_tunes():
    book = (
        '\ufeff% a book\r\nM:3/4\r\n\r\nX: 7\r\nT: One % so\r\nT:Uno\r\n  M:'
        ' C|\r\nK:G\r\nGAB\r\n\r\nloose words\r\n'
    )
    book += 'X:8\rK:C\rc\rX:9\nK:D\nd'
    first, second, third = split_tunes(book)
    assert (first.number, first.title, first.meter, first.line) == ('7', 'One', 'C|', 4)
    assert first.text.endswith('K:G\nGAB')
    assert (second.number, second.title, second.meter, second.line) == ('8', '', '3/4', 12)
    assert (third.number, third.line, third.text) == ('9', 15, 'X:9\nM:3/4\nK:D\nd')
    assert str(read_abc_tune(first.text).meters[0]) == '2/2'
    assert split_tunes('no tune') == []


@pytest.mark.parametrize(
    ('header', 'expected'),
    [
        ('M:3/4\nL:1/4\n\n', ('3/4', 1)),
        # the last of two counts
        ('%abc-2.1\n\n% a book\nR:reel\nL:1/4\n%%pagewidth 20cm\nM:C|\nL:1/2\n\n', ('2/2', 2)),
        # without the blank line that should end it; the unit follows from the metre
        ('M:3/4\n', ('3/4', 0.5)),
        ('M:2/4\n\n', ('2/4', 0.25)),
        ('K:G\nQ:60\n\n', ('', 0.5)),  # none of a file's fields
        ('A book of tunes\nM:3/4\n\n', ('', 0.5)),  # free text is no header
        ('R:reel\n\nM:3/4\n\n', ('', 0.5)),  # a blank line has ended it
    ],
)
def test_the_file_header_gives_defaults(header, expected):
    own, none = split_tunes(header + 'X:1\nM:4/4\nL:1/16\nK:C\nC\n\nX:2\nT:Two\nK:C\nC\n')
    for tune, (meter, quarters) in ((own, ('4/4', 0.25)), (none, expected)):
        score = read_abc_tune(tune.text)
        assert [str(each) for each in score.meters] == ([meter] if meter else [])
        assert score.notes[0].duration / TICKS_PER_QUARTER == quarters
        assert score.notes[0].pitch == 60
    assert (none.title, none.number) == ('Two', '2')


@pytest.mark.parametrize(
    ('body', 'expected'),
    [
        ("C,,C,Ccc'c''", [36, 48, 60, 72, 84, 96]),
        ('^C_D=E^^F__G', [61, 61, 64, 67, 65]),
        ('^CCcC|C', [61, 61, 72, 61, 60]),
        ('^C=CC', [61, 60, 60]),
        ('{fga}C {/e}D ~.HTuvE !trill!F !>(!F +fermata+F', naturals('CDEFFF')),
        ('"Am"C "^above"D "_fed"E', naturals('CDE')),
        ('C`D yE y2F', naturals('CDEF')),
        ('(CD)(EF)', naturals('CDEF')),
        ('CD % EF\n%%staves EF\nw: a-b c d\nN:gab\nB:gab\nEF\\\nGA', naturals('CDEFGA')),
        ('%%begintext\nabc\n%%endtext\nC', naturals('C')),
        ('CD "unclosed ab', naturals('CD')),
        ('C & E|D', naturals('CD')),
        ('[V:1]C|[V:2]E|[V:1]D|', naturals('CD')),
        ('V:1\nC|\nV:2 clef=bass\nE|\nV:1\nD|', naturals('CD')),
        ('C[K:D]F[K:C]F\nK:G\nF', [60, 66, 65, 66]),
        ('d:|', naturals('dd')),
        # decorations may hold spaces; a bar line ends what would be one
        ('C!D.C. al fine!', naturals('C')),
        ('C!some text!D+more text+E', naturals('CDE')),
        ('[!some text!CE]G', naturals('CEG')),
        # grace notes inside a chord
        ('[C{d}E]F', naturals('CEF')),
        ('[{^f}Ce]f', [60, 76, 78]),
        ('CD!EF|GA!Bc', naturals('CDEFGABc')),
        ('C!abc', naturals('Cabc')),
        # accidentals of grace notes hold up to the bar line
        ('{^f}e f|f', [76, 78, 77]),
        ('{^f}e f {=f}f', [76, 78, 77]),
        ('{/^f}e f', [76, 78]),
        ('{^F}e f', [76, 77]),
        ('{_e^f}e f', [75, 78]),
        ("{^f'}e f", [76, 77]),
        ('[K:D]{=f}e f|f', [76, 77, 78]),
        ('C{^ab D', [*naturals('C'), 82, 83, 62]),  # not closed
    ],
)
def test_pitches(body, expected):
    assert pitches(body) == expected


def test_the_voice_defined_first_is_read():
    assert pitches('[V:low]C|\n[V:high]e|', V='high') == naturals('e')


@pytest.mark.parametrize(
    ('key', 'sharps'),
    [
        ('C', ''),
        ('', ''),
        ('none', ''),
        ('clef=treble', ''),
        ('C clef=bass', ''),
        ('G', 'f'),
        ('D', 'fc'),
        ('F#m', 'fcg'),
        ('Em', 'f'),
        ('A Minor', ''),
        ('a', 'fcg'),
        ('E Dorian', 'fc'),
        (' Ador', 'f'),
        ('AMix', 'fc'),
        ('G mixolydian', ''),
        ('F LYD', ''),
        ('Gion', 'f'),
        ('Aaeo', ''),
        ('Bphr', 'f'),
        ('F#loc', 'f'),
        ('HP', 'fc'),
        ('Hp', 'fc'),
        ('C ^f', 'f'),
        ('Dmix =f', ''),
        ('C^f^c', 'fc'),
        ('D exp ^f', 'f'),
        ('D Phr exp ^f', 'f'),
        ('Emin exp', ''),
        ('G treble', 'f'),
        ('D stafflines=5 clef=alto', 'fc'),
    ],
)
def test_sharp_keys(key, sharps):
    expected = [LETTERS[letter] + (letter in sharps) for letter in 'cdefgab']
    assert pitches('cdefgab', K=key) == expected


def test_flat_and_mixed_keys():
    assert parse_key('Bb') == {11: -1, 4: -1}
    assert parse_key('Gm') == parse_key('Gmin') == parse_key('Bb')
    assert parse_key('Dphr^f') == {11: -1, 4: -1, 5: 1}
    assert parse_key('D exp ^f _b') == {5: 1, 11: -1}
    assert parse_key('F#min exp ^f _b') == {5: 1, 11: -1}
    assert len(parse_key('C#')) == len(parse_key('Cb')) == 7
    assert parse_key('clef=bass') is None


@pytest.mark.parametrize(
    ('body', 'expected'),
    [
        ('C2C/2C/C//C3/2C3/C4', [2, 0.5, 0.5, 0.25, 1.5, 1.5, 4]),
        ('C>D C>>D C<D C<<D', [1.5, 0.5, 1.75, 0.25, 0.5, 1.5, 0.25, 1.75]),
        ('C > D C>{g}D', [1.5, 0.5, 1.5, 0.5]),
        ('C2>D', [3, 0.5]),
        ('C-C D-|D C-D', [2, 2, 1, 1]),
        ('(3CDE (2CD', [2 / 3] * 3 + [1.5] * 2),
        ('((3CDE) (3:2:2CD E', [2 / 3] * 5 + [1]),
        ('(3::C>DE', [1, 1 / 3, 2 / 3]),
        ('(5CDEFG', [0.4] * 5),
        ('(3zDE', [2 / 3] * 2),
        ('[C2E2]2[CE]/', [4, 4, 0.5, 0.5]),
        ('[L:1/8]C\nL:1/2\nC', [0.5, 2]),
        ('C////', [1 / 16]),
        # two digits, and a p of 1
        ('(10:8:10CDEFGABcdef', [0.8] * 10 + [1]),
        ('(12:8CDEFGABcdefga', [2 / 3] * 12 + [1]),
        ('(1:2:2CDE', [2, 2, 1]),
        ('(1:2CDE', [2, 1, 1]),
        ('(3:2CDEF', [2 / 3] * 3 + [1]),
        ('(3:4:4CDEFG', [4 / 3] * 4 + [1]),
        ('(3:0:3CDEF', [2 / 3] * 3 + [1]),
        # no usual q: nothing changes
        ('(1CD', [1, 1]),
        ('(10CD', [1, 1]),
        ('(0CD', [1, 1]),
        # a < or > needs a note before it in its bar, and one after it
        ('C4|\n</html>', [4]),
        ('C4|\n</html>\nD', [4, 1]),
        ('C<', [1]),
        ('C>|', [1]),
        ('C>\n%%text\n', [1]),
        ('C|>D', [1, 1]),
        ('C>Z|D', [1, 1]),
        ('C>|D C<\nD', [1.5, 0.5, 0.5, 1.5]),
        ('C>z D', [1.5, 1]),
        ('C>D>E', [1.5, 0.75, 0.5]),
        ('(3C>DE', [1, 1 / 3, 2 / 3]),
    ],
)
def test_lengths(body, expected):
    assert lengths(body) == pytest.approx(expected, abs=1e-9)


def test_the_default_unit_and_compound_tuplets():
    assert lengths('C', L='', M='2/4') == [0.25]
    assert lengths('C', L='', M='3/4') == lengths('C', L='', M='none') == [0.5]
    assert lengths('(5CDEFG', L='1/8', M='6/8') == pytest.approx([0.3] * 5)


def test_ticks_are_whole():
    # Each fills its time exactly, so rounding errors do not accumulate over a tune.
    for body in (
        '(3C//////D//////E//////',
        '(5C//D//E//F//G//',
        '(7C//D//E//F//G//A//B//',
        '(9C//D//E//F//G//A//B//c//d//',
    ):
        note = read(body * 8 + 'C').notes[-1]
        assert note.onset % (TICKS_PER_QUARTER // 32) == 0, body


def test_ties():
    # the tie carries the accidental, and only to the tied note
    assert pitches('^F-|F F') == [66, 65]
    assert lengths('^F-|F F') == [2, 1]
    assert pitches('C-E') == naturals('CE')  # between two pitches it is a slur
    assert lengths('C- z C') == [1, 1]
    assert onsets('[C-E]C|D') == [0, 0, 2]
    assert lengths('[C-E]C|D') == [2, 1, 1]
    assert lengths('C-C-C-|C') == [4]


def test_rests():
    assert onsets('zCx2D') == [1, 4]
    assert onsets('C z3|Z2|D') == [0, 12]
    assert onsets('Z|D', M='6/8') == [3]


def test_meters():
    assert [
        str(parse_meter(text)) for text in ('C', 'C|', '6/8', ' 4/4 ', '2+3/8', '(2+3)/8', '2/2]')
    ] == [
        '4/4',
        '2/2',
        '6/8',
        '4/4',
        '5/8',
        '5/8',
        '2/2',
    ]
    assert not any(map(parse_meter, ('none', '', '4/0', '0/4', '4/5', 'Cx', '999/4')))
    score = read('CDEF|[M:3/4]CDE|\nM:C|\nC4|', M='4/4 % common')
    assert [(meter.tick // TICKS_PER_QUARTER, str(meter)) for meter in score.meters] == [
        (0, '4/4'),
        (4, '3/4'),
        (7, '2/2'),
    ]
    again = read('|:CDEF|[M:3/4]CDE:|')
    assert [(meter.tick // TICKS_PER_QUARTER, str(meter)) for meter in again.meters] == [
        (0, '4/4'),
        (4, '3/4'),
        (7, '4/4'),
        (11, '3/4'),
    ]
    assert read('C', M='none').meters == ()


def test_tempi():
    stated = {
        '1/4=120': 120,
        '1/2=90 "Moderato"': 180,
        '"Allegro" 3/8=100': 150,
        'C=100': 100,
        '120': 120,
        '1/4 1/8=60': 90,
    }
    for text, qpm in stated.items():
        assert [tempo.qpm for tempo in read('C', Q=text).tempi] == [qpm], text
    assert read('C', Q='120', L='1/8').tempi[0].qpm == 60
    assert read('C', Q='"Slow"').tempi == ()
    assert [(tempo.tick, tempo.qpm) for tempo in read('C[Q:1/4=60]D', Q='1/4=90').tempi] == [
        (0, 90),
        (TICKS_PER_QUARTER, 60),
    ]


def test_pickup_and_title():
    assert (
        read('C|CDEF|').pickup
        == read('|zC/C/|CDEF|').pickup - TICKS_PER_QUARTER
        == TICKS_PER_QUARTER
    )
    assert (
        read('CDEF|C|').pickup
        == read('CDEFG|').pickup
        == read('CDE').pickup
        == read('C|D', M='none').pickup
        == 0
    )
    score = read('C')
    assert (score.title, score.num_instruments) == ('Made up', 1)


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('', 'no key field'),
        ('X:1\nT:x\nM:4/4\nCDE', 'no key field'),
        (TUNE, 'no notes'),
        (TUNE + 'z4|', 'no notes'),
        (TUNE + 'C9999', 'damaged ABC'),
        (TUNE + 'C0', 'damaged ABC'),
        (TUNE + "c''''''", 'damaged ABC'),
        ('X:1\nL:1/0\nK:C\nC', 'damaged ABC'),
        (TUNE + 'CDEF|' * 30_000, 'too long'),
        (TUNE + 'C' * 600_000, 'too long'),
        (TUNE + 'Z999|' * 1_000 + 'C', 'too long'),
    ],
    ids=range(11),
)
def test_refusals(text, reason):
    with pytest.raises(ScoreError) as refused:
        read_abc_tune(text)
    assert refused.value.reason == reason


UNITS = [
    '[',
    '[CE',
    '["',
    '"[A',
    '{',
    '(3',
    '|:',
    ':|',
    '|1',
    ':',
    '!a',
    '^',
    '[K:',
    '&',
    '|1 C|2',
    '||[3',
    '[M:3/4]|:C:|',
    '[Q:9]:|1 C',
]


@pytest.mark.parametrize('unit', UNITS)
def test_hostile_texts_take_linear_time(unit):
    text = TUNE + unit * (100_000 // len(unit))
    begun = time.process_time()
    check_whatever(text)
    assert time.process_time() - begun < 10


def check_whatever(text):
    reason, score = '', None
    try:
        score = read_abc_tune(text)
    except ScoreError as error:
        reason = error.reason
    if score is None:
        assert reason in REASONS
        return
    order = [(note.onset, note.pitch) for note in score.notes]
    assert order == sorted(order)
    assert all(
        note.duration > 0 and isinstance(note.onset, int) and isinstance(note.duration, int)
        for note in score.notes
    )
    assert score.pickup >= 0


@hypothesis.given(
    st.text(alphabet='ABCDEFGabcdefgxyzZXKLMPQV|:[]()123450/<>-^_=,\'"{}!+.&~ \n\\%#', max_size=200)
)
@hypothesis.settings(deadline=None, max_examples=400)
def test_random_bodies(body):
    check_whatever(TUNE + body)
    for tune in split_tunes(TUNE + body):
        check_whatever(tune.text)


PIECES = [
    'C',
    'd2',
    '^F',
    '>',
    '-',
    '|',
    '||',
    ':|',
    '|:',
    '::',
    '[1',
    '|1',
    ':|2',
    '|3,4',
    '(3',
    '(5:',
    '[CE]',
    'z',
    'Z2',
    '&',
    '[V:2]',
    '[V:1]',
    '[K:D]',
    '[M:3/8]',
    '[L:1/8]',
    '[Q:90]',
    '\nP:A\n',
    '\nP:B\n',
    '{a}',
    '"G"',
    '!f!',
    '[|]',
    '|]',
    '\n',
    '[P:C]',
    '{^f}',
    '(10:8:10',
    '(1:2:2',
    '::2',
    '!a b!',
    '<',
    '[K:C octave=-1]',
    '\nV:3 clef=bass-8 transpose=5\n',
    '\n%%MIDI transpose -2\n',
    '[I:MIDI program 5]',
    '\n%%propagate-accidentals not\n',
    '\n%%MIDI channel 10\n',
]


@hypothesis.given(
    st.lists(st.sampled_from(PIECES), max_size=60),
    st.sampled_from(['', 'P:ABA\n', 'P:(A3B)9\n', 'V:1 treble-8\n']),
)
@hypothesis.settings(deadline=None, max_examples=400)
def test_random_tunes(pieces, parts):
    check_whatever('X:1\n' + parts + 'M:4/4\nK:G\n' + ''.join(pieces))


def test_truncated_tunes():
    tune = TUNE + '"Am"^C>D{ef}(3E!f!FG|1 [K:Dmix^f][CE-G]2/3 z2:|2 Z2 (5:4:3ABc|]\nV:2\nw:la\n'
    for end in range(len(tune)):
        check_whatever(tune[:end])


ORACLE_TUNES = {
    'reel': (
        'X:1\nT:a\nM:4/4\nL:1/8\nK:D\n|:dA|FAdA BAFA|^GABc d2ef|g>fed c<ABc|dfec d2:|\n|:fg|a2fa'
        ' gfed|c=cBA G2:|\n'
    ),
    'jig': 'X:1\nT:b\nM:6/8\nL:1/8\nK:Ador\nE|A3 ABc|d2e =f2g|^gec cBA|B3-B2:|\n',
    'endings': 'X:1\nT:c\nM:2/4\nL:1/16\nK:Bb\n|:B2d2 f4|_A2c2 e4|1 (3def (3gfe d4:|2 d8|]\n',
    'chords': 'X:1\nT:d\nM:3/4\nL:1/4\nK:Gm\n[GBd]AB|c_d=d|[FA]2z|G3|]\n',
    'halves': 'X:1\nT:e\nM:C|\nL:1/8\nK:F#m\nf4 c2A2|B/c/d/B/ A3F|E>>F G<<A B4|c8|]\n',
}


@pytest.mark.slow
@pytest.mark.parametrize('name', ORACLE_TUNES)
def test_against_music21(name):
    music21 = pytest.importorskip('music21')
    part = music21.converter.parse(ORACLE_TUNES[name], format='abc').parts[0]
    played = part.expandRepeats().stripTies().flatten().notes
    expected = sorted((float(note.offset), pitch.midi) for note in played for pitch in note.pitches)
    ours = [
        (note.onset / TICKS_PER_QUARTER, note.pitch)
        for note in read_abc_tune(ORACLE_TUNES[name]).notes
    ]
    assert [pitch for _, pitch in ours] == [pitch for _, pitch in expected]
    assert [onset for onset, _ in ours] == pytest.approx([onset for onset, _ in expected], abs=1e-6)
