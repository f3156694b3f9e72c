"""Takes the pictures of README and guide, of the shipped model's pieces and pages, into docs/.

python launch.py --mode=evaluate --workdir=A
python benchmarks/pictures.py [A/evaluation/index.html]

Samples README's continuations and whole tunes in a new workdir; needs Chromium, playwright and
verovio. Without the argument docs/evaluation.png stays.
"""

import contextlib
import pathlib
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator

import verovio
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import launch

DOCS = pathlib.Path(__file__).resolve().parent.parent / 'docs'
TUNES = {'Reel': ('4/4', 'G'), 'Jig': ('6/8', 'D'), 'Waltz': ('3/4', 'G'), 'Polka': ('2/4', 'A')}
DESK, PHONE = {'width': 1200, 'height': 1000}, {'width': 390, 'height': 1000}
BORDER = 20  # pixels between the two views of the studio
GREY = (136, 136, 136)
PAGE = """<meta charset="utf-8"><style>
  body {{margin: 0; display: grid; grid-template-columns: 1fr 1fr; font: 20px sans-serif}}
  section {{padding: 8px 16px}} h2 {{font-size: 18px; margin: 8px 0}} svg {{display: block}}
</style>{sections}"""


def sample(workdir: pathlib.Path, **fields: str) -> pathlib.Path:
    """The folder of pieces sampled with these values of `config.sample`."""
    words = [f'--config.sample.{name}={value}' for name, value in fields.items()]
    if launch.main(['--mode=sample', f'--workdir={workdir}', *words]):
        raise SystemExit('sampling failed')
    return next((workdir / 'samples').iterdir())


def readme_bars(folder: pathlib.Path) -> pathlib.Path:
    """README's four bars as a file."""
    text = re.search(r'```\n(X:1\n.*?)```', (DOCS.parent / 'README.md').read_text(), re.DOTALL)[1]
    path = folder / 'my.abc'
    path.write_text(text)
    return path


def engraved(path: pathlib.Path) -> str:
    """A file of MusicXML as SVG."""
    toolkit = verovio.toolkit()
    toolkit.setOptions({'scale': 42, 'pageWidth': 1500, 'adjustPageHeight': True, 'footer': 'none'})
    toolkit.setOptions({'header': 'none', 'breaks': 'auto'})
    toolkit.loadFile(str(path))
    return toolkit.renderToSVG(1)


@contextlib.contextmanager
def opened(browser: Browser, path: pathlib.Path, size: dict, scheme: str = 'light') -> Iterator:
    page = browser.new_page(viewport=size, color_scheme=scheme)
    page.goto(path.resolve().as_uri())
    yield page
    page.close()


def whole_tunes(browser: Browser, folder: pathlib.Path) -> None:
    """The first reel, jig, waltz and polka."""
    parts = []
    for name, (meter, key) in TUNES.items():
        fields = {'prompt': 'none', 'meter': meter, 'key': key, 'structure': 'AABB'}
        pieces = sample(folder / name, **fields, num_samples='1')
        parts.append(f'<section><h2>{name}</h2>{engraved(pieces / "01.musicxml")}</section>')
    path = folder / 'tunes.html'
    path.write_text(PAGE.format(sections=''.join(parts)))
    with opened(browser, path, {'width': 1470, 'height': 1000}) as page:
        page.screenshot(path=DOCS / 'tunes.png', full_page=True)


def compose(page: Page, bars: pathlib.Path) -> None:
    """Opens bars in the studio, draws continuations and plays the second."""
    page.set_input_files('#file', bars)
    page.wait_for_selector('#lead[data-ready]')
    page.locator('#draw').click()
    page.wait_for_selector('#ways[data-state=drawn]')
    page.locator('[data-index="1"] .card').click()


def studio(browser: Browser, folder: pathlib.Path, bars: pathlib.Path) -> None:
    """On a desktop in light colours, and on a phone in dark ones."""
    views = []
    for size, scheme in ((DESK, 'light'), (PHONE, 'dark')):
        with opened(browser, DOCS / 'studio.html', size, scheme) as page:
            compose(page, bars)
            path = folder / f'{scheme}.png'
            page.screenshot(path=path)
            views.append(Image.open(path).convert('RGB'))
    whole = Image.new('RGB', (sum(each.width for each in views) + BORDER, DESK['height']), GREY)
    whole.paste(views[0], (0, 0))
    whole.paste(views[1], (views[0].width + BORDER, 0))
    whole.save(DOCS / 'studio.png', optimize=True)


def main(evaluation: str = '') -> None:
    """Takes the pictures."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = pathlib.Path(name)
        bars = readme_bars(folder)
        pieces = sample(folder / 'own', prompt=str(bars))
        shutil.copy(pieces / 'all.png', DOCS / 'continuations.png')
        browser = playwright.chromium.launch(
            executable_path=shutil.which('chromium'), args=['--no-sandbox', '--disable-gpu']
        )
        with opened(browser, pieces / 'index.html', {'width': 1000, 'height': 884}) as page:
            page.screenshot(path=DOCS / 'listening.png')
        whole_tunes(browser, folder)
        studio(browser, folder, bars)
        if evaluation:
            size = {'width': 1000, 'height': 1270}
            with opened(browser, pathlib.Path(evaluation), size) as page:
                page.screenshot(path=DOCS / 'evaluation.png')
        browser.close()


if __name__ == '__main__':
    main(*sys.argv[1:])
