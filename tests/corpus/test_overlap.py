"""How much of the same music tunes have, against oracles that compare every run and every beat."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.corpus import overlap, runs
from symmusic.corpus.beats import compare_beats
from symmusic.corpus.overlap import as_words, measure_overlap, share_of_others, share_passages
from symmusic.corpus.runs import read_melodies
from tests.corpus.tunes import random_tune, tune

RUN = overlap.RUN


def eighths(*pitches, file='a.mid', before=0):
    """A tune of eighths, after `before` steps of silence."""
    events = [-2] * before + [event for pitch in pitches for event in (pitch, -2)]
    return tune(np.array(events), file=file)


def draw_pitches(seed, num):
    return np.random.default_rng(seed).integers(50, 80, num).tolist()


def list_runs(one, length):
    notes = [(step, int(event)) for step, event in enumerate(one.events) if event >= 0]
    return [
        tuple(
            (b[0] - a[0], b[1] - a[1])
            for a, b in zip(notes[at:], notes[at + 1 : at + length], strict=False)
        )
        for at in range(len(notes) - length + 1)
    ]


def oracle(one, *others):
    """The share of one tune's notes in runs of `RUN` notes of the others."""
    theirs = {run for other in others for run in list_runs(other, RUN)}
    notes = {
        note
        for at, run in enumerate(list_runs(one, RUN))
        if run in theirs
        for note in range(at, at + RUN)
    }
    return len(notes) / max(np.count_nonzero(one.events >= 0), 1)


def passages(tunes):
    pairs, shares = share_passages(read_melodies(tunes))
    return dict(zip(map(tuple, pairs.tolist()), shares.tolist(), strict=True))


@hypothesis.given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(-9, 9)), min_size=1, max_size=4),
        min_size=2,
        max_size=4,
    )
)
def test_passages_are_those_of_the_oracle(drawn):
    """Tunes of pieces of four melodies, each transposed, with a note in between."""
    stock = [draw_pitches(seed, 14 + 3 * seed) for seed in range(4)]
    tunes = [
        eighths(*(p + by for number, by in parts for p in (*stock[number], 40)), file=f'{index}')
        for index, parts in enumerate(drawn)
    ]
    found = passages(tunes)
    for i, one in enumerate(tunes):
        for j, other in enumerate(tunes):
            if i != j:
                assert found.get((i, j), 0) == pytest.approx(oracle(one, other))
    own = np.arange(len(tunes)) < len(tunes) // 2
    expected = [oracle(each, *tunes[len(tunes) // 2 :]) for each in tunes[: len(tunes) // 2]]
    assert share_of_others(read_melodies(tunes), own).tolist() == pytest.approx(expected)


def test_a_run_of_sixteen_notes_is_the_shortest_passage():
    shared = draw_pitches(9, RUN)
    for num, share in ((RUN, RUN / 40), (RUN - 1, 0)):
        one = eighths(*draw_pitches(1, 40 - num), *shared[:num])
        other = eighths(*draw_pitches(2, 60 - num), *(p + 7 for p in shared[:num]))
        assert passages([one, other]).get((0, 1), 0) == pytest.approx(share)


def test_a_repeated_note_is_no_passage():
    assert not passages([eighths(*[60] * 30), eighths(*[65] * 40)])
    assert passages([eighths(*[60] * 15, 62), eighths(*[65] * 15, 67)])


def test_rhythm_counts_in_passages():
    pitches = draw_pitches(1, 30)
    quarters = tune(np.array([event for p in pitches for event in (p, -2, -2, -2)]))
    assert not passages([eighths(*pitches), quarters])


def test_a_passage_may_cross_a_silence_between_phrases():
    events = random_tune(1, 128).phrases[0]
    parts = tune(events[:16], events[16:32], gaps=(1,))
    whole = tune(parts.events)
    assert passages([parts, whole]) == {(0, 1): 1.0, (1, 0): 1.0}


def test_stock_figures_are_no_passages():
    """What more than `MOST_TUNES` tunes have is of none of them."""
    stock = draw_pitches(0, RUN)
    for num, is_found in ((runs.MOST_TUNES, True), (runs.MOST_TUNES + 1, False)):
        # each before another note, which would make a run that only two of them have
        tunes = [eighths(*draw_pitches(1 + seed, 10), 10 + seed, *stock) for seed in range(num)]
        found = passages(tunes)
        assert len(found) == (num * (num - 1) if is_found else 0)


def beats(*tunes):
    _, agreement = compare_beats(tunes, read_melodies(tunes))
    return agreement.max(initial=0)


def test_beats_agree_in_any_key_and_octave_and_at_any_place():
    one = random_tune(1, 128)
    for by in (-12, 12, 5, -7):
        events = np.where(one.events >= 0, one.events + by, one.events)
        assert beats(one, tune(events)) == pytest.approx(1)
        later = tune(np.concatenate([random_tune(2, 24).events, events]))
        assert beats(one, later) == pytest.approx(1)


def kappa(share, one, other):
    """Of tunes that are given by their pitches on each beat."""
    chance = np.mean([[a % 12 == b % 12 for a in one] for b in other])
    return (share - chance) / (1 - chance)


def test_beats_beyond_chance_of_a_tune_that_shares_half():
    """Quarters, of which the second half is a tritone higher."""
    pitches = draw_pitches(1, 64)
    other = [p + 6 * (at >= 32) for at, p in enumerate(pitches)]
    one, two = (
        tune([event for p in each for event in (p, -2, -2, -2)]) for each in (pitches, other)
    )
    # aligned at the first half or at the second
    expected = max(kappa(0.5, pitches, other), kappa(0.5, [p + 6 for p in pitches], other))
    assert beats(one, two) == pytest.approx(expected)


def test_beats_are_those_of_the_shorter_tune_if_it_has_eight_bars():
    pitches = draw_pitches(1, 64)
    one = tune([event for p in pitches for event in (p, -2, -2, -2)])
    for num, share in ((32, 1), (64, 1), (16, 0.5)):
        short = tune(one.events[: 4 * num])
        expected = kappa(share, pitches, pitches[:num])
        assert beats(one, short) == pytest.approx(expected)
        assert beats(short, one) == pytest.approx(expected)


def test_silence_does_not_agree():
    """39 notes of a quarter in common, eight silent bars, and a note that differs."""
    pitches = draw_pitches(1, 39)
    events = [event for p in pitches for event in (p, -2, -1, -2)]
    one, other = (tune([*events, -1, *[-2] * 127, last]) for last in (60, 61))
    # the silent half of each quarter is no beat
    expected = kappa(39 / 40, [*pitches, 60], [*pitches, 61])
    assert beats(one, other) == pytest.approx(expected)


def test_a_drone_agrees_by_chance():
    """Tunes that mostly repeat one pitch agree on most beats, and are not the same."""
    notes = [[60] * 6 + [p] for seed in (1, 2) for p in draw_pitches(seed, 20)]
    one, other = (
        tune([event for bar in half for p in bar for event in (p, -2, -2, -2)])
        for half in (notes[:20], notes[20:])
    )
    assert 0 < beats(one, other) < 0.4
    only = tune([60, -2, -2, -2] * 64)
    assert beats(only, only) == 0


def test_repeats_written_out_or_not():
    a, b = draw_pitches(1, 32), draw_pitches(2, 32)
    assert beats(eighths(*a, *a, *b, *b), eighths(*a, *b)) == pytest.approx(1)


def test_without_a_common_run_nothing_is_aligned():
    pairs, shares = compare_beats(
        [random_tune(1, 64), random_tune(2, 64)],
        read_melodies([random_tune(1, 64), random_tune(2, 64)]),
    )
    assert pairs.shape == (0, 2)
    assert shares.shape == (0,)


def test_no_tunes_and_no_notes():
    for tunes in ([], [tune()], [tune([60]), tune([60])], [tune([-2] * 20), tune([60, -2])]):
        melodies = read_melodies(tunes)
        assert len(share_passages(melodies)[0]) == len(compare_beats(tunes, melodies)[0]) == 0
    assert measure_overlap([], []) == overlap.Overlap(0, 0)
    assert measure_overlap([tune([60])], []) == overlap.Overlap(0, 0)


def test_overlap_of_held_out_tunes():
    """One of two held-out tunes has half of its notes in one training tune and half in another."""
    a, b, c = (draw_pitches(seed, RUN) for seed in range(3))
    held_out = [eighths(*a, *b), eighths(*c)]
    trained = [eighths(*a), eighths(*(p + 12 for p in b), *draw_pitches(4, 50))]
    found = measure_overlap(held_out, trained)
    assert found == overlap.Overlap(0.5, 0.5)
    assert as_words(found) == (
        "of a held-out tune's notes at most 50 % stand in runs of 16 notes that one training tune"
        ' has, and 50.0 % on average in runs of any training tune'
    )
    # what held-out tunes share with one another does not count
    assert measure_overlap([*held_out, held_out[0]], [eighths(*c)]).largest == 1
    assert measure_overlap([held_out[0]] * 2, [eighths(*c)]) == overlap.Overlap(0, 0)
