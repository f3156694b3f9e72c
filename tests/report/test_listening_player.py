# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""The listening page in a browser that plays, stops, sorts, points at steps and downloads."""

import base64
import re

import mido
import pytest

from symmusic.report.introduction import shade
from tests.report.listening import (
    html,  # noqa: F401 - a fixture
    order,
    redrawn,
)
from tests.test_launch import (
    corpus,  # noqa: F401 - a fixture
    trained,  # noqa: F401 - a fixture
)


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
    scale = box['width'] / (34 + 32 * 6 + 2)
    page.mouse.move(box['x'] + (34 + 20.5 * 6) * scale, box['y'] + 20)  # step 20, of bar 2
    drawn = page.locator('article').first.locator('.ranges .seen')
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


def test_of_real_pieces(open_page, trained):
    """As written at the end of training; the page's MIDI files are those of the folder."""
    folder = trained / 'samples' / 'mary'
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
    page.wait_for_function('() => player.step > 28')  # of 16 to 32
    page.wait_for_function('() => player.step < 20')
    assert [text for text in page.evaluate('seen') if text] == ['playing 04']
    page.fill('#tempo', '20')
    page.locator('#tempo').blur()  # it goes on from where it is
    assert page.evaluate(
        '[player.passage.qpm, player.passage.from === Math.floor(player.step)]'
    ) == [
        20,
        True,
    ]
    page.keyboard.press('Escape')
    assert page.inner_text('#status') == ''
