"""The listening page: its files and figures, and a browser that plays, stops, sorts, filters and
downloads.
"""

import base64
import re

import mido
import numpy as np
import pytest

from symmusic.generate.listening import Entry, listening_page
from symmusic.generate.prompt import Prompt

NASTY = '</script><b>x</b>'
PIECES = [[60, 62, 64, 65], [72], [], [60, 59]]  # pitches, a quarter each, from the new bar on

RUNS = [
    {'tune': NASTY, 'score': 3, 'piece_notes': (1, 4), 'tune_bar': 7},
    None,
    None,
    {'tune': 'b', 'score': 2, 'piece_notes': (0, 2), 'tune_bar': 1},
]


LOOKS = [[3, 700, 16, 200]] * 16  # most at three steps before, then a bar before


def events_of(pitches):
    events = np.full(16, -1, np.int8)
    events[: 4 * len(pitches) : 4] = pitches
    return events


@pytest.fixture
def html():
    events = np.array([67, -1, -1, -1, 69, -1, -1, -1] + [-1] * 8, np.int8)
    prompt = Prompt(NASTY, events, np.zeros(16, np.uint8), 0, 240.0)
    entries = [
        Entry(
            f'0{number}', np.concatenate([events, events_of(pitches)]), surprise, *files, run, LOOKS
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


def test_names_are_text_and_files_are_those_given(html):
    assert NASTY not in html
    assert base64.b64encode(b'MThd-joined-3').decode() in html
    assert base64.b64encode('X:1 é'.encode()).decode() in html
    assert html.count('audio/midi') == html.count('text/vnd.abc') == 8


def order(page):
    return [each.inner_text() for each in page.locator('article:visible h2').all()]


def test_in_a_browser(html, tmp_path, open_page):
    file = tmp_path / 'index.html'
    file.write_text(html)
    page = open_page(file, width=360, accept_downloads=True)
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    assert order(page) == ['01', '02', '03', '04']
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
    assert float(drawn.nth(0).get_attribute('opacity')) > float(
        drawn.nth(1).get_attribute('opacity')
    )
    looked = page.locator('article .looked').first
    assert (
        looked.inner_text()
        == 'At bar 2 beat 2 the model looked most at bar 2 beat 1.25 (silence, 70.0 %), bar 1 beat'
        ' 2 (A4, 20.0 %).'
    )
    page.mouse.move(5, 5)
    assert drawn.count() == 0
    roll.focus()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowRight')
    assert 'At bar 2 beat 1.25 the model' in looked.inner_text()

    with page.expect_download() as download:
        page.get_by_role('link', name='MIDI').first.click()
    assert download.value.suggested_filename.endswith('01.mid')
    assert download.value.path().read_bytes() == b'MThd-joined-0'


def test_of_real_pieces(tmp_path, open_page, folk):
    """As `--mode=sample` writes it; the page's MIDI is the folder's."""
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
    folder = tmp_path / 'run' / 'samples' / 'mary'
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
