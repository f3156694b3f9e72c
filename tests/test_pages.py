"""Pages: what is text stays text, nothing is fetched, and a browser shows them without a fault."""

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given

from symmusic import pages

NASTY = '</script><script>document.title="in"</script> <b>&amp; " \' <!-- \u2028'


@given(st.text())
def test_json_in_a_script_comes_back(text):
    written = pages.json_for_script(json.dumps(text, ensure_ascii=False))
    assert json.loads(written) == text
    assert not set(written) & set('<>&\u2028')


def test_half_characters_of_file_names_are_shown():
    assert pages.escape('a\udcffb') == 'a\\udcffb'
    pages.page('a\udcffb', '').encode()


def test_a_table_has_its_cells_as_text():
    written = pages.table(['a<b', 'c'], [['<i>1</i>', 2]])
    assert '<th scope="col">a&lt;b</th>' in written
    assert '<th scope="row">&lt;i&gt;1&lt;/i&gt;</th>' in written
    assert '<td>2</td>' in written


def test_in_a_browser(tmp_path, open_page):
    file = tmp_path / 'index.html'
    script = (
        f'document.getElementById("out").textContent = {pages.json_for_script(json.dumps(NASTY))};'
    )
    body = (
        f'<h1>{pages.escape(NASTY)}</h1><p'
        f' id="out"></p>{pages.picture(b"", "nothing")}{pages.table(["a"] * 40, [[NASTY] * 40])}'
    )
    file.write_text(pages.page(NASTY, body, script=script))
    page = open_page(file, width=360)
    assert page.title().startswith('</script><script>document.title="in"</script>')
    assert page.text_content('#out') == NASTY
    assert page.text_content('h1') == NASTY
    # a wide table scrolls in its own frame
    assert page.evaluate('document.documentElement.scrollWidth') <= 360


def test_the_browser_holds_a_page_to_itself(tmp_path, chromium):
    file = tmp_path / 'index.html'
    file.write_text(pages.page('x', '<img src="http://127.0.0.1:9/a.png"><p></p>'))
    page = chromium.new_page()
    refused = []
    page.on('console', lambda message: refused.append(message.text))
    page.goto(file.as_uri())
    page.wait_for_function('document.readyState === "complete"')
    assert any('Content Security Policy' in text for text in refused)
    page.close()


@pytest.mark.parametrize(
    'fault', ['throw Error("x")', 'console.error("x")', 'new Image().src = "file:///none.png"']
)
def test_the_fixture_sees_faults(fault, tmp_path, chromium):
    file = tmp_path / 'index.html'
    file.write_text(pages.page('x', '', script=fault))
    seen = []
    page = chromium.new_page()
    page.on('pageerror', lambda error: seen.append(error))
    page.on('console', lambda message: seen.append(message))
    page.on(
        'request', lambda request: seen.append(request) if request.url != file.as_uri() else None
    )
    page.goto(file.as_uri())
    page.wait_for_timeout(50)
    page.close()
    assert seen
