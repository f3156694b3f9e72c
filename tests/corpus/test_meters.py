"""Tunes in every metre, from file to windows and targets: hand-made in 6/8, 9/8, 3/4, 5/4."""

import numpy as np
import pytest

from symmusic.corpus.cache import load_corpus
from symmusic.corpus.dataset import build_dataset
from symmusic.corpus.meters import bars_of, find_index, find_meters, in_own_bars
from symmusic.corpus.prepare import Settings, fingerprint, prepare_score
from symmusic.corpus.windows import cut_windows
from symmusic.errors import ScoreError
from symmusic.measures.likelihood import find_targets
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.melody.events import from_events
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_writer import format_abc
from symmusic.score.bar import bar_of
from symmusic.score.key import Key
from symmusic.score.notes import Note
from tests.corpus.tunes import random_tune, write_files

ALL = Settings(meters=('all',))
VOCABULARY = MelodyVocabulary(48, 84)


def prepared(text, settings=ALL):
    return prepare_score(read_abc_tune(text), 'a.abc#1', settings)


@pytest.mark.parametrize(
    ('meter', 'body', 'steps'),
    [
        ('6/8', 'E|GAB c2B|cBA G2E|', 12),
        ('9/8', 'E|GAB c2B AGE|cBA G2E DEG|', 18),
        ('3/4', 'E2|GA Bc BA|G4 E2|', 12),
        ('5/4', 'E2|GA Bc BA GE DC|G4 E2 C4|', 20),
        ('2/4', 'E|GABc|G2E2|', 8),
        ('12/8', 'E|GAB c2B AGE G2E|cBA G2E DEG A2B|', 24),
    ],
)
def test_bar_lines_are_those_of_the_tune(meter, body, steps):
    tune = prepared(f'X:1\nM:{meter}\nL:1/8\nK:C\n{body}')
    assert (tune.meter, tune.counted_in, tune.bar.steps) == (meter, meter, steps)
    onsets = [note.onset for note in tune.melody]
    assert tune.first_bar == 0  # the pickup
    assert onsets[0] < 0  # before bar 1, which starts at step 0
    assert {0, steps} <= set(onsets)
    assert tune.bars == [0]


def test_a_bar_of_silence_separates_phrases_whatever_its_length():
    for meter, rests in (('6/8', 'z6|'), ('9/8', 'z9|'), ('3/4', 'z6|')):
        notes = 'c' * int(int(meter[0]) * 8 / int(meter[2]))
        tune = prepared(f'X:1\nM:{meter}\nL:1/8\nK:C\n{notes}|{rests}{notes}|')
        assert len(tune.phrases) == 2
        assert tune.gaps == (1,)
        assert tune.bars == [1, 3]
        assert len(tune.events) == 3 * bar_of(meter).steps


def test_which_metres_are_kept():
    jig = 'X:1\nM:6/8\nL:1/8\nK:C\nGAB c2B|'
    assert prepared(jig).kept
    assert prepared(jig, Settings(meters=('6/8',))).kept
    changes = 'X:1\nM:6/8\nL:1/8\nK:C\nGAB c2B|cBA G2E|\nM:2/4\nGABc|cBAG|'
    for text, settings, reason in (
        (jig, Settings(), 'meter'),
        (changes, ALL, 'change of meter'),
        (changes, Settings(meters=('6/8',)), 'meter'),
        ('X:1\nM:3/32\nL:1/8\nK:C\nGAB c2B|', ALL, 'meter'),
        ('X:1\nM:none\nL:1/8\nK:C\nGAB c2B|', ALL, 'no meter'),
    ):
        with pytest.raises(ScoreError) as caught:
            prepared(text, settings)
        assert caught.value.reason == reason
    cut = prepared('X:1\nM:4/4\nL:1/8\nK:C\nGABc BAGA|\nM:2/2\nGABc BAGA|')
    assert cut.counted_in == '4/4'  # divided alike, so no change


def test_metres_of_a_corpus():
    tunes = [
        random_tune(seed, 48, counted_in=meter)
        for seed, meter in enumerate(['6/8', '2/2', '6/8', '4/4', '2/2', '3/4', '6/8'])
    ]
    assert find_meters(tunes) == ('4/4', '6/8', '3/4')
    assert bars_of(('4/4', '6/8', '3/4')) == (16, 12, 12)
    assert [find_index(meter, ('4/4', '6/8')) for meter in ('2/2', '6/8', '3/4')] == [0, 1, None]
    assert [in_own_bars(steps, bar_of('6/8')) for steps in (16, 64, 7)] == [12, 48, 7]


def test_windows_hop_by_bars_of_the_tune_and_know_their_places():
    tunes = [random_tune(0, 64), random_tune(1, 60, counted_in='6/8')]
    meters = ('4/4', '6/8')
    windows = cut_windows(tunes, VOCABULARY, 32, 16, meters=meters)
    assert windows.bars == (16, 12)
    assert windows.positions.tolist() == [0, 0, 0, 16, 16, 16]
    assert windows.meters.tolist() == [0, 0, 0, 1, 1, 1]
    jig = VOCABULARY.encode(tunes[1].phrases[0])
    for row, begin in zip((3, 4, 5), (0, 12, 24), strict=True):
        assert windows.tokens(np.array([row]))[0].tolist() == jig[begin : begin + 32].tolist()
    targets = find_targets(windows, VOCABULARY, all_steps=True)
    own = targets.rows == 4
    assert targets.positions[own].tolist() == [step % 12 for step in range(1, 32)]
    assert set(targets.meters[own].tolist()) == {1}
    once = cut_windows(tunes, VOCABULARY, 33, 16, cover_end=True, count_once=True, meters=meters)
    counted = find_targets(once, VOCABULARY, all_steps=True)
    assert np.bincount(counted.meters).tolist() == [63, 59]  # each step but the first, once


def test_four_four_alone_is_as_before():
    """Its windows do not depend on how the metres are named, nor its fingerprint on the metre."""
    tunes = [
        random_tune(seed, 80 + seed, counted_in=meter)
        for seed, meter in enumerate(('4/4', '2/2', '4/4'))
    ]
    plain = [random_tune(seed, 80 + seed) for seed in range(3)]
    one, other = (cut_windows(each, VOCABULARY, 64, 16) for each in (tunes, plain))
    for name in ('stream', 'starts', 'positions', 'num_padding', 'first_targets'):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert fingerprint(tunes) == fingerprint(plain)
    jigs = [random_tune(seed, 80 + seed, counted_in='6/8') for seed in range(3)]
    assert fingerprint(jigs) != fingerprint(plain)


def test_metres_travel_through_the_cache_and_the_split(tmp_path, monkeypatch):
    monkeypatch.setenv('SYMMUSIC_CACHE', str(tmp_path / 'cache'))
    files = {}
    for number in range(24):
        meter = ('6/8', '4/4', '9/8')[number % 3]
        steps = bar_of(meter).steps
        events = random_tune(number, 8 * steps).phrases[0]
        notes = [Note(n.onset, n.end - n.onset, n.pitch) for n in from_events(events)]
        files[f'{number:02}.abc'] = format_abc(notes, title=f'T{number}', key=Key(0), meter=meter)
    folder = str(write_files(tmp_path / 'music', files))
    made, cached = (load_corpus(folder, ALL) for _ in range(2))
    assert cached.from_cache
    for corpus in (made, cached):
        assert [tune.counted_in for tune in corpus.kept] == ['6/8', '4/4', '9/8'] * 8
    data = build_dataset(
        cached,
        encoding='melody',
        window_steps=33,
        hop_steps=16,
        keep_last=True,
        cover_end=True,
        max_windows=0,
        split_seed=0,
        held_out_steps=49,
    )
    assert data.meters == ('4/4', '6/8', '9/8')
    for windows in (data.train, data.validation, data.test):
        assert windows.bars == (16, 12, 18)
    assert set(data.train.meters.tolist()) == {0, 1, 2}
