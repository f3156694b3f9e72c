"""A first visit to the studio: clicks and seconds from opening the file to the saved MusicXML.

    python benchmarks/studio_visit.py [--page=docs/studio.html] [--width=1200]

Writes four bars by clicks in the roll, continues, hears two ways, keeps one, redraws a bar, keeps
one, plays the tune and saves it. Nobody thinks in between: the seconds are those of the page.
Prints a table: what is done, clicks so far, seconds since the file was opened.
"""

import argparse
import pathlib
import shutil
import sys
import time

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from symmusic.score.musicxml_reader import read_musicxml

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTES = [(step, pitch) for step, pitch in zip(range(0, 64, 4), [60, 64, 67, 64] * 4, strict=True)]
SPOT = """async ([step, pitch]) => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame().then(frame);
  const layout = rollLayout(), line = lineAt(layout, step), svg = get('roll').children[line];
  svg.scrollIntoView({block: 'center'});
  const box = svg.getBoundingClientRect(), scale = box.width / layout.width;
  const x = xAt(layout, line, step + 0.5), y = yAt(layout, pitch) + 5;
  return [box.left + x * scale, box.top + y * scale];
}"""


class Visit:
    """Counts clicks and prints the time."""

    def __init__(self, page: Page):
        self.page, self.clicks, self.begun = page, 0, time.perf_counter()

    def click(self, selector: str) -> None:
        self.clicks += 1
        self.page.locator(selector).first.click()

    def tell(self, what: str) -> None:
        print(f'| {what} | {self.clicks} | {time.perf_counter() - self.begun:.1f} |', flush=True)

    def write(self, step: int, pitch: int) -> None:
        self.clicks += 1
        self.page.mouse.click(*self.page.evaluate(SPOT, [step, pitch]))

    def wait(self, condition: str) -> None:
        while not self.page.evaluate(condition):  # its policy allows no polling within
            self.page.wait_for_timeout(20)

    def draw(self) -> None:
        self.click('#draw')
        self.page.wait_for_selector('#ways[data-state=drawn]')


def visit(page: Page, path: pathlib.Path) -> None:
    """The whole visit."""
    own = Visit(page)
    page.goto(path.as_uri())
    page.wait_for_selector('#roll svg')
    own.tell('the page is open')
    own.write(*NOTES[0])
    own.wait("player.context?.state === 'running'")
    own.tell('the first note sounds')
    for step, pitch in NOTES[1:]:
        own.write(step, pitch)
    own.tell('four bars are written')
    page.wait_for_selector('#lead[data-ready]')
    own.draw()
    own.tell('eight suggestions are drawn')
    own.click('[data-index="0"] .card')
    own.click('[data-index="1"] .card')
    own.wait('player.passage && player.step > player.passage.first')
    own.tell('two suggestions are heard')
    own.click('[data-index="1"] .keep')
    own.click('.heading:nth-of-type(2)')
    own.draw()
    own.click('[data-index="0"] .keep')
    own.tell('four bars are kept, and one is redrawn')
    own.click('#play')
    own.wait('player.passage !== null')
    with page.expect_download() as waiting:
        own.click('[data-save=musicxml]')
    file = waiting.value.path()
    named = file.rename(file.with_suffix('.musicxml'))
    own.tell(f'saved as MusicXML, {len(read_musicxml(named).notes)} notes')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--page', type=pathlib.Path, default=ROOT / 'docs' / 'studio.html')
    parser.add_argument('--width', type=int, default=1200)
    flags = parser.parse_args()
    print('| | clicks | seconds |\n|---|---|---|')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which('chromium'), args=['--no-sandbox', '--disable-gpu']
        )
        size = {'width': flags.width, 'height': 900}
        visit(browser.new_page(viewport=size, accept_downloads=True), flags.page.resolve())
        browser.close()


if __name__ == '__main__':
    main()
