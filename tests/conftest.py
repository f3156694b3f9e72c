"""What every test stands on: a cache of its own, settled hypothesis settings, and the reference data where there is any."""

import pathlib

import hypothesis
import pytest

# No deadline: the first call of a jitted function compiles. The same examples in every run, so that a failure is one for everybody.
hypothesis.settings.register_profile('symmusic', deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile('symmusic')


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> pathlib.Path:
    """An empty folder for prepared corpora, so that no test reads or writes the user's."""
    folder = tmp_path_factory.mktemp('cache')
    monkeypatch.setenv('SYMMUSIC_CACHE', str(folder))
    return folder


@pytest.fixture(scope='session')
def shared() -> pathlib.Path:
    """The folder of reference data beside the repository."""
    folder = pathlib.Path(__file__).resolve().parents[2] / 'shared'
    if not (folder / 'reference').is_dir():
        pytest.skip("needs the reference data of ../shared, which only the project's own workplace has")
    return folder
