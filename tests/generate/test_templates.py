"""Files as templates, with and without pickups, of new bars and of a prompt's own pickup."""

import dataclasses

import numpy as np
import pytest

from configs import base
from symmusic.errors import UserError
from symmusic.generate.masks import FREE
from symmusic.generate.wishes import read_wishes
from symmusic.melody.events import NO_EVENT, NOTE_OFF
from tests.generate.toy import make_prompt

HEAD = 'X:1\nM:4/4\nL:1/4\nK:C\n'
LEFT_OUT = 'bar 1 is its first full bar; its pickup is left out'
SILENT = dataclasses.replace(make_prompt(), events=np.full(16, NO_EVENT, np.int8))


def lay(tmp_path, field, notes, num_bars=2, pickup=0, prompt=SILENT, **changes):
    path = tmp_path / 'template.abc'
    path.write_text(HEAD + notes + '\n')
    config = base.get_config().sample.unlock()
    config.update({field: str(path), **changes})
    wishes, notices = read_wishes(config, prompt, 16 * num_bars, pickup=pickup)
    said = [notice.removeprefix(f'config.sample.{field} = {str(path)!r}: ') for notice in notices]
    return getattr(wishes, field), said


def onsets(rhythm):
    return np.flatnonzero(rhythm >= 0).tolist()


def test_a_rhythm_is_repeated_with_its_rests(tmp_path):
    rhythm, said = lay(tmp_path, 'rhythm', 'z d2 f|')
    assert onsets(rhythm) == [4, 12, 20, 28]
    assert np.flatnonzero(rhythm == NOTE_OFF).tolist() == [16]  # the rest ends what sounds
    assert said == []


def test_a_rest_at_the_start_ends_what_the_prompt_holds(tmp_path):
    held, _ = lay(tmp_path, 'rhythm', 'z d2 f|', prompt=make_prompt())
    assert held[0] == NOTE_OFF
    begun, _ = lay(tmp_path, 'rhythm', 'd2 z f|', prompt=make_prompt())
    assert begun[0] == 62 + 12


def test_silent_bars_of_a_rhythm_are_bars(tmp_path):
    rhythm, _ = lay(tmp_path, 'rhythm', 'z4|d4|', num_bars=4)
    assert onsets(rhythm) == [16, 48]


def test_a_pickup_is_not_bar_1_of_a_rhythm(tmp_path):
    """It is left out if the last bar is full, so that there is no room before a repeat."""
    rhythm, said = lay(tmp_path, 'rhythm', 'G|c2 d2|', num_bars=2)
    assert onsets(rhythm) == [0, 8, 16, 24]
    assert said == [LEFT_OUT]


def test_a_pickup_leads_into_a_repeat_where_the_last_bar_leaves_room(tmp_path):
    rhythm, said = lay(tmp_path, 'rhythm', 'G|c2 d|', num_bars=3)
    # not at the end, where nothing follows
    assert onsets(rhythm) == [0, 8, 12, 16, 24, 28, 32, 40]
    assert np.flatnonzero(rhythm == NOTE_OFF).tolist() == [44]
    assert said == []
    once, said = lay(tmp_path, 'rhythm', 'G|c2 d|', num_bars=1)
    assert (onsets(once), said) == ([0, 8], [LEFT_OUT])


def test_a_pickup_is_aligned_with_the_prompt_s_own(tmp_path):
    rhythm, said = lay(tmp_path, 'rhythm', 'G|c2 d2|', pickup=4)
    assert (onsets(rhythm), said) == ([12, 16, 24], [])
    # it is longer than the prompt's
    rhythm, _ = lay(tmp_path, 'rhythm', 'GA|c2 d2|', pickup=4)
    assert onsets(rhythm) == [12, 16, 24]
    # there is none: any rhythm
    rhythm, said = lay(tmp_path, 'rhythm', 'c2 d2|', pickup=4)
    assert (rhythm[:16] == FREE).all()
    assert (onsets(rhythm), said) == ([16, 24], [])


def test_given_notes_keep_their_places(tmp_path):
    """Also after whole bars of silence; between them everything is free."""
    fixed, said = lay(tmp_path, 'fixed', 'z4|z d2 z|f4|', num_bars=4)
    expected = np.full(64, FREE)
    expected[20:28] = [74, *[NO_EVENT] * 7]
    expected[32:48] = [77, *[NO_EVENT] * 15]
    np.testing.assert_array_equal(fixed, expected)
    assert said == []


def test_a_pickup_is_not_bar_1_of_given_notes(tmp_path):
    fixed, said = lay(tmp_path, 'fixed', 'G|c z d z|', num_bars=1)
    assert [(step, event) for step, event in enumerate(fixed) if event >= 0] == [(0, 72), (8, 74)]
    assert said == [LEFT_OUT]
    fixed, said = lay(tmp_path, 'fixed', 'G|c z d z|', pickup=4)
    assert [(step, event) for step, event in enumerate(fixed) if event >= 0] == [
        (12, 67),
        (16, 72),
        (24, 74),
    ]
    assert said == []


def test_all_pitches_count_those_of_a_pickup_too(tmp_path):
    assert lay(tmp_path, 'pitches', 'G|c2 d2|') == ((67, 72, 74), [])


@pytest.mark.parametrize(
    ('changes', 'named'), [({}, 'num_bars = 4'), ({'regenerate': '2-3'}, "regenerate = '2-3'")]
)
def test_more_bars_than_there_are(tmp_path, changes, named):
    with pytest.raises(UserError, match='its notes take 3 bars, and only 2 are new') as caught:
        lay(tmp_path, 'fixed', 'c4|d4|e4|', **changes)
    assert f'config.sample.{named}' in str(caught.value)
