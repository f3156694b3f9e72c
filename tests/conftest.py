"""Fixtures of all tests: a cache of their own, fixed hypothesis settings, and the reference data if
there are any.
"""

import fcntl
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator

import hypothesis
import jax
import pytest

from symmusic.corpus.cache import load_corpus
from symmusic.corpus.prepare import Settings
from symmusic.terminal import print_log
from symmusic.training.updates import Updates

# Tests compile much and compute little: without XLA's optimisations they take half as long, and
# with its older code generator, which emits LLVM's instructions directly and not by way of MLIR, a
# quarter of that. A program is compiled in one piece: the workers keep all cores busy, and each
# piece has a cost of its own. Read when JAX asks for its first device.
os.environ.setdefault(
    'XLA_FLAGS',
    '--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false'
    ' --xla_cpu_parallel_codegen_split_count=1',
)

os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')  # as launch.py

# No deadline: the first call of a jitted function compiles. The same examples in every run, so that
# everyone sees the same failures.
hypothesis.settings.register_profile('symmusic', deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile('symmusic')


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> pathlib.Path:
    """An empty folder for prepared corpora, so that no test reads or writes the user's."""
    folder = tmp_path_factory.mktemp('cache')
    monkeypatch.setenv('SYMMUSIC_CACHE', str(folder))
    return folder


@pytest.fixture(autouse=True, scope='session')
def log() -> None:
    """Prints log messages as the command line does, whichever test comes first."""
    print_log()


@pytest.fixture(autouse=True, scope='session')
def programs(shared_base) -> None:
    """Compiled programs are kept in a folder of all workers, as many tests compile the same."""
    jax.config.update('jax_compilation_cache_dir', str(shared_base / 'programs'))
    jax.config.update('jax_persistent_cache_min_compile_time_secs', 0.2)


@pytest.fixture(scope='session')
def shared_base(tmp_path_factory) -> pathlib.Path:
    """A temporary folder that all workers of a session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if 'PYTEST_XDIST_WORKER' in os.environ else base


@pytest.fixture(autouse=True, scope='session')
def updates() -> Iterator[dict]:
    """The compiled updates of all runs in this process: JAX keeps no program that is compiled ahead
    of its first use, and many tests train the same network.
    """
    known, compile_anew = {}, Updates.compile

    def compile_once(self, num_updates, states):
        leaves, structure = jax.tree.flatten((states, self.data))
        kinds = tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves)
        key = (num_updates, self.batch_size, *self.how.values(), structure, kinds)
        if key not in known:
            known[key] = compile_anew(self, num_updates, states)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Updates, 'compile', compile_once)
        yield known


@pytest.fixture(autouse=True, scope='module')
def compiled(updates) -> Iterator[None]:
    """Discards compiled programs after a file's tests if there are many: 8,000 memory maps are
    about 2 GB, and Linux ends a process that has more than 65,530.
    """
    yield
    maps = pathlib.Path('/proc/self/maps')
    if maps.exists() and maps.read_bytes().count(b'\n') > 8_000:
        updates.clear()
        jax.clear_caches()


@pytest.fixture(scope='session')
def made_once(shared_base) -> Callable:
    """`made_once(name, make)`: a folder that one worker fills with `make(folder)` for all. It is
    read-only for tests.
    """

    def folder_of(name: str, make: Callable[[pathlib.Path], object]) -> pathlib.Path:
        folder, made = shared_base / name, shared_base / f'{name}.made'
        with open(f'{folder}.lock', 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                made.touch()
        return folder

    return folder_of


@pytest.fixture(scope='session')
def prepared_folk(made_once) -> pathlib.Path:
    """A folder of prepared corpora that holds `folk`."""

    def prepare(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('SYMMUSIC_CACHE', str(folder))
            load_corpus('folk', Settings(meters=('all',)))

    return made_once('prepared_folk', prepare)


@pytest.fixture
def folk(prepared_folk, monkeypatch) -> None:
    """The corpus that the shipped model was trained on is in the cache."""
    monkeypatch.setenv('SYMMUSIC_CACHE', str(prepared_folk))


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Figures are made, but neither laid out nor drawn, which takes most of the time of a short
    run. For tests of other things; tests of figures and of whole runs draw them.
    """
    from matplotlib.figure import Figure

    def write_nothing(figure, file, **how):
        file.write(b'\x89PNG')

    monkeypatch.setattr(Figure, 'savefig', write_nothing)


@pytest.fixture(scope='session')
def shared() -> pathlib.Path:
    """The folder of reference data beside the repository."""
    folder = pathlib.Path(__file__).resolve().parents[2] / 'shared'
    if not (folder / 'reference').is_dir():
        pytest.skip(
            "needs the reference data of ../shared, which only the project's own workplace has"
        )
    return folder


@pytest.fixture(scope='session')
def chromium():
    """A headless browser; tests of pages skip where playwright or Debian's chromium are missing."""
    program = shutil.which('chromium')
    sync_api = pytest.importorskip(
        'playwright.sync_api',
        reason='tests of pages need the package playwright and the program chromium',
    )
    if program is None:
        pytest.skip('tests of pages need the program chromium')
    with sync_api.sync_playwright() as playwright:
        flags = [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
        ]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """`open_page(path, width=1000, **context)`: a page of a file on disk. At its end the test fails
    on any error in the page's console, and on any request except that for the file itself.
    """
    faults, contexts = [], []

    def opened(path: pathlib.Path, width: int = 1000, height: int = 800, **context):
        contexts.append(
            chromium.new_context(viewport={'width': width, 'height': height}, **context)
        )
        page = contexts[-1].new_page()
        url = pathlib.Path(path).resolve().as_uri()
        page.on(
            'console',
            lambda message: (
                faults.append(f'console {message.type}: {message.text} {message.location}')
                if message.type in ('error', 'warning')
                else None
            ),
        )
        page.on('pageerror', lambda error: faults.append(f'error: {error}'))
        page.on(
            'request',
            lambda request: (
                None
                if request.url.startswith((url, 'data:', 'blob:'))
                else faults.append(request.url)
            ),
        )
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults, '\n'.join(faults)
