"""Our readers against independent ones: abc2midi and abcjs for ABC, symusic for MIDI.

The comparisons themselves are slow tests (about three minutes on two cores); they skip where the
other readers are missing. The rest shows that the comparison can fail.
"""

import dataclasses
import random

import pytest

from symmusic.score import abc_rhythm
from tests.score.differential import compare, generate_abc, generate_midi, others
from tests.score.differential.compare import agree, compare_files, compare_tunes, read_ours
from tests.score.differential.kinds import (
    AVOIDED,
    CLOSED_REPEAT,
    DOUBLE_BAR,
    LINE_BREAK,
    OPEN_TIE,
    rewrite,
)

SHARE = 0.999  # of all tunes, known kinds written out
HEAD = 'X:1\nT:Made up\nM:4/4\nL:1/4\nK:C\n'

# Tunes of the collections that no other reader reads as ours does, and why ours is right.
EXCEPTIONS = {
    'oneills1850/0001-0050.abc#9': 'G-<B3 is a broken rhythm of unlike lengths, each of which is'
    ' scaled (abc2midi makes them alike); the > before the last bar line has no second note'
    ' (abcjs lengthens the one before it)',
    'oneills1850/0051-0100.abc#44': 'abcjs doubles a note before a line break; abc2midi takes 3/4'
    ' for a compound metre, and so tuplets of five and nine for longer',
    'oneills1850/1276-1375.abc#7': 'a broken rhythm of the last note of a triplet and the one'
    ' behind it scales both; abc2midi does not read it, abcjs only in one of them',
    'ryansMammoth/42dHighlandRegimentStrathspey.abc#1': 'a broken rhythm of unlike lengths, as'
    ' above; abcjs does not read one with a staccato between',
    'ryansMammoth/BrooksideHornpipe.abc#1': 'the number of an ending stands at the beginning of a'
    ' line, its bar line at the end of the one before; the others read no ending there',
    'ryansMammoth/MyLadysGoonHasGairsOntStrathspey.abc#1': 'the bracket in ["Coda" e3g is never'
    ' closed: no chord, its notes come one after the other',
    'ryansMammoth/TidalWaveJig.abc#1': 'damaged text: =3D stands for =, =20 for a blank',
}


# Tunes that both others read alike and otherwise than ours: `kinds.LINE_BREAK`.
OPPOSED = {'airdsAirs/book6.abc#91', 'airdsAirs/book6.abc#110'}


@pytest.fixture
def abc_readers():
    if lacks := others.missing_for_abc():
        pytest.skip(f'compares with other readers of ABC, and this machine lacks {lacks}')


@pytest.fixture
def midi_readers():
    if lacks := others.missing_for_midi():
        pytest.skip(f'compares with another reader of MIDI, and this machine lacks {lacks}')


@pytest.mark.slow
@pytest.mark.usefixtures('abc_readers')
def test_collections():
    found = [compare_tunes(compare.collection_tunes(folder)) for folder in compare.FOLDERS]
    assert [each.compared for each in found] == [2009, 1180, 1059, 8514]
    assert {name for each in found for name in each.left} == set(EXCEPTIONS)
    compared = sum(each.compared for each in found)
    assert sum(len(each.left) for each in found) / compared <= 1 - SHARE
    # As they are, nothing written out: where the others agree, ours does too but for `OPPOSED`;
    # the rest are tunes that the others read in two ways, none of them ours.
    assert {name for each in found for name in each.opposed} == OPPOSED
    assert sum(each.agreeing for each in found) / compared > 0.993


@pytest.mark.slow
@pytest.mark.usefixtures('abc_readers')
def test_generated_tunes():
    found = compare_tunes(compare.generated_tunes())
    assert found.compared == compare.NUM_GENERATED
    assert found.agreeing / found.compared >= SHARE, found.left


@pytest.mark.slow
@pytest.mark.usefixtures('midi_readers')
def test_generated_files():
    found = compare_files(compare.generated_files())
    assert found.compared == compare.NUM_GENERATED
    assert found.agreeing / found.compared >= SHARE, found.left


@pytest.mark.usefixtures('abc_readers')
def test_a_fault_of_ours_is_seen(monkeypatch):
    tunes = {'plain': HEAD + 'C>D E2|', 'other': HEAD + 'CDEF|'}
    assert compare_tunes(tunes).left == []
    monkeypatch.setattr(abc_rhythm, '_broken_share', lambda halvings: 1)
    found = compare_tunes(tunes)
    assert (found.compared, found.agreeing, found.left) == (2, 1, ['plain'])


@pytest.mark.usefixtures('midi_readers')
def test_a_fault_in_midi_is_seen(monkeypatch):
    files = compare.generated_files(20)
    assert compare_files(files).share() == 1
    read = compare.parse_midi

    def shifted(data, part):
        score = read(data, part)
        first = dataclasses.replace(score.notes[0], duration=score.notes[0].duration + 10_000)
        return dataclasses.replace(score, notes=(first, *score.notes[1:]))

    monkeypatch.setattr(compare, 'parse_midi', shifted)
    assert compare_files(files).agreeing == 0


@pytest.mark.usefixtures('abc_readers')
@pytest.mark.parametrize(
    ('tune', 'expected'),
    [
        ('CDEF|', [(0, 1, 60), (1, 1, 62), (2, 1, 64), (3, 1, 65)]),
        # what the others play of these, and ours does not, is taken out
        ('{de}C2 !trill!D2|', [(0, 2, 60), (2, 2, 62)]),
        ('~.C2 TD HE|', [(0, 2, 60), (2, 1, 62), (3, 1, 64)]),
        ('"Am"C2[Q:1/4=30]D2|', [(0, 2, 60), (2, 2, 62)]),
        ('[CEG]2 z2|', [(0, 2, 60), (0, 2, 64), (0, 2, 67)]),
        ('C>D E2|', [(0, 1.5, 60), (1.5, 0.5, 62), (2, 2, 64)]),
    ],
)
def test_what_the_others_read(tune, expected):
    text = 'X:7\nT:Made up\nR:hornpipe\nM:4/4\nL:1/4\nK:C\n' + tune
    for read in (others.read_with_abc2midi, others.read_with_abcjs):
        assert agree(read([text])[0], [tuple(map(float, note[:2])) + note[2:] for note in expected])
    assert agree(read_ours(text), expected)


@pytest.mark.usefixtures('abc_readers')
def test_what_generated_tunes_avoid_is_read_otherwise_by_those_that_are_named():
    tunes = ['X:1\nT:Made up\n' + each.tune for each in AVOIDED]
    read = {
        'abc2midi': others.read_with_abc2midi(tunes),
        'abcjs': others.read_with_abcjs(tunes),
    }
    for place, each in enumerate(AVOIDED):
        differing = [name for name, found in read.items() if not agree(found[place], each.notes)]
        assert (each.reason, differing) == (each.reason, list(each.readers))


@pytest.mark.parametrize('avoided', AVOIDED, ids=lambda each: each.reason)
def test_what_generated_tunes_avoid_is_read_right_by_ours(avoided):
    assert agree(read_ours('X:1\nT:Made up\n' + avoided.tune), avoided.notes)


@pytest.mark.slow
@pytest.mark.usefixtures('abc_readers')
def test_a_tune_that_abcjs_never_ends_is_named(monkeypatch, tmp_path):
    script = tmp_path / 'hangs.js'
    wait = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'
    called = '    notes = notesOf(text);'
    script.write_text(
        others.ABCJS.read_text().replace(called, f"if (text.includes('Endless')) {wait}{called}")
    )
    monkeypatch.setattr(others, 'ABCJS', script)
    with pytest.raises(TimeoutError, match=r'tune 2 of 3.*Endless'):
        others.read_with_abcjs([HEAD + 'C', 'T:Endless\nK:C\nC', HEAD + 'D'], seconds=10)


@pytest.mark.usefixtures('abc_readers')
def test_one_tune_does_not_change_the_next():
    tunes = [HEAD.replace('K:C', f'K:C{clef}') + 'CDEF|' for clef in (' octave=1', '', ' treble-8')]
    tunes.insert(1, HEAD + '%%MIDI transpose 5\nCDEF|')
    tunes.append('X:1\nT:No key and no notes')
    for read in (others.read_with_abc2midi, others.read_with_abcjs):
        first = [notes[0][2] if notes else None for notes in read(tunes)]
        assert first == [72, 65, 60, 48, None]


NOTES = [(0.0, 1.0, 60), (1.0, 1.0, 62)]


@pytest.mark.parametrize(
    'other',
    [
        [],
        NOTES[:1],
        [*NOTES, (2.0, 1.0, 64)],
        [NOTES[0], (1.0, 1.0, 61)],
        [NOTES[0], (1.02, 1.0, 62)],
        [NOTES[0], (1.0, 1.02, 62)],
        None,
    ],
)
def test_agree(other):
    assert agree(NOTES, [(0.002, 0.998, 60), NOTES[1]])
    assert not agree(NOTES, other)
    assert not agree(other, NOTES)
    assert not agree(None, None)


def test_kinds_write_out_what_is_meant():
    assert rewrite(HEAD + 'CD||EF:|', (DOUBLE_BAR,)) == HEAD + 'CD |: EF:|'
    # what already opens a repeat or an ending stays
    for line in ('CD||:EF:|', 'CD||1 EF:|2 GA|', 'CD:||', 'N:a || b', '% ||'):
        assert rewrite(HEAD + line, (DOUBLE_BAR,)) == HEAD + line
    assert rewrite(HEAD + 'CD:|EF:|', (CLOSED_REPEAT,)) == HEAD + 'CD::EF::'
    for line in ('CD:|2 EF|', 'CD:| [2 EF|', 'CD:|:EF'):
        assert rewrite(HEAD + line, (CLOSED_REPEAT,)) == HEAD + line
    assert rewrite(HEAD + 'C!D-', (LINE_BREAK, OPEN_TIE)) == HEAD + 'CD'
    assert rewrite('T:a || b-c\nK:C\nC||', (DOUBLE_BAR, OPEN_TIE)) == 'T:a || b-c\nK:C\nC |: '


@pytest.mark.parametrize('module', [generate_abc, generate_midi])
def test_generators_are_settled_and_use_every_feature(module):
    make = getattr(module, 'generate_tune', None) or module.generate_midi
    drawn = [make(seed) for seed in range(60)]
    assert drawn == [make(seed) for seed in range(60)]
    assert len(set(drawn)) == 60
    draw = getattr(module, '_Tune', None) or module._File
    seen = {feature for seed in range(60) for feature in draw(random.Random(seed)).has}
    assert seen == set(module.FEATURES)


def test_our_readers_read_what_is_generated():
    assert all(read_ours(text) for text in compare.generated_tunes(100).values())
    for data in compare.generated_files(100).values():
        assert list(compare.read_instruments(data))
