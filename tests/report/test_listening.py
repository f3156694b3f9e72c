# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""The listening page's files and figures."""

import base64
import dataclasses
import re

import numpy as np
import pytest

from symmusic.generate.playback import page_sound
from symmusic.generate.prompt import Prompt
from symmusic.generate.whole import Whole
from symmusic.report.facts import num_repeated_bars
from symmusic.report.introduction import introduce, key_of, said_of_key
from symmusic.report.listening import Entry, listening_page
from symmusic.score.instruments import INSTRUMENTS
from symmusic.score.key import Key
from tests.report.listening import (
    NASTY,
    data_of,
    events_of,
    html,  # noqa: F401 - a fixture
    long_page,
    redrawn,
)


def test_every_note_is_drawn_on_its_side_of_the_seam(html):
    notes = [piece['notes'] for piece in data_of(html)['pieces']]
    assert [sum(is_new for *_, is_new, _ in each) for each in notes] == [4, 1, 0, 2]
    assert [sum(is_copied for *_, is_copied in each) for each in notes] == [3, 0, 0, 2]
    assert [len(each) for each in notes] == [6, 3, 2, 4]


def test_the_share_that_repeats_the_prompt_is_shown_of_each_piece(html):
    assert html.count('25 % repeat the prompt') == 4


def test_given_bars_are_given_on_both_sides_of_redrawn_ones():
    html = redrawn()
    data = data_of(html)
    assert [is_new for *_, is_new, _ in data['pieces'][0]['notes']] == [0, *[1] * 4, *[0] * 4]
    assert sum(is_copied for *_, is_copied in data['pieces'][0]['notes']) == 2
    assert (data['seams'], data['firstBar'], data['stepWidth']) == ([16, 32], 0, 6)
    assert 'data-notes="4"' in html
    assert '<title>up, bar 1 redrawn by attn, epoch 1</title>' in html
    assert 'Grey: the pickup and 1 bar given' in html


def test_notes_that_were_given_within_new_bars_are_given():
    given = np.arange(16) < 4
    html = redrawn(given)
    notes = data_of(html)['pieces'][0]['notes']
    assert [is_new for *_, is_new, _ in notes] == [0, 0, *[1] * 3, *[0] * 4]


@pytest.mark.parametrize(
    ('program', 'sound', 'is_own'),
    [
        (40, 'fiddle', True),
        (48, 'fiddle', False),
        (56, 'reed', False),
        (73, 'flute', True),
        (0, 'plucked', False),
        (110, 'fiddle', True),
    ],
)
def test_the_page_names_an_instrument_without_a_sound(program, sound, is_own):
    """Program 0 is also that of a prompt that names no instrument: no message."""
    assert page_sound(program) == (sound, is_own)
    prompt = Prompt('a', events_of([60]), np.zeros(16, np.uint8), 0, 120.0, program=program)
    whole = Whole(events_of([60]), np.full(16, True), (0,))
    html = listening_page(prompt, [Entry('01', whole, 1.0, 0.0, {}, {})], 'm', are_compared=False)
    is_reported = program > 0 and not is_own
    assert (f'{INSTRUMENTS[program]}, for which this page has no sound' in html) == is_reported
    assert ('for which this page has no sound' in html) == is_reported
    assert f'<option value="{sound}" selected>' in html


def test_every_instrument_has_a_sound():
    sounds = [page_sound(program)[0] for program in range(128)]
    assert set(sounds) == {'plucked', 'flute', 'reed', 'fiddle'}


def test_names_are_text_and_files_are_those_given(html):
    assert NASTY not in html
    assert base64.b64encode(b'MThd-joined-3').decode() in html
    assert base64.b64encode('X:1 é'.encode()).decode() in html
    assert html.count('audio/midi') == html.count('text/vnd.abc') == 8


def test_a_stated_mode_is_shown_as_stated():
    """Detection tells major from minor only: a piece on A with a minor third is in the prompt's A
    dorian; one in another key is called detected, as is any where the prompt states none.
    """
    dorian, major = Key(1, 'dorian'), [60, 64, 67, 60, 64, 67, 72]
    minor = [69, 72, 76, 69, 71, 72, 69]
    prompt = Prompt('p', np.zeros(0, np.int8), np.zeros(16, np.uint8), 0, 120.0, key=dorian)
    other = dataclasses.replace(prompt, states_key=False)
    found = [
        (key, said_of_key(given, key))
        for given in (prompt, other)
        for key in (key_of(given, np.array(pitches, np.int8)) for pitches in (minor, major))
    ]
    assert found == [
        ('A dorian', 'as stated'),
        ('C major', 'detected'),
        ('A minor', 'detected'),
        ('C major', 'detected'),
    ]
    assert key_of(prompt, np.full(4, -1, np.int8)) == ''
    keys = introduce(prompt, ['A dorian', '', 'C major'], are_compared=False)['keys']
    assert keys == {
        '': 'all',
        'A dorian': 'A dorian (as stated)',
        'C major': 'C major (detected)',
    }


def test_a_phone_has_a_staff_of_two_bars_in_a_line():
    pytest.importorskip('verovio')
    wide, narrow = re.findall(
        r'<div class="staff (?:wide|narrow) long".*?</svg>\n*</div>', long_page(), re.S
    )
    assert [staff.count('class="system"') for staff in (wide, narrow)] == [11, 21]
    ids = [set(re.findall(r' id="([^"]+)"', staff)) for staff in (wide, narrow)]
    assert not ids[0] & ids[1]


def test_repeated_bars_are_counted_once():
    """Of three given bars, of which two are the same, one comes again twice, and one is silent."""
    one, other = events_of([60, 62]), events_of([64])
    rest = events_of([])
    events = np.concatenate([one, one, other, rest, one, one, rest, events_of([62, 60])])
    whole = Whole(events, np.arange(128) >= 64, (64,))
    assert num_repeated_bars(whole) == 1
    assert num_repeated_bars(dataclasses.replace(whole, is_drawn=np.full(128, True))) == 0


def test_favourites_belong_to_a_page(html):
    ids = [re.search('"id":"([0-9a-f]{16})"', text)[1] for text in (html, html, redrawn())]
    assert ids[0] == ids[1] != ids[2]
