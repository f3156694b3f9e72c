"""What is given of chorales: from MIDI and MusicXML to classes."""

import itertools
import zipfile

import numpy as np

from symmusic.benchmark import given
from symmusic.benchmark.given import (
    LENGTHS,
    MOST_LEFT,
    PLACES,
    SIZES,
    describe,
    find_phrases,
    read_given,
    read_phrases,
)
from symmusic.corpus.collections import music21_corpus
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


def test_each_melody_of_the_set_is_described(tmp_path, monkeypatch):
    write_package(tmp_path, monkeypatch, num=10)
    monkeypatch.setattr(given, 'music21_corpus', lambda: tmp_path)
    found = read_given(tmp_path)
    assert len(found) == 10
    assert all(each.shape[1] == len(SIZES) and each.max() < sum(SIZES) for each in found)


def test_a_chorale_of_music21():
    found = read_phrases(music21_corpus() / 'bach' / 'bwv254.mxl')
    assert len(found.pitches) == 41
    assert found.is_end.sum() >= 5
