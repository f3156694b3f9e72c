"""The nine features: the reference tables to the last digit, and pieces worked by hand."""

import csv
import dataclasses

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.measures.features import FEATURES, LENGTHS, PROTOCOLS, SHAPES, compute_features
from symmusic.report.evaluation import columns
from symmusic.score.midi import parse_midi
from symmusic.score.notes import Note, Score, Tempo

STEP = 55  # ticks of a sixteenth at 220 ticks per quarter
TEMPO = (Tempo(0, 120.0),)


def piece(*notes, qpm=120.0, velocity=100):
    """Notes of (onset, length) in sixteenths and a pitch."""
    return Score(
        tuple(Note(onset * STEP, length * STEP, pitch, velocity) for onset, length, pitch in notes),
        220,
        tempi=(Tempo(0, qpm),),
    )


@st.composite
def melodies(draw):
    step, notes = 0, []
    for _ in range(draw(st.integers(2, 12))):
        length = draw(st.integers(1, 18))
        notes.append((step, length, draw(st.integers(40, 90))))
        step += length + draw(st.integers(0, 4))
    return piece(*notes)


@pytest.mark.parametrize(
    ('folder', 'table'),
    [('comparison100', 'features_comparison100'), ('samples20', 'features_samples')],
)
def test_reference_tables(shared, folder, table):
    """Every feature of every file; the largest difference is printed."""
    reference = shared / 'reference' / 'mgeval'
    with open(reference / f'{table}.csv') as file:
        rows = {row['file']: row for row in csv.DictReader(file)}
    worst = 0.0
    files = sorted((reference / 'midi' / folder).iterdir())
    assert len(files) == len(rows)
    for path in files:
        found = compute_features(parse_midi(path.read_bytes()), 'thesis')
        values = np.concatenate([np.ravel(found[name]) for name in FEATURES])
        expected = np.array([float(rows[path.name][name]) for name in columns()])
        assert_array_equal(np.isnan(values), np.isnan(expected))
        worst = max(worst, float(np.nanmax(np.abs(values - expected))))
    print(f'{table}: largest difference {worst:.1e}')
    assert worst <= 1e-12


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_by_hand(protocol):
    """C for a quarter, E for an eighth, C for an eighth, a rest of an eighth, G for a dotted
    quarter.
    """
    found = compute_features(piece((0, 4, 60), (4, 2, 64), (6, 2, 60), (10, 6, 67)), protocol)
    assert {name: float(found[name]) for name in ('PC', 'PR', 'NC')} == {'PC': 3, 'PR': 7, 'NC': 4}
    assert found['PI'] == pytest.approx((4 + 4 + 7) / 3)
    assert found['IOI'] == pytest.approx((10 / 3) / 8)  # eight sixteenths a second
    # in `thesis` frames are cut off
    assert_allclose(found['PCH'][[0, 4, 7]], np.array([6, 2, 6]) / 14, atol=0.01)
    names = list(LENGTHS)
    expected = np.zeros(12)
    expected[[names.index('quarter'), names.index('eighth'), names.index('dotted quarter')]] = (
        0.25,
        0.5,
        0.25,
    )
    assert_allclose(found['NLH'], expected)
    lengths = np.zeros((12, 12))
    for before, after in (
        ('quarter', 'eighth'),
        ('eighth', 'eighth'),
        ('eighth', 'dotted quarter'),
    ):
        lengths[names.index(before), names.index(after)] += 1
    assert_array_equal(found['NLTM'], lengths)
    pitches = np.zeros((12, 12))
    pitches[0, 4] = pitches[4, 0] = 1
    pitches[0, 7] = 1 if protocol == 'corrected' else 0  # the thesis: a rest breaks the transition
    assert_array_equal(found['PCTM'], pitches)


def test_lengths_on_the_grid():
    """The classes of 1 to 17 sixteenths, in a tie the first; longer ones are whole notes."""
    expected = [4, 3, 7, 2, 9, 6, 1, 1, 1, 1, 5, 5, 5, 0, 0, 0, 0]
    for length, index in enumerate(expected, 1):
        histogram = compute_features(piece((0, length, 60)), 'corrected')['NLH']
        assert histogram.argmax() == index
        assert histogram.sum() == 1


def test_lengths_agree_with_their_names():
    """Each is half of the one before; dotted ones are longer by a half; triplets are two thirds."""
    plain = {
        name: 96 // 2**index
        for index, name in enumerate(('whole', 'half', 'quarter', 'eighth', 'sixteenth'))
    }
    factors = {'': 6, 'dotted ': 9, ' triplet': 4}
    for name, length in LENGTHS.items():
        word = next(word for word in ('dotted ', ' triplet', '') if word in name)
        assert 6 * length == factors[word] * plain[name.replace(word, '')]
    assert len(LENGTHS) == 12


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_one_note(protocol):
    found = compute_features(piece((0, 4, 62)), protocol)
    assert (found['PC'], found['PR'], found['NC']) == (1, 0, 1)
    assert np.isnan(found['PI'])
    assert np.isnan(found['IOI'])
    assert found['PCH'][2] == found['NLH'][2] == 1
    assert not found['PCTM'].any()
    assert not found['NLTM'].any()


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_no_note(protocol):
    found = compute_features(piece(), protocol)
    assert (found['PC'], found['NC']) == (0, 0)
    assert all(np.isnan(found[name]).all() for name in ('PR', 'PI', 'PCH', 'IOI', 'NLH'))
    assert not found['PCTM'].any()


@hypothesis.given(melodies(), st.sampled_from(PROTOCOLS))
def test_shapes_and_sums(score, protocol):
    found = compute_features(score, protocol)
    assert tuple(found) == FEATURES
    for name, value in found.items():
        assert np.shape(value) == SHAPES.get(name, ())
    assert found['PCH'].sum() == pytest.approx(1)
    assert found['NLH'].sum() == pytest.approx(1)
    assert found['NLTM'].sum() == len(score.notes) - 1


@hypothesis.given(melodies(), st.integers(-40, 37), st.sampled_from(PROTOCOLS))
def test_transposition(score, distance, protocol):
    """Rotates pitch classes, and changes nothing else."""
    moved = dataclasses.replace(
        score,
        notes=tuple(dataclasses.replace(note, pitch=note.pitch + distance) for note in score.notes),
    )
    found, other = compute_features(score, protocol), compute_features(moved, protocol)
    for name in ('PC', 'PR', 'PI', 'NC', 'IOI', 'NLH', 'NLTM'):
        assert_allclose(other[name], found[name], rtol=1e-12)
    assert_allclose(other['PCH'], np.roll(found['PCH'], distance), rtol=1e-12)
    assert_array_equal(other['PCTM'], np.roll(found['PCTM'], (distance, distance), axis=(0, 1)))


@hypothesis.given(melodies())
def test_tempo_and_velocity_matter_only_in_the_thesis(score):
    other = dataclasses.replace(
        score,
        tempi=(Tempo(0, 60.0),),
        notes=tuple(
            dataclasses.replace(note, velocity=20 + 10 * (index % 9))
            for index, note in enumerate(score.notes)
        ),
    )
    found, changed = compute_features(score, 'corrected'), compute_features(other, 'corrected')
    for name in FEATURES:
        assert_array_equal(changed[name], found[name])
    assert compute_features(other, 'thesis')['IOI'] == pytest.approx(2 * found['IOI'])


def test_tempo_changes_are_followed():
    """At 120 and then, from the second quarter on, at 60 quarters per minute."""
    score = dataclasses.replace(
        piece((0, 4, 60), (4, 4, 60), (8, 4, 60)), tempi=(Tempo(0, 120.0), Tempo(4 * STEP, 60.0))
    )
    assert compute_features(score, 'thesis')['IOI'] == pytest.approx((0.5 + 1.0) / 2)
    assert compute_features(score, 'corrected')['IOI'] == pytest.approx(0.5)


@pytest.mark.parametrize('tick', [1, 4 * STEP])
def test_before_the_first_tempo_120_quarters_per_minute_hold(tick):
    score = dataclasses.replace(
        piece((0, 4, 60), (4, 4, 60), (8, 4, 60)), tempi=(Tempo(tick, 60.0),)
    )
    quarter = 4 * STEP  # ticks
    first = (0.5 * tick + 1.0 * (quarter - tick)) / quarter
    assert compute_features(score, 'thesis')['IOI'] == pytest.approx((first + 1.0) / 2)
