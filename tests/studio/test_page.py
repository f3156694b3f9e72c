"""The studio in a browser: a tune from the first note to the exported files, at two sizes."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import numpy as np
import pytest

from symmusic.api.load import read_shipped_model
from symmusic.corpus.originals import Originals
from symmusic.melody.events import quantize
from symmusic.modes.studio import write_page
from symmusic.score.abc import read_abc_tune
from symmusic.score.midi import parse_midi
from symmusic.score.musicxml_reader import read_musicxml
from symmusic.studio.page import MAX_BYTES

READY = '#lead[data-ready]'
WRITTEN = [67, 69, 71, 67, 62, 59, 57, 55, 55, 57, 59, 55, 57]  # by `write_four_bars`
NOTES = 'tune().notes.map((each) => [each.onset, each.length, each.pitch])'


@pytest.fixture(scope='module')
def studio(tmp_path_factory):
    """The page of the shipped model, as if it were trained on one tune, which starts as the one
    that `write_four_bars` writes, in another key.
    """
    path = tmp_path_factory.mktemp('studio') / 'studio' / 'index.html'
    model = read_shipped_model()[0]
    trained, unseen = np.full((2, 60), -2, np.int8)
    trained[: 4 * len(WRITTEN) : 4] = np.array(WRITTEN) + 5
    unseen[::4] = range(60, 75)
    write_page(path, model, model.config().sample, Originals(('a',), ('A',), (trained,), (unseen,)))
    return path


def saved(page, kind):
    with page.expect_download() as waiting:
        page.locator(f'[data-save={kind}]').click()
    return waiting.value.path()


def write_four_bars(page):
    """Four bars in 4/4 by keys: quarters, then a half and a rest."""
    page.locator('#roll').focus()
    for key in '3gabgdbaggabg4ar':
        page.keyboard.press(key)
    return [[4 * n, 4, pitch] for n, pitch in enumerate(WRITTEN[:8])]


def draw(page):
    page.locator('#draw').click()
    page.wait_for_selector('#ways[data-state=drawn]')
    return page.locator('.card').count()


def test_it_is_one_small_file_without_requests(studio):
    html = studio.read_text(encoding='utf-8')
    assert len(html.encode()) <= MAX_BYTES
    assert "default-src 'none'" in html
    assert not re.search(r'(src|href)="(?!data:|#)', html)


def test_a_tune_from_the_first_note_to_the_files(studio, open_page, tmp_path):
    page = open_page(studio, width=1200, accept_downloads=True)
    page.wait_for_selector(READY)
    start = write_four_bars(page)
    assert page.evaluate(NOTES)[:8] == start
    assert page.evaluate('numWritten(tune())') == 4
    page.locator('#shared.beyond', has_text='up to 13 notes in a row (bars 1 to 4)').wait_for()
    assert page.locator('#roll .shared').count() == 13
    # continue, listen to two ways, keep the second by Enter
    assert draw(page) >= 2
    before = page.evaluate(NOTES)
    page.locator('.card').first.click()
    page.wait_for_selector('#candidates [data-index="0"] .card[aria-pressed=true]')
    page.keyboard.press('ArrowRight')
    assert page.evaluate('state.draw.chosen') == 1
    assert page.evaluate(NOTES) == before
    page.keyboard.press('Enter')
    continued = page.evaluate(NOTES)
    assert continued[: len(before) - 1] == before[:-1]
    assert len(continued) > len(before)
    assert page.evaluate('state.log.map((each) => each.kept)') == [[1]]
    # redraw the second bar
    page.evaluate('select(stepsOf(tune(), {from: 1, to: 1})); offerBars(); show()')
    page.locator('#draw', has_text='Redraw bar 2').wait_for()
    draw(page)
    page.locator('.keep').first.click()
    redrawn = page.evaluate(NOTES)
    assert [n for n in redrawn if n[0] < 12] == [n for n in continued if n[0] < 12]
    assert [n for n in redrawn if n[0] >= 32] == [n for n in continued if n[0] >= 32]
    page.locator('#undo').click()
    assert page.evaluate(NOTES) == continued
    # after a reload it is there, with its history
    page.reload()
    page.wait_for_selector(READY)
    assert page.evaluate(NOTES) == continued
    assert 'Your last tune is back' in page.locator('#notice').inner_text()
    page.locator('#log li').nth(1).wait_for()
    assert page.locator('#log li').count() == 2
    page.locator('#redo').click()
    assert page.evaluate(NOTES) == redrawn
    page.locator('#undo').click()
    assert page.evaluate(NOTES) == continued
    assert page.evaluate('state.history.past.length') > 10
    page.locator('#title').fill('Nine & one')
    expected = [tuple(each) for each in continued]
    for kind, read in (
        ('mid', lambda path: parse_midi(path.read_bytes())),
        ('abc', lambda path: read_abc_tune(path.read_text())),
        ('musicxml', lambda path: read_musicxml(path.rename(tmp_path / 'a.musicxml'))),
    ):
        score = read(saved(page, kind))
        found = [(note.onset, note.end - note.onset, note.pitch) for note in quantize(score)]
        assert found == expected, kind
        assert score.title == 'Nine & one'
    wav = saved(page, 'wav').read_bytes()
    assert (wav[:4], len(wav) > 44_100) == (b'RIFF', True)
    project = json.loads(saved(page, 'json').read_text())
    assert (len(project['log']), len(project['doc']['notes'])) == (2, len(continued))


def test_writing_by_hand_on_a_phone(studio, open_page):
    page = open_page(studio, width=390, height=844, has_touch=True, color_scheme='dark')
    page.wait_for_selector(READY)
    spot = """async ([step, pitch]) => {
      const frame = () => new Promise(requestAnimationFrame);
      await frame().then(frame);  // what changed is drawn
      const layout = rollLayout(), line = lineAt(layout, step);
      const box = get('roll').children[line].getBoundingClientRect();
      const scale = box.width / layout.width;
      const x = xAt(layout, line, step), y = yAt(layout, pitch) + 5;
      return [box.left + x * scale, box.top + y * scale];
    }"""

    def at(step, pitch):
        return page.evaluate(spot, [step, pitch])

    page.locator('#roll').scroll_into_view_if_needed()
    page.touchscreen.tap(*at(0.5, 64))
    page.touchscreen.tap(*at(5, 67))
    assert page.evaluate(NOTES) == [[0, 4, 64], [4, 4, 67]]
    # drag: move the second note up, then lengthen the first
    page.mouse.move(*at(5, 67))
    page.mouse.down()
    page.mouse.move(*at(5, 69), steps=3)
    page.mouse.up()
    assert page.evaluate(NOTES) == [[0, 4, 64], [4, 4, 69]]
    page.mouse.move(*at(7.8, 69))
    page.mouse.down()
    page.mouse.move(*at(11.9, 69), steps=3)
    page.mouse.up()
    assert page.evaluate(NOTES) == [[0, 4, 64], [4, 8, 69]]
    heading = page.locator('.heading').first.bounding_box()
    page.touchscreen.tap(heading['x'] + 20, heading['y'] + 10)
    page.locator('#draw', has_text='Redraw bar 1').wait_for()
    page.locator('[data-tool=erase]').click()
    page.touchscreen.tap(*at(0.5, 64))
    assert page.evaluate(NOTES) == [[4, 8, 69]]
    page.locator('#undo').click()
    page.locator('#undo').click()
    assert page.evaluate(NOTES) == [[0, 4, 64], [4, 4, 69]]
    assert page.evaluate('document.documentElement.scrollWidth') <= 390


def test_files_are_opened_and_what_cannot_be_read_is_said(studio, open_page, tmp_path):
    page = open_page(studio, width=1200)
    page.wait_for_selector(READY)
    write_four_bars(page)
    mine = page.evaluate(NOTES)
    (tmp_path / 'a.mid').write_bytes(b'no music')
    page.locator('#file').set_input_files(tmp_path / 'a.mid')
    page.wait_for_selector('#notice:not([hidden])')
    assert 'Your tune is as it was' in page.locator('#notice').inner_text()
    assert page.evaluate(NOTES) == mine
    (tmp_path / 'b.abc').write_text('X:1\nT:Short\nM:6/8\nL:1/8\nK:Ador\nA|ABc d3|')
    page.evaluate('scrollTo(0, document.body.scrollHeight)')
    page.locator('#file').set_input_files(tmp_path / 'b.abc')
    page.locator('#notice', has_text='b.abc is open').wait_for()
    assert page.locator('#notice').bounding_box()['y'] >= 0  # the page was scrolled down
    assert page.evaluate('[tune().meter, tune().pickupSteps, tune().key.mode]') == [
        '6/8',
        2,
        'dorian',
    ]
    # the tune before is among those that are kept
    page.locator('#tunes summary').click()
    page.locator('#tune-list button:enabled', has_text='Open').first.click()
    assert page.evaluate(NOTES) == mine
    # a tune in the page's address, as the listening page links to it
    other = page.context.new_page()
    abc = urllib.parse.quote('X:1\nM:3/4\nL:1/4\nK:D\nDEF|A3|')
    other.goto(f'{page.url}#abc={abc}')
    assert other.evaluate('[tune().meter, tune().notes.length]') == ['3/4', 4]
    other.evaluate("() => { location.hash = '#abc=%'; }")
    other.locator('#notice', has_text='cannot be read').wait_for()
    assert other.evaluate('[tune().notes.length, location.hash]') == [4, '']
    other.close()


@pytest.mark.parametrize('kind', ['vary', 'start'])
def test_the_other_ways_to_draw(studio, open_page, kind):
    page = open_page(studio, width=800)
    page.wait_for_selector(READY)
    write_four_bars(page)
    page.locator(f'[data-kind={kind}]').click()
    if kind == 'start':
        page.locator('#form').select_option('AABB')
    num = draw(page)
    assert num >= 1
    bars = page.evaluate('state.draw.answers[0].newBars')
    assert bars == ({'from': 0, 'to': 15} if kind == 'start' else {'from': 3, 'to': 3})


def test_wishes_that_cannot_be_met_are_named_as_on_the_page(studio, open_page):
    page = open_page(studio, width=800)
    page.wait_for_selector(READY)
    write_four_bars(page)
    page.locator('#wishes summary').click()
    page.locator('#lowest').select_option('84')
    page.locator('#highest').select_option('60')
    page.locator('#draw').click()
    said = page.locator('#drawing', has_text='“From” and “to” cannot be met together in 4 bars')
    said.wait_for()
    assert re.search(r'the notes [A-G][♯♭]?\d to [A-G][♯♭]?\d in this key', said.inner_text())
    assert page.evaluate('tune().notes.length') == 13


def test_without_sound_or_network_one_can_still_write(studio, open_page):
    page = open_page(studio, width=600)
    page.evaluate('() => { delete window.AudioContext; failEngine(new Error("no workers")); }')
    write_four_bars(page)
    page.locator('#play').click()
    assert 'cannot play sound' in page.locator('#say').inner_text()
    assert page.evaluate('tune().notes.length') == 13


def test_playing_along_writes_notes_and_prints_a_staff(studio, open_page):
    page = open_page(studio, width=1000)
    page.wait_for_selector(READY)
    page.locator('#tempo').fill('400')
    page.locator('#record').click()
    page.wait_for_timeout(900)  # a bar of clicks lasts 0.6 s
    page.keyboard.press('s', delay=120)
    page.locator('#record').click()
    assert page.evaluate('tune().notes.map((each) => each.pitch)') == [62]
    page.emulate_media(media='print')
    page.evaluate('layOutPrint()')
    assert page.locator('#print-lines svg').is_visible()
    assert not page.locator('main').is_visible()


def test_a_full_storage_and_another_tab_lose_nothing(studio, open_page):
    page = open_page(studio, width=1000)
    page.wait_for_selector(READY)
    write_four_bars(page)
    mine = page.evaluate('state.id')
    other = page.context.new_page()
    other.goto(page.url)
    other.locator('#roll').focus()
    other.keyboard.press('c')
    page.locator('#notice', has_text='open in another tab').wait_for()
    assert page.evaluate('state.id') != mine
    assert page.evaluate('listTunes(storage()).map((each) => each.numNotes).sort()') == [13, 14]
    once = """() => { const keep = Storage.prototype.setItem;
      Storage.prototype.setItem = () => { Storage.prototype.setItem = keep;
        throw new DOMException('', 'QuotaExceededError'); }; }"""
    page.evaluate(once)
    page.locator('#roll').focus()
    page.keyboard.press('c')
    page.locator('#notice', has_text='little room left').wait_for()
    page.keyboard.press('Control+z')
    full = "() => { throw new DOMException('', 'QuotaExceededError'); }"
    page.evaluate(f'() => {{ Storage.prototype.setItem = {full}; }}')
    page.locator('#roll').focus()
    page.keyboard.press('c')
    page.locator('#notice', has_text='no room left').wait_for()
    assert page.evaluate('tune().notes.length') == 14


def axe_script():
    """axe-core, where npm has it: in $SYMMUSIC_NODE_MODULES or among npm's global packages."""
    folder = os.environ.get('SYMMUSIC_NODE_MODULES', '')
    if not folder and shutil.which('npm'):
        answer = subprocess.run(['npm', 'root', '-g'], capture_output=True, text=True, check=False)
        folder = answer.stdout.strip()
    path = pathlib.Path(folder, 'axe-core', 'axe.min.js')
    if not path.is_file():
        pytest.skip('this test needs the npm package axe-core')
    return path.read_text(encoding='utf-8')


@pytest.mark.parametrize(('width', 'scheme'), [(1200, 'light'), (390, 'dark')])
def test_it_is_accessible(studio, chromium, width, scheme):
    script = axe_script()
    size = {'width': width, 'height': 800}
    # the policy of the page would not let the test's own script in
    context = chromium.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(studio.as_uri())
    page.wait_for_selector(READY)
    write_four_bars(page)
    page.evaluate("all('details').forEach((each) => (each.open = true)); notify('A notice.')")
    draw(page)
    page.locator('.card').first.click()
    page.evaluate(script)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")['violations']
    assert [(each['id'], each['nodes'][0]['html']) for each in found] == []
    small = """all('button, select, input, summary, a').filter((each) => each.offsetParent
      && !each.closest('label.check, label.file')
      && each.getBoundingClientRect().height < 44).map((each) => each.id)"""
    assert page.evaluate(small) == []
    context.close()
