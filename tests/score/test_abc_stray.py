"""What stands in a tune and is no music is said, and becomes no notes."""

import pytest

from symmusic.score.abc_stray import is_text
from symmusic.score.notes import OLD_CHORDS, TEXT_LINES, UNREAD_SIGNS
from tests.score.abc_bodies import naturals, pitches, read

TEXTS = [
    '</pre></html>',
    '<p>Back to the tunes',
    '<a href="x.html">Next</a>',
    '<BR>',
    'John Baker, Cambridge',
    'Sent from my phone',
    'Regards, Ann',
    'On Monday, Bob wrote:',
    'http://www.example.com/abc',
]
MUSIC = [
    'uBc TAG',
    '<b>c d',
    'tAtB td',
    '"the end" C',
    '!trill!A',
    '.c/2.d/2 ~dcA',
    'vAuA MaMg',
    '',
    'Add a',
    '[I:the way]C D',
    'C D E F the| G',
]


@pytest.mark.parametrize('line', TEXTS)
def test_a_line_of_text_is_left_out(line):
    score = read(f'CDEF|\n{line}\nG4|')
    assert [note.pitch for note in score.notes] == naturals('CDEFG')
    assert score.notices == (f'{TEXT_LINES}: {line[:40]!r}',)


@pytest.mark.parametrize('line', MUSIC)
def test_a_line_of_music_is_no_text(line):
    assert not is_text(line)


@pytest.mark.parametrize(
    ('body', 'played', 'said'),
    [
        ('^/C D E F|', 'CDEF', f"{UNREAD_SIGNS}: '^/'"),
        ('C _3/2D E F|', 'CDEF', f"{UNREAD_SIGNS}: '_3/2'"),
        ('C D [^/EG] F|', 'CDEGF', f"{UNREAD_SIGNS}: '^/'"),
        ('C D [EG F|', 'CDEGF', f"{UNREAD_SIGNS}: '['"),
        ('C D {EG F|', 'CDEGF', f"{UNREAD_SIGNS}: '{{'"),
        ('C D "Am E F|', 'CD', f"{UNREAD_SIGNS}: '\"Am E F|'"),
        ('+CEG+ D2 ^/E +EG+ F|', 'DEF', f"{OLD_CHORDS}: '+CEG+'"),
        ('C D !EG! F|', 'CDF', f"{OLD_CHORDS}: '!EG!'"),
    ],
)
def test_what_changes_notes_or_drops_them_is_said(body, played, said):
    score = read(body)
    assert [note.pitch for note in score.notes] == naturals(played)
    assert said in score.notices


@pytest.mark.parametrize(
    'body', ['+ff+C !f!D (E .F)|', 'C D E y F\\\n|', '~C TD uE vF|]', 'C``D !E F|']
)
def test_of_plain_music_nothing_is_said(body):
    assert read(body).notices == ()


@pytest.mark.parametrize(
    ('body', 'played'),
    [
        ('CD(&EF&GA&)|C4|', 'CDEFC'),
        ('C(&D&G&)EF|G4|', 'CDEFG'),
        ('(&C4|D4&E4|F4&)|G4|', 'CDG'),
        ('(&C4|D4\n&E4|F4\n&E4|F4&)|G4|', 'CDG'),
        ('(&CDEF|G2&A2|B4|', 'CDEFGB'),  # without its end
        ('CDEF&G4|A4|', 'CDEFA'),
    ],
)
def test_overlays(body, played):
    assert pitches(body) == naturals(played)
