"""What a run was made with: the commit as git has it, and in what two sessions differ."""

import subprocess

import pytest

from symmusic.training.provenance import changes, commit, made_with, versions


def test_the_commit_is_git_s(tmp_path):
    def git(*words, cwd=tmp_path / 'main'):
        author = ['-c', 'user.name=a', '-c', 'user.email=a@b']
        return subprocess.run(
            ['git', *author, *words], cwd=cwd, check=True, capture_output=True, text=True
        ).stdout.strip()

    (tmp_path / 'main').mkdir()
    git('init', '-q')
    assert commit(tmp_path / 'main') is None  # no commit yet
    git('commit', '-q', '--allow-empty', '-m', 'one')
    first = git('rev-parse', 'HEAD')
    assert commit(tmp_path / 'main') == first
    git('pack-refs', '--all')
    assert commit(tmp_path / 'main') == first
    git('worktree', 'add', '-q', '-b', 'side/two', str(tmp_path / 'side'))
    git('commit', '-q', '--allow-empty', '-m', 'two', cwd=tmp_path / 'side')
    assert commit(tmp_path / 'side') == git('rev-parse', 'HEAD', cwd=tmp_path / 'side') != first
    git('checkout', '-q', '--detach')
    assert commit(tmp_path / 'main') == first


@pytest.mark.parametrize('head', ['', 'ref: refs/heads/none', 'x' * 40, b'\xff', None])
def test_no_commit(tmp_path, head):
    assert commit(tmp_path) is None
    (tmp_path / '.git').mkdir()
    if head is not None:
        (tmp_path / '.git' / 'HEAD').write_bytes(head if isinstance(head, bytes) else head.encode())
    assert commit(tmp_path) is None


def test_made_with(tmp_path):
    made = made_with(1, 'fingerprint', tmp_path)
    assert made['device'].startswith('1 of ')
    assert made['versions'].keys() == {'python', *versions()}
    assert (made['commit'], made['corpus_fingerprint']) == (None, 'fingerprint')


def test_changes_between_sessions():
    old = {'jax': '1', 'numpy': '2', 'flax': '3'}
    assert changes(old, 'cpu', dict(old), 'cpu') == ''
    found = changes(old, 'cpu', {'jax': '1.1', 'numpy': '2', 'optax': '1'}, 'gpu')
    assert (
        found
        == 'jax 1 before and 1.1 now, flax 3 before and None now, device cpu before and gpu now,'
        ' optax None before and 1 now'
    )
