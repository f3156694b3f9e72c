"""Reports: the same blocks as Markdown and as HTML; text is escaped in both."""

import html
import pathlib
import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from symmusic import wording
from symmusic.report.blocks import (
    Chart,
    Charts,
    Code,
    Heading,
    Items,
    Link,
    Picture,
    Report,
    Roll,
    Rolls,
    Section,
    Strong,
    Text,
    table,
)
from symmusic.report.html import json_for_script, page, to_html
from symmusic.report.markdown import render, to_markdown

NASTY = '</script><b>&amp; "\' <!-- `*_[x](y) | \\'
HERE = pathlib.Path('here')


def make_report(text, picture=None):
    """Every kind of block with `text` wherever text is allowed."""
    pictures = () if picture is None else (Picture(picture, text, text),)
    content = (
        Text((text, Strong(text), Code(text), Link(text, HERE / 'a b.html'))),
        Heading(text),
        Items((text, Strong(text))),
        Items((text,), is_numbered=True),
        table([text, 'x'], [[text, Strong(text)]], text),
        Chart('<svg></svg>', text, text, text),
        Charts((Chart('<svg></svg>', text, text),)),
        Rolls((Roll(text, text, ((0, 4, 60, 1),), 0, 16, 16, {60: text}),), text),
        *pictures,
    )
    return Report(text, (Section('', content), Section(text, content)), ((text, (text,)),))


@given(st.text(min_size=1))
def test_html_lets_no_markup_in(text):
    plain = to_html(make_report('x'), HERE)
    written = to_html(make_report(text), HERE)
    assert re.findall('<[a-z0-9/]+', written) == re.findall('<[a-z0-9/]+', plain)


def test_html_holds_the_text():
    written = to_html(make_report(NASTY), HERE)
    assert html.unescape(re.sub('<[^>]*>', '', written)).count(NASTY) >= 20
    assert '<svg></svg>' in written
    assert 'href="a%20b.html"' in written


def test_half_characters_of_file_names_are_shown():
    assert '<h1>a\\udcffb</h1>' in to_html(Report('a\udcffb', ()), HERE)


def test_a_table_as_markdown_and_html():
    block = table(['', 'OA'], [['the model', Strong('0.9')], ['a|b', '-']], 'overlap')
    assert render(block, HERE).splitlines() == [
        '|  | OA |',
        '|---|---|',
        '| the model | **0.9** |',
        '| a\\|b | - |',
    ]
    written = to_html(Report('x', (Section('', (block,)),)), HERE)
    assert 'aria-label="overlap"' in written
    assert '<th scope="row">the model</th><td><strong>0.9</strong></td>' in written


def test_markdown():
    report = Report(
        'One *or* two',
        (
            Section('', (Text('before'),)),
            Section(
                'Found',
                (
                    Text(('see ', Link('it', HERE / 'a' / 'b c.html'), ' or ', Code('x=1'))),
                    Items(('one', 'two')),
                    Items(('one', 'two'), is_numbered=True),
                    Picture(HERE / 'p.png', 'a picture'),
                    Chart('<svg></svg>', 'caption', 'three bars', 'all alike'),
                ),
            ),
        ),
        (('Alike', ('They are.', 'Quite.')),),
    )
    assert to_markdown(report, HERE).split('\n\n') == [
        '# One \\*or\\* two',
        '**Alike.** They are. Quite.',
        'before',
        '## Found',
        'see [it](a/b%20c.html) or `x=1`',
        '- one\n- two',
        '1. one\n2. two',
        '![a picture](p.png)',
        'three bars. all alike.\n',
    ]


def test_anything_but_a_block_is_refused():
    with pytest.raises(TypeError, match='not a block'):
        render('text', HERE)


@pytest.mark.parametrize(
    ('values', 'text'),
    [
        ((0.9, 0.8912, 0.908), '0.900 [0.891, 0.908]'),
        ((0.9,), '0.900'),
        ((0.9, None, None), '0.900'),
        ((None, 0.1, 0.2), '-'),
    ],
)
def test_estimate(values, text):
    assert wording.estimate(*values) == text


def test_numbers():
    assert (wording.number(None), wording.number(1 / 3, 2)) == ('-', '0.33')
    assert (wording.spread(1, None), wording.spread(1, 0.5)) == ('1.000 (-)', '1.000 (0.500)')


@given(st.text())
def test_json_in_a_script(text):
    assert not set(json_for_script(text)) & set('<>&\u2028\u2029')


def test_in_a_browser(tmp_path, open_page):
    picture = tmp_path / 'p.png'
    picture.write_bytes(b'')
    file = tmp_path / 'index.html'
    file.write_text(to_html(make_report(NASTY, picture), tmp_path))
    shown = open_page(file, width=360)
    assert shown.title() == NASTY
    assert shown.text_content('h1') == NASTY
    assert shown.eval_on_selector_all('nav a', 'all => all.map(one => one.hash)') == ['#s1']
    assert shown.text_content('#s1') == NASTY
    # a wide table scrolls in its own frame
    assert shown.evaluate('document.documentElement.scrollWidth') <= 360


@pytest.mark.parametrize(('width', 'notes'), [(390, [True, False]), (1200, [False, False])])
def test_a_wide_table_says_that_it_scrolls(tmp_path, open_page, width, notes):
    """Where it is wider than its frame, and only there."""
    wide = table(['name', *['a long name'] * 6], [['x', *['0.123 [0.1, 0.2]'] * 6]])
    narrow = table(['a', 'b'], [['x', 'y']])
    file = tmp_path / 'index.html'
    file.write_text(to_html(Report('r', [Section('s', [wide, narrow])]), tmp_path))
    shown = open_page(file, width=width)
    assert [each.is_visible() for each in shown.locator('.sideways').all()] == notes
    shown.set_viewport_size({'width': 1590 - width, 'height': 800})
    shown.wait_for_timeout(100)
    is_wide = shown.locator('.sideways').first.is_visible()
    assert is_wide == (width == 1200)


def test_data_in_a_script(tmp_path, open_page):
    file = tmp_path / 'index.html'
    script = f'document.querySelector("p").textContent = {json_for_script(NASTY)};'
    file.write_text(page('x', '<p></p>', script=script))
    assert open_page(file).text_content('p') == NASTY
