"""Folders of pieces: what cannot be read or measured is reported, and any set can be compared."""

import itertools
import json
import os

import numpy as np
import pytest

import launch
from symmusic.errors import UserError
from symmusic.measures.excerpts import cut_score, length_of
from symmusic.measures.folders import read_folder
from symmusic.measures.remarks import MOST_NAMES, remarks, unlike_lengths
from symmusic.melody.events import quantize, to_notes
from symmusic.score.abc import read_abc_tune
from symmusic.score.key import Key
from symmusic.score.midi_writer import format_midi
from symmusic.score.musicxml import format_musicxml
from symmusic.score.notes import Meter, Note, Score, Tempo

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
    rng = np.random.default_rng(0)
    return read_folder('generated', str(folder), 'corrected', rng)


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
    assert lines[0].startswith('generated: 5 of 7 pieces left out: 01.mid (damaged MIDI')
    assert len(lines) == 2


def test_what_is_left_out_of_a_file_is_reported(tmp_path):
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
    with pytest.raises(UserError, match='nothing in its 2 files of music can be measured'):
        read(written(tmp_path / 'set', [], b'MThd'))
    with pytest.raises(
        UserError,
        match=r'holds no \.mid, \.midi, \.kar, \.rmi, \.abc, \.mxl, \.musicxml, \.xml, \.krn file',
    ):
        read(written(tmp_path / 'bare'))
    (tmp_path / 'bare' / 'inner').mkdir()
    with pytest.raises(UserError, match='subfolders are not read'):
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
def test_poor_sets_give_a_report_in_which_every_gap_has_its_reason(tmp_path, capsys, protocol):
    # drawing takes most of the time
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


def test_each_reason_is_given_once(tmp_path, capsys):
    """The remarks on sets that are too small or too uniform: which set, and which features, in few
    lines.
    """
    folders = {name: written(tmp_path / name, *pieces) for name, pieces in SETS.items()}

    def remarks_of(one, other):
        argv = [
            '--mode=compare',
            f'--reference={folders[one]}',
            f'--generated={folders[other]}',
            f'--workdir={tmp_path / "out"}',
        ]
        assert launch.main(argv) == 0
        topic = 'Left out or undefined: '
        lines = capsys.readouterr().out.splitlines()
        return [line.removeprefix(topic) for line in lines if line.startswith(topic)]

    everything = 'PC, PR, PI, PCH, PCTM, NC, IOI, NLH, NLTM'
    assert remarks_of('constant', 'constant') == [
        'Both sets are the same folder.',
        f'{everything}: no density to compare: both sets have distances that are all alike.',
        'Pitch average, rhythm average, overall average: undefined, as all its features are.',
    ]
    assert (
        remarks_of('sound', 'one')[0]
        == 'PC, PR, PI, PCH, PCTM: no density to compare: the generated set has one piece with a'
        ' value.'
    )
    lines = remarks_of('sound', 'one_note')
    assert 'PI, IOI: undefined for 2 of the generated pieces.' in lines
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


def tune(number, pitches, meter='4/4'):
    return f'X:{number}\nT:Tune {number}\nM:{meter}\nL:1/8\nK:C\n{pitches}\n'


def test_every_format_is_read_as_corpora_read_it(tmp_path):
    """A book's tunes one by one, every voice of MusicXML; a bad one stops nothing."""
    folder = written(tmp_path / 'set', walk(1))
    (folder / '00.mid').rename(folder / 'a.KAR')
    (folder / 'b.abc').write_text(
        '\n'.join([tune(1, 'CDEF GABc|'), tune(2, ''), tune(3, 'c2B2 A2G2|')])
    )
    score = read_abc_tune(tune(1, 'CDEF GABc|cBAG FEDC|'))
    notes = to_notes(quantize(score), 4 * STEP)
    (folder / 'c.musicxml').write_text(format_musicxml(notes, key=Key(0), num_bars=2))
    (folder / 'd.musicxml').write_text('<score-partwise')
    (folder / 'e.abc').write_bytes(b'\0' * 9)
    found = read(folder)
    assert found.pieces.names == ('a.KAR', 'b.abc#1', 'b.abc#3', 'c.musicxml#1')
    assert set(found.left_out) == {'b.abc#2', 'd.musicxml', 'e.abc'}
    assert found.left_out['d.musicxml'].startswith('damaged score')
    assert found.pieces.features['NC'].tolist() == [10, 8, 4, 16]
    assert [note.pitch for note in found.scores['c.musicxml#1'].notes] == [
        note.pitch for note in score.notes
    ]


def test_two_formats_of_one_melody_are_equal(tmp_path, capsys):
    """Tunes in ABC beside the same in MIDI: nothing differs, and each is the other's nearest."""
    (tmp_path / 'abc').mkdir()
    (tmp_path / 'midi').mkdir()
    for number, pitches in enumerate(['CDEF GABc|', 'c2B2 AAGF|', 'EGcG E2C2|', 'CCDD EE z2|'], 1):
        text = tune(number, pitches * 4)
        (tmp_path / 'abc' / f'{number}.abc').write_text(text)
        score = read_abc_tune(text)
        midi = format_midi(to_notes(quantize(score), 4 * STEP))
        (tmp_path / 'midi' / f'{number}.mid').write_bytes(midi)
    argv = ['--mode=compare', f'--reference={tmp_path / "midi"}', f'--workdir={tmp_path / "out"}']
    assert launch.main([*argv, f'--generated={tmp_path / "abc"}']) == 0
    found = json.loads((tmp_path / 'out' / 'evaluation' / 'comparison.json').read_text())
    assert found['features']['PC']['reference'] == found['features']['PC']['generated']
    assert found['lengths'] == {'reference': 16, 'generated': 16}
    assert 'longer than' not in capsys.readouterr().out
    for name, piece in found['similarity']['pieces'].items():
        assert piece['match'] == f'{name.partition(".")[0]}.mid'
        assert piece['score'] > 0.9


@pytest.mark.parametrize(
    ('lengths', 'line'),
    [
        ((16, 16), ''),
        ((20, 16), ''),
        (
            (120, 16),
            'the reference pieces are longer than the generated ones (medians of 120 and 16'
            ' quarters), which alone makes features differ; --config.evaluate.num_bars=4 compares'
            ' excerpts of 4 bars',
        ),
        ((2, 16), 'the generated pieces are longer than the reference ones (medians of 16 and 2'),
    ],
)
def test_lengths_that_differ_much_are_reported(lengths, line):
    found = unlike_lengths(dict(zip(('reference', 'generated'), lengths, strict=True)))
    assert found.startswith(line)
    assert bool(found) == bool(line)


def test_cut_pieces_of_two_metres_are_reported_without_advice():
    line = unlike_lengths({'reference': 16, 'generated': 12}, 4)
    assert line.endswith('cut to 4 bars, they are of different metres, or end sooner')


def test_excerpts_of_long_pieces(tmp_path, capsys):
    """Whole tunes beside their own four-bar pieces: reported if whole, of equal length if cut. The
    same command cuts the same excerpts.
    """
    rng = np.random.default_rng(0)

    def walks(num):
        return [
            [(2 * step, 2, 60 + int(pitch)) for step, pitch in enumerate(rng.integers(0, 12, num))]
            for _ in range(8)
        ]

    argv = [
        '--mode=compare',
        f'--reference={written(tmp_path / "tunes", *walks(240))}',
        f'--generated={written(tmp_path / "pieces", *walks(32))}',
        f'--workdir={tmp_path / "out"}',
    ]

    def compared(*more):
        assert launch.main([*argv, *more]) == 0
        out = capsys.readouterr().out
        with open(f'{out.splitlines()[-1]}/comparison.json') as file:
            return json.load(file), out

    whole, out = compared()
    assert out.lower().count('the reference pieces are longer than the generated ones') == 1
    assert whole['lengths'] == {'reference': 120, 'generated': 16}
    cut, out = compared('--config.evaluate.num_bars=4')
    assert 'are longer than' not in out
    assert (cut['num_bars'], cut['lengths']) == (4, {'reference': 16, 'generated': 16})
    assert cut['features']['NC']['reference']['mean'] == 32
    assert cut['averages']['overall']['oa'] > whole['averages']['overall']['oa']
    assert compared('--config.evaluate.num_bars=4')[0] == cut


def test_a_piece_in_several_formats_is_read_once(tmp_path):
    """As a run's samples are written: MIDI rather than ABC, ABC rather than MusicXML."""
    folder = written(tmp_path / 'set', walk(1), walk(2))
    (folder / '00.abc').write_text(tune(1, 'CDEF|'))
    (folder / '00.musicxml').write_text('<score-partwise')
    (folder / '02.musicxml').write_text('<score-partwise')
    (folder / '02.abc').write_text(tune(1, 'CDEF GABc|'))
    found = read(folder)
    assert found.pieces.names == ('00.mid', '01.mid', '02.abc#1')
    assert found.left_out == {}
    assert found.doubles == ('00.abc', '00.musicxml', '02.musicxml')
    assert any('in another format, not read (3)' in line for line in remarks('generated', found))


def test_of_many_pieces_some_are_drawn(tmp_path, monkeypatch):
    """Only for features: all are searched for copies."""
    monkeypatch.setattr('symmusic.measures.folders.MOST_PIECES', 3)
    folder = written(tmp_path / 'set', *(walk(seed) for seed in range(1, 8)), b'MThd')
    found = read(folder)
    assert (len(found.pieces), len(found.scores)) == (3, 7)
    assert list(found.pieces.names) == sorted(found.pieces.names)
    lines = remarks('generated', found)
    assert lines[0].startswith('generated: 1 of 8 pieces left out')
    assert lines[1] == 'generated: features are of 3 of its 7 pieces, drawn by config.seed'


def score_of(*notes, meters=(), pickup=0, tempi=()):
    return Score(tuple(Note(*note) for note in notes), 4, meters, tempi, pickup=pickup)


def test_an_excerpt_by_hand():
    """In 3/4 with a pickup of a quarter: bars start at 4, 16, 28 and 40; a held note is cut at the
    end, and one that started before is left out.
    """
    waltz = (Meter(0, 3, 4),)
    notes = [(0, 4, 60), (4, 14, 62), (18, 8, 64), (28, 16, 65), (44, 8, 67)]
    score = score_of(*notes, meters=waltz, pickup=4, tempi=(Tempo(0, 90.0), Tempo(20, 60.0)))
    found = {cut_score(score, 1, np.random.default_rng(seed)) for seed in range(30)}
    assert {each.notes for each in found} == {
        (Note(0, 12, 62),),
        (Note(2, 8, 64),),
        (Note(0, 12, 65),),
        (Note(4, 8, 67),),
    }
    [third] = [each for each in found if each.notes == (Note(0, 12, 65),)]
    assert (third.pickup, third.tempi) == (0, (Tempo(0, 60.0),))
    [first] = [each for each in found if each.notes == (Note(0, 12, 62),)]
    assert first.tempi == (Tempo(0, 90.0), Tempo(16, 60.0))
    assert cut_score(score, 4, np.random.default_rng(0)) is score
    assert length_of(score) == 13


def test_what_hardly_sounds_is_not_cut():
    """Of four bars of 4/4 the second and third sound for a sixteenth: never one of these alone."""
    score = score_of((0, 16, 60), (16, 1, 61), (32, 1, 62), (48, 16, 63))
    starts = {cut_score(score, 1, np.random.default_rng(seed)).notes[0].pitch for seed in range(30)}
    assert starts == {60, 63}
