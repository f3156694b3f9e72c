"""From a corpus to training data: parts, vocabulary, base rate and the order of batches."""

import dataclasses
import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.corpus.base_rate import base_rate, target_counts
from symmusic.corpus.batches import batch_rows
from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import build_dataset
from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import find_families, split_tunes
from symmusic.corpus.windows import cut_windows
from symmusic.errors import UserError
from symmusic.melody.encodings.melody import MelodyVocabulary
from tests.corpus.tunes import random_tune, tune

VOCABULARY = MelodyVocabulary(60, 72)


def corpus(*tunes):
    return Corpus('made', len(tunes), tunes, find_families([each for each in tunes if each.kept]))


def build(made, **options):
    defaults = {
        'encoding': 'melody',
        'window_steps': 16,
        'hop_steps': 4,
        'keep_last': True,
        'cover_end': False,
        'max_windows': 0,
    }
    return build_dataset(made, **(defaults | {'split_seed': 0} | options))


def test_parts():
    made = corpus(
        *(random_tune(seed, 100 + seed) for seed in range(30)), Tune('z.mid', reason='meter')
    )
    dataset = build(made)
    split = split_tunes(made.kept, made.families, 0)
    assert dataset.num_tunes == {'train': 24, 'validation': 3, 'test': 3}
    assert dataset.vocabulary == VOCABULARY
    assert dataset.fingerprint == made.fingerprint
    for part in ('train', 'validation', 'test'):
        expected = cut_windows(getattr(split, part), VOCABULARY, 16, 4)
        np.testing.assert_array_equal(getattr(dataset, part).tokens(), expected.tokens())
    assert dataset.num_copies == {'validation': 0, 'test': 0}
    assert (
        len(
            {
                dataset_.test.tokens().tobytes()
                for dataset_ in (build(made, split_seed=seed) for seed in range(3))
            }
        )
        == 3
    )


def test_held_out_tunes_may_be_read_in_longer_stretches():
    """Each of their steps but a tune's first counts once, however long training's windows are."""
    made = corpus(*(random_tune(seed, 100 + seed) for seed in range(30)))
    held_out = split_tunes(made.kept, made.families, 0)
    for window_steps in (9, 17):
        dataset = build(made, window_steps=window_steps, held_out_steps=33)
        assert (dataset.train.num_steps, dataset.validation.num_steps, dataset.test.num_steps) == (
            window_steps,
            33,
            33,
        )
        for part in ('validation', 'test'):
            num_steps = sum(len(tune.phrases[0]) - 1 for tune in getattr(held_out, part))
            assert (
                target_counts(getattr(dataset, part), VOCABULARY.num_classes, all_steps=True).sum()
                == num_steps
            )


def test_vocabulary_covers_what_is_held_out():
    made = corpus(
        *(
            tune([*random_tune(pitch, 40).phrases[0], pitch], file=f'{pitch}.mid')
            for pitch in range(50, 80)
        )
    )
    assert build(made).vocabulary == MelodyVocabulary(50, 79)


def alike_at_the_end(num_endings):
    """20 tunes that end with one of a few bars: never four bars, so that every tune is a family of
    its own.
    """
    endings = [random_tune(90 + number, 16).phrases[0] for number in range(num_endings)]
    made = corpus(
        *(
            tune(
                np.concatenate([random_tune(seed, 48).phrases[0], endings[seed % num_endings]]),
                file=f'{seed:02}.mid',
            )
            for seed in range(20)
        )
    )
    assert len(set(made.families.tolist())) == 20
    return made


@pytest.mark.parametrize(('low', 'high'), [(5, 121), (4, 121), (5, 122), (0, 121)])
def test_pitches_in_twelve_keys(low, high):
    """The vocabulary has room for every pitch five semitones lower and six higher, in 0 to 127."""
    made = corpus(*(tune([60, low, 64 + seed, high], file=f'{seed}.mid') for seed in range(9)))
    if (low, high) == (5, 121):
        dataset = build(made, transpositions=(-5, 6))
        assert dataset.vocabulary == MelodyVocabulary(0, 127)
    else:
        with pytest.raises(UserError, match=f'would have pitches {low - 5} to {high + 6}, '):
            build(made, transpositions=(-5, 6))
    assert build(made).vocabulary == MelodyVocabulary(low, high)


def test_copies_of_training_windows_are_removed():
    dataset = build(alike_at_the_end(1), hop_steps=16)
    assert dataset.num_copies == {'validation': 2, 'test': 2}
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (
        16 * 4,
        2 * 3,
        2 * 3,
    )
    seen = set(map(tuple, dataset.train.tokens().tolist()))
    for part in (dataset.validation, dataset.test):
        assert not seen & set(map(tuple, part.tokens().tolist()))


@pytest.mark.parametrize('fewer', [{}, {'train_share': 0.01}, {'max_windows': 1}])
def test_what_is_held_out_is_compared_with_all_training_tunes(fewer):
    """Of ten endings, two tunes each, those of any training tune are not measured, whichever of
    these is trained on.
    """
    made, num_copies = alike_at_the_end(10), 0
    for seed in range(20):
        dataset = build(made, hop_steps=16, split_seed=seed, **fewer)
        split = split_tunes(made.kept, made.families, seed)
        seen = set(map(tuple, cut_windows(split.train, VOCABULARY, 16, 16).tokens().tolist()))
        for part in ('validation', 'test'):
            windows = cut_windows(getattr(split, part), VOCABULARY, 16, 16).tokens().tolist()
            new = [tokens for tokens in windows if tuple(tokens) not in seen]
            assert getattr(dataset, part).tokens().tolist() == new
            assert dataset.num_copies[part] == len(windows) - len(new)
            num_copies += len(windows) - len(new)
    assert num_copies > 40


@pytest.mark.parametrize('held_out_steps', [0, 33])
@pytest.mark.parametrize('at', [0, 5, 64, 129])
def test_what_is_held_out_is_compared_at_every_place(at, held_out_steps):
    """A held-out tune is a passage that stands somewhere in the last training tune, off the places
    at which windows are cut: no window of it is measured.
    """
    passage = np.where(np.arange(33) % 5 == 0, random_tune(5, 33).phrases[0].clip(60), -2)
    last = random_tune(6, 180).phrases[0]
    last[at : at + 33] = passage
    made = corpus(
        *(random_tune(seed, 100) for seed in range(20, 38)),
        tune(last, file='z last.mid'),
        tune(passage, file='held out.mid'),
    )
    held_out = {'validation': ['held out.mid', '20.mid'], 'test': ['21.mid']}
    made = dataclasses.replace(made, families=np.arange(20), held_out=held_out)
    windows = {'window_steps': 16, 'hop_steps': 16}
    dataset = build(made, **windows, held_out_steps=held_out_steps)
    assert dataset.num_copies['validation'] == (1 if held_out_steps else 2)
    alone = dataclasses.replace(made, held_out=held_out | {'validation': ['20.mid']})
    np.testing.assert_array_equal(
        dataset.validation.tokens(),
        build(alone, **windows, held_out_steps=held_out_steps).validation.tokens(),
    )


def test_overlap_is_of_all_held_out_and_all_training_tunes():
    """A passage of the test tune stands in a training tune that `train_share` leaves out."""
    shared = [event for pitch in range(50, 70) for event in (pitch, -2)]
    made = corpus(
        *(random_tune(seed, 300) for seed in range(20, 38)),
        tune([*random_tune(6, 300).phrases[0], *shared], file='z last.mid'),
        tune([*shared, *random_tune(7, 300).phrases[0]], file='held out.mid'),
    )
    assert len(set(made.families.tolist())) == 20
    for part, other in (('validation', 'test'), ('test', 'validation')):
        named = dataclasses.replace(made, held_out={part: ['held out.mid'], other: ['21.mid']})
        num_notes = np.count_nonzero(made.tunes[-1].events >= 0)
        for seed in range(3):
            found = build(named, train_share=0.1, split_seed=seed).overlap
            assert 20 / num_notes <= found.largest < 0.15
            assert found.mean == found.largest / 2
    assert build(made, split='window').overlap is None


def test_max_windows_draws_training_windows_only():
    made = corpus(*(random_tune(seed, 100) for seed in range(20)))
    every, few = build(made), build(made, max_windows=10)
    assert len(few.train) == 10
    assert set(few.train.starts.tolist()) < set(every.train.starts.tolist())
    np.testing.assert_array_equal(few.test.starts, every.test.starts)
    assert build(made, max_windows=10).train.starts.tolist() == few.train.starts.tolist()


def test_split_by_window():
    """Every window of every tune once, a fifth of them held out, copies and all; the seed draws
    which; `max_windows` is the total.
    """
    made = corpus(
        *(random_tune(seed, 60 + seed) for seed in range(4)), random_tune(0, 60, file='copy.mid')
    )
    dataset = build(made, split='window')
    every = cut_windows(made.kept, VOCABULARY, 16, 4)
    parts = [set(part.starts.tolist()) for part in (dataset.train, dataset.validation)]
    assert parts[0] | parts[1] == set(every.starts.tolist())
    assert not parts[0] & parts[1]
    assert len(parts[1]) == math.ceil(len(every) / 5)
    assert dataset.test is None
    assert dataset.num_tunes == {'train': 5, 'validation': 5}
    seen = set(map(tuple, dataset.train.tokens().tolist()))
    assert dataset.num_copies == {
        'validation': sum(tuple(row) in seen for row in dataset.validation.tokens().tolist())
    }
    assert dataset.num_copies['validation'] > 0
    assert (
        len(
            {
                build(made, split='window', split_seed=seed).validation.starts.tobytes()
                for seed in range(4)
            }
        )
        == 4
    )
    few = build(made, split='window', max_windows=11)
    assert (len(few.train), len(few.validation)) == (8, 3)
    # Sequences, as of targets at all steps: split in the same way, and not cut again for
    # validation.
    sequences = build(made, split='window', cover_end=True, held_out_steps=33)
    assert sequences.train.num_steps == sequences.validation.num_steps == 16


def test_too_little_to_split_by_window():
    # one tune is enough
    assert len(build(corpus(random_tune(1, 20)), split='window').validation) == 1
    with pytest.raises(UserError, match=r'train part.* gives no window'):
        build(corpus(random_tune(1, 16)), split='window')
    with pytest.raises(UserError, match=r'validation part.* gives no window'):
        build(corpus(random_tune(1, 18)), split='window', keep_last=False)


@pytest.mark.parametrize(
    ('dropped', 'message'),
    [
        (
            [('meter', '3/4'), ('meter', '2/2'), ('no notes', '')],
            r'of its 3 tunes \(dropped: 2 meter \(1 3/4, 1 2/2\), 1 no notes \(.*\)\);.*data\.met',
        ),
        ([('meter', '3/4')], 'config.data.meters = all would keep more'),
        ([('meter', '3/32')], 'add files'),
        ([('change of meter', '3/4')], 'add files'),
        ([('no meter', '')], 'write a time signature'),
        (
            [('several instruments', '4/4'), ('meter', '2/2')],
            "data.protocol = 'symmusic' would keep more",
        ),
    ],
)
def test_nothing_kept(dropped, message):
    with pytest.raises(UserError, match=message):
        build(
            corpus(
                *(
                    Tune(f'{index}.mid', meter=meter, reason=reason)
                    for index, (reason, meter) in enumerate(dropped)
                )
            )
        )


def test_too_little():
    with pytest.raises(UserError, match='needs at least 3'):
        build(corpus(random_tune(1, 100), random_tune(2, 100)))
    with pytest.raises(UserError, match=r'gives no window of 64 steps.*keep_last_window = True'):
        build(
            corpus(*(random_tune(seed, 70) for seed in range(9))),
            window_steps=64,
            hop_steps=16,
            keep_last=False,
        )


@hypothesis.given(
    st.integers(1, 300), st.integers(1, 64), st.integers(0, 2**32 - 1), st.integers(0, 1000)
)
def test_batches(num_windows, batch_size, seed, epoch):
    rows = batch_rows(num_windows, batch_size, seed, epoch)
    assert rows.shape == (math.ceil(num_windows / batch_size), batch_size)
    assert rows.dtype == np.int32
    flat = rows.ravel()
    assert sorted(flat[:num_windows]) == list(range(num_windows))  # each once
    assert (flat[num_windows:] == -1).all()  # the rest is filling
    # whatever was drawn before
    np.testing.assert_array_equal(batch_rows(num_windows, batch_size, seed, epoch), rows)


def test_batches_differ_by_epoch_and_seed():
    drawn = {batch_rows(50, 10, seed, epoch).tobytes() for seed in range(4) for epoch in range(4)}
    assert len(drawn) == 16
    assert batch_rows(5, 3, 0, 0).ravel()[-1] == -1


def test_target_counts():
    # Windows . . 60 62 | 61 60 - off | 60 - off 62 (the last two overlap), '.' padding and '-' no
    # event.
    windows = cut_windows(
        [tune([60, 62]), tune([61, 60, -2, -1, 62])], MelodyVocabulary(60, 62), 4, 1
    )
    assert windows.tokens().tolist() == [[0, 0, 2, 4], [3, 2, 0, 1], [2, 0, 1, 4]]
    assert target_counts(windows, 5, all_steps=False).tolist() == [0, 1, 0, 0, 2]
    # All but each first step, the padding apart: 60 62 | 60 - off | - off 62.
    assert target_counts(windows, 5, all_steps=True).tolist() == [2, 2, 2, 0, 2]


def test_target_counts_in_blocks():
    windows = cut_windows([random_tune(1, 9000)], VOCABULARY, 4, 1)
    tokens = windows.tokens()
    np.testing.assert_array_equal(
        target_counts(windows, 15, all_steps=False), np.bincount(tokens[:, -1], minlength=15)
    )
    np.testing.assert_array_equal(
        target_counts(windows, 15, all_steps=True), np.bincount(tokens[:, 1:].ravel(), minlength=15)
    )


def test_base_rate():
    # Training 7:0:0 with one more each is 8/10, 1/10, 1/10; measured on two of the first class and
    # one of the last.
    assert base_rate(np.array([7, 0, 0]), np.array([2, 0, 1])) == pytest.approx(
        -(2 * math.log(0.8) + math.log(0.1)) / 3
    )
    assert base_rate(np.array([0, 0, 0, 0]), np.array([1, 5, 0, 0])) == pytest.approx(math.log(4))


@hypothesis.given(st.lists(st.integers(1, 500), min_size=2, max_size=8))
def test_base_rate_is_at_least_the_entropy(counts):
    counts = np.array(counts)
    shares = counts / counts.sum()
    entropy = -(shares * np.log(shares)).sum()
    assert base_rate(1000 * counts, counts) == pytest.approx(entropy, abs=0.01)
    assert base_rate(np.roll(counts, 1), counts) >= entropy - 1e-12


STYLES = {'chorale': 20, 'fiddle tune': 30, 'folk song': 12}


def mixed():
    tunes = [
        random_tune(100 * rank + index, 80 + 40 * rank, style=style, file=f'{style}{index:02}.mid')
        for rank, (style, num) in enumerate(STYLES.items())
        for index in range(num)
    ]
    return corpus(*tunes)


@pytest.mark.parametrize(
    'options', [{}, {'max_windows': 31}, {'held_out_steps': 33}, {'split': 'window'}]
)
def test_equal_shares_of_styles(options):
    made = mixed()
    dataset = build(made, **options)
    assert dataset.styles == ('chorale', 'fiddle tune', 'folk song')
    seen = {style: set() for style in STYLES}
    for part in ('train', 'validation', *(['test'] if dataset.test else [])):
        windows = getattr(dataset, part)
        each = [windows.select(rows) for rows in np.split(np.arange(len(windows)), 3)]
        for style, of_style in zip(sorted(STYLES), each, strict=True):
            events = {
                VOCABULARY.encode(phrase).tobytes()
                for tune in made.kept
                if tune.style == style
                for phrase in tune.phrases
            }
            assert all(
                any(window.tobytes() in tune for tune in events) for window in of_style.tokens()
            )
            seen[style].add(len(of_style))
    assert len(set(map(frozenset, seen.values()))) == 1
    if 'max_windows' in options:
        assert len(dataset.train) == 30
    else:
        assert len(build(made, **options).train) == len(dataset.train) > 30
    np.testing.assert_array_equal(build(made, **options).train.tokens(), dataset.train.tokens())
    if dataset.test:
        # of 20, 30 and 12: 2 + 3 + 2 each
        assert dataset.num_tunes == {'train': 48, 'validation': 7, 'test': 7}


def test_a_style_without_a_window_is_named():
    tunes = [random_tune(seed, 100, style='a') for seed in range(9)]
    tunes += [random_tune(50 + seed, 17, style='b', file=f'b{seed}.mid') for seed in range(9)]
    with pytest.raises(
        UserError, match="train part of corpus made gives no window of 16 steps in the style 'b'"
    ):
        build(corpus(*tunes), keep_last=False)


def test_a_share_of_the_training_tunes():
    made = corpus(*(random_tune(seed, 100 + seed) for seed in range(30)))
    whole, half, by_window = (
        build(made),
        build(made, train_share=0.5),
        build(made, train_share=0.5, split='window'),
    )
    assert half.num_tunes == whole.num_tunes | {'train': 12}
    rows = [{row.tobytes() for row in each.train.tokens()} for each in (half, whole)]
    assert rows[0] < rows[1]
    for part in ('validation', 'test'):
        np.testing.assert_array_equal(getattr(half, part).tokens(), getattr(whole, part).tokens())
    assert half.vocabulary == whole.vocabulary
    assert by_window.num_tunes == {'train': 15, 'validation': 15}


def test_a_part_of_known_windows_alone_is_named():
    tunes = [random_tune(seed, 100) for seed in range(20)]
    with pytest.raises(UserError, match=r'validation part .* only windows of 1 step'):
        build(corpus(*tunes), window_steps=1)
