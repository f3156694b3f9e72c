"""From the sections of a score to the bars left at each step of its windows."""

import dataclasses

import hypothesis
import numpy as np
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symmusic.corpus.cache import load_corpus
from symmusic.corpus.prepare import Settings, prepare_score
from symmusic.corpus.windows import cut_windows, join_windows
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.melody.encodings.pianoroll import PianorollVocabulary
from symmusic.score.abc import read_abc_tune
from tests.corpus.tunes import random_tune, tune, write_files

VOCABULARY = MelodyVocabulary(48, 84)
EVERY = Settings(meters=('all',))
A, B = 'GAG FED|' * 3, 'cBc GFE|' * 3
JIG = f'X:1\nM:6/8\nL:1/8\nK:C\nD|:{A}C3 C2D:|\n|:{B}c3 c2B:|\n'
# a reel in which the last bar is full, and so is the first
REEL = f'X:2\nM:4/4\nL:1/4\nK:C\n{"CDEF|" * 3}C4||{"cdef|" * 3}C4|]\n'
PLAIN = f'X:3\nM:3/4\nL:1/4\nK:C\n{"CDE|" * 8}]\n'


def prepared(text, **changes):
    return prepare_score(read_abc_tune(text), 'a.abc', dataclasses.replace(EVERY, **changes))


def test_a_pickup_belongs_to_the_section_after_it():
    """Bar 0 has the pickup alone; the sections of 4 bars start at the bar lines after it, though
    repeats and double bars are an eighth before.
    """
    jig = prepared(JIG)
    assert (jig.num_bars, jig.sections) == (17, (0, 1, 5, 9, 13))
    assert (prepared(REEL).num_bars, prepared(REEL).sections) == (8, (0, 4))
    assert (prepared(PLAIN).num_bars, prepared(PLAIN).sections) == (8, ())
    long_pickup = prepared(JIG.replace('D|:', 'DEFE|:').replace('c2B:|', 'C2D:|'))
    assert long_pickup.sections[:2] == (0, 1)


def test_silence_counts():
    """Bars 2 and 3 of 6 are silent; a section starts after them."""
    text = 'X:1\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|z4|z4||cBAG|FEDC|]\n'
    whole = prepared(text)
    assert (len(whole.phrases), whole.num_bars, whole.sections) == (2, 6, (0, 4))
    left = cut_windows([whole], VOCABULARY, 32, 16).left
    assert left[32:64:16].tolist() == [[3, 5], [2, 4]]
    assert left[96::16].tolist() == [[1, 1], [0, 0]]
    # a silence that ends the tune
    ended = prepared(text, rests='end')
    assert (ended.num_bars, ended.sections) == (2, (0,))
    assert cut_windows([ended], VOCABULARY, 32, 16).left[32::16].tolist() == [[1, 1], [0, 0]]


@hypothesis.given(
    st.lists(st.integers(1, 70), min_size=1, max_size=3),
    st.sets(st.integers(0, 9)),
    st.sampled_from(['4/4', '6/8']),
    st.booleans(),
)
def test_counts_of_windows(lengths, sections, meter, is_pianoroll):
    """Every step of every window, compared with counting the bars of its tune; in padding nothing
    is known.
    """
    vocabulary = PianorollVocabulary(48, 84) if is_pianoroll else VOCABULARY
    phrases = [random_tune(seed, length).phrases[0] for seed, length in enumerate(lengths)]
    bar_steps = {'4/4': 16, '6/8': 12}[meter]
    made = tune(*phrases, gaps=(2,) * (len(phrases) - 1), counted_in=meter)
    made = dataclasses.replace(made, sections=tuple(sorted({0, *sections})) if sections else ())
    windows = cut_windows([made], vocabulary, 20, 5, meters=(meter,))
    num_bars = sum(-(-length // bar_steps) for length in lengths) + 2 * (len(lengths) - 1)
    first, expected = 0, []
    for length in lengths:
        expected += [[255, 255]] * 20
        for step in range(vocabulary.num_tokens(np.zeros(length))):
            bar = first + min(step, length - 1) // bar_steps
            later = [each for each in (*sections, num_bars) if bar < each <= num_bars]
            expected.append(
                [min(later) - 1 - bar if sections else 255, min(num_bars - 1 - bar, 32)]
            )
        first += -(-length // bar_steps) + 2
    assert windows.left.tolist() == expected


def test_joined_windows():
    one, other = (
        cut_windows([prepared(text)], VOCABULARY, 20, 8, meters=('4/4', '6/8'))
        for text in (REEL, JIG)
    )
    assert_array_equal(join_windows([one, other]).left, np.concatenate([one.left, other.left]))
    unknown = dataclasses.replace(other, left=None)
    assert join_windows([one, unknown]).left is None


def test_sections_are_cached(tmp_path):
    folder = write_files(tmp_path / 'music', {'book.abc': '\n'.join([JIG, REEL, PLAIN])})
    found, again = (load_corpus(str(folder), EVERY) for _ in range(2))
    assert (found.from_cache, again.from_cache) == (False, True)
    assert again.tunes[0].sections == found.tunes[0].sections == (0, 1, 5, 9, 13)
    assert [each.sections for each in again.tunes[1:]] == [(0, 4), ()]
