"""Copied passages: slow exhaustive oracles, and planted copies."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from symmusic.melody.events import StepNote
from symmusic.originality import copies
from symmusic.originality.alignments import find_alignments
from symmusic.originality.copies import (
    Passage,
    find_longest_runs,
    find_symbols,
    flag,
    reference_level,
)


def melody(pairs, shift=0):
    """Notes `(pitch, steps)` one after the other."""
    notes, onset = [], 0
    for pitch, steps in pairs:
        notes.append(StepNote(onset, onset + steps, pitch + shift))
        onset += steps
    return notes


PAIRS = st.lists(st.tuples(st.integers(60, 63), st.sampled_from([2, 4])), max_size=14)
TUNES = st.lists(PAIRS, min_size=1, max_size=4)


def longest_by_hand(piece, tunes):
    """(symbols, begin, tune, at) of the longest and earliest run, by trying every one."""
    own = find_symbols(piece).tolist()
    for length in range(len(own), 0, -1):
        for begin in range(len(own) - length + 1):
            for number, tune in enumerate(tunes):
                others = find_symbols(tune).tolist()
                for at in range(len(others) - length + 1):
                    if own[begin : begin + length] == others[at : at + length]:
                        return length, begin, number, at
    return None


def alignment_by_hand(piece, tune):
    """The best sum over all local alignments, by recursion over the next matched pair instead of a
    table.
    """
    gains = {
        (i, j): _gain(a, b) for i, a in enumerate(_moves(piece)) for j, b in enumerate(_moves(tune))
    }
    ending = {}
    for i, j in sorted(gains):
        before = [ending[k, m] - (i - k - 1) - (j - m - 1) for k, m in ending if k < i and m < j]
        ending[i, j] = gains[i, j] + max([0, *before])
    return max([0, *ending.values()])


def _moves(notes):
    return [
        (after.pitch - note.pitch, after.onset - note.onset)
        for note, after in itertools.pairwise(notes)
    ]


def _gain(one, other):
    return 1 if one == other else 0 if one[0] == other[0] else -1


@given(st.lists(PAIRS, max_size=4), st.lists(PAIRS, max_size=4), st.integers(1, 40))
@settings(max_examples=100)
def test_longest_runs(pieces, tunes, chunk):
    pieces, tunes = ([melody(each) for each in part] for part in (pieces, tunes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, 'CHUNK_SYMBOLS', chunk)
        passages = find_longest_runs(pieces, tunes)
    for piece, found in zip(pieces, passages, strict=True):
        expected = longest_by_hand(piece, tunes)
        if expected is None:
            assert found == Passage()
            continue
        length, begin, number, at = expected
        assert (found.tune, found.piece_notes, found.tune_notes) == (
            number,
            (begin, begin + length + 1),
            (at, at + length + 1),
        )
        assert (found.score, found.share) == (length + 1, (length + 1) / len(piece))


@given(PAIRS, TUNES)
@settings(max_examples=40)
def test_alignment(piece, tunes):
    piece, tunes = melody(piece), [melody(tune) for tune in tunes]
    expected = [alignment_by_hand(piece, tune) for tune in tunes]
    [found] = find_alignments([piece], tunes)
    assert found.score == max(expected)
    if found.score:
        assert found.tune == int(np.argmax(expected))
        part, other = piece[slice(*found.piece_notes)], tunes[found.tune][slice(*found.tune_notes)]
        assert alignment_by_hand(part, other) == found.score  # it is where the result says
        assert found.piece_bar == part[0].onset // 16 + 1
        assert found.tune_bar == other[0].onset // 16 + 1
        assert found.share == found.score / (len(piece) - 1)


@given(PAIRS, TUNES, st.integers(-20, 20))
@settings(max_examples=30)
def test_the_key_does_not_matter(piece, tunes, shift):
    for measure in (find_longest_runs, find_alignments):
        here = measure([melody(piece)], [melody(tune) for tune in tunes])
        assert (
            measure(
                [melody(piece, shift)],
                [melody(tune, 3 * number) for number, tune in enumerate(tunes)],
            )
            == here
        )


@given(st.lists(PAIRS, max_size=4), TUNES)
@settings(max_examples=30)
def test_all_at_once_is_one_by_one(pieces, tunes):
    pieces, tunes = [melody(piece) for piece in pieces], [melody(tune) for tune in tunes]
    for measure in (find_longest_runs, find_alignments):
        assert measure(pieces, tunes) == [measure([piece], tunes)[0] for piece in pieces]
        assert measure(pieces, [*tunes, *tunes]) == measure(pieces, tunes)  # in a tie the first


def test_a_copy_from_the_middle():
    rng = np.random.default_rng(0)
    tunes = [
        [
            (int(pitch), int(steps))
            for pitch, steps in zip(rng.integers(55, 80, 80), rng.integers(1, 9, 80), strict=True)
        ]
        for _ in range(300)
    ]
    stolen = tunes[217][40:60]
    stolen[-1] = (stolen[-1][0], 99)  # so that the notes after it are not part of the copy
    around = [(30, 98)] * 5
    piece = melody(around + stolen + around, shift=-3)
    tunes = [melody(tune) for tune in tunes]
    [run] = find_longest_runs([piece], tunes)
    assert (run.tune, run.piece_notes, run.tune_notes, run.score, run.share) == (
        217,
        (5, 25),
        (40, 60),
        20,
        20 / 30,
    )
    assert run.tune_bar == tunes[217][40].onset // 16 + 1
    changed = list(stolen)
    # one wrong note breaks the run, not the alignment
    changed[10] = (changed[10][0] + 1, changed[10][1])
    piece = melody(around + changed + around)
    assert find_longest_runs([piece], tunes)[0].score == 10
    [aligned] = find_alignments([piece], tunes)
    assert (aligned.tune, aligned.piece_notes, aligned.tune_notes, aligned.score) == (
        217,
        (5, 25),
        (40, 60),
        19 - 4,
    )


@pytest.mark.parametrize('steps', [6, 63, 64, 70, 134])
def test_long_notes_are_distinguished(steps):
    """From onset to onset, 70 steps are neither 6 nor 64 nor any other number."""
    piece, tune = (melody([(60, first), (62, 4), (64, 4)]) for first in (70, steps))
    score = 3 if steps == 70 else 2
    assert [passage.score for passage in find_longest_runs([piece], [tune])] == [score]
    assert [passage.score for passage in find_alignments([piece], [tune])] == [score - 1]


def test_nothing_to_find():
    one = melody([(60, 4)])
    two = melody([(60, 4), (62, 4)])
    for measure in (find_longest_runs, find_alignments):
        assert measure([[], one, two], [[], one]) == [Passage()] * 3
        assert measure([[], one, two], []) == [Passage()] * 3
        assert measure([], [two]) == []


def test_level_and_flags():
    passages = [Passage(0, score) for score in range(101)]
    assert reference_level(passages) == 95.0
    assert flag([Passage(0, 95), Passage(0, 96), Passage()], 95.0) == [1]
    assert reference_level([]) is None
    assert flag(passages, None) == []
