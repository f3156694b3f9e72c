"""The page finds the same runs of training tunes as Python, and says so."""

import numpy as np

from symmusic.melody.events import StepNote
from symmusic.originality.sketch import find_shared, make_sketch
from tests.studio.pure import documents, run_pure


def test_the_page_finds_what_python_finds():
    given = documents(40, seed=4)
    melodies = [
        [StepNote(n['onset'], n['onset'] + n['length'], n['pitch']) for n in doc['notes']]
        for doc in given
    ]
    for num_notes in (2, 6):
        sketch = make_sketch(melodies[:20], num_notes)
        levels = [[4, 3.05], [8, 5.0]]
        found = run_pure(
            'const sketch = readSketch(DATA.sketch);'
            ' return DATA.docs.map(({notes}) => [findShared(sketch, notes),'
            ' sharedBy(sketch, notes)]);',
            {'sketch': sketch.to_json() | {'levels': levels}, 'docs': given},
        )
        for melody, (stretches, shared) in zip(melodies, found, strict=True):
            own = find_shared(sketch, melody)
            assert [(each['from'], each['to']) for each in stretches] == own
            sizes = [end - begin for begin, end in own]
            level = 5.0 if len(melody) >= 8 else 3.05
            assert shared['num'] == max(sizes, default=0)
            assert (shared['level'], shared['isBeyond']) == (level, shared['num'] > level)
            if own:
                first = own[int(np.argmax(sizes))][0]
                assert shared['first']['onset'] == melody[first].onset


def test_what_a_tune_shares_is_told_in_words():
    doc = documents(1, seed=5)[0]
    melody = [StepNote(n['onset'], n['onset'] + n['length'], n['pitch']) for n in doc['notes']]
    told = run_pure(
        'return DATA.levels.map((levels) => {'
        ' const sketch = readSketch({...DATA.sketch, levels}), doc = checkDocument(DATA.doc);'
        ' const shared = sharedBy(sketch, doc.notes);'
        ' return [sharedWords(shared), tellShared(sketch, shared, doc)]; });',
        {
            'sketch': make_sketch([melody], 4).to_json(),
            'doc': doc,
            'levels': [[], [[1, len(melody)]], [[1, 3.0]]],
        },
    )
    words = f'up to {len(melody)} notes in a row as in a training tune'
    assert [short for short, _ in told] == [words, words, f'{words}, more than usual']
    assert [sentence.rpartition(')')[2] for _, sentence in told] == [
        '.',
        ', as is usual.',
        '; 95 % of other tunes have at most 3.',
    ]
    none = run_pure(
        'const sketch = {...readSketch(DATA), levels: []}, notes = [];'
        ' return [readSketch(null), sharedBy(null, notes), sharedWords(null),'
        ' sharedBy(sketch, notes).num];',
        make_sketch([melody]).to_json(),
    )
    assert none == [None, None, '', 0]
