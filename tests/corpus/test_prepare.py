"""From one score to one tune, and from a folder with all kinds of files to its tunes and drop
counts.
"""

import dataclasses
import itertools
import tracemalloc

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.corpus import prepare
from symmusic.corpus.collections import find_files
from symmusic.corpus.drops import count_drops
from symmusic.corpus.files import list_tunes
from symmusic.corpus.prepare import Settings, Tune, fingerprint, prepare_files, prepare_score
from symmusic.errors import ScoreError
from symmusic.melody.events import StepNote, from_events
from symmusic.score.detection import MAJOR, MINOR
from symmusic.score.key import Key
from symmusic.score.musicxml import format_musicxml
from symmusic.score.notes import OTHER_VOICES, Meter, Note, Score
from tests.corpus.tunes import mixed_folder, random_notes, tune, write_files
from tests.score.midi_bytes import melody

HOLD, OFF = -2, -1


def score(*notes, **fields):
    """Of notes (onset, duration, pitch) in sixteenths."""
    return Score(
        tuple(Note(*note) for note in notes), 4, **({'meters': (Meter(0, 4, 4),)} | fields)
    )


def scale(profile, tonic):
    """Notes in turn, with lengths from a key's profile, so that their key is certain."""
    lengths = [max(round(weight), 0) for weight in profile]
    onsets = itertools.accumulate(lengths, initial=0)
    return [
        (onset, length, 60 + tonic + degree)
        for degree, (onset, length) in enumerate(zip(onsets, lengths, strict=False))
        if length
    ]


def test_one_tune():
    prepared = prepare_score(
        score((0, 4, 67), (4, 4, 71), (8, 4, 74), (14, 4, 67), title='Tune'), 'a.mid', Settings()
    )
    whole = Tune('a.mid', 'Tune', '4/4', '', 'G major', 5, prepared.phrases, (), num_read=4)
    assert prepared == whole
    assert prepared.kept
    assert prepared.events.tolist() == [
        72,
        HOLD,
        HOLD,
        HOLD,
        76,
        HOLD,
        HOLD,
        HOLD,
        79,
        HOLD,
        HOLD,
        HOLD,
        OFF,
        HOLD,
        72,
        HOLD,
        HOLD,
        HOLD,
    ]


@pytest.mark.parametrize(
    ('profile', 'tonic', 'key', 'distance'),
    [
        (MAJOR, 7, 'G major', 5),
        (MAJOR, 2, 'D major', -2),
        (MAJOR, 5, 'F major', -5),
        (MINOR, 2, 'd minor', -5),
        (MINOR, 4, 'e minor', 5),
        (MINOR, 0, 'c minor', -3),
    ],
)
def test_transposed_as_a_whole(profile, tonic, key, distance):
    notes = scale(profile, tonic)
    prepared = prepare_score(score(*notes), '', Settings())
    assert (prepared.key, prepared.transposed_by) == (key, distance)
    assert [note.pitch for note in from_events(prepared.events)] == [
        pitch + distance for _, _, pitch in notes
    ]


@hypothesis.given(st.integers(0, 11), st.integers(0, 11), st.sampled_from([MAJOR, MINOR]))
def test_key_of_the_file_does_not_matter(first, second, profile):
    one, other = (
        prepare_score(score(*scale(profile, tonic)), '', Settings()).events
        for tonic in (first, second)
    )
    octaves = (one - other)[one >= 0]
    assert set(octaves.tolist()) in ({0}, {12}, {-12})
    np.testing.assert_array_equal(one[one < 0], other[other < 0])


def test_meters():
    half = score((0, 4, 60), meters=(Meter(0, 2, 2),))
    assert prepare_score(half, '', Settings()).meter == '2/2'
    with pytest.raises(ScoreError, match='meter: 2/2'):
        prepare_score(half, '', Settings(meters=('4/4',)))


def test_strict():
    """Two time signatures are dropped even if they are equal, and so is a second instrument;
    without `strict` both pass.
    """
    twice = score((0, 4, 60), meters=(Meter(0, 4, 4), Meter(64, 4, 4)))
    duet = dataclasses.replace(score((0, 4, 60)), num_instruments=2)
    for made, reason in ((twice, 'several time signatures'), (duet, 'several instruments')):
        assert prepare_score(made, '', Settings()).kept
        with pytest.raises(ScoreError) as caught:
            prepare_score(made, '', Settings(strict=True))
        assert caught.value.reason == reason
    assert prepare_score(score((0, 4, 60)), '', Settings(strict=True)).kept


def test_range():
    with pytest.raises(ScoreError) as caught:
        prepare_score(
            score(*((onset, length, pitch + 48) for onset, length, pitch in scale(MAJOR, 7))),
            '',
            Settings(),
        )
    assert caught.value.reason == 'pitch range'
    # B major, moved up by one
    high = [(onset, length, pitch + 36) for onset, length, pitch in scale(MAJOR, 11)]
    assert (
        max(
            note.pitch
            for note in from_events(
                prepare_score(score(*high, (200, 1, 126)), '', Settings()).events
            )
        )
        == 127
    )
    with pytest.raises(ScoreError, match='pitch range'):
        prepare_score(score(*high, (200, 1, 127)), '', Settings())
    low = [(onset, length, pitch - 60) for onset, length, pitch in scale(MAJOR, 5)]
    assert min(from_events(prepare_score(score(*low), '', Settings()).events)).pitch == 0
    with pytest.raises(ScoreError, match=r'-5 semitones lead outside of 0\.\.127'):
        prepare_score(score(*low, (200, 1, 4)), '', Settings())


def test_a_silent_bar():
    notes = score((0, 4, 60), (20, 4, 64), (26, 2, 67))
    both = prepare_score(notes, '', Settings(rests='phrase'))
    assert [phrase.tolist() for phrase in both.phrases] == [
        [60, HOLD, HOLD, HOLD],
        [*[HOLD] * 4, 64, HOLD, HOLD, HOLD, OFF, HOLD, 67, HOLD],
    ]
    assert both.gaps == (0,)
    assert both.events.tolist() == [
        60,
        HOLD,
        HOLD,
        HOLD,
        OFF,
        *[HOLD] * 15,
        64,
        HOLD,
        HOLD,
        HOLD,
        OFF,
        HOLD,
        67,
        HOLD,
    ]
    first = prepare_score(notes, '', Settings(rests='end'))
    assert [phrase.tolist() for phrase in first.phrases] == [[60, HOLD, HOLD, HOLD]]
    assert first.gaps == ()


def test_silence_of_whole_bars():
    prepared = prepare_score(score((0, 16, 67), (48, 16, 67)), '', Settings())
    assert prepared.gaps == (2,)
    assert prepared.events.tolist() == [67, *[HOLD] * 15, OFF, *[HOLD] * 31, 67, *[HOLD] * 15]


@pytest.mark.parametrize(
    ('notes', 'settings', 'bars'),
    [
        ([(0, 16, 60)], {}, [1]),
        ([(0, 4, 60), (4, 16, 64)], {'pickup': 4}, [0]),
        ([(4, 16, 64)], {'pickup': 4}, [1]),
        ([(4, 4, 60), (36, 16, 64)], {'pickup': 4}, [1, 3]),
        ([(32, 16, 60)], {}, [3]),
        ([(0, 4, 60), (4, 16, 64), (4 + 16 * 9, 4, 64)], {'pickup': 4}, [0, 10]),
    ],
)
def test_bars_are_numbered_as_in_the_file(notes, settings, bars):
    tune = prepare_score(score(*notes, **settings), '', Settings())
    assert tune.bars == bars
    assert tune.melody[0].onset // 16 + 1 == bars[0]


def test_pickup():
    with_pickup = score((0, 4, 60), (4, 16, 64), pickup=4)
    assert prepare_score(with_pickup, '', Settings()).events.tolist() == [
        *[HOLD] * 12,
        60,
        HOLD,
        HOLD,
        HOLD,
        64,
        *[HOLD] * 15,
    ]
    faithful = prepare_score(with_pickup, '', Settings(align_pickups=False))
    assert faithful.events.tolist() == [60, HOLD, HOLD, HOLD, 64, *[HOLD] * 15]


@hypothesis.given(
    st.lists(
        st.tuples(st.integers(0, 70), st.integers(1, 20), st.sampled_from([60, 64, 67])),
        min_size=1,
        max_size=12,
    )
)
def test_events_include_the_silence(rows):
    """All phrases together give each note its place in the tune, counted from the first bar with a
    note.
    """
    notes, step = [], 0
    for rest, length, pitch in rows:
        notes.append((step + rest, length, pitch))
        step += rest + length
    prepared = prepare_score(score(*notes), '', Settings())
    first = notes[0][0] // 16 * 16
    expected = [
        StepNote(onset - first, onset - first + length, pitch + prepared.transposed_by)
        for onset, length, pitch in notes
    ]
    assert from_events(prepared.events) == expected
    assert sum(np.count_nonzero(phrase >= 0) for phrase in prepared.phrases) == len(notes)
    assert all((phrase[:16] >= 0).any() for phrase in prepared.phrases)
    assert len(prepared.gaps) == len(prepared.phrases) - 1


def test_list_tunes(tmp_path):
    files = find_files(str(mixed_folder(tmp_path)))
    assert [name for file in files[:2] for name, _ in list_tunes(file)] == [
        'a good.mid',
        'b/book.abc#1',
        'b/book.abc#2',
        'b/book.abc#3',
    ]
    with pytest.raises(ScoreError, match='no tune'):
        list_tunes(next(file for file in files if file.name == 'h words.abc'))


def test_one_bad_file_among_good_ones(tmp_path):
    tunes = prepare_files(find_files(str(mixed_folder(tmp_path))), Settings())
    assert {tune.file: tune.reason for tune in tunes} == {
        'a good.mid': '',
        'b/book.abc#1': '',
        'b/book.abc#2': 'meter',
        'b/book.abc#3': 'no key field',
        'c cut.mid': 'damaged MIDI',
        'd drums.mid': 'no notes',
        'e empty.mid': 'damaged MIDI',
        'f free.MIDI': 'no meter',
        'g waltz.mid': 'meter',
        'h words.abc': 'no tune',
        'i frames.mid': 'SMPTE time',
        'j loose.mid': 'MIDI format 2',
    }
    assert [tune.file for tune in tunes] == sorted(tune.file for tune in tunes)
    drops = count_drops(tunes)
    assert sum(drops.values()) == len(tunes) - 2
    assert list(drops.items())[:2] == [('meter', 2), ('damaged MIDI', 2)]
    waltz = tunes[2]
    assert (waltz.title, waltz.meter, waltz.phrases, waltz.kept) == ('Waltz', '3/4', (), False)
    assert waltz.events.tolist() == []
    assert tunes[0].title == 'Good'


def test_vanished_file_is_counted(tmp_path):
    files = find_files(
        str(write_files(tmp_path, {'a.mid': melody((60, 4)), 'b.mid': melody((60, 4))}))
    )
    files[0].path.unlink()
    assert [(tune.file, tune.reason) for tune in prepare_files(files, Settings())] == [
        ('a.mid', 'unreadable file'),
        ('b.mid', ''),
    ]


def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    """Files of 100 kB each, MIDI with a long text and books of ABC with a long comment."""
    text = b'\0\xff\x01' + b'\x86\x8d\x20' + bytes(100_000)
    notes = b'\0\x90\x3c\x40\x04\x80\x3c\x40' * 8
    track = text + notes + b'\0\xff\x2f\0'
    head = b'MThd' + bytes([0, 0, 0, 6, 0, 0, 0, 1, 0, 4]) + b'MTrk' + len(track).to_bytes(4, 'big')
    book = '%' + 100_000 * 'x' + '\nX:1\nM:4/4\nL:1/4\nK:C\nCDEF|' + 100_000 * '%'

    def peak(name: str, num_files: int) -> int:
        folder = write_files(
            tmp_path / f'{name}{num_files}',
            {f'{number}.mid': head + track for number in range(num_files)}
            | {f'{number}.abc': book for number in range(num_files)},
        )
        files = find_files(str(folder))
        tracemalloc.start()
        tunes = prepare_files(files, Settings())
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(tunes) == 2 * num_files
        return found

    assert peak('a', 2) > 100_000
    assert peak('b', 12) < peak('a', 2) + 100_000


def test_max_tunes(tmp_path):
    files = find_files(
        str(
            write_files(
                tmp_path,
                {f'{index:02}.mid': melody(*random_notes(index, 9)) for index in range(20)},
            )
        )
    )

    def names(max_tunes, seed):
        return [
            tune.file for tune in prepare_files(files, Settings(), max_tunes=max_tunes, seed=seed)
        ]

    assert names(0, 0) == names(20, 0) == names(99, 0) == [file.name for file in files]
    drawn = names(7, 0)
    assert len(set(drawn)) == 7
    assert drawn == sorted(drawn) == names(7, 0)
    assert len({tuple(names(7, seed)) for seed in range(5)}) > 1


def test_max_tunes_of_a_book_keep_its_order(tmp_path):
    book = '\n\n'.join(f'X:{number}\nM:4/4\nL:1/4\nK:C\nCDEF|' for number in range(1, 31))
    files = find_files(str(write_files(tmp_path, {'book.abc': book})))
    numbers = [
        int(tune.file.split('#')[1]) for tune in prepare_files(files, Settings(), max_tunes=12)
    ]
    assert len(numbers) == 12
    assert numbers == sorted(numbers)


def test_progress_sees_every_tune(tmp_path, monkeypatch):
    seen = []

    def track(items, unit):
        for item in items:
            seen.append(unit)
            yield item

    monkeypatch.setattr(prepare, 'track', track)
    prepare_files(find_files(str(mixed_folder(tmp_path))), Settings())
    assert seen == ['tune'] * 11  # the file without a tune has none to read


def test_fingerprint():
    first, second = tune([60, -2, 62]), tune([60, -2], [62], gaps=(0,))
    assert fingerprint([first]) == fingerprint([tune([60, -2, 62])])
    prints = {
        fingerprint(each)
        for each in ([], [first], [second], [first, second], [second, first], [tune([60, -2, 63])])
    }
    assert len(prints) == 6
    assert fingerprint([first, Tune('b.mid', reason='meter')]) == fingerprint([first])


def test_musicxml_in_a_folder(tmp_path):
    """Of several parts the first; what is left out of it is said."""
    notes = [Note(4 * place, 4, pitch) for place, pitch in enumerate((67, 69, 71, 67))]
    text = format_musicxml(notes, title='Good', key=Key(1))
    part = text[text.index('<part id') : text.index('</score-partwise>')]
    listed = '<score-part id="P2"><part-name>Bass</part-name></score-part></part-list>'
    two = text.replace('</part-list>', listed).replace(part, part + part.replace('P1', 'P2'))
    write_files(tmp_path, {'a.musicxml': text, 'b.xml': two, 'c.mxl': b'PK', 'd.xml': b'<html/>'})
    tunes = prepare_files(find_files(str(tmp_path)), Settings())
    assert [tune.file for tune in tunes] == ['a.musicxml', 'b.xml', 'c.mxl', 'd.xml']
    assert [tune.kept for tune in tunes] == [True, True, False, False]
    assert [tune.notices for tune in tunes[:2]] == [(), (OTHER_VOICES,)]
    assert tunes[0].title == 'Good'
    np.testing.assert_array_equal(tunes[0].events, tunes[1].events)
    assert tunes[0].melody[0].pitch - tunes[0].transposed_by == 67
