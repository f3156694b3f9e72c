"""Tunes on a grid of twelve steps per quarter: exact where they have triplets and swing, and never
mixed with tunes on sixteenths.
"""

import dataclasses

import hypothesis
import numpy as np
import pytest

from symmusic.config.check import check, check_training
from symmusic.config.protocol import resolve
from symmusic.corpus.beats import compare_beats
from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import build_dataset
from symmusic.corpus.meters import check_grid
from symmusic.corpus.originals import gather_originals, read_originals, write_originals
from symmusic.corpus.prepare import Settings, fingerprint, prepare_score
from symmusic.corpus.runs import read_melodies
from symmusic.corpus.stats import compute_statistics
from symmusic.corpus.windows import cut_windows
from symmusic.errors import UserError
from symmusic.generate.fitting import fit_score
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.melody.events import StepNote, from_events, to_events
from symmusic.score.abc import read_abc_tune
from symmusic.score.bar import bar_of
from symmusic.training.build import architecture
from tests.score.test_grid import melodies
from tests.score.test_notation import METERS

FINE = Settings(('all',), steps_per_quarter=12)
VOCABULARY = MelodyVocabulary(30, 100)
# swing, triplets and sixteenths, in C major
TEXT = 'X:1\nM:{}\nL:1/8\nK:C\n' + '(3:2:2c2d (3efg e/f/g/e/ c2 | ' * 6
LENGTHS = [8, 4, 4, 4, 4, 3, 3, 3, 3, 12]


def score_of(meter='4/4'):
    return read_abc_tune(TEXT.format(meter))


def tune_of(grid=12, meter='4/4', file='a'):
    return prepare_score(score_of(meter), file, Settings(('all',), steps_per_quarter=grid))


@pytest.mark.parametrize('meter', ['4/4', '2/2', '2/4', '3/4', '6/8', '9/8', '5/4', '3/2'])
def test_a_tune_is_exact_on_its_grid(meter):
    fine, coarse = tune_of(12, meter), tune_of(4, meter)
    assert [note.end - note.onset for note in fine.melody] == 6 * LENGTHS
    assert fine.bar == bar_of(meter, 12)
    assert (fine.num_read, fine.num_moved) == (60, 0)
    # of each ten notes two end or start at two thirds of a quarter, and three are triplets
    assert (coarse.num_read, coarse.num_moved) == (60, 30)
    assert coarse.bar == bar_of(meter)


@hypothesis.given(melodies(), METERS)
def test_notes_to_events_to_tokens_and_back(notes, meter):
    steps = [StepNote(note.onset, note.end, note.pitch) for note in notes]
    bar_steps = bar_of(meter, 12).steps
    first = steps[0].onset // bar_steps * bar_steps
    tokens = VOCABULARY.encode(to_events(steps, bar_steps))
    assert [
        StepNote(note.onset + first, note.end + first, note.pitch)
        for note in from_events(VOCABULARY.decode(tokens))
    ] == steps


def test_grids_are_not_mixed():
    fine, coarse = tune_of(12), tune_of(4)
    with pytest.raises(ValueError, match='4 steps per quarter, not 12'):
        check_grid([fine, coarse], 12)
    with pytest.raises(ValueError, match='12 steps per quarter, not 4'):
        cut_windows([fine], VOCABULARY, 48, 48)
    with pytest.raises(ValueError, match='not 12'):
        compare_beats([fine, coarse], read_melodies([fine, coarse]))
    assert fingerprint([fine]) != fingerprint([dataclasses.replace(fine, steps_per_quarter=4)])


def test_windows_count_the_steps_of_the_grid():
    tunes = [dataclasses.replace(tune_of(file=f'{number}'), style='') for number in range(12)]
    corpus = Corpus('a', 12, tuple(tunes), np.arange(12, dtype=np.int32))
    data = build_dataset(
        corpus,
        encoding='melody',
        window_steps=96,
        hop_steps=48,
        keep_last=True,
        cover_end=False,
        max_windows=0,
        split_seed=0,
        split='window',
    )
    assert (data.steps_per_quarter, data.train.bars, data.train.steps_per_quarter) == (
        12,
        (48,),
        12,
    )
    # six bars give five windows of two
    assert len(data.train) + len(data.validation) == 5 * 12
    assert (data.train.positions == 0).all()


def test_a_run_keeps_the_grid_of_its_tunes(tmp_path):
    originals = gather_originals([tune_of()], [tune_of(file='b')])
    write_originals(tmp_path, originals)
    found = read_originals(tmp_path)
    assert found.steps_per_quarter == 12
    assert found.melodies[0].bar_steps == 48
    assert list(found.melodies[0]) == list(tune_of().melody)


def test_statistics_count_the_notes_that_are_moved():
    for grid, moved in ((12, 0), (4, 30)):
        tunes = (tune_of(grid),)
        found = compute_statistics(
            Corpus('a', 1, tunes, np.zeros(1, np.int32)),
            encoding='melody',
            window_steps=16 * grid,
            hop_steps=4 * grid,
            keep_last=True,
            steps_per_quarter=grid,
        )
        assert found['steps_per_quarter'] == grid
        assert (found['num_notes_read'], found['num_notes_moved']) == (60, moved)
        assert found['share_moved'] == moved / 60
        assert found['num_tunes_moved'] == (moved > 0)
        assert found['num_steps'] == 24 * grid


def test_a_prompt_is_read_on_the_grid_of_the_model():
    fine = fit_score(score_of(), 'a', VOCABULARY, False, steps_per_quarter=12)
    assert (len(fine.events), fine.bar.steps, fine.notices) == (6 * 48, 48, ())
    assert [note.end - note.onset for note in from_events(fine.events)] == 6 * LENGTHS
    (notice,) = fit_score(score_of(), 'a', VOCABULARY, False).notices
    assert '30 (50%)' in notice


def resolved(**fields):
    from symmusic.config.fields import defaults

    config = defaults().unlock()
    for name, value in fields.items():
        config.data[name] = value
    return resolve(config)


def test_the_config_of_a_grid():
    assert resolved().data.hop_steps == 16
    assert resolved(steps_per_quarter=12).data.hop_steps == 48
    check(resolved(steps_per_quarter=12))
    for field, value in (('protocol', 'thesis'), ('encoding', 'pianoroll_faithful')):
        with pytest.raises(UserError, match=r'config.data.steps_per_quarter = 12: .*must be 4$'):
            check(resolved(steps_per_quarter=12, **{field: value}))
    for value in (3, 0, '4', 4.0, True, 8):
        with pytest.raises(UserError, match='must be one of 4, 12'):
            check(resolved(steps_per_quarter=value))


def test_a_lookback_is_whole_bars():
    config = resolved(steps_per_quarter=12)
    config.model.lookback = (48, 96)
    assert architecture(config, VOCABULARY, ('4/4',)).lookback == (48, 96)
    assert architecture(config, VOCABULARY, ('6/8',)).lookback == (36, 72)
    assert architecture(config, VOCABULARY, ('4/4', '6/8')).lookback == (1, 2)
    assert architecture(config, VOCABULARY, ('4/4', '6/8')).bars == (48, 36)
    check_training(config)
    config.model.lookback = (48, 16)
    with pytest.raises(UserError, match=r'lookback = \(48, 16\): .*must be multiples of 48'):
        check_training(config)
    check(config)  # what other modes read does not depend on it
    coarse = resolved()
    coarse.model.lookback = (48, 8)
    assert architecture(coarse, VOCABULARY, ('4/4',)).lookback == (48, 8)
    with pytest.raises(UserError, match=r'8 steps are not whole bars.*multiple of 16'):
        architecture(coarse, VOCABULARY, ('4/4', '6/8'))
