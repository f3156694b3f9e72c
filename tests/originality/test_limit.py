"""No run has more notes than allowed, for any model, tunes and prompt; and without a limit nothing
changes.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symmusic.errors import UserError
from symmusic.generate.compose import compose
from symmusic.generate.draw import Conditions, draw_continuations
from symmusic.generate.masks import DRAWN, Wishes, make_masks
from symmusic.melody.events import StepNote, from_events
from symmusic.originality.copies import find_longest_runs, find_symbols
from symmusic.originality.limit import hash_runs, make_index, original, read_prompts
from symmusic.score.bar import bar_of
from tests.generate.toy import ARCHITECTURE, VOCABULARY, make_prompt, manner, params_for

FOUR = bar_of('4/4')
PITCHES = VOCABULARY.decode(np.arange(VOCABULARY.num_classes)).astype(int)
LIVELY = {0: 0.45, 1: 0.05, 2: 0.2, 4: 0.2, 6: 0.1}  # three pitches, so that runs often agree


def tune(seed, num_steps=64):
    rng = np.random.default_rng(seed)
    return from_events(
        VOCABULARY.decode(rng.choice(list(LIVELY), num_steps, p=list(LIVELY.values())))
    )


def limits(index):
    return {} if index is None else {'max_copied_run': index}


def pieces(index, masks=None, seed=0, **how):
    drawn = compose(
        params_for(LIVELY),
        ARCHITECTURE,
        VOCABULARY,
        make_prompt(),
        manner(num_samples=16, num_bars=2, **how),
        jax.random.key(seed),
        Conditions(masks, limits(index)),
    )
    refused = [piece.num_refused.get('max_copied_run') for piece in drawn]
    return [from_events(piece.events) for piece in drawn], refused


def copied(piece, tunes, num_notes):
    """Whether a tune contains a run of this many notes that ends in the piece and starts in it or
    in the prompt.
    """
    given = from_events(make_prompt().events)
    whole = [
        *given,
        *(dataclasses.replace(note, onset=note.onset + 16, end=note.end + 16) for note in piece),
    ]
    runs = {tuple(run) for tune in tunes for run in _windows(find_symbols(tune), num_notes - 1)}
    return any(
        tuple(run) in runs
        for run in _windows(find_symbols(whole), num_notes - 1)[
            max(len(given) - num_notes + 1, 0) :
        ]
    )


def _windows(symbols, num):
    return [symbols[begin : begin + num] for begin in range(len(symbols) - num + 1)]


def test_runs_of_one_rhythm_have_different_hashes():
    """Random melodies in eighths: as many hashes as runs, but for chance."""
    pitches = np.random.default_rng(0).integers(60, 84, 50_000)
    melody = [StepNote(2 * place, 2 * place + 2, int(each)) for place, each in enumerate(pitches)]
    hashes = hash_runs(find_symbols(melody), 9)
    assert len(hashes) == 49_991
    assert len(np.unique(hashes)) >= 49_985


def check_the_limit(max_run, seed, how):
    tunes = [tune(seed * 10 + number) for number in range(10)]
    plain, none = pieces(None, seed=seed, **how)
    assert set(none) == {None}
    longest = [passage.score for passage in find_longest_runs(plain, tunes)]
    index = make_index([find_symbols(each) for each in tunes], max_run, PITCHES)
    limited, refused = pieces(index, seed=seed, **how)
    assert max(passage.score for passage in find_longest_runs(limited, tunes)) <= max_run
    assert max(longest) <= max_run or sum(refused) > 0
    assert not any(copied(piece, tunes, max_run + 1) for piece in limited)
    wished = make_masks(
        Wishes(highest=64, max_notes_per_bar=5), VOCABULARY, make_prompt().tokens, 0, 2, FOUR
    )
    both, _ = pieces(index, wished, seed=seed, **how)
    assert max(passage.score for passage in find_longest_runs(both, tunes)) <= max_run
    assert max(note.pitch for piece in both for note in piece) <= 64
    assert not any(copied(piece, tunes, max_run + 1) for piece in both)


@settings(max_examples=2)
@given(st.integers(0, 1000), st.sampled_from([{}, {'window_steps': 20}]))
def test_a_limit_that_is_never_reached_changes_nothing(seed, how):
    """The longest run of what is drawn without a limit, as the limit: the same pieces."""
    tunes = [tune(seed * 10 + number) for number in range(10)]
    plain, _ = pieces(None, seed=seed, **how)
    longest = next(
        num for num in range(2, 100) if not any(copied(piece, tunes, num + 1) for piece in plain)
    )
    index = make_index([find_symbols(each) for each in tunes], longest, PITCHES)
    assert pieces(index, seed=seed, **how)[0] == plain


def test_if_every_note_would_be_a_copy_the_piece_is_drawn_again():
    """One of three notes is needed at every second step; a tune contains some or all of the
    continuations.
    """
    tunes = [from_events(VOCABULARY.decode(np.array([4, 0, 4, 0, 6, 0, 4, 0, 6, 0, 6, 0])))]
    rhythm = np.tile([60, -2], 8).astype(np.int16)
    masks = make_masks(
        Wishes(rhythm=rhythm, scale=frozenset({0, 2, 4}), highest=64),
        VOCABULARY,
        make_prompt().tokens,
        0,
        1,
        FOUR,
    )
    index = make_index([find_symbols(each) for each in tunes], 3, PITCHES)
    drawn, _ = pieces_of_a_bar(index, masks)
    assert all(len(piece) == 8 for piece in drawn)
    assert not any(copied(piece, tunes, 4) for piece in drawn)
    with pytest.raises(UserError, match=r'max_copied_run = 2: \d+ of 16 pieces reached a step'):
        pieces_of_a_bar(make_index([find_symbols(tune(1, 2000))], 2, PITCHES), masks)


def pieces_of_a_bar(index, masks):
    how = (
        params_for(LIVELY),
        ARCHITECTURE,
        VOCABULARY,
        make_prompt(),
        manner(num_samples=16),
        jax.random.key(0),
    )
    drawn = compose(*how, Conditions(masks, limits(index)))
    return [from_events(piece.events) for piece in drawn], [piece.num_redraws for piece in drawn]


@settings(max_examples=3)  # each needs a program of its own
@given(
    st.integers(2, 5),
    st.integers(0, 1000),
    st.sampled_from([{}, {'window_steps': 20}, {'temperature': 2.0}]),
)
def test_the_limit_is_never_exceeded(max_run, seed, how):
    check_the_limit(max_run, seed, how)


@pytest.mark.slow
@settings(max_examples=100)
@given(
    st.integers(2, 5),
    st.integers(0, 1000),
    st.sampled_from([{}, {'window_steps': 20}, {'temperature': 2.0}]),
)
def test_the_limit_is_never_exceeded_by_many(max_run, seed, how):
    check_the_limit(max_run, seed, how)


@pytest.mark.parametrize('num_notes', [2, 3])
def test_a_run_may_start_with_the_prompt_s_first_note(num_notes):
    """All notes of the prompt, and the only one that may follow, are the start of a tune."""
    tokens = np.zeros(16, np.uint8)
    tokens[[4, 8, 12][:num_notes]] = [4, 6, 8][:num_notes]
    melody = [*from_events(VOCABULARY.decode(tokens)), StepNote(16, 20, 67)]
    next_token = 67 - 60 + 2
    index = jax.tree.map(jnp.asarray, make_index([find_symbols(melody)], num_notes, PITCHES))
    prompt = dataclasses.replace(make_prompt(), events=VOCABULARY.decode(tokens), tokens=tokens)
    state = read_prompts(index, tokens[None].astype(np.int32))
    assert int(state.count_B[0]) == num_notes
    refused = np.flatnonzero(~np.asarray(original(index, state))[0])
    assert refused.tolist() == [next_token]
    lively = params_for({0: 0.5, next_token: 0.5})
    how = lively, ARCHITECTURE, VOCABULARY, prompt, manner(num_samples=16), jax.random.key(0)
    free, limited = (compose(*how, Conditions(limits=limits(each))) for each in (None, index))
    assert any(piece.tokens[0] == next_token for piece in free)
    assert not any(piece.tokens[0] == next_token for piece in limited)


def kept_after(tokens):
    """Masks of one new bar before a bar that is kept."""
    kept = np.full(32, DRAWN)
    kept[16:] = tokens
    return make_masks(Wishes(lowest=60), VOCABULARY, make_prompt().tokens, 0, 2, FOUR, kept_N=kept)


def test_a_run_that_given_notes_complete_is_a_copy_unless_all_of_it_was_given():
    """A note of 64 on the last step, then a bar of 60 and 62: the tune. Without that note the bar
    itself, which is in the tune as well, is not a copy by the model.
    """
    bar = np.tile(np.array([2, 0, 4, 0], np.uint8), 4)
    melody = [StepNote(0, 1, 64), *_moved(from_events(VOCABULARY.decode(bar)), 1)]
    index = make_index([find_symbols(melody)], 4, PITCHES)
    params = params_for({0: 0.7, 6: 0.3})
    how = manner(num_samples=16, num_bars=2, max_redraws=0)

    def drawn(masks, **changes):
        return draw_continuations(
            params,
            ARCHITECTURE,
            VOCABULARY,
            np.broadcast_to(make_prompt().tokens, (16, 16)),
            dataclasses.replace(how, **changes),
            jax.random.key(0),
            Conditions(masks, limits(index)),
        ).drawn

    with pytest.raises(UserError, match=r'max_copied_run = 4: \d+ of 16 pieces reached a step'):
        drawn(kept_after(bar))
    redrawn = drawn(kept_after(bar), max_redraws=20)
    assert (redrawn.tokens_BN[:, 15] != 6).all()
    assert (redrawn.tokens_BN[:, :16] == 6).any()
    assert redrawn.states[-1].stuck_B.tolist() == [0] * 16


def _moved(notes, steps):
    return [StepNote(note.onset + steps, note.end + steps, note.pitch) for note in notes]


def test_tunes_with_other_intervals_change_nothing():
    """As without a limit, bit for bit: the tunes' intervals are larger than any in the model's
    range.
    """
    far = [from_events(np.tile([0, -2, 127, -2], 20))]
    index = make_index([find_symbols(each) for each in far], 3, PITCHES)
    prompts = np.broadcast_to(make_prompt().tokens, (4, 16))
    how = (
        params_for(LIVELY),
        ARCHITECTURE,
        VOCABULARY,
        prompts,
        manner(num_bars=2),
        jax.random.key(5),
    )
    plain, limited = (
        draw_continuations(*how, Conditions(limits=limits(each))).drawn for each in (None, index)
    )
    np.testing.assert_array_equal(plain.tokens_BN, limited.tokens_BN)
    np.testing.assert_array_equal(plain.log_probabilities_BN, limited.log_probabilities_BN)
    assert limited.states[0].refused_B.tolist() == [0] * 4


def test_two_limits_hold_together_and_count_each_on_its_own():
    """Of a tune and of the prompt itself, one note further each than the other."""
    tunes, own = [tune(3)], [from_events(make_prompt().events)]
    how = params_for(LIVELY), ARCHITECTURE, VOCABULARY, make_prompt()
    both = {
        'max_copied_run': make_index([find_symbols(each) for each in tunes], 3, PITCHES),
        'max_copied_from_prompt': make_index([find_symbols(each) for each in own], 2, PITCHES),
    }
    drawn = compose(
        *how, manner(num_samples=16, num_bars=2), jax.random.key(0), Conditions(limits=both)
    )
    melodies = [from_events(piece.events) for piece in drawn]
    assert not any(copied(melody, tunes, 4) or copied(melody, own, 3) for melody in melodies)
    assert all(piece.num_refused.keys() == both.keys() for piece in drawn)
    assert sum(piece.num_refused['max_copied_from_prompt'] for piece in drawn) > 0
    stuck = {'max_copied_from_prompt': make_index([find_symbols(tune(1, 2000))], 2, PITCHES)}
    masks = make_masks(
        Wishes(rhythm=np.tile([60, -2], 8), scale=frozenset({0, 2, 4}), highest=64),
        VOCABULARY,
        make_prompt().tokens,
        0,
        1,
        FOUR,
    )
    with pytest.raises(UserError, match=r'max_copied_from_prompt = 2: \d+ of 16 pieces reached'):
        compose(*how, manner(num_samples=16), jax.random.key(0), Conditions(masks, stuck))


@pytest.mark.parametrize('tunes', [[], [np.zeros(0, np.int64)], [np.arange(2)]])
def test_tunes_too_short_to_be_copied_give_no_index(tunes):
    assert make_index(tunes, 3, PITCHES) is None


@pytest.mark.parametrize('long', [6, 63, 64, 70, 128, 200])
def test_lengths_of_notes_are_compared(long):
    """The third note completes a run of three where the first is as long as in the tune, not where
    it is 64 or 128 steps longer or shorter.
    """
    melody = from_events(np.array([60, *[-2] * (long - 1), 62, -2, 64]))
    index = jax.device_put(make_index([find_symbols(melody)], 2, PITCHES))
    firsts = (6, 63, 64, 70, 128, 134, 200)
    prompts = [[-2] * (200 - first) + [60, *[-2] * (first - 1), 62, -2] for first in firsts]
    tokens_BT = np.stack([VOCABULARY.encode(np.array(prompt)) for prompt in prompts])
    state = jax.jit(read_prompts)(index, tokens_BT.astype(np.int32))
    for first, is_original_V in zip(firsts, np.asarray(original(index, state)), strict=True):
        assert PITCHES[~is_original_V].tolist() == ([64] if first == long else [])
