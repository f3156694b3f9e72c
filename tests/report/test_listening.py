"""The listening page: its files and figures, and a browser that plays, stops, sorts, filters and
downloads.
"""

import base64
import dataclasses
import re

import mido
import numpy as np
import pytest

from symmusic.generate.pieces import Piece
from symmusic.generate.playback import page_sound
from symmusic.generate.prompt import Prompt
from symmusic.generate.whole import Whole, put_together
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.report.facts import num_repeated_bars
from symmusic.report.forms import written_forms
from symmusic.report.introduction import Origin, introduce, key_of, said_of_key, shade
from symmusic.report.listening import Entry, find_same, listening_page
from symmusic.score.instruments import INSTRUMENTS
from symmusic.score.key import Key

NASTY = '</script><b>x</b>'
PIECES = [[60, 62, 64, 65], [72], [], [60, 59]]  # pitches, a quarter each, from the new bar on

RUNS = [
    {'tune': NASTY, 'score': 3, 'piece_notes': (1, 4), 'tune_bar': 7},
    None,
    None,
    {'tune': 'b', 'score': 2, 'piece_notes': (0, 2), 'tune_bar': 1},
]


LOOKS = [[3, 700, 16, 200]] * 16  # mostly three steps before, then a bar before


def events_of(pitches):
    events = np.full(16, -1, np.int8)
    events[: 4 * len(pitches) : 4] = pitches
    return events


@pytest.fixture
def html():
    events = np.array([67, -1, -1, -1, 69, -1, -1, -1] + [-1] * 8, np.int8)
    prompt = Prompt(NASTY, events, np.zeros(16, np.uint8), 0, 240.0)
    is_drawn = np.arange(32) >= 16
    entries = [
        Entry(
            f'0{number}',
            Whole(np.concatenate([events, events_of(pitches)]), is_drawn, (16,)),
            surprise,
            0.25,
            *files,
            run,
            LOOKS,
        )
        for number, pitches, surprise, run, files in zip(
            range(1, 5),
            PIECES,
            (0.5, 0.25, 1.0, 0.125),
            RUNS,
            [
                [
                    {'.mid': b'MThd-%s-%d' % (kind, index), '.abc': 'X:1 é'}
                    for kind in (b'new', b'joined')
                ]
                for index in range(4)
            ],
            strict=True,
        )
    ]
    return listening_page(prompt, entries, 'attn, epoch 1', are_compared=True)


def test_every_note_is_drawn_on_its_side_of_the_seam(html):
    rolls = re.findall(r'<svg.*?</svg>', html)
    assert [roll.count('class="new"') for roll in rolls] == [4, 1, 0, 2]
    assert [roll.count('class="copied"') for roll in rolls] == [3, 0, 0, 2]
    assert [roll.count('class="given"') for roll in rolls] == [2, 2, 2, 2]


def test_the_share_that_repeats_the_prompt_is_shown_of_each_piece(html):
    assert html.count('25 % repeat the prompt') == 4


def redrawn(given=None):
    """A page of bar 1 redrawn, after a pickup and before bar 2; `given` marks steps of bar 1."""
    pickup = np.array([-2] * 12 + [67, -2, -2, -2], np.int8)
    bar = np.tile([60, -2, -2, -2], 4).astype(np.int8)
    prompt = Prompt(
        'up',
        pickup,
        np.zeros(16, np.uint8),
        0,
        120.0,
        pickup=4,
        first_bar=0,
        program=40,
        after=bar,
        redrawn='1',
    )
    piece = Piece(np.zeros(16, np.uint8), bar + (bar >= 0), -4.0, 0, is_given=given)
    whole = put_together(prompt, piece, MelodyVocabulary(55, 91))
    run = {'tune': 'a', 'score': 2, 'piece_notes': (0, 2), 'tune_bar': 1}
    files = {'.mid': b'x'}
    entry = Entry('01', whole, 0.5, 0.0, files, files, run, [[1, 30]] * 16)
    return listening_page(prompt, [entry], 'attn, epoch 1', are_compared=True)


def test_given_bars_are_given_on_both_sides_of_redrawn_ones():
    html = redrawn()
    assert [html.count(f'class="{kind}" data-note') for kind in ('given', 'new')] == [5, 4]
    assert re.findall(r'class="seam" x1="(\d+)"', html) == [str(34 + 16 * 6), str(34 + 32 * 6)]
    assert [html.count('class="copied"'), 'data-notes="4"' in html] == [2, True]
    assert re.findall(r'<text x="\d+" y="\d+">(\d+)</text>', html) == ['0', '1', '2']
    assert '"firstBar":0' in html
    assert '<title>up, bar 1 redrawn by attn, epoch 1</title>' in html
    assert 'Grey: the pickup and 1 bar given' in html


def test_notes_that_were_given_within_new_bars_are_given():
    given = np.arange(16) < 4
    html = redrawn(given)
    assert [html.count(f'class="{kind}" data-note') for kind in ('given', 'new')] == [6, 3]


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


def test_a_pickup_sounds_at_once(tmp_path, open_page):
    """There is no silence before it: playing starts with it."""
    file = tmp_path / 'page.html'
    file.write_text(redrawn(), encoding='utf-8')
    page = open_page(file)
    page.select_option('#from', 'prompt')
    page.click('article button:has-text("Play")')
    cursor = page.locator('article .cursor')
    page.wait_for_function("document.querySelector('.cursor').getAttribute('transform')")
    place = float(re.search(r'[0-9.]+', cursor.get_attribute('transform')).group())
    assert place >= 34 + 12 * 6
    assert re.findall(r'"first":(\d+)', redrawn()) == ['12']


def test_small_weights_are_shaded_lightly(tmp_path, open_page):
    """The largest is 3 % and shaded as 3 %; a pickup is bar 0."""
    file = tmp_path / 'index.html'
    file.write_text(redrawn())
    page = open_page(file)
    assert page.title() == 'up, bar 1 redrawn by attn, epoch 1'
    roll = page.locator('article .roll')
    roll.focus()
    page.keyboard.press('ArrowRight')
    seen = page.locator('.looks .seen')
    assert float(seen.get_attribute('opacity')) == pytest.approx(shade(0.03), abs=0.001)
    assert shade(0.03) < 0.2 < 0.8 < shade(1)
    assert page.inner_text('.looked').startswith('At bar 1 beat 1 the model')
    assert page.inner_text('.looked').endswith('largest weight: 3.0 %.')
    page.keyboard.press('End')  # of what was drawn
    assert page.inner_text('.looked').startswith('At bar 1 beat 4.75 the model')
    page.click('summary')
    swatches = page.locator('.swatch').all()
    assert [float(each.evaluate('each => each.style.opacity')) for each in swatches] == [
        pytest.approx(shade(weight), abs=0.006) for weight in (0.03, 0.1, 0.3, 1)
    ]
    assert all(each.bounding_box()['width'] > 5 for each in swatches)


def test_names_are_text_and_files_are_those_given(html):
    assert NASTY not in html
    assert base64.b64encode(b'MThd-joined-3').decode() in html
    assert base64.b64encode('X:1 é'.encode()).decode() in html
    assert html.count('audio/midi') == html.count('text/vnd.abc') == 8


def order(page):
    return [each.inner_text() for each in page.locator('article:visible h2').all()]


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


def test_in_a_browser(html, tmp_path, open_page):
    file = tmp_path / 'index.html'
    file.write_text(html)
    page = open_page(file, width=360, accept_downloads=True)
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    assert order(page) == ['01', '02', '03', '04']
    assert not page.locator('#sort').is_visible()
    page.click('#tools summary')  # on a phone the controls are folded
    page.select_option('#sort', 'surprise')
    assert order(page) == ['04', '02', '01', '03']
    page.select_option('#sort', 'copied')
    assert order(page) == ['02', '03', '04', '01']
    assert '3 in a row as in </script><b>x</b>, bar 7' in page.inner_text('main')
    page.fill('#most', '1')
    assert order(page) == ['02', '03']
    page.fill('#most', '')
    page.select_option('#key', index=1)
    assert 0 < len(order(page)) < 4
    page.select_option('#key', '')
    assert len(order(page)) == 4
    page.select_option('#sort', 'notes')
    page.fill('#least', '1')
    assert order(page) == ['01', '04', '02']

    page.fill('#tempo', '20')  # 24 s, so that it still plays when a busy machine draws a frame
    page.locator('#tempo').blur()
    button = page.get_by_role('button', name='Play 02')
    button.focus()
    page.keyboard.press('Enter')
    assert button.get_attribute('aria-pressed') == 'true'
    assert page.inner_text('#status') == 'playing 02'
    page.wait_for_selector('article .sounding')
    cursor = page.locator('article .cursor').nth(order(page).index('02'))
    page.wait_for_function(
        '(line) => line.getAttribute("transform") > "translate(34"', arg=cursor.element_handle()
    )
    page.get_by_role('button', name='Play 04').click()  # one at a time
    assert button.get_attribute('aria-pressed') == 'false'
    page.select_option('#sound', 'reed')
    page.fill('#tempo', '400')
    page.locator('#tempo').blur()
    assert page.inner_text('#status') == 'playing 04'
    page.keyboard.press('Escape')
    assert page.inner_text('#status') == ''
    page.select_option('#from', 'new')
    button.click()
    # it ends by itself
    page.wait_for_selector('button[aria-pressed="true"]', state='detached', timeout=10_000)

    roll = page.locator('article .roll').first
    roll.scroll_into_view_if_needed()
    roll.evaluate('(part) => { part.scrollLeft = 200; }')  # it is wider than this screen
    box = roll.locator('svg').bounding_box()
    scale = box['width'] / (34 + 32 * 6)
    page.mouse.move(box['x'] + (34 + 20.5 * 6) * scale, box['y'] + 20)  # step 20, of bar 2
    drawn = page.locator('article').first.locator('.looks .seen')
    assert [float(each.get_attribute('x')) for each in drawn.all()] == [34 + 17 * 6, 34 + 4 * 6]
    # by the square root of the weight itself, not relative to the largest one
    shades = [float(each.get_attribute('opacity')) for each in drawn.all()]
    assert shades == pytest.approx([shade(0.7), shade(0.2)], abs=0.001)
    assert [each.text_content() for each in drawn.all()] == ['70.0 %', '20.0 %']
    looked = page.locator('article .looked').first
    assert (
        looked.inner_text()
        == 'At bar 2 beat 2 the model attended most to bar 2 beat 1.25 (silence, 70.0 %), bar 1'
        ' beat 2 (A4, 20.0 %); largest weight: 70.0 %.'
    )
    page.mouse.move(5, 5)
    assert drawn.count() == 0
    roll.focus()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowRight')
    assert 'At bar 2 beat 1.25 the model' in looked.inner_text()
    page.keyboard.press('End')
    assert 'At bar 2 beat 4.75 the model' in looked.inner_text()

    with page.expect_download() as download:
        page.get_by_role('link', name='MIDI').first.click()
    assert download.value.suggested_filename.endswith('01.mid')
    assert download.value.path().read_bytes() == b'MThd-joined-0'


def test_of_real_pieces(tmp_path, open_page, folk):
    """As written by `--mode=sample`; the page's MIDI files are those of the folder."""
    import launch

    assert (
        launch.main(
            [
                '--mode=sample',
                f'--workdir={tmp_path / "run"}',
                '--config.sample.num_samples=2',
                '--config.sample.num_bars=2',
            ]
        )
        == 0
    )
    folder = tmp_path / 'run' / 'samples' / 'mary-shipped'
    page = open_page(folder / 'index.html')
    names = [
        'joined/01.mid',
        'joined/01.abc',
        'joined/01.musicxml',
        '01.mid',
        '01.abc',
        '01.musicxml',
    ]
    links = page.locator('article').first.get_by_role('link').all()
    assert [base64.b64decode(link.get_attribute('href').split(',')[1]) for link in links] == [
        (folder / name).read_bytes() for name in names
    ]
    mido.MidiFile(folder / '01.mid')


def long_page(program=0, **fields):
    """A page of one piece after 40 bars."""
    events = np.tile([60, -2, -2, -2], 160).astype(np.int8)
    prompt = Prompt('p', events, np.zeros(640, np.uint8), 0, 120.0, program=program, **fields)
    whole = Whole(np.concatenate([events, events_of([72])]), np.arange(656) >= 640, (640,))
    form = written_forms(whole.events, prompt, 0, 'p')
    origin = Origin('symmusic --mode=sample', "scale = 'C major'", ('a bar was <cut>', 'b'))
    entry = Entry('01', whole, 1.0, 0.0, form, form)
    return listening_page(prompt, [entry], 'm', are_compared=False, origin=origin)


@pytest.mark.parametrize('width', [390, 1200])
def test_after_a_long_prompt_labels_are_legible_and_new_bars_in_view(tmp_path, open_page, width):
    file = tmp_path / 'page.html'
    file.write_text(long_page(), encoding='utf-8')
    page = open_page(file, width=width)
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    assert page.locator('#tempo').is_visible() == (width > 640)
    assert page.locator('div.staff:visible').count() in (0, 1)  # none where Verovio is missing
    frames = [('.roll', '.roll .new'), ('div.staff:visible', 'div.staff:visible .fresh')]
    for frame, note in frames[: 1 + page.locator('div.staff:visible').count()]:
        outer, inner = (page.locator(each).first.bounding_box() for each in (frame, note))
        assert outer['x'] <= inner['x'] <= outer['x'] + outer['width'] - inner['width']
        assert outer['y'] <= inner['y'] <= outer['y'] + outer['height'] - inner['height']
    scale = page.locator('.roll svg').bounding_box()['width'] / (34 + 656 * 6)
    assert scale == pytest.approx(1, abs=0.01)  # labels of 12 px


def test_a_phone_has_a_staff_of_two_bars_in_a_line():
    pytest.importorskip('verovio')
    wide, narrow = re.findall(
        r'<div class="staff (?:wide|narrow) long".*?</svg>\n*</div>', long_page(), re.S
    )
    assert [staff.count('class="system"') for staff in (wide, narrow)] == [11, 21]
    ids = [set(re.findall(r' id="([^"]+)"', staff)) for staff in (wide, narrow)]
    assert not ids[0] & ids[1]


def test_the_page_names_title_command_wishes_and_notices(tmp_path, open_page):
    file = tmp_path / 'page.html'
    file.write_text(long_page(title='A & B', program=40), encoding='utf-8')
    page = open_page(file)
    assert page.inner_text('.title') == 'A & B'
    assert page.get_by_text("scale = 'C major'").is_visible()
    assert page.locator('.notices li').all_inner_texts() == ['a bar was <cut>', 'b']
    page.get_by_text('How to read this page').click()
    assert page.inner_text('code') == 'symmusic --mode=sample'
    assert page.locator('#sound').input_value() == 'fiddle'
    page.click('article button')
    page.wait_for_selector('article .cursor[transform]', state='attached')


def test_filters_without_a_match_and_tempi_outside_the_limits(html, tmp_path, open_page):
    file = tmp_path / 'page.html'
    file.write_text(html)
    page = open_page(file)
    assert not page.locator('#none').is_visible()
    page.fill('#least', '99')
    assert order(page) == []
    assert page.inner_text('#none').startswith('No piece matches')
    page.click('#clear')
    assert (order(page), page.locator('#none').is_visible()) == (['01', '02', '03', '04'], False)
    assert page.locator('#least').input_value() == '0'
    for typed, kept in (('5', '20'), ('1000', '400')):
        page.fill('#tempo', typed)
        page.locator('#tempo').blur()
        assert page.locator('#tempo').input_value() == kept
        assert f'{kept} in place of {typed}' in page.inner_text('#limits')
    page.fill('#tempo', '90')
    page.locator('#tempo').blur()
    assert page.inner_text('#limits') == ''


def test_links_name_their_piece(html, tmp_path, open_page):
    file = tmp_path / 'page.html'
    file.write_text(html)
    page = open_page(file)
    for name in ('MIDI of piece 01', 'ABC of piece 04, new bars'):
        assert page.get_by_role('link', name=name, exact=True).count() == 1


def test_musical_words_come_first(html, tmp_path, open_page):
    file = tmp_path / 'page.html'
    file.write_text(html)
    page = open_page(file)
    facts = page.locator('.facts').all_inner_texts()
    assert facts[1].startswith('1 note in ')
    assert facts[1].endswith(
        '; repeats none of your bars; ends on C; nearest: none in a row as in a tune'
    )
    assert facts[3].endswith('; ends on B; nearest: 2 in a row as in b, bar 1')
    figures = page.locator('article .figures').nth(1)
    assert not figures.is_visible()
    page.locator('article .numbers summary').nth(1).click()
    assert figures.inner_text() == '0.25 nats per step; 25 % repeat the prompt'


def test_repeated_bars_are_counted_once():
    """Of three given bars, of which two are the same, one comes again twice, and one is silent."""
    one, other = events_of([60, 62]), events_of([64])
    rest = events_of([])
    events = np.concatenate([one, one, other, rest, one, one, rest, events_of([62, 60])])
    whole = Whole(events, np.arange(128) >= 64, (64,))
    assert num_repeated_bars(whole) == 1
    assert num_repeated_bars(dataclasses.replace(whole, is_drawn=np.full(128, True))) == 0


def test_favourites_are_kept(html, tmp_path, open_page):
    file = tmp_path / 'page.html'
    file.write_text(html)
    page = open_page(file)
    page.check('#favourites')
    assert (order(page), page.locator('#none').is_visible()) == ([], True)
    page.click('#clear')
    button = page.get_by_role('button', name='Favourite 03')
    button.focus()
    page.keyboard.press('Enter')
    assert (button.get_attribute('aria-pressed'), button.inner_text()) == ('true', '★ Favourite')
    page.wait_for_timeout(1000)  # Chromium stores a page's data with a delay
    page.reload()
    assert button.get_attribute('aria-pressed') == 'true'
    page.check('#favourites')
    assert order(page) == ['03']
    button.click()
    assert order(page) == []


def test_favourites_belong_to_a_page(html):
    ids = [re.search('"id":"([0-9a-f]{16})"', text)[1] for text in (html, html, redrawn())]
    assert ids[0] == ids[1] != ids[2]


def test_play_all_and_loop(html, tmp_path, open_page):
    """All pieces that are shown, one after another; a looped one starts again."""
    file = tmp_path / 'page.html'
    file.write_text(html)
    page = open_page(file)
    page.evaluate(
        "window.seen = []; new MutationObserver(() => seen.push(get('status').textContent))"
        ".observe(get('status'), {childList: true})"
    )
    page.fill('#tempo', '400')
    page.fill('#least', '2')
    page.select_option('#from', 'new')
    page.click('#all')
    assert page.locator('#all').get_attribute('aria-pressed') == 'true'
    page.wait_for_function("() => get('all').textContent === 'Play all' && seen.length > 2")
    assert [text for text in page.evaluate('seen') if text] == ['playing 01', 'playing 04']
    page.check('#loop')
    page.evaluate('seen.length = 0')
    page.get_by_role('button', name='Play 04').click()
    page.wait_for_function("() => seen.filter((text) => text === 'playing 04').length === 2")
    page.keyboard.press('Escape')
    assert page.inner_text('#status') == ''


def test_duplicates_are_named_and_dimmed(tmp_path, open_page):
    events = events_of([60, 62])
    prompt = Prompt('p', events, np.zeros(16, np.uint8), 0, 120.0)
    entries = [
        Entry(
            f'0{number}',
            Whole(np.concatenate([events, events_of([pitch])]), np.arange(32) >= 16, (16,)),
            *(1.0, 0.0, {}, {}),
        )
        for number, pitch in enumerate((60, 62, 60, 60), 1)
    ]
    assert find_same(entries) == ['', '', '01', '01']
    file = tmp_path / 'page.html'
    file.write_text(listening_page(prompt, entries, 'm', are_compared=False))
    page = open_page(file)
    notes = page.locator('article .roll .new')
    shades = notes.evaluate_all('notes => notes.map(note => getComputedStyle(note).opacity)')
    assert shades == ['1', '1', '0.45', '0.45']
    assert page.locator('strong').all_inner_texts() == ['The same notes as 01.'] * 2
