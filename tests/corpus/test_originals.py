"""The training tunes stored with a run are read back unchanged; a damaged file is reported."""

import numpy as np
import pytest

from symmusic.corpus.originals import NAME, gather_originals, read_originals, write_originals
from symmusic.corpus.prepare import Tune
from symmusic.errors import UserError
from symmusic.melody.events import from_events

TUNES = [
    Tune('a "é".mid', title='É', phrases=(np.array([60, -2, -1, 62], np.int8),)),
    Tune('dropped.mid', reason='meter'),
    Tune(
        'b.abc#2',
        phrases=(np.array([64, -2, -2], np.int8), np.array([65], np.int8)),
        gaps=(0,),
        first_bar=0,
    ),
]


def test_they_are_read_back(tmp_path):
    write_originals(tmp_path, gather_originals(TUNES, TUNES[:2]))
    found = read_originals(tmp_path)
    assert found.names == ('a "é".mid', 'b.abc#2')
    assert found.titles == ('É', '')
    assert found.first_bars == (1, 0)
    assert list(found.melodies) == [from_events(TUNES[0].events), TUNES[2].melody]
    assert [note.onset // 16 + 1 for note in TUNES[2].melody] == [0, 1]
    np.testing.assert_equal(found.unseen, (TUNES[0].events,))
    assert [len(found.unseen_in(meter)) for meter in ('4/4', '2/2', '6/8')] == [1, 1, 0]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_without_tunes_there_are_none(tmp_path):
    assert read_originals(tmp_path) is None


def test_an_older_file_has_none_unseen(tmp_path):
    with (tmp_path / NAME).open('wb') as file:
        np.savez(
            file,
            names=np.frombuffer(b'["a"]', np.uint8),
            lengths=np.array([2]),
            events=np.array([60, -2], np.int8),
        )
    found = read_originals(tmp_path)
    assert (found.names, found.titles, list(found.melodies), found.unseen) == (
        ('a',),
        ('',),
        [from_events([60, -2])],
        (),
    )


def test_a_damaged_file_is_reported(tmp_path):
    write_originals(tmp_path, gather_originals(TUNES, []))
    content = (tmp_path / NAME).read_bytes()
    for damaged in (b'', content[: len(content) // 2], b'x' * 100):
        (tmp_path / NAME).write_bytes(damaged)
        with pytest.raises(UserError, match=r'originals.npz is damaged: .*; remove it'):
            read_originals(tmp_path)
    with (tmp_path / NAME).open('wb') as file:
        np.savez(
            file,
            names=np.frombuffer(b'["a"]', np.uint8),
            lengths=np.array([5]),
            events=np.zeros(3, np.int8),
        )
    with pytest.raises(UserError, match='its parts do not fit together'):
        read_originals(tmp_path)
