# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""What the listening page shows in a browser: words, notes, filters, favourites, duplicates."""

import base64
import urllib.parse

import numpy as np
import pytest

from symmusic.generate.prompt import Prompt
from symmusic.generate.whole import Whole
from symmusic.report.introduction import shade
from symmusic.report.listening import Entry, find_same, listening_page
from tests.report.listening import (
    events_of,
    html,  # noqa: F401 - a fixture
    long_page,
    order,
    redrawn,
)


def test_small_weights_are_shaded_lightly(tmp_path, open_page):
    """The largest is 3 % and shaded as 3 %; a pickup is bar 0."""
    file = tmp_path / 'index.html'
    file.write_text(redrawn())
    page = open_page(file)
    assert page.title() == 'up, bar 1 redrawn by attn, epoch 1'
    roll = page.locator('article .roll')
    roll.focus()
    page.keyboard.press('ArrowRight')
    seen = page.locator('.ranges .seen')
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
    scale = page.locator('.roll svg').bounding_box()['width'] / (34 + 656 * 6 + 2)
    assert scale == pytest.approx(1, abs=0.01)  # labels of 12 px


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
    link = page.get_by_role('link', name='Go on in the studio from piece 01', exact=True)
    address, abc = link.get_attribute('href').split('#abc=')
    assert address == 'a%20b/studio.html'
    file = page.get_by_role('link', name='ABC of piece 01', exact=True).get_attribute('href')
    assert base64.b64decode(file.split(',')[1]).decode() == urllib.parse.unquote(abc)
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
