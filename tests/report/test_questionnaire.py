"""The questionnaire in a browser: from the first click to a file of answers, and its analysis."""

import json

import launch
from symmusic.experiment.study import KEY, PAGE, write_key
from symmusic.report.questionnaire import questionnaire
from tests.experiment.studies import make_answers, make_study, write_answers

STUDY = make_study(num=1)  # two pieces of 0.6 s


def written(folder):
    folder.mkdir(parents=True, exist_ok=True)
    write_key(folder, STUDY)
    (folder / PAGE).write_text(questionnaire(STUDY))
    return folder / PAGE


HEIGHTS = (
    "[...document.querySelectorAll('.scale label, button')].map(each =>"
    ' each.getBoundingClientRect().height)'
)
SCREENS = ('about', 'piece-1', 'piece-2', 'end')


def go(page, wanted):
    """Turns to a screen by the buttons, and asserts that it alone is shown."""
    here = next(screen for screen in SCREENS if page.locator(f'#{screen}').is_visible())
    num = SCREENS.index(wanted) - SCREENS.index(here)
    for _ in range(abs(num)):
        page.get_by_role('button', name='Next' if num > 0 else 'Back', exact=True).click()
    assert [screen for screen in SCREENS if page.locator(f'#{screen}').is_visible()] == [wanted]


def hear(page, piece):
    """Plays a piece until it ends by itself."""
    page.get_by_role('button', name=f'Play piece {piece}').click()
    page.wait_for_selector(f'#piece-{piece} [aria-pressed=true]', state='detached', timeout=10_000)


def choose(page, piece, question, value):
    page.locator(f'#piece-{piece}').get_by_role('group', name=question).get_by_role(
        'radio', name=str(value)
    ).check()


def missing(page):
    return [each.inner_text() for each in page.locator('#report a').all()]


def test_from_the_first_click_to_the_report(tmp_path, open_page, capsys):
    page = open_page(
        written(tmp_path / 'study'), width=360, color_scheme='dark', accept_downloads=True
    )
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    assert page.inner_text('#count') == '0 of 2 pieces done'

    go(page, 'piece-1')
    assert page.evaluate('document.activeElement.id') == 'name-1'
    play = page.get_by_role('button', name='Play piece 1')
    play.focus()
    page.keyboard.press('Enter')
    assert play.get_attribute('aria-pressed') == 'true'
    # it ends by itself
    page.wait_for_selector('#piece-1 [aria-pressed=true]', state='detached', timeout=10_000)
    page.locator('#piece-1').get_by_role('radio', name='1, not at all').first.focus()
    page.keyboard.press('ArrowRight')  # as the keyboard moves through a scale
    page.keyboard.press('ArrowRight')
    choose(page, 1, 'melody', '5, very')
    assert page.inner_text('#count') == '1 of 2 pieces done'

    go(page, 'end')
    page.get_by_role('button', name='Save answers').click()
    assert missing(page) == ['About you', 'Piece 2: listening, rhythm, melody']
    assert page.evaluate('document.activeElement.id') == 'report'
    assert page.locator('section.missing').count() == 2
    page.get_by_role('link', name='Piece 2').click()
    assert page.evaluate("document.activeElement.closest('section').id") == 'piece-2'
    page.keyboard.press('Enter')
    page.keyboard.press('Escape')
    assert page.evaluate('answers.ratings[1].plays') == 0  # it was stopped at its start
    go(page, 'end')
    with page.expect_download() as download:
        page.get_by_role('button', name='Save unfinished').click()
    assert download.value.suggested_filename.endswith('-unfinished.json')
    unfinished = json.loads(download.value.path().read_text())
    assert unfinished['complete'] is False

    page.wait_for_timeout(1000)  # Chromium stores a page's data with a delay
    page.reload()
    go(page, 'piece-1')
    assert page.locator('#piece-1').get_by_role('radio', name='5, very').is_checked()
    assert page.inner_text('#count') == '1 of 2 pieces done'
    go(page, 'piece-2')
    choose(page, 2, 'rhythm', 4)
    choose(page, 2, 'melody', 2)
    assert page.inner_text('#count') == '1 of 2 pieces done'
    hear(page, 2)
    assert page.inner_text('#count') == '2 of 2 pieces done'
    go(page, 'about')
    page.get_by_role('group', name='experienced').get_by_role('radio', name='3').check()
    go(page, 'end')
    with page.expect_download() as download:
        page.get_by_role('button', name='Save answers').click()
    saved = json.loads(download.value.path().read_text())
    assert [(row['rhythm'], row['melody']) for row in saved['ratings']] == [(3, 5), (4, 2)]
    assert (saved['complete'], saved['experience'], saved['study']) == (True, 3, STUDY.id)
    assert 'Thank you' in page.inner_text('#report')
    page.get_by_text('No file appeared?').click()
    assert json.loads(page.locator('#text').input_value()) == saved

    page.on('dialog', lambda dialog: dialog.accept())
    page.get_by_role('button', name='Clear all answers').click()
    assert page.inner_text('#count') == '0 of 2 pieces done'
    assert page.locator(':checked').count() == 0
    assert page.locator('#about').is_visible()
    assert page.evaluate('answers.listener') != saved['listener']

    answers = write_answers(
        tmp_path / 'answers',
        first=saved,
        part=unfinished,
        second=make_answers(STUDY, 'b', experience=4),
    )
    assert launch.main(['--mode=study', f'--workdir={tmp_path}', f'--answers={answers}']) == 0
    assert 'left out part.json: unfinished' in capsys.readouterr().out
    found = json.loads((tmp_path / 'study' / 'results.json').read_text())
    kinds = [each['kind'] for each in json.loads((tmp_path / 'study' / KEY).read_text())['pieces']]
    own = dict(zip(kinds, ((3, 5), (4, 2)), strict=True))
    assert found['num_listeners'] == 2
    for index, question in enumerate(('rhythm', 'melody')):
        for kind in kinds:
            assert found['questions'][question][kind]['mean'] == (own[kind][index] + 3) / 2
    assert found['experience'] == [0, 0, 1, 1, 0]


def test_read_aloud_and_at_any_width(tmp_path, open_page):
    """Every question is a group with a name, every control has one, and nothing is wider than the
    screen.
    """
    page = open_page(written(tmp_path / 'study'), width=1200)
    assert page.evaluate('document.documentElement.scrollWidth') <= 1200
    num_groups = num_radios = 0
    sizes = []
    for screen in SCREENS:
        go(page, screen)
        num_groups += page.get_by_role('group').count()
        num_radios += page.get_by_role('radio').count()
        sizes += page.evaluate(HEIGHTS)
    assert (num_groups, num_radios) == (5, 25)
    names = page.evaluate(
        "[...document.querySelectorAll('fieldset')].map(each =>"
        " each.querySelector('legend').textContent)"
    )
    asked = ('Rhythm: can you tap along?', 'Melody: how pleasing is it?')
    assert names[1:] == [f'Piece {piece}. {question}' for piece in (1, 2) for question in asked]
    assert page.locator('[aria-live], [role=status]').count() == 2
    # wide enough for a thumb; 0: not shown yet
    assert all(size >= 44 or size == 0 for size in sizes)


def test_a_browser_that_stores_nothing(tmp_path, open_page):
    """Stored data under the page's name that are not its answers cause no error."""
    path = written(tmp_path / 'study')
    page = open_page(path)
    page.evaluate(
        f'localStorage.setItem(\'symmusic-study-{STUDY.id}\', \'{{"listener": "x", "ratings":'
        " 3}')"
    )
    page.reload()
    assert page.inner_text('#count') == '0 of 2 pieces done'


def test_a_listener_goes_on_where_something_is_missing(tmp_path, open_page):
    """One screen at a time; Back is missing on the first and Next on the last."""
    page = open_page(written(tmp_path / 'study'), width=390)
    assert page.locator('#intro').is_visible()
    assert not page.locator('#back').is_visible()
    page.get_by_role('group', name='experienced').get_by_role('radio', name='3').check()
    go(page, 'piece-1')
    assert not page.locator('#intro').is_visible()
    choose(page, 1, 'rhythm', 4)
    choose(page, 1, 'melody', 2)
    hear(page, 1)
    assert page.evaluate('answers.ratings[0].plays') == 1
    page.wait_for_timeout(1000)  # Chromium stores a page's data with a delay
    page.reload()
    assert page.locator('#piece-2').is_visible()
    go(page, 'end')
    assert not page.locator('#next').is_visible()
    assert page.evaluate('document.documentElement.scrollWidth') <= 390
