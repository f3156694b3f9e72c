"""Planted copies: what is changed and what stays, and which measures find them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symmusic.measures.registry import Sets
from symmusic.melody.encodings import VOCABULARIES
from symmusic.melody.events import from_events
from symmusic.originality import planted
from symmusic.originality.planted import (
    PlantedMeasure,
    ornament,
    plant,
    transpose,
    vary_rhythm,
)
from symmusic.report.comparison_file import as_json
from symmusic.report.nearness import planted_section
from tests.corpus.tunes import random_tune
from tests.measures.grounds import ground
from tests.report.sections import as_text

SEEDS = st.integers(0, 2**31)


def notes_of(seed):
    return from_events(random_tune(seed, 64).phrases[0])


@given(SEEDS)
def test_changes_keep_what_they_should(seed):
    rng, notes = np.random.default_rng(seed), notes_of(seed)
    moved = transpose(notes, rng)
    shifts = {new.pitch - old.pitch for new, old in zip(moved, notes, strict=True)}
    assert len(shifts) == 1
    assert 0 < abs(shifts.pop()) <= 6
    assert [(note.onset, note.end) for note in moved] == [(note.onset, note.end) for note in notes]
    ornamented = ornament(notes, rng)
    assert {(note.onset, note.pitch) for note in notes} <= {
        (note.onset, note.pitch) for note in ornamented
    }
    assert len(ornamented) >= len(notes)
    varied = vary_rhythm(notes, rng)
    assert [note.pitch for note in varied] == [note.pitch for note in notes]
    for made in (ornamented, varied):
        assert all(note.onset < note.end for note in made)
        assert all(one.end <= two.onset for one, two in itertools.pairwise(made))
        assert (made[0].onset, made[-1].end) == (notes[0].onset, notes[-1].end)


@given(SEEDS)
def test_two_bars_are_embedded_in_what_was_around(seed):
    rng = np.random.default_rng(seed)
    copied, around = (np.array([random_tune(seed + part, 64).phrases[0]]) for part in (0, 1))
    found = plant(copied, around, 16, rng)
    assert list(found) == ['transposed', 'ornamented', 'varied', 'embedded']
    notes = {(note.onset, note.pitch) for note in found['embedded'][0]}
    kept = {(note.onset, note.pitch) for note in from_events(around[0])}
    outside = [{each for each in notes if not at <= each[0] < at + 32} for at in (0, 16, 32)]
    assert any(each <= kept for each in outside)


def test_copies_are_found_and_the_report_says_so(monkeypatch):
    """Plain copies by all measures; those of another rhythm hardly as runs, but by pitches."""
    monkeypatch.setattr(planted, 'NUM_PLANTED', 6)
    monkeypatch.setattr(planted, 'NUM_UNSEEN', 20)
    tunes = tuple(random_tune(seed, 160) for seed in range(24))
    at_hand = ground(tunes, np.arange(24), VOCABULARIES['melody'](40, 90), None, num_bars=4)
    sets = Sets(None, None, None, dict, 1, None, None, None, None, 'corrected')
    found = PlantedMeasure().measure(at_hand, sets, 0)
    assert (found.num_planted, found.num_unseen) == (6, 20)
    for recall in found.recall.values():
        assert recall['transposed'] == 1
        assert all(0 <= share <= 1 for share in recall.values())
    assert found.recall['alignment']['ornamented'] >= found.recall['longest_run']['ornamented']
    assert as_json({'planted_copies': found})['planted_copies']['recall'] == found.recall
    assert '| longest run | 100 % |' in as_text(planted_section(found))
    assert PlantedMeasure().measure(at_hand, sets, 0) == found
    thesis = Sets(None, None, None, dict, 1, None, None, None, None, 'thesis')
    assert PlantedMeasure().measure(at_hand, thesis, 0) is None
    assert 'planted_copies' not in as_json({'planted_copies': None})


def test_the_level_lets_one_in_a_hundred_pass():
    scores = np.concatenate([np.arange(200.0), [197, 198, 198, 300]])
    assert planted._recall(scores, 200, ['a', 'b']) == {'a': 0.0, 'b': pytest.approx(0.5)}
