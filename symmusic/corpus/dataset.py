"""A corpus made ready for a model: vocabulary, split and windows."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.cache import Corpus
from symmusic.corpus.cutter import Cutter
from symmusic.corpus.draws import draw_shares, split_windows
from symmusic.corpus.drops import describe_drops
from symmusic.corpus.duplicates import without_copies, without_seen
from symmusic.corpus.meters import find_meters
from symmusic.corpus.overlap import Overlap, measure_overlap
from symmusic.corpus.split import TEST, TRAIN, VALIDATION, draw_share
from symmusic.corpus.windows import Windows, join_windows
from symmusic.errors import UserError
from symmusic.melody.encodings import VOCABULARIES, Vocabulary
from symmusic.score.bar import SIXTEENTHS, is_countable
from symmusic.wording import count


@dataclasses.dataclass(frozen=True)
class Dataset:
    """The parts of a corpus that training needs. `num_tunes` and `num_copies` (held-out windows
    that equal a part of a training tune) are keyed by part; `overlap` is that of the held-out tunes
    with all training tunes; `meters` are as in `meters.find_meters`, on the grid of
    `steps_per_quarter`.

    Split by tune, the copies have been removed. Split by window, they have not; both parts are from
    all tunes, and there is neither a test part nor an overlap. If there are several `styles`, each
    part has equally many windows of each.
    """

    vocabulary: Vocabulary
    train: Windows
    validation: Windows
    test: Windows | None
    num_tunes: dict[str, int]
    num_copies: dict[str, int]
    fingerprint: str
    styles: tuple[str, ...] = ('',)
    overlap: Overlap | None = None
    meters: tuple[str, ...] = ('4/4',)
    steps_per_quarter: int = SIXTEENTHS


def build_dataset(
    corpus: Corpus,
    *,
    encoding: str,
    window_steps: int,
    hop_steps: int,
    keep_last: bool,
    cover_end: bool,
    max_windows: int,
    split_seed: int,
    held_out_steps: int = 0,
    also_pitches: Sequence[int] = (),
    transpositions: tuple[int, int] = (0, 0),
    split: str = 'tune',
    train_share: float = 1.0,
) -> Dataset:
    """Splits a corpus and cuts it into windows.

    With `split` 'tune' the parts share no tune family, validation and test windows that occur
    anywhere in a training tune are removed, and `max_windows` are drawn from the training windows.
    With 'window', as in the thesis, the windows of all tunes are cut, `max_windows` are drawn from
    them, and a random fifth of these is the validation part. Most of it overlaps with training
    windows, so its loss says little about unseen tunes; `held_out_steps` is ignored.

    With `held_out_steps` validation and test are cut into windows of that length, at a hop of half
    of it, up to the end of each phrase, and each step counts once: the same measure for every
    model, whatever it was trained on. The vocabulary covers the whole corpus, transposed by the
    least and the most of `transpositions` (semitones), and `also_pitches`, so that no held-out tune
    is outside it.

    A corpus of several styles is split style by style, and each part has equally many windows of
    each style, drawn by `split_seed`: as many as the smallest has; of training windows at most
    `max_windows` in total.

    A share `train_share` of the training tunes (with split 'window' of all tunes) is kept, drawn by
    `split_seed`; it changes neither test nor validation.

    Raises:
      UserError: the corpus keeps too little to train on; the message says which setting would keep
        more.
    """
    kept = corpus.kept
    if not kept:
        raise UserError(_nothing_kept(corpus))
    phrases = [phrase for tune in kept for phrase in tune.phrases]
    pitches = [*also_pitches, *_pitch_range(phrases, transpositions, corpus.name)]
    cutter = Cutter(
        corpus.name,
        tuple(sorted({tune.style for tune in kept})),
        VOCABULARIES[encoding].fit([*phrases, np.array(pitches, np.int16)]),
        window_steps,
        hop_steps,
        keep_last,
        cover_end,
        held_out_steps,
        {'meters': find_meters(kept), 'steps_per_quarter': kept[0].steps_per_quarter},
    )
    build = _split_windows if split == 'window' else _split_tunes
    return build(corpus, cutter, train_share, max_windows, split_seed)


def _split_windows(
    corpus: Corpus, cutter: Cutter, train_share: float, max_windows: int, split_seed: int
) -> Dataset:
    """The dataset of `split` 'window'."""
    kept = draw_share(corpus.kept, train_share, split_seed)
    found = cutter.by_style(cutter.cut, kept)
    cutter.require(VALIDATION, found)
    drawn = draw_shares(found, max_windows, split_seed)
    trains, validations = zip(*(split_windows(each, split_seed) for each in drawn), strict=True)
    cutter.require(TRAIN, trains)
    train, validation = join_windows(trains), join_windows(validations)
    return Dataset(
        cutter.vocabulary,
        train,
        validation,
        None,
        num_tunes={TRAIN: len(kept), VALIDATION: len(kept)},
        num_copies={VALIDATION: len(validation) - len(without_copies(validation, train))},
        fingerprint=corpus.fingerprint,
        styles=cutter.styles,
        **cutter.grid,
    )


def _split_tunes(
    corpus: Corpus, cutter: Cutter, train_share: float, max_windows: int, split_seed: int
) -> Dataset:
    """The dataset of `split` 'tune'."""
    tunes = corpus.split(split_seed)
    trained = draw_share(tunes.train, train_share, split_seed)
    train = cutter.by_style(cutter.cut, trained)
    parts = {
        VALIDATION: cutter.by_style(cutter.cut_held_out, tunes.validation),
        TEST: cutter.by_style(cutter.cut_held_out, tunes.test),
    }
    seen = cutter.cut_held_out(tunes.train).stream
    unseen = {
        part: [without_seen(windows, seen) for windows in found] for part, found in parts.items()
    }
    cutter.require(TRAIN, train)
    for part, found in unseen.items():
        cutter.require(part, found, parts[part])
    return Dataset(
        cutter.vocabulary,
        join_windows(draw_shares(train, max_windows, split_seed)),
        join_windows(draw_shares(unseen[VALIDATION], 0, split_seed)),
        join_windows(draw_shares(unseen[TEST], 0, split_seed)),
        num_tunes={TRAIN: len(trained), VALIDATION: len(tunes.validation), TEST: len(tunes.test)},
        num_copies={
            part: sum(map(len, found)) - sum(map(len, unseen[part]))
            for part, found in parts.items()
        },
        fingerprint=corpus.fingerprint,
        styles=cutter.styles,
        overlap=measure_overlap([*tunes.validation, *tunes.test], tunes.train),
        **cutter.grid,
    )


def _pitch_range(
    phrases: Sequence[np.ndarray], transpositions: tuple[int, int], name: str
) -> tuple[int, int]:
    events = np.concatenate(phrases).astype(int)
    low, high = (
        int(events[events >= 0].min()) + transpositions[0],
        int(events.max()) + transpositions[1],
    )
    if low < 0 or high > 127:
        raise UserError(
            f'config.train.augment_keys = True: corpus {name} in twelve keys would have pitches'
            f' {low} to {high}, outside of 0 to 127; must be False'
        )
    return low, high


def _nothing_kept(corpus: Corpus) -> str:
    reasons = {}
    for tune in corpus.tunes:
        reasons.setdefault(tune.reason, []).append(tune.meter)
    advice = 'add files with notes in one metre'
    if {'several time signatures', 'several instruments'} & reasons.keys():
        advice = "config.data.protocol = 'symmusic' would keep more"
    elif any(map(is_countable, reasons.get('meter', ()))):
        advice = 'config.data.meters = all would keep more'
    elif 'no meter' in reasons:
        advice = 'write a time signature into the files'
    return (
        f'corpus {corpus.name} keeps none of its {count(len(corpus.tunes), "tune")} (dropped:'
        f' {describe_drops(corpus.tunes)}); {advice}'
    )
