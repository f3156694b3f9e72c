"""Sixty of the source's tunes against what the source made of them."""

import json

import pytest

from symmusic.corpus.collections import SourceFile
from symmusic.corpus.prepare import Settings, prepare_files
from symmusic.corpus.windows import count_windows, cut_windows
from symmusic.errors import ScoreError
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.score.meter import check_meter
from symmusic.score.midi import parse_midi

# The source's key, notes and rests; cut time is let through, as the reference holds tunes that the filter would drop.
FAITHFUL = Settings(meters=('4/4', '2/2'), align_pickups=False, rests='end')


@pytest.fixture(scope='module')
def reference(shared):
    folder = shared / 'reference' / 'preprocessing'
    expected = json.loads((folder / 'expected.json').read_text())
    files = [SourceFile(each['file'], folder / 'midi' / each['file']) for each in expected['tunes']]
    return expected, prepare_files(files, FAITHFUL)


def test_parity(reference):
    expected, tunes = reference
    assert len(tunes) == len(expected['tunes']) == 60
    same, different = 0, []
    for tune, each in zip(tunes, expected['tunes'], strict=True):
        assert tune.file == each['file']
        found = (tune.key, tune.transposed_by, tune.events.tolist(), count_windows(tune, 64, 16, keep_last=False))
        wanted = (each['key'], each['transpose'], each['melody'], each['n_windows'])
        if each['direct_equals_reference']:
            assert found == wanted, tune.file
            same += 1
        elif found != wanted:
            different.append(f'{tune.file} (key {tune.key}, {each["key"]} expected; {each["direct_n_diff"]} events differ)')
    assert same == 55
    print('not identical, as the source went through music21:', *different, sep='\n  ')


def test_vocabulary(reference):
    expected, tunes = reference
    fitted = MelodyVocabulary.fit([tune.events for tune in tunes])
    assert expected['min_note'] <= fitted.min_pitch <= fitted.max_pitch <= expected['max_note']  # of 126 tunes
    vocabulary = MelodyVocabulary(expected['min_note'], expected['max_note'])
    assert vocabulary.num_classes == 49
    windows = cut_windows(tunes, vocabulary, 64, 16, keep_last=False)
    assert abs(len(windows) - sum(each['n_windows'] for each in expected['tunes'])) <= 5


def test_filter(reference, shared):
    expected, _ = reference

    def passes(name):
        try:
            check_meter(parse_midi((shared / 'reference' / 'preprocessing' / 'midi' / name).read_bytes()), ('4/4',))
        except ScoreError:
            return False
        return True

    assert [passes(each['file']) for each in expected['tunes']] == [each['kept_by_four_four_filter'] for each in expected['tunes']]
