"""From folders to the similarity of pieces."""

import dataclasses
import json

import numpy as np
import pytest

from symmusic.corpus.prepare import Tune
from symmusic.errors import UserError
from symmusic.melody.events import from_events
from symmusic.originality.plagiarism import (
    Match,
    index_corpus,
    index_folder,
    measure_copies,
    measure_similarity,
    read_melodies,
)
from symmusic.report.comparison_file import as_json
from symmusic.score.monophonic import parse_monophonic
from tests.score.midi_bytes import melody, midi, off, on, track

CHORD = midi(track((0, on(60)), (0, on(64)), (4, off(60)), (0, off(64))))


def test_toy(shared):
    folder = shared / 'reference' / 'melodyshape' / 'toy'
    collection, left_out = index_folder(folder / 'collection')
    result = measure_similarity(folder / 'queries', collection)
    block = as_json({'similarity': result})['similarity']
    assert json.loads(json.dumps(block, allow_nan=False)) == block
    assert block['pieces']['Q1.mid'] == {'score': pytest.approx(0.8, abs=1e-12), 'match': 'D1.mid'}
    assert block['pieces']['Q2.mid'] == {'score': pytest.approx(0.6, abs=1e-12), 'match': 'D2.mid'}
    assert block['pieces']['Q3.mid'] == {
        'score': pytest.approx(-1 / 3, abs=1e-12),
        'match': 'D1.mid',
    }
    assert block['mean'] == pytest.approx((0.8 + 0.6 - 1 / 3) / 3, abs=1e-12)
    assert (block['unusable'], block['left_out'], left_out) == (0, {}, {})


def test_files_without_a_melody_are_reported(tmp_path):
    for name, data in {
        'a.mid': melody(*((pitch, 2) for pitch in (60, 62, 64, 65))),
        'b.MIDI': melody((60, 2), (62, 2)),
        'c.mid': CHORD,
        'd.mid': b'not a midi file',
        'e.mid': b'',
        'f.mid': melody(),
        'g.txt': b'',
    }.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / 'h.mid').mkdir()
    melodies, left_out = read_melodies(tmp_path)
    assert list(melodies) == ['a.mid', 'b.MIDI', 'f.mid']
    assert {name: reason.split(':')[0] for name, reason in left_out.items()} == {
        'c.mid': 'polyphonic',
        'd.mid': 'damaged MIDI',
        'e.mid': 'damaged MIDI',
    }
    result = measure_similarity(tmp_path, index_folder(tmp_path)[0])
    block = as_json({'similarity': result})['similarity']
    assert block['unusable'] == 2
    assert block['sd'] == 0
    assert block['pieces']['b.MIDI'] == block['pieces']['f.mid'] == {'score': None, 'match': None}
    assert block['pieces']['a.mid']['match'] == 'a.mid'
    assert block['mean'] == block['pieces']['a.mid']['score']
    assert set(block['left_out']) == set(left_out)


def test_no_piece_is_usable(tmp_path):
    (tmp_path / 'a.mid').write_bytes(melody((60, 2)))
    (tmp_path / 'b.mid').write_bytes(CHORD)
    result = measure_similarity(tmp_path, index_folder(tmp_path)[0])
    block = as_json({'similarity': result})['similarity']
    assert (block['mean'], block['sd'], block['unusable'], list(block['pieces'])) == (
        None,
        None,
        1,
        ['a.mid'],
    )


def test_no_folder(tmp_path):
    with pytest.raises(UserError, match='holds no'):
        read_melodies(tmp_path)
    with pytest.raises(UserError, match='cannot read the folder'):
        read_melodies(tmp_path / 'none')


def test_a_corpus_gives_an_index(tmp_path):
    events = np.array([60, -2, 62, -1, 64, 65, -2], np.int8)
    tunes = [
        Tune('x.abc#1', phrases=(events,)),
        Tune('x.abc#2', reason='meter'),
        Tune('x.abc#3', phrases=(events[:4], events[4:]), gaps=(1,)),
    ]
    collection = index_corpus(tunes)
    assert collection.names == ('x.abc#1', 'x.abc#3')
    assert collection.num_notes.tolist() == [4, 4]
    assert [
        note.pitch for note in parse_monophonic(melody((67, 2), (69, 2), (71, 2), (72, 2)))
    ] == [67, 69, 71, 72]
    (tmp_path / 'a.mid').write_bytes(melody((67, 2), (69, 2), (71, 2), (72, 2)))
    assert measure_similarity(tmp_path, collection).pieces['a.mid'] == Match(0.5, 'x.abc#1')


def test_copies_are_flagged_above_the_level():
    rng = np.random.default_rng(0)
    tunes = [
        Tune(f'{number}.mid', phrases=(rng.integers(-2, 80, 200).astype(np.int8),))
        for number in range(20)
    ]
    unseen = [from_events(rng.integers(-2, 80, 64)) for _ in range(20)]
    pieces = {
        'own.mid': unseen[0],
        'copy.mid': from_events(tunes[13].events[32:96]),
        'empty.mid': [],
    }
    result = measure_copies(pieces, unseen, [Tune('x', reason='meter'), *tunes])
    blocks = json.loads(json.dumps(as_json({'copies': result})))['copies']
    for block in blocks.values():
        assert block['flagged'] == ['copy.mid']
        assert block['pieces']['empty.mid'] == dict.fromkeys(block['pieces']['empty.mid'], 0) | {
            'tune': None,
            'piece_notes': [0, 0],
            'tune_notes': [0, 0],
        }
        found = block['pieces']['copy.mid']
        assert (found['tune'], found['share'], found['tune_bar']) == ('13.mid', 1.0, 3)
        assert found['score'] > block['level'] >= block['pieces']['own.mid']['score']
    after_pickup = [dataclasses.replace(tune, first_bar=0) for tune in tunes]
    found = measure_copies({'copy.mid': pieces['copy.mid']}, [], after_pickup)
    assert [
        block.pieces['copy.mid'].passage.tune_bar for block in (found.longest_run, found.alignment)
    ] == [2, 2]
    assert measure_copies({'own.mid': unseen[0]}, [], tunes).alignment.level is None
