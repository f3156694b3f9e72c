"""Folders of pieces: what cannot be read or measured is named, and no set is too poor to be
compared.
"""

import itertools
import json
import os

import pytest

import launch
from symmusic.errors import UserError
from symmusic.evaluate.folders import MOST_NAMES, read_folder, remarks
from symmusic.score.midi_writer import format_midi
from symmusic.score.notes import Note

STEP = 55


def written(folder, *pieces):
    """A folder of pieces, each bytes or notes of (onset, length) in sixteenths and a pitch."""
    folder.mkdir()
    for index, piece in enumerate(pieces):
        content = (
            piece
            if isinstance(piece, bytes)
            else format_midi([Note(a * STEP, b * STEP, pitch) for a, b, pitch in piece])
        )
        (folder / f'{index:02}.mid').write_bytes(content)
    return folder


def walk(seed):
    return [(2 * step, 2, 60 + step * seed % 12) for step in range(10)]


def read(folder):
    return read_folder('generated', str(folder), 'corrected', lambda items, _: items)


def test_what_is_left_out_is_counted_and_named(tmp_path):
    folder = written(tmp_path / 'set', walk(1), b'MThd', b'', [], [(0, 4, 60)])
    (folder / 'gone.mid').symlink_to(tmp_path / 'nowhere')
    (folder / 'text.txt').write_text('no music')
    (folder / 'inner.mid').mkdir()
    os.mkfifo(folder / 'pipe.mid')
    found = read(folder)
    assert found.pieces.names == ('00.mid', '04.mid')
    assert sorted(found.left_out) == ['01.mid', '02.mid', '03.mid', 'gone.mid', 'pipe.mid']
    assert found.left_out['gone.mid'].startswith('unreadable file')
    assert found.left_out['01.mid'] == 'damaged MIDI: the file ends too soon'
    assert found.left_out['02.mid'] == 'damaged MIDI: the file is empty'
    assert found.others == ('text.txt',)
    lines = remarks('generated', found)
    assert lines[0].startswith('generated: 5 of 7 MIDI files left out: 01.mid (damaged MIDI')
    assert len(lines) == 2


def test_what_is_left_out_of_a_file_is_said(tmp_path):
    sound = format_midi([Note(0, STEP, 60), Note(STEP, STEP, 62)])
    folder = written(tmp_path / 'set', sound, sound + b'junk', sound + b'more junk')
    found = read(folder)
    assert found.pieces.names == ('00.mid', '01.mid', '02.mid')
    assert list(found.notices.values()) == [['01.mid', '02.mid']]
    (line,) = remarks('generated', found)
    assert line.endswith('(2): 01.mid, 02.mid')


def test_long_lists_are_cut(tmp_path):
    found = read(written(tmp_path / 'set', walk(1), *[b'MThd'] * (MOST_NAMES + 3)))
    assert len(found.left_out) == MOST_NAMES + 3
    assert remarks('generated', found)[0].endswith('and 3 more')


def test_a_folder_without_pieces_is_one_line(tmp_path):
    with pytest.raises(UserError, match='none of its 2 MIDI files can be measured'):
        read(written(tmp_path / 'set', [], b'MThd'))
    with pytest.raises(UserError, match=r'holds no \.mid, \.midi, \.kar, \.rmi file'):
        read(written(tmp_path / 'bare'))
    (tmp_path / 'bare' / 'inner').mkdir()
    with pytest.raises(UserError, match='folders in it are not looked into'):
        read(tmp_path / 'bare')


SETS = {
    'one': [walk(5)],
    'one_note': [[(0, 4, 60)]] * 2,
    'two_notes': [[(0, 4, 60), (4, 4, 62)]] * 3,
    'constant': [walk(3)] * 4,
    'chords': [[(0, 8, 60), (0, 4, 64), (4, 4, 65)]] * 2 + [walk(3)],
    'sound': [walk(seed) for seed in range(1, 6)],
}


@pytest.mark.filterwarnings('error::RuntimeWarning')
@pytest.mark.parametrize('protocol', ['corrected', 'thesis'])
def test_poor_sets_give_a_report_in_which_every_gap_has_its_reason(
    tmp_path, capsys, protocol, monkeypatch
):
    # drawing is most of the time
    monkeypatch.setattr('symmusic.evaluate.pictures.write_figure', lambda path, figure: None)
    folders = {name: written(tmp_path / name, *pieces) for name, pieces in SETS.items()}
    for one, other in [
        *itertools.product(['sound'], SETS),
        ('one_note', 'sound'),
        ('constant', 'constant'),
        ('one_note', 'one_note'),
    ]:
        argv = [
            '--mode=compare',
            f'--reference={folders[one]}',
            f'--generated={folders[other]}',
            f'--workdir={tmp_path / "out"}',
        ]
        assert launch.main([*argv, f'--config.evaluate.protocol={protocol}']) == 0
        place = capsys.readouterr().out.splitlines()[-1]
        with open(f'{place}/comparison.json') as file:
            found = json.load(file, parse_constant=pytest.fail)
        for cells in (
            *found['features'].values(),
            *found['averages'].values(),
            found['similarity'],
        ):
            assert None not in cells.values() or cells['note']


def test_each_reason_stands_once(tmp_path, capsys, monkeypatch):
    """What a user reads of sets that are too small or too uniform: whose fault it is, and of which
    features, in few lines.
    """
    monkeypatch.setattr('symmusic.evaluate.pictures.write_figure', lambda path, figure: None)
    folders = {name: written(tmp_path / name, *pieces) for name, pieces in SETS.items()}

    def remarks_of(one, other):
        argv = [
            '--mode=compare',
            f'--reference={folders[one]}',
            f'--generated={folders[other]}',
            f'--workdir={tmp_path / "out"}',
        ]
        assert launch.main(argv) == 0
        return capsys.readouterr().out.partition('## Remarks')[2].splitlines()[1:-1]

    everything = 'PC, PR, PI, PCH, PCTM, NC, IOI, NLH, NLTM'
    assert remarks_of('constant', 'constant') == [
        f'- {everything}: no density to compare: both sets have distances that are all alike',
        '- pitch average, rhythm average, overall average: undefined, as all its features are',
        '- both sets are the same folder',
    ]
    assert (
        remarks_of('sound', 'one')[0]
        == '- PC, PR, PI, PCH, PCTM: no density to compare: the generated set has one piece with a'
        ' value'
    )
    lines = remarks_of('sound', 'one_note')
    assert '- PI, IOI: undefined for 2 of the generated pieces' in lines
    assert any(
        'the generated set has two pieces with a value, so one distance' in line for line in lines
    )


def test_a_set_beside_itself(tmp_path, capsys):
    folder = written(tmp_path / 'sound', *(walk(seed)[: 5 + seed] for seed in range(1, 6)))
    assert (
        launch.main(
            [
                '--mode=compare',
                f'--reference={folder}',
                f'--generated={folder}',
                f'--workdir={tmp_path / "out"}',
            ]
        )
        == 0
    )
    found = json.loads((tmp_path / 'out' / 'evaluation' / 'comparison.json').read_text())
    for cells in found['features'].values():
        assert cells['oa'] is None or cells['oa'] == pytest.approx(1, abs=1e-3)
        assert cells['kld'] is None or cells['kld'] == pytest.approx(0, abs=1e-9)
        assert cells['p'] == 1
    assert all(piece['match'] == name for name, piece in found['similarity']['pieces'].items())
