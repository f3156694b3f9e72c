"""Files are written completely or not at all, and folders that hold something else are kept."""

import errno
import fcntl
import json
import os
import pathlib
import signal
import stat
import subprocess
import sys

import pytest

from symmusic.errors import UserError
from symmusic.files import SETTINGS, choose_folder, write_whole
from symmusic.locks import LOCK, alone_in, folder_aside


def listing(folder):
    return sorted(path.name for path in folder.rglob('*'))


@pytest.mark.parametrize(
    ('content', 'expected'),
    [(b'\0\xff', b'\0\xff'), ('Süß ♪\n', 'Süß ♪\n'.encode()), ('', b''), ('\udce9', b'\\udce9')],
)
def test_writes(tmp_path, content, expected):
    path = tmp_path / 'a' / 'b' / 'file.txt'
    write_whole(path, content)
    assert path.read_bytes() == expected
    write_whole(str(path), b'later')
    assert path.read_bytes() == b'later'
    assert listing(tmp_path) == ['a', 'b', 'file.txt']


def test_mode_is_that_of_any_new_file(tmp_path):
    old = os.umask(0o027)
    try:
        write_whole(tmp_path / 'file', b'')
        assert stat.S_IMODE((tmp_path / 'file').stat().st_mode) == 0o640
        assert os.umask(0o027) == 0o027  # as it was
    finally:
        os.umask(old)


@pytest.mark.parametrize('function', ['replace', 'fsync', 'chmod'])
@pytest.mark.parametrize('before', [None, b'what was there'])
def test_full_disk(tmp_path, monkeypatch, function, before):
    path = tmp_path / 'file.txt'
    if before is not None:
        path.write_bytes(before)
    calls = []

    def refuse(*arguments, **options):
        calls.append(arguments)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, function, refuse)
    with pytest.raises(
        UserError, match=r'cannot write .*file\.txt: No space left on device'
    ) as caught:
        write_whole(path, b'new')
    assert calls
    assert '\n' not in str(caught.value)
    assert (path.read_bytes() if path.exists() else None) == before
    assert listing(tmp_path) == ([] if before is None else ['file.txt'])


def test_full_disk_while_writing(tmp_path, monkeypatch):
    path = tmp_path / 'file.txt'
    path.write_bytes(b'old')
    fdopen = os.fdopen

    def nearly_full(*arguments, **options):
        file = fdopen(*arguments, **options)
        write = file.write

        class Full:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                file.close()

            def write(self, content):
                write(content[:2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return Full()

    monkeypatch.setattr(os, 'fdopen', nearly_full)
    with pytest.raises(UserError, match='No space left'):
        write_whole(path, b'new content')
    assert path.read_bytes() == b'old'
    assert listing(tmp_path) == ['file.txt']


@pytest.mark.parametrize('error', [KeyboardInterrupt, MemoryError])
def test_interrupted(tmp_path, monkeypatch, error):
    """Any other exception passes through, and leaves no file either."""
    path = tmp_path / 'file.txt'
    path.write_bytes(b'old')

    def stop(*_):
        raise error

    monkeypatch.setattr(os, 'fsync', stop)
    with pytest.raises(error):
        write_whole(path, b'new')
    assert path.read_bytes() == b'old'
    assert listing(tmp_path) == ['file.txt']


def test_no_folder_to_write_to(tmp_path):
    (tmp_path / 'file').write_text('kept')
    with pytest.raises(UserError, match='cannot write'):
        write_whole(tmp_path / 'file' / 'under', b'')
    (tmp_path / 'folder').mkdir()
    with pytest.raises(UserError, match='cannot write'):
        write_whole(tmp_path / 'folder', b'')
    assert listing(tmp_path) == ['file', 'folder']
    assert (tmp_path / 'file').read_text() == 'kept'


def fill(folder, settings=None, text=None):
    folder.mkdir(parents=True)
    (folder / SETTINGS).write_text(json.dumps(settings) if text is None else text)


def test_what_killed_processes_left_is_removed(tmp_path):
    """But neither what another process is writing nor what has another name."""
    for name in ('.mary.gone', '.maria.gone'):
        (tmp_path / name).mkdir()
        (tmp_path / name / '01.mid').write_bytes(b'')
    with folder_aside(tmp_path / 'mary') as first, folder_aside(tmp_path / 'mary') as second:
        assert {path.name for path in tmp_path.iterdir()} == {
            '.maria.gone',
            first.name,
            second.name,
        }
    assert [path.name for path in tmp_path.iterdir()] == ['.maria.gone']


def test_choose_folder(tmp_path):
    settings = {'prompt': 'mary', 'tempo': 120.0, 'meters': ('4/4', '2/2')}
    assert choose_folder(tmp_path / 'new', 'mary', settings) == tmp_path / 'new' / 'mary'
    assert not (tmp_path / 'new').exists()  # choosing creates nothing
    (tmp_path / 'mary').mkdir()
    assert choose_folder(tmp_path, 'mary', settings).name == 'mary'  # empty
    fill(tmp_path / 'one' / 'mary', settings)
    assert choose_folder(tmp_path / 'one', 'mary', settings).name == 'mary'  # the same
    other = settings | {'tempo': 90.0}
    assert choose_folder(tmp_path / 'one', 'mary', other).name == 'mary-2'
    fill(tmp_path / 'one' / 'mary-2', {})
    fill(tmp_path / 'one' / 'mary-3', other)
    # its own again, after another one
    assert choose_folder(tmp_path / 'one', 'mary', other).name == 'mary-3'
    assert choose_folder(tmp_path / 'one', 'mary', settings).name == 'mary'


@pytest.mark.parametrize('text', ['', '{', 'null', '[]', '\ud800'])
def test_choose_folder_keeps_what_it_cannot_read(tmp_path, text):
    folder = tmp_path / 'mary'
    folder.mkdir()
    (folder / SETTINGS).write_bytes(text.encode(errors='surrogatepass'))
    assert choose_folder(tmp_path, 'mary', {}).name == 'mary-2'


def test_choose_folder_keeps_foreign_things(tmp_path):
    (tmp_path / 'mary').mkdir()
    (tmp_path / 'mary' / 'song.txt').write_text('mine')
    (tmp_path / 'mary-2').write_text('a file')
    assert choose_folder(tmp_path, 'mary', {}).name == 'mary-3'


def test_alone_in_a_folder_that_is_removed_if_empty(tmp_path):
    with alone_in(tmp_path / 'new' / 'run'):
        assert listing(tmp_path) == [LOCK, 'new', 'run']
        with (
            pytest.raises(
                UserError, match=rf'another process \(.*pid {os.getpid()}\) works in .*run; wait'
            ),
            alone_in(tmp_path / 'new' / 'run'),
        ):
            pass
    assert listing(tmp_path) == []
    with alone_in(tmp_path / 'new' / 'run'):
        (tmp_path / 'new' / 'run' / 'kept').write_text('')
    assert listing(tmp_path) == ['kept', 'new', 'run']
    (tmp_path / 'empty').mkdir()
    with alone_in(tmp_path / 'empty'):
        pass
    assert (tmp_path / 'empty').is_dir()  # it was there before


def test_the_lock_of_a_killed_process_does_not_block(tmp_path):
    root = pathlib.Path(__file__).resolve().parents[1]
    hold = f'with alone_in(pathlib.Path({str(tmp_path)!r})): print(flush=True); time.sleep(60)'
    code = f'import pathlib, time; from symmusic.locks import alone_in\n{hold}'
    with subprocess.Popen(
        [sys.executable, '-c', code], cwd=root, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        with pytest.raises(UserError, match=f'pid {process.pid}'), alone_in(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
    assert listing(tmp_path) == [LOCK]
    with alone_in(tmp_path):
        pass
    assert listing(tmp_path) == []


def test_a_lock_that_is_not_available(tmp_path, monkeypatch, capsys):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='cannot write into'), alone_in(tmp_path / 'file'):
        pass

    def without(*_):
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(fcntl, 'flock', without)
    with alone_in(tmp_path):
        assert 'no locks on this file system' in capsys.readouterr().out
