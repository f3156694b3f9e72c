"""Wishes as stated in the fields of `config.sample`."""

import dataclasses

import numpy as np
import pytest

from configs import base
from symmusic.config.fields import constraints
from symmusic.errors import UserError
from symmusic.generate.choose import fitting, ranked
from symmusic.generate.masks import DRAWN
from symmusic.generate.names import parse_bars, parse_instrument
from symmusic.generate.pieces import Piece
from symmusic.generate.prompt import around
from symmusic.generate.prompt_files import read_prompt
from symmusic.generate.scales import SCALES, parse_scale
from symmusic.generate.wishes import (
    SAID,
    as_stated,
    echo,
    keep,
    read_wishes,
    stated,
)
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF
from symmusic.score.key import MODES, Key
from tests.generate.toy import make_prompt


def settings(**changes):
    config = base.get_config().sample.unlock()
    config.update(changes)
    return config


def test_the_defaults_wish_nothing():
    assert stated(settings()) == []
    wishes, notices = read_wishes(settings(), make_prompt(), 16)
    assert (wishes.stated(), notices) == ([], [])


CHANGED = {bool: lambda value: not value, int: lambda value: value + 1, float: lambda value: 0.5}


@pytest.mark.parametrize('name', list(settings()))
def test_fields_that_the_user_changed_are_echoed(name):
    default = settings()[name]
    value = 'other' if isinstance(default, str) else CHANGED[type(default)](default)
    config, said = settings(**{name: value}), name in SAID
    assert echo(config, [f'sample.{name}', 'seed']) == ('' if said else f'{name} = {value!r}')
    assert echo(config, ['seed']) == ''
    assert stated(config) == [name] * (f'sample.{name}' in constraints.FIELDS)


def test_fields_become_wishes(tmp_path):
    rhythm = tmp_path / 'rhythm.abc'
    rhythm.write_text('X:1\nM:4/4\nL:1/4\nK:D\nd2 z f|\n')
    config = settings(
        scale='D dorian',
        end_on_tonic=True,
        rhythm=str(rhythm),
        pitches=str(rhythm),
        rests=False,
    )
    wishes, _ = read_wishes(config, make_prompt(), 32)
    assert wishes.stated() == ['scale', 'rests', 'last', 'rhythm', 'pitches']
    assert wishes.last == 2
    assert wishes.pitches == (74, 78)  # as they sound, in any key of the model
    np.testing.assert_array_equal(np.flatnonzero(wishes.rhythm != -2), [0, 8, 12, 16, 24, 28])
    assert as_stated(config, wishes) == {
        'scale': "scale = 'D dorian'",
        'rests': 'rests = False',
        'last': 'end_on_tonic = True',
        'rhythm': f'rhythm = {str(rhythm)!r}',
        'pitches': f'pitches = {str(rhythm)!r}',
        'bars': 'num_bars = 4',
    }
    assert stated(settings(rests=False, num_candidates=2)) == ['rests', 'num_candidates']


def prompt_in(key, *pitches, states_key=True):
    return dataclasses.replace(
        make_prompt(), events=np.array(pitches, np.int8), key=key, states_key=states_key
    )


@pytest.mark.parametrize(
    ('text', 'tonic', 'classes'),
    [
        ('Bb', 10, {10, 0, 2, 3, 5, 7, 9}),
        ('E flat natural minor', 3, {3, 5, 6, 8, 10, 11, 1}),
        ('Ador', 9, {9, 11, 0, 2, 4, 6, 7}),
        ('B blues', 11, {11, 2, 4, 5, 6, 9}),
        ('F#  Minor Pentatonic', 6, {6, 9, 11, 1, 4}),
        ('Ebm', 3, {3, 5, 6, 8, 10, 11, 0, 1, 2}),
        ('', 9, None),
        ('prompt', 9, {9, 11, 0, 2, 4, 5, 6, 7, 8}),
        ('Bb major', 10, {10, 0, 2, 3, 5, 7, 9}),
        ('f# natural minor', 6, {6, 8, 9, 11, 1, 2, 4}),
        ('G pentatonic', 7, {7, 9, 11, 2, 4}),
        ('Cb lydian', 11, {11, 1, 3, 5, 6, 8, 10}),
    ],
)
def test_scales(text, tonic, classes):
    assert parse_scale(text, prompt_in(Key(0, 'minor'), 69)) == (tonic, classes)


@pytest.mark.parametrize('mode', MODES)
def test_the_prompt_s_scale_is_that_of_its_key_and_has_all_its_notes(mode):
    prompt = dataclasses.replace(
        prompt_in(Key.of(2, mode), 61, NO_EVENT, 63), after=np.array([NOTE_OFF, 77], np.int8)
    )
    tonic, scale = parse_scale('prompt', prompt)
    assert tonic == 2
    assert scale == {(2 + step) % 12 for step in SCALES[mode]} | {1, 3, 5}


@pytest.mark.parametrize(
    ('changes', 'is_said'),
    [
        ({'scale': 'prompt'}, True),
        ({'end_on_tonic': True}, True),
        ({'scale': 'G dorian', 'end_on_tonic': True}, False),
        ({'lowest': 50}, False),
    ],
)
def test_a_key_that_is_detected_is_called_so(changes, is_said):
    _, said = read_wishes(settings(**changes), prompt_in(Key(1), 67, states_key=False), 16)
    assert ['G major' in notice and 'detected' in notice for notice in said] == [True] * is_said
    assert read_wishes(settings(**changes), prompt_in(Key(1), 67), 16)[1] == []


def test_every_scale_agrees_with_its_name():
    """The modes are the major scale from another degree on; the others are derived from them."""

    def mode(scale, degree):
        tonic = sorted(scale)[degree - 1]
        return {(step - tonic) % 12 for step in scale}

    major = {0, 2, 4, 5, 7, 9, 11}
    pentatonic, natural = major - {5, 11}, mode(major, 6)
    expected = {
        'major': major,
        'minor': natural | {9, 11},
        'natural minor': natural,
        'harmonic minor': natural - {10} | {11},
        'dorian': mode(major, 2),
        'phrygian': mode(major, 3),
        'lydian': mode(major, 4),
        'mixolydian': mode(major, 5),
        'locrian': mode(major, 7),
        'aeolian': natural,
        'pentatonic': pentatonic,
        'minor pentatonic': mode(pentatonic, 5),
        'blues': mode(pentatonic, 5) | {6},
    }
    found = {name: parse_scale(f'D {name}', prompt_in(Key(0))) for name in SCALES}
    assert {tonic for tonic, _ in found.values()} == {2}
    classes = {name: {(step - 2) % 12 for step in scale} for name, (_, scale) in found.items()}
    assert classes == expected


@pytest.mark.parametrize('text', ['H major', 'C minr', 'major', 'C## major', 'C major minor'])
def test_no_scale(text):
    with pytest.raises(UserError, match="must be '', 'prompt', or a tonic and one of major, minor"):
        parse_scale(text, prompt_in(Key(0)))


def test_bars():
    assert parse_bars('3', 4) == (2, 3)
    assert parse_bars('1-4', 4) == (0, 4)
    for text in ('0', '5', '3-2', '2-', 'a', '-1', '1-5', '\uff11', '1-' + '9' * 5000):
        has = 'the prompt has bars 1 to 4; ' if text in ('0', '5', '3-2', '1-5') else ''
        with pytest.raises(UserError, match=f": {has}must be one bar, such as '3', or a range"):
            parse_bars(text, 4)
    with pytest.raises(UserError, match='the prompt has only bar 1; '):
        parse_bars('2', 1)


def test_bars_are_numbered_as_in_the_file():
    """A pickup is bar 0; of a long prompt only the last bars are read."""
    assert parse_bars('0-1', 4, 0) == (0, 2)
    assert parse_bars('3', 4, 0) == (3, 4)
    assert parse_bars('38', 64, 37) == (1, 2)
    with pytest.raises(UserError, match=r'the prompt has bars 0 to 3 \(bar 0 is its pickup\)'):
        parse_bars('4', 4, 0)
    with pytest.raises(UserError, match='the prompt has bars 37 to 100; '):
        parse_bars('1', 64, 37)


def test_bars_that_are_kept():
    prompt = read_prompt('', MelodyVocabulary(60, 84), transpose=True)
    kept = keep(prompt, 1, 3)
    assert (kept[:32] == DRAWN).all()
    np.testing.assert_array_equal(kept[32:], prompt.tokens[48:])
    there = around(prompt, 1, 3, 0)
    np.testing.assert_array_equal(there.tokens, prompt.tokens[:16])
    np.testing.assert_array_equal(there.events, prompt.events[:16])
    np.testing.assert_array_equal(there.after, prompt.events[48:])
    nothing = around(prompt, 0, 1, 0)
    assert (len(nothing.events), nothing.tokens.tolist()) == (0, [0] * 16)


def test_before_a_pickup_nothing_is_drawn(tmp_path):
    (tmp_path / 'up.abc').write_text('X:1\nM:4/4\nL:1/4\nK:C\nGA|cdef|gfed|\n')
    prompt = read_prompt(str(tmp_path / 'up.abc'), MelodyVocabulary(60, 84), transpose=True)
    kept = keep(prompt, 0, 2)
    np.testing.assert_array_equal(np.flatnonzero(kept == DRAWN), np.arange(8, 32))
    np.testing.assert_array_equal(kept[:8], 0)  # silence


def test_instruments():
    assert [parse_instrument(name) for name in ('acoustic grand piano', 'Flute', 'gunshot')] == [
        0,
        73,
        127,
    ]
    with pytest.raises(UserError, match=r'an instrument of General MIDI, .*; did you mean flute\?'):
        parse_instrument('flut')


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match=r'config.sample.rhythm = none.mid: No such file'):
        read_wishes(settings(rhythm='none.mid'), make_prompt(), 16)
    waltz = tmp_path / 'waltz.abc'
    waltz.write_text('X:1\nM:3/4\nL:1/4\nK:D\nd2 f|\n')
    with pytest.raises(
        UserError, match=r'config.sample.rhythm = .*3/4.*must be a melody in 4/4, as'
    ):
        read_wishes(settings(rhythm=str(waltz)), make_prompt(), 16)
    assert read_wishes(settings(pitches=str(waltz)), make_prompt(), 16)[0].pitches == (74, 78)


def piece(log_probabilities):
    values = np.array(log_probabilities)
    return Piece(
        np.zeros(2, np.uint8),
        np.zeros(2, np.int8),
        float(values.sum()),
        0,
        log_probabilities=values,
    )


def test_candidates_are_ranked():
    pieces = [piece([-3, -1]), piece([-1, -1]), piece([-9, 0]), piece([-1, 0])]
    assert ranked(pieces, [5, 5, 2, 9], 'likelihood') == [3, 1, 0, 2]
    assert ranked(pieces, [5, 5, 2, 9], 'originality') == [2, 1, 0, 3]
    assert ranked(pieces, [5, 3, 2, 9], 'both') == [1, 3, 2, 0]  # places 2 + 2, 1 + 4, 4 + 1, 3 + 3


def test_candidates_are_drawn_by_how_well_what_follows_fits():
    """Of two candidates of a group in proportion to the probability of the kept steps, whatever the
    probability of their own.
    """
    pieces = [piece([-50.0, np.log(0.8)]), piece([0.0, np.log(0.2)])] * 2000
    chosen = fitting(pieces, 2000, 1, np.random.default_rng(0))
    assert [place // 2 for place in chosen] == list(range(2000))
    assert np.mean([place % 2 == 0 for place in chosen]) == pytest.approx(0.8, abs=0.03)
