"""Pages: text is escaped, nothing is fetched, and a browser shows them without an error."""

import pytest

from symmusic.report import html

NASTY = '</script><script>document.title="in"</script> <b>&amp; " \' <!-- \u2028'


def test_the_browser_blocks_requests_of_a_page(tmp_path, chromium):
    file = tmp_path / 'index.html'
    file.write_text(html.page('x', '<img src="http://127.0.0.1:9/a.png"><p></p>'))
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
def test_the_fixture_detects_errors(fault, tmp_path, chromium):
    file = tmp_path / 'index.html'
    file.write_text(html.page('x', '', script=fault))
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
