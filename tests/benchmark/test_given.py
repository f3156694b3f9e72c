"""What is given of chorales: from MIDI and MusicXML to classes."""

import itertools
import zipfile

import numpy as np
import pytest

from symmusic.benchmark import given
from symmusic.benchmark.given import (
    AHEAD,
    LENGTHS,
    MOST_LEFT,
    NUM_CLASSES,
    NUM_CLASSES_AHEAD,
    PLACES,
    SIZES,
    describe,
    find_phrases,
    look_ahead,
    read_given,
    read_phrases,
    read_rhythm,
)
from symmusic.corpus.collections import music21_corpus
from symmusic.errors import UserError
from symmusic.score.midi import parse_midi
from tests.benchmark.melodies import write_package
from tests.score.midi_bytes import melody

OFFSETS = list(itertools.accumulate(SIZES, initial=0))[:-1]
FERMATA = '<notations><fermata/></notations>'
# a pickup, a bar of a half and a tied half with a fermata, a half at the end
NOTES = (('C', 1, '', ''), ('D', 2, '', ''), ('E', 2, 'start', ''), ('E', 1, 'stop', FERMATA))
SCORE = melody((60, 4), (62, 8), (64, 12), (65, 8))


def xml(notes):
    def one(step, quarters, tie, marks):
        tied = f'<tie type="{tie}"/>' if tie else ''
        pitch = f'<pitch><step>{step}</step><octave>4</octave></pitch>'
        return f'<note>{pitch}<duration>{2 * quarters}</duration>{tied}{marks}</note>'

    bars = [[notes[0]], notes[1:3], [*notes[3:], ('F', 2, '', '')]]
    measures = ''.join(
        f'<measure number="{number}">'
        + '<attributes><divisions>2</divisions></attributes>' * (number == 0)
        + ''.join(itertools.starmap(one, bar))
        + '</measure>'
        for number, bar in enumerate(bars)
    )
    return f'<score-partwise><part id="P1">{measures}</part></score-partwise>'


def packed(path, notes=NOTES):
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('META-INF/container.xml', '<container/>')
        file.writestr('tune.xml', xml(notes))
    return path


def test_phrases_are_read(tmp_path):
    found = read_phrases(packed(tmp_path / 'a.mxl'))
    assert found.pitches.tolist() == [60, 62, 64, 65]
    assert found.is_end.tolist() == [False, False, True, False]
    assert found.pickup == 1


def test_another_melody_gives_no_phrases(tmp_path):
    score = parse_midi(SCORE)
    other = packed(tmp_path / 'a.mxl', (('C', 1, '', ''), ('F', 2, '', ''), *NOTES[2:]))
    assert find_phrases(score, [other]) is None
    assert find_phrases(score, []) is None
    assert find_phrases(score, [other, packed(tmp_path / 'b.mxl')]).pickup == 1


def test_classes_by_hand(tmp_path):
    score = parse_midi(SCORE)
    found = describe(score, read_phrases(packed(tmp_path / 'a.mxl'))) - OFFSETS
    places, lengths, before, ends, ended, left, is_last = found.T.tolist()
    assert places == [6, 0, 4, 2]  # eighths from the bar line, of which the first note is before
    classes = np.searchsorted(LENGTHS, [1, 2, 3, 2]).tolist()
    assert lengths == classes
    assert before == [len(LENGTHS) + 1, *classes[:-1]]
    assert (ends, ended) == ([0, 0, 1, 1], [2, 0, 0, 1])
    assert (left, is_last) == ([2, 1, 0, 0], [0, 0, 0, 1])


def test_what_is_not_known():
    found = describe(parse_midi(SCORE), None) - OFFSETS
    assert np.unique(found[:, 0]).tolist() == [PLACES]
    assert np.unique(found[:, [3, 4, 6]]).tolist() == [2]
    assert np.unique(found[:, 5]).tolist() == [MOST_LEFT + 1]
    assert (found < SIZES).all()


def test_the_lengths_of_later_notes():
    """Of a melody of four notes; there is no fifth."""
    classes = describe(parse_midi(SCORE), None)
    found = look_ahead(classes)
    np.testing.assert_array_equal(found[:, : len(SIZES)], classes)
    lengths, none = (classes - OFFSETS)[:, 1].tolist(), SIZES[2] - 1
    later = found[:, len(SIZES) :] - NUM_CLASSES - SIZES[2] * np.arange(AHEAD)
    assert later.tolist() == [
        lengths[1:4],
        [*lengths[2:4], none],
        [lengths[3], none, none],
        [none] * 3,
    ]
    assert found.max() < NUM_CLASSES_AHEAD
    assert look_ahead(classes[:1]).shape == (1, len(SIZES) + AHEAD)


def test_each_melody_of_the_set_is_described(tmp_path, monkeypatch):
    write_package(tmp_path, monkeypatch, num=10)
    monkeypatch.setattr(given, 'music21_corpus', lambda: tmp_path)
    with pytest.raises(UserError, match=r'phrases of 0 melodies of set 2 chor; must be 173, as in'):
        read_given(tmp_path)
    monkeypatch.setattr(given, 'NUM_KNOWN', 0)
    rhythm = read_rhythm('1 nova', tmp_path)
    assert len(rhythm) == 10
    assert all((each - OFFSETS)[:, 3].tolist() == [2] * len(each) for each in rhythm)
    found = read_given(tmp_path)
    assert len(found) == 10
    assert all(each.shape[1] == len(SIZES) and each.max() < sum(SIZES) for each in found)


@pytest.mark.parametrize('content', [b'', b'PK', b'<score-partwise/>'])
def test_a_damaged_file_of_music21(tmp_path, content):
    path = tmp_path / 'a.mxl'
    path.write_bytes(content)
    with pytest.raises(UserError, match=r'a\.mxl: damaged; reinstall music21'):
        read_phrases(path)
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('tune.xml', '<score')
    with pytest.raises(UserError, match='damaged'):
        read_phrases(path)


def test_a_chorale_of_music21():
    found = read_phrases(music21_corpus() / 'bach' / 'bwv254.mxl')
    assert len(found.pitches) == 41
    assert found.is_end.sum() >= 5
