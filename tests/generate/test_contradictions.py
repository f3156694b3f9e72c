"""Every pair of wishes: whether they can contradict each other, and that one line names both as the
user stated them, before anything is drawn.
"""

import functools
import itertools

import numpy as np
import pytest
from ml_collections import ConfigDict

from symmusic.api import copying, sampling
from symmusic.config.check import check
from symmusic.config.protocol import base_config
from symmusic.corpus.originals import Originals
from symmusic.errors import UserError
from symmusic.generate.masks import FREE
from symmusic.generate.prompt import Prompt
from symmusic.generate.wishes import CONSTRAINTS
from symmusic.melody.encodings import VOCABULARIES

VOCABULARY = VOCABULARIES['melody'](59, 79)
FILES = {
    'whole': 'd4|',
    'quarters': 'cdef|',
    'rest': 'c2 z2|',
    'late': 'z4|z4|c4|',
    'end': 'z4|^f4|',
    'one': 'd',
    'many': 'cdef|gfed|cdef|gfed|cdef|',
    'C': 'c4|',
}
VALUES = {  # two bars are drawn after four of C major, of a model with the pitches 59 to 79
    'scale': ['prompt', 'C major', 'F# pentatonic', 'D pentatonic'],
    'lowest': [79, 73],
    'highest': [59, 73],
    'min_notes_per_bar': [1, 5],
    'max_notes_per_bar': [0, 3],
    'rests': [False],
    'end_on_tonic': [True],
    'rhythm': ['whole', 'quarters', 'rest', 'late'],
    'pitches': ['one', 'quarters', 'many', 'C'],
    'fixed': ['whole', 'quarters', 'end', 'C'],
    'regenerate': ['2', '1-4'],
    'num_candidates': [4],
    'max_copied_run': [2],
    'max_copied_from_prompt': [2],
    'redraw_copies': [True],
}
CONTRARY = {  # pairs of which some values contradict one another; no values of any other do
    ('scale', 'lowest'),
    ('scale', 'highest'),
    ('scale', 'pitches'),
    ('scale', 'fixed'),
    ('lowest', 'highest'),
    ('lowest', 'end_on_tonic'),
    ('lowest', 'pitches'),
    ('lowest', 'fixed'),
    ('highest', 'end_on_tonic'),
    ('highest', 'pitches'),
    ('highest', 'fixed'),
    ('min_notes_per_bar', 'max_notes_per_bar'),
    ('min_notes_per_bar', 'rhythm'),
    ('min_notes_per_bar', 'pitches'),
    ('min_notes_per_bar', 'fixed'),
    ('max_notes_per_bar', 'end_on_tonic'),
    ('max_notes_per_bar', 'rhythm'),
    ('max_notes_per_bar', 'pitches'),
    ('max_notes_per_bar', 'fixed'),
    ('rests', 'rhythm'),
    ('end_on_tonic', 'rhythm'),
    ('end_on_tonic', 'pitches'),
    ('end_on_tonic', 'fixed'),
    ('rhythm', 'pitches'),
    ('rhythm', 'fixed'),
    ('pitches', 'fixed'),
    ('pitches', 'regenerate'),
    ('fixed', 'regenerate'),
}
# Found only with the training tunes, see below. Wishes do not apply to kept bars around redrawn
# ones.
LATER = {
    ('fixed', 'max_copied_run'),
    ('fixed', 'max_copied_from_prompt'),
    ('fixed', 'redraw_copies'),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('templates')
    for name, notes in FILES.items():
        (folder / f'{name}.abc').write_text(f'X:1\nM:4/4\nL:1/4\nK:C\n{notes}\n')
    return folder


@functools.cache
def base() -> ConfigDict:
    return base_config()


def refusal(folder, **wishes):
    """The line with which wishes are refused, None if they are not."""
    config = ConfigDict(base().to_dict())
    config.sample.num_bars = 2
    for name, value in wishes.items():
        is_file = name in ('rhythm', 'pitches', 'fixed')
        config.sample[name] = str(folder / f'{value}.abc') if is_file else value
    try:
        check(config)
        sampling.prepare(config, VOCABULARY, ('4/4',))
    except UserError as error:
        return str(error)
    return None


@functools.cache
def is_possible(folder, name, value):
    return refusal(folder, **{name: value}) is None


def test_bars_after_redrawn_ones_sound_as_given_whatever_is_drawn(folder):
    """The silence at the start of the last bar, or else the note tied into it, is made explicit."""
    for notes, event in (('cdef|cdef|z def|', -1), ('cdef|cde f-|f e2 f|', 77)):
        (folder / 'held.abc').write_text(f'X:1\nM:4/4\nL:1/4\nK:C\n{notes}\n')
        config = ConfigDict(base().to_dict())
        config.sample.update({'prompt': str(folder / 'held.abc'), 'regenerate': '2'})
        task = sampling.prepare(config, VOCABULARY, ('4/4',))
        assert task.prompt.after[0] == event
        first = np.asarray(task.masks.rows.tokens_V)[16]
        assert VOCABULARY.decode(np.flatnonzero(first)).tolist() == [event]


def test_each_wish_has_values():
    assert list(VALUES) == list(CONSTRAINTS)
    assert set(itertools.combinations(CONSTRAINTS, 2)) >= CONTRARY | LATER


@pytest.mark.parametrize(
    'value', [(name, each) for name in VALUES for each in VALUES[name]], ids=str
)
def test_each_wish_can_be_met_alone(folder, value):
    assert is_possible(folder, *value)


@pytest.mark.parametrize('pair', list(itertools.combinations(CONSTRAINTS, 2)), ids='-'.join)
def test_a_pair_that_cannot_both_be_met_is_named(folder, pair):
    refused = 0
    for values in itertools.product(*map(VALUES.get, pair)):
        wishes = dict(zip(pair, values, strict=True))
        if line := refusal(folder, **wishes):
            refused += 1
            assert '\n' not in line
            for name, value in wishes.items():
                assert f'config.sample.{name} = ' in line
                assert str(value) in line
    assert bool(refused) == (pair in CONTRARY), refused


def test_silence_after_a_prompt_that_ends_in_silence(folder):
    """If no note may start and none sounds, all is a rest."""
    (folder / 'ends.abc').write_text('X:1\nM:4/4\nL:1/4\nK:C\ncde z|\n')
    line = refusal(
        folder, prompt=str(folder / 'ends.abc'), max_notes_per_bar=0, rests=False, lowest=60
    )
    assert 'config.sample.max_notes_per_bar = 0' in line
    assert 'config.sample.rests = False' in line
    assert 'lowest' not in line


def test_the_scale_of_the_prompt_is_named_as_stated(folder):
    line = refusal(folder, scale='prompt', fixed='end')
    assert "config.sample.scale = 'prompt'" in line
    assert f"config.sample.fixed = '{folder / 'end.abc'}'" in line


TUNE = np.array([60, -2, 62, -2, 64, -2, 65, -2, 67, -2, 65, -2, 64, -2, 62, -2], np.int8)


def prompt_of(events, after=()):
    """A prompt with these events before and after the drawn bars."""
    return Prompt('walk', events, np.zeros(0, np.uint8), 0, 96.0, after=np.array(after, np.int8))


class Level:
    level = 3.5


@pytest.mark.parametrize(
    ('field', 'value', 'near'), [('max_copied_run', 3, None), ('redraw_copies', True, Level())]
)
def test_given_notes_that_copy_too_much(field, value, near):
    """Of a tune in another key; with a free step between them other notes may be drawn."""
    originals = Originals(('t.abc',), ('Tune',), (TUNE,))
    config = base().sample.copy_and_resolve_references().unlock()
    config.update({field: value, 'fixed': 'mine.abc'})
    given = np.full(16, FREE)
    given[:8] = TUNE[:8] + 5 * (TUNE[:8] >= 0)
    nothing, free = prompt_of(np.zeros(0, np.int8)), given.copy()
    free[3] = FREE
    with pytest.raises(
        UserError, match='have 4 in a row in common with Tune, more than 3'
    ) as caught:
        copying.check_given(config, nothing, given, originals, near)
    assert "config.sample.fixed = 'mine.abc'" in str(caught.value)
    assert f'config.sample.{field} = {value}' in str(caught.value)
    copying.check_given(config, nothing, free, originals, near)


def test_a_run_of_given_notes_may_start_in_the_prompt():
    originals = Originals(('t.abc',), ('Tune',), (TUNE,))
    config = base().sample.copy_and_resolve_references().unlock()
    config.update({'max_copied_run': 3, 'fixed': 'mine.abc'})
    given = np.full(16, FREE)
    given[:2] = TUNE[10:12]
    with pytest.raises(UserError, match='have 4 in a row in common with Tune, more than 3'):
        copying.check_given(config, prompt_of(TUNE[:10]), given, originals, None)
    given[0] = FREE  # a run within the prompt is no wish
    copying.check_given(config, prompt_of(TUNE[:10]), given, originals, None)


def test_given_notes_that_copy_the_prompt_too_much():
    """From before and from after the drawn bars; no training tunes are needed."""
    config = base().sample.copy_and_resolve_references().unlock()
    config.update({'max_copied_from_prompt': 3, 'fixed': 'mine.abc'})
    given = np.full(16, FREE)
    given[:8] = TUNE[:8] + 5 * (TUNE[:8] >= 0)
    for prompt in (prompt_of(TUNE), prompt_of(TUNE[:2], TUNE)):
        with pytest.raises(
            UserError, match='have 4 in a row in common with the prompt, more than 3'
        ) as caught:
            copying.check_given(config, prompt, given, None, None)
        assert 'config.sample.max_copied_from_prompt = 3' in str(caught.value)
    copying.check_given(config, prompt_of(TUNE[:6]), given, None, None)
