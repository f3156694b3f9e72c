"""From a corpus's name to its files."""

import subprocess
import sys

import pytest

from symmusic.corpus import collections
from symmusic.corpus.collections import SourceFile, find_files, music21_corpus
from symmusic.errors import UserError
from tests.corpus.tunes import write_files


def test_folder(tmp_path):
    names = [
        'b.mid',
        'a/z.ABC',
        'a.midi',
        'b.KAR',
        'c.rmi',
        'notes.txt',
        'a/deep/er.Mid',
        '.mid',
        'x.mid.txt',
        'c.mxl',
        'd.krn',
    ]
    write_files(tmp_path, dict.fromkeys(names, b''))
    (tmp_path / 'folder.mid').mkdir()
    files = find_files(str(tmp_path))
    found = ['a.midi', 'a/deep/er.Mid', 'a/z.ABC', 'b.KAR', 'b.mid', 'c.mxl', 'c.rmi']
    assert [file.name for file in files] == found
    assert files[1] == SourceFile('a/deep/er.Mid', tmp_path / 'a' / 'deep' / 'er.Mid')


def test_linked_folders_are_entered_once(tmp_path):
    write_files(tmp_path / 'elsewhere', {'deep/x.abc': b'', 'y.mid': b''})
    corpus = tmp_path / 'corpus'
    write_files(corpus, {'real/a.abc': b'', 'z.abc': b''})
    (corpus / 'a-link').symlink_to(corpus / 'real')  # of the corpus: counts as `real`
    (corpus / 'b-link').symlink_to(tmp_path / 'elsewhere')
    (corpus / 'c-link').symlink_to(tmp_path / 'elsewhere')  # the same again
    (corpus / 'real' / 'up').symlink_to(corpus)  # a cycle
    (tmp_path / 'elsewhere' / 'self').symlink_to('.')
    (corpus / 'file.mid').symlink_to(corpus / 'z.abc')
    (corpus / 'gone.mid').symlink_to(corpus / 'nowhere.mid')
    assert [file.name for file in find_files(str(corpus))] == [
        'b-link/deep/x.abc',
        'b-link/y.mid',
        'file.mid',
        'gone.mid',
        'real/a.abc',
        'z.abc',
    ]
    (tmp_path / 'link').symlink_to(corpus)  # the corpus itself
    assert len(find_files(str(tmp_path / 'link'))) == 6


def test_a_link_to_itself_is_no_folder(tmp_path):
    write_files(tmp_path, {'a.abc': b''})
    for name in ('loop', 'loop.mid'):
        (tmp_path / name).symlink_to(name)
    # the one with a suffix is counted as unreadable, as a link to nothing is
    assert [file.name for file in find_files(str(tmp_path))] == ['a.abc', 'loop.mid']


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    write_files(tmp_path, {'open/a.abc': b'', 'shut/b.abc': b''})
    scandir = collections.os.scandir

    def refuse(folder):
        if str(folder).endswith('shut'):
            raise PermissionError(13, 'Permission denied')
        return scandir(folder)

    monkeypatch.setattr(collections.os, 'scandir', refuse)
    with pytest.raises(UserError, match='shut of the corpus cannot be read: Permission denied'):
        find_files(str(tmp_path))


def test_file(tmp_path):
    write_files(tmp_path, {'one.abc': b'', 'one.txt': b''})
    assert find_files(str(tmp_path / 'one.abc')) == [SourceFile('one.abc', tmp_path / 'one.abc')]
    with pytest.raises(UserError, match=r'one\.txt: not a file of \.mid, .*, \.rmi, \.abc'):
        find_files(str(tmp_path / 'one.txt'))


def test_home(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    write_files(tmp_path / 'music', {'one.abc': b''})
    assert [file.name for file in find_files('~/music')] == ['one.abc']


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        (
            'flok',
            r'no such corpus, folder or file; named corpora are folk, .*; did you mean folk\?',
        ),
        ('', 'holds no'),
    ],
)
def test_none(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        find_files(name)


def test_folder_without_music(tmp_path):
    write_files(tmp_path, {'readme.txt': b''})
    with pytest.raises(
        UserError,
        match=r'holds no \.mid, \.midi, \.kar, \.rmi, \.abc, \.mxl, \.musicxml, \.xml file',
    ):
        find_files(str(tmp_path))


def test_folk():
    files = find_files('folk')
    folders = {file.name.split('/')[0] for file in files}
    assert folders == {'oneills1850', 'airdsAirs', 'ryansMammoth'}
    assert files == sorted(files)
    assert len(files) > 100
    assert all(file.path.is_file() for file in files)
    assert music21_corpus().name == 'corpus'


def test_music21_is_not_imported():
    code = (
        "import sys; from symmusic.corpus.collections import find_files; find_files('folk');"
        " print('music21' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, '-c', code], capture_output=True, text=True, check=True
        ).stdout
        == 'False\n'
    )


def test_without_music21(monkeypatch, tmp_path):
    monkeypatch.setattr(collections.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(UserError, match=r'pip install -r requirements\.txt'):
        find_files('folk')
    monkeypatch.undo()
    monkeypatch.setattr(collections, 'music21_corpus', lambda: tmp_path)
    with pytest.raises(
        UserError,
        match=(
            r"corpus 'mixed': the installed music21 package lacks oneills1850.*, bach, palestrina,"
            r' monteverdi'
        ),
    ):
        find_files('mixed')
    with pytest.raises(UserError, match='lacks oneills1850, airdsAirs, ryansMammoth'):
        find_files('folk')


@pytest.mark.parametrize(
    ('name', 'num_files'),
    [('bach', 408), ('palestrina', 1318), ('monteverdi', 49), ('renaissance', 1367), ('essen', 31)],
)
def test_the_other_collections(name, num_files):
    files = find_files(name)
    assert len(files) == num_files
    assert files == sorted(files)


def test_unions():
    for name, parts in {
        'mixed': ('folk', 'bach', 'renaissance'),
        'mixed_essen': ('mixed', 'essen'),
        'folk_essen': ('folk', 'essen'),
    }.items():
        assert find_files(name) == sorted(file for part in parts for file in find_files(part))
