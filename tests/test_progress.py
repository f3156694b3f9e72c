"""Progress is shown where it is turned on, on a terminal, and nowhere else."""

import sys

import pytest

from symmusic.progress import counted, open_bar, shown, step, track


class Terminal:
    """A standard error that claims to be a terminal, and keeps what is written."""

    encoding = 'utf-8'

    def __init__(self, is_terminal):
        self.is_terminal, self.written = is_terminal, ''

    def isatty(self):
        return self.is_terminal

    def write(self, text):
        self.written += text

    def flush(self):
        pass


@pytest.mark.parametrize('is_terminal', [False, True])
@pytest.mark.parametrize('is_on', [False, True])
def test_bars_are_shown_on_a_terminal_only_when_turned_on(monkeypatch, is_on, is_terminal):
    stderr = Terminal(is_terminal)
    monkeypatch.setattr(sys, 'stderr', stderr)

    def work():
        assert list(track({'a': 1, 'b': 2}.items(), 'letter')) == [('a', 1), ('b', 2)]
        with open_bar('update', total=3, initial=1) as bar:
            bar.update(2)

    if is_on:
        with shown():
            work()
    else:
        work()
    assert bool(stderr.written) == (is_on and is_terminal)
    assert ('letter' in stderr.written and 'update' in stderr.written) == bool(stderr.written)


def test_off_again_after_a_fault(monkeypatch):
    stderr = Terminal(True)
    monkeypatch.setattr(sys, 'stderr', stderr)
    with pytest.raises(KeyError), shown():
        raise KeyError
    assert list(track([1, 2], 'item')) == [1, 2]
    assert not stderr.written


def test_steps_are_counted_by_the_innermost_counter():
    outer, inner = [], []
    step()
    with counted(lambda: outer.append(1)):
        step()
        with counted(lambda: inner.append(1)):
            step()
        step()
    step()
    assert (len(outer), len(inner)) == (2, 1)
