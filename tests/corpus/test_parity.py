"""Sixty tunes of the thesis, prepared under `data.protocol = 'thesis'`, equal what the thesis made
of them.
"""

import dataclasses
import json

import numpy as np
import pytest

from symmusic.config.protocol import PROTOCOLS
from symmusic.corpus.cache import Corpus
from symmusic.corpus.collections import SourceFile
from symmusic.corpus.dataset import build_dataset
from symmusic.corpus.prepare import Settings, prepare_files
from symmusic.corpus.windows import count_windows, cut_windows
from symmusic.melody.encodings.melody import MelodyVocabulary

RULES = {name.removeprefix('data.'): value for name, value in PROTOCOLS['thesis'].items()}
THESIS = Settings(RULES['meters'], RULES['align_pickups'], RULES['rests'], strict=True)
# Cut time is allowed, as the reference holds tunes that the filter would drop.
FAITHFUL = dataclasses.replace(THESIS, meters=('4/4', '2/2'))
CUT = {'window_steps': 64, 'hop_steps': RULES['hop_steps'], 'keep_last': RULES['keep_last_window']}


@pytest.fixture(scope='module')
def reference(shared):
    folder = shared / 'reference' / 'preprocessing'
    expected = json.loads((folder / 'expected.json').read_text())
    files = [SourceFile(each['file'], folder / 'midi' / each['file']) for each in expected['tunes']]
    return expected, files, prepare_files(files, FAITHFUL)


def test_parity(reference):
    expected, _, tunes = reference
    assert len(tunes) == len(expected['tunes']) == 60
    same, different = 0, []
    for tune, each in zip(tunes, expected['tunes'], strict=True):
        assert tune.file == each['file']
        found = (tune.key, tune.transposed_by, tune.events.tolist(), count_windows(tune, **CUT))
        wanted = (each['key'], each['transpose'], each['melody'], each['n_windows'])
        if each['direct_equals_reference']:
            assert found == wanted, tune.file
            same += 1
        elif found != wanted:
            different.append(
                f'{tune.file} (key {tune.key}, {each["key"]} expected; {each["direct_n_diff"]}'
                ' events differ)'
            )
    assert same == 55
    print('not identical, as the thesis went through music21:', *different, sep='\n  ')


def test_vocabulary(reference):
    expected, _, tunes = reference
    fitted = MelodyVocabulary.fit([tune.events for tune in tunes])
    # of 126 tunes
    assert expected['min_note'] <= fitted.min_pitch <= fitted.max_pitch <= expected['max_note']
    vocabulary = MelodyVocabulary(expected['min_note'], expected['max_note'])
    assert vocabulary.num_classes == 49
    windows = cut_windows(tunes, vocabulary, **CUT)
    assert abs(len(windows) - sum(each['n_windows'] for each in expected['tunes'])) <= 5


def test_filter(reference):
    """The protocol keeps what the thesis's filter kept, and prepares it in the same way."""
    expected, files, tunes = reference
    filtered = prepare_files(files, THESIS)
    assert [tune.kept for tune in filtered] == [
        each['kept_by_four_four_filter'] for each in expected['tunes']
    ]
    assert [tune.events.tolist() for tune in filtered if tune.kept] == [
        tune.events.tolist() for tune, again in zip(tunes, filtered, strict=True) if again.kept
    ]


def test_split(reference):
    """80/20 over windows, none dropped; both parts are from the same tunes."""
    _, _, tunes = reference
    corpus = Corpus('reference', len(tunes), tuple(tunes), np.arange(len(tunes), dtype=np.int32))
    cut = {'encoding': 'melody', 'cover_end': False, 'max_windows': 0, 'split_seed': 0, **CUT}
    dataset = build_dataset(corpus, split=RULES['split'], **cut)
    num_windows = sum(count_windows(tune, **CUT) for tune in tunes)
    assert (len(dataset.train), len(dataset.validation)) == (
        num_windows - -(-num_windows // 5),
        -(-num_windows // 5),
    )
    assert dataset.test is None
    assert dataset.num_copies['validation'] > 0
