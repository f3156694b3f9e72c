"""The text of ABC books: charsets, line ends, accents, and where tunes start and end."""

import hypothesis
import pytest
from hypothesis import strategies as st

from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import split_tunes
from symmusic.score.abc_text import MAX_TEXT, decode, escape_text, read_text, split_lines

BOOK = 'X:1\nT:Café\nM:4/4\nL:1/4\nK:G\nGABc|\n\nX:2\nT:Zwei\nM:3/4\nL:1/4\nK:D\nDEF|\n'


@pytest.mark.parametrize(
    ('data', 'text'),
    [
        ('Café'.encode(), 'Café'),
        ('Café'.encode('utf-8-sig'), 'Café'),
        ('Café'.encode('latin-1'), 'Café'),
        (b'Don\x92t \x93so\x94', 'Don\u2019t \u201cso\u201d'),  # Windows-1252
        (b'a\x81b', 'a\ufffdb'),  # a code without a letter
        ('Café'.encode('utf-16'), 'Café'),
        (b'\xfe\xff' + 'Café'.encode('utf-16-be'), 'Café'),
        ('Café'.encode('utf-32'), 'Café'),
        (b'\0\0\xfe\xff' + 'Café'.encode('utf-32-be'), 'Café'),
        ('X:1\nDvořák'.encode('utf-16-le'), 'X:1\nDvořák'),  # without a mark
        ('X:1\nDvořák'.encode('utf-16-be'), 'X:1\nDvořák'),
        (b'', ''),
    ],
)
def test_decode(data, text):
    assert decode(data) == text


@pytest.mark.parametrize(
    'line', ['%%abc-charset {}', 'I:abc-charset {}', 'X:1\r\nI:abc-charset {}']
)
@pytest.mark.parametrize(
    ('charset', 'title'),
    [
        ('iso-8859-2', 'Dvořák'),
        ('ISO-8859-2', 'Dvořák'),
        ('iso-8859-5', 'Чайковский'),
        ('windows-1251', 'Чайковский'),
        ('koi8-r', 'Чайковский'),
        ('utf-8', 'Dvořák'),
        ('iso-8859-1', 'Café'),
    ],
)
def test_stated_charsets(line, charset, title):
    text = f'{line.format(charset)}\r\nT:{title}'
    assert decode(text.encode(charset)).endswith(f'T:{title}')


@pytest.mark.parametrize('charset', ['rot13', 'hex', 'idna', 'unicode_escape', 'klingon', '8859'])
def test_a_charset_of_no_book_is_ignored(charset):
    text = f'%%abc-charset {charset}\nT:Café \\x41'
    assert decode(text.encode()) == text


def test_what_latin_1_lacks_is_windows():
    assert decode(b'%%abc-charset iso-8859-1\nT:Don\x92t').endswith('T:Don\u2019t')
    assert decode('%%abc-charset utf-8\nT:Café'.encode('latin-1')).endswith('T:Café')


@pytest.mark.parametrize('end', ['\n', '\r\n', '\r', '\r\r\n', '\r\r\r\n', '\n\r'])
def test_line_ends(end):
    assert split_lines(BOOK.replace('\n', end)) == BOOK.split('\n')
    first, second = split_tunes(BOOK.replace('\n', end))
    assert (first.title, second.title) == ('Café', 'Zwei')
    assert [note.pitch for note in read_abc_tune(second.text).notes] == [62, 64, 66]


def test_blanks_before_the_colon_of_a_field():
    (tune,) = split_tunes('X : 1\nT : Café\nM : 2/4\nL : 1/4\nK : G\nF : |\nD :|\nw : la la\nG2|')
    score = read_abc_tune(tune.text)
    assert (tune.number, score.title, str(score.meters[0])) == ('1', 'Café', '2/4')
    assert [note.pitch for note in score.notes] == [66, 62, 66, 62, 67]
    assert 'lyrics left out' in score.notices


@pytest.mark.parametrize(
    ('written', 'text'),
    [
        (r'Caf\'e \`a \^o \"Uber \~n', 'Café à ô Über ñ'),
        (r'\cc \cC \vs \vS \uA \HO \;a \=o \.z', 'ç Ç š Š Ă Ő ą ō ż'),
        (r'\AA\aa \AE\ae \OE\oe \ss \/O\/o \DH\dh \TH\th', 'Åå Ææ Œœ ß Øø Ðð Þþ'),
        (r'\u00e9 \u0159 \U0001F3B5 \351', 'é ř 🎵 é'),
        ('&eacute; &Agrave; &#233; &#xe9; &amp;', 'é À é é &'),
        (r'50\% \& \\', '50% & \\'),
        (r'\'x \ud800 \U00110000 \u000a &nosuch; &NewLine; AT&T; a & b', None),
        ('D:C. \\ "so" (5)', None),
        (r'\&amp;', '&amp;'),
    ],
)
def test_accents(written, text):
    assert read_text(written) == (written if text is None else text)
    assert split_tunes(f'X:1\nT:{written}\nK:C\nC')[0].title == (text or written)
    assert read_abc_tune(f'X:1\nT:{written}\nK:C\nC').title == (text or written)


@hypothesis.given(st.text(max_size=80))
@hypothesis.example('&amp; &eacute; \\&')
@hypothesis.example('100% \\% \\\\% a\\')
def test_an_escaped_text_is_read_as_it_is(text):
    escaped = escape_text(text)
    assert '\n' not in escaped
    expected = ''.join(each if each.isprintable() else ' ' for each in text)
    expected = ' '.join(expected.split())
    assert read_text(escaped) == expected
    assert read_abc_tune(f'X:1\nT:{escaped}\nK:C\nC').title == expected


def test_a_title_is_bounded():
    assert len(read_text('a' * (10 * MAX_TEXT))) == MAX_TEXT


def test_tunes_without_x():
    text = '\n% two\nM:4/4\nK:Cmaj\n|:GABc:|\nd|\n\n\nM:3/4\nT:Two\nL:1/4\nK:Cdor\nEFG|\n\n'
    first, second = split_tunes(text)
    assert (first.number, first.title, first.meter, first.line) == ('1', '', '4/4', 2)
    assert (second.number, second.title, second.meter, second.line) == ('2', 'Two', '3/4', 9)
    assert [note.pitch for note in read_abc_tune(first.text).notes] == [67, 69, 71, 72] * 2 + [74]
    assert [note.pitch for note in read_abc_tune(second.text).notes] == [63, 65, 67]


def test_tunes_with_and_without_x_in_one_book():
    text = 'X:7\nT:One\nK:C\nC|\n\nT:Two\nK:C\nD|\n\nX:9\nT:Three\nK:C\nE|\nX:10\nT:Four\nK:C\nF'
    tunes = split_tunes(text)
    assert [tune.number for tune in tunes] == ['7', '2', '9', '10']
    assert [tune.title for tune in tunes] == ['One', 'Two', 'Three', 'Four']
    pitches = [read_abc_tune(tune.text).notes[0].pitch for tune in tunes]
    assert pitches == [60, 62, 64, 65]


@pytest.mark.parametrize(
    'text',
    [
        '',
        'no tune\n',
        'M:4/4\nL:1/8\n',  # no key
        'M:4/4\nK:C\n',  # no music
        'K:C\n% CDEF\n\nCDEF\n',  # the music is another block
        'A letter to:\nK:C\nCDEF\n',  # begins with text
    ],
)
def test_what_is_no_tune(text):
    assert split_tunes(text) == []


def test_the_header_of_a_first_tune_without_x_is_no_file_header():
    first, second = split_tunes('L:1/4\nK:C\nC|\n\nK:C\nC|\n')
    assert read_abc_tune(first.text).notes[0].duration == 10080
    assert read_abc_tune(second.text).notes[0].duration == 5040
