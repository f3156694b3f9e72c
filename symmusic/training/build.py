"""From a config to what is trained: corpus, split, windows, network and recipe; logs what is
loaded.
"""

import dataclasses
import logging
import time
from collections.abc import Sequence

from ml_collections import ConfigDict

from symmusic.config.protocol import deviation
from symmusic.corpus.cache import Corpus, load_corpus
from symmusic.corpus.dataset import Dataset, build_dataset
from symmusic.corpus.drops import describe_drops
from symmusic.corpus.meters import bars_of, in_own_bars
from symmusic.corpus.overlap import as_words
from symmusic.corpus.prepare import Settings, Tune
from symmusic.corpus.split import Split, draw_share
from symmusic.corpus.windows import Windows
from symmusic.errors import UserError
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.form import LEFT_SIZES
from symmusic.model.model import Architecture
from symmusic.score.bar import bar_of
from symmusic.training import shipped
from symmusic.training.card import Card
from symmusic.training.state import Recipe
from symmusic.wording import count

log = logging.getLogger(__name__)
TWELVE_KEYS = (-5, 6)  # semitones from C major or A minor: each of the twelve keys once


def corpus(config: ConfigDict) -> Corpus:
    """The config's corpus, prepared or from the cache; logs what is kept."""
    data = config.data
    if line := deviation(config):
        log.info(line)
    begun = time.perf_counter()
    settings = Settings(
        data.meters,
        data.align_pickups,
        data.rests,
        strict=data.protocol == 'thesis',
        steps_per_quarter=data.steps_per_quarter,
    )
    loaded = load_corpus(data.corpus, settings, max_tunes=data.max_tunes, seed=data.split_seed)
    for notice in loaded.notices:
        log.info(notice)
    how = 'from the cache' if loaded.from_cache else 'prepared'
    log.info(
        f'corpus {loaded.name}: {len(loaded.kept)} of {count(len(loaded.tunes), "tune")} kept,'
        f' dropped: {describe_drops(loaded.tunes)}; {how} in {time.perf_counter() - begun:.1f} s'
    )
    return loaded


def corpus_of(config: ConfigDict, card: Card, *, is_shipped: bool = False) -> Corpus:
    """The corpus that a model was trained on, with the split of its training.

    Raises:
      UserError: the corpus has changed since.
    """
    found = corpus(config)
    if is_shipped:
        if own := of_shipped(found, card):
            return own
        raise UserError(f'{not_of_shipped(found)}; install the music21 of requirements.txt')
    if found.fingerprint != card.dataset['fingerprint']:
        raise UserError(
            f'the corpus {found.name} has changed since the run was trained on it; train again in'
            ' another --workdir'
        )
    return found


def of_shipped(corpus: Corpus, card: Card) -> Corpus | None:
    """A corpus with the held-out tunes of the shipped model, which are identified by their files,
    so that they are unseen even if the corpus reader has changed since; None where most are
    missing.

    Where the corpus is read differently today, this is logged, and tunes with pitches outside the
    model's vocabulary are left out.
    """
    held_out = shipped.read_held_out()
    names = {name for part in held_out.values() for name in part}
    if 2 * len(names & {tune.file for tune in corpus.kept}) < len(names):
        return None
    if corpus.fingerprint != card.dataset['fingerprint']:
        corpus = _within(corpus, card.vocabulary)
        log.info(
            f'the corpus {corpus.name} is read differently than when the shipped model was trained'
            f' on it: the {len(names)} tunes that it has not seen are identified by their names'
        )
    return dataclasses.replace(corpus, held_out=held_out)


def not_of_shipped(corpus: Corpus) -> str:
    """The message that a corpus is not the shipped model's."""
    return f'the corpus {corpus.name} is not the one that the shipped model was trained on'


def _within(corpus: Corpus, vocabulary: Vocabulary) -> Corpus:
    """The corpus without tunes that have pitches outside a vocabulary."""

    def knows(tune: Tune) -> bool:
        pitches = tune.events[tune.events >= 0]
        return vocabulary.min_pitch <= pitches.min() and pitches.max() <= vocabulary.max_pitch

    rows = [row for row, tune in enumerate(corpus.kept) if knows(tune)]
    kept = [corpus.kept[row] for row in rows]
    files = {tune.file for tune in kept}
    tunes = [
        tune
        if not tune.kept or tune.file in files
        else dataclasses.replace(tune, reason='pitch range', phrases=(), gaps=())
        for tune in corpus.tunes
    ]
    return dataclasses.replace(corpus, tunes=tuple(tunes), families=corpus.families[rows])


def split_as_trained(config: ConfigDict, corpus: Corpus) -> Split:
    """The tunes of each part, as in training; split by window all are training tunes."""
    by_tune = config.data.split == 'tune'
    tunes = corpus.split(config.data.split_seed) if by_tune else Split(tuple(corpus.kept), (), ())
    return dataclasses.replace(
        tunes, train=draw_share(tunes.train, config.data.train_share, config.data.split_seed)
    )


def dataset(config: ConfigDict, corpus: Corpus, also_pitches: Sequence[int] = ()) -> Dataset:
    """The windows or, for targets at all steps, sequences of a corpus; logs their numbers. The
    vocabulary includes `also_pitches`.
    """
    data, train = config.data, config.train
    if train.targets != 'last':
        # One step more than is read: the last one is only a target.
        cut = {
            'window_steps': train.sequence_steps + 1,
            'hop_steps': train.sequence_hop_steps,
            'cover_end': True,
        }
        cut['held_out_steps'] = train.held_out_steps + 1
    else:
        cut = {'window_steps': data.window_steps, 'hop_steps': data.hop_steps, 'cover_end': False}
    built = build_dataset(
        corpus,
        encoding=data.encoding,
        split=data.split,
        train_share=data.train_share,
        keep_last=data.keep_last_window,
        max_windows=data.max_windows,
        split_seed=data.split_seed,
        also_pitches=also_pitches,
        transpositions=TWELVE_KEYS if train.augment_keys else (0, 0),
        **cut,
    )
    if built.test is None:
        log.info(
            f'train {count(len(built.train), "window")}{_shares(built, built.train)}; validation'
            f' {count(len(built.validation), "window")}; no test: split by window, all of the same'
            f' {count(built.num_tunes["train"], "tune")} (of {built.train.num_steps} steps;'
            f' {count(built.num_copies["validation"], "copy")} of training windows in validation)'
        )
        return built
    parts = {'train': built.train, 'validation': built.validation, 'test': built.test}
    held_out = (
        f', held out of {built.test.num_steps}, each step counted once'
        if 'held_out_steps' in cut
        else ''
    )
    log.info(
        '; '.join(
            f'{part} {count(built.num_tunes[part], "tune")}, {count(len(windows), "window")}'
            f'{_shares(built, windows)}'
            for part, windows in parts.items()
        )
        + f' (of {built.train.num_steps} steps{held_out};'
        f' {count(sum(built.num_copies.values()), "held-out copy")} of training windows removed);'
        f' {as_words(built.overlap)}'
    )
    return built


def _shares(dataset: Dataset, windows: Windows) -> str:
    """The number of windows of each style, where there are several."""
    styles = dataset.styles
    return (
        f' ({len(windows) // len(styles)} each of {", ".join(styles)})' if len(styles) > 1 else ''
    )


def architecture(config: ConfigDict, vocabulary: Vocabulary, meters: Sequence[str]) -> Architecture:
    """The network architecture of a config for a vocabulary and the metres of a corpus."""
    own = (
        'metric_position',
        'lookback',
        'bars_left',
        'agreement',
        'last_notes',
        'last_notes_dropout',
        'num_heads',
    )
    fields = {name: value for name, value in config.model.items() if name not in own}
    grid = config.data.steps_per_quarter
    bars, told = bars_of(meters, grid), config.model.last_notes
    return Architecture(
        vocabulary.num_classes,
        infilling=config.train.targets == 'gap',
        num_positions=max(bars) if config.model.metric_position else 0,
        padding=vocabulary.padding,
        lookback=_lookback(config.model.lookback, meters, grid),
        bars=bars,
        left_sizes=LEFT_SIZES if config.model.bars_left else (),
        agreement=config.model.agreement and len(config.model.lookback) > 0,
        last_notes=(vocabulary.first_pitch, vocabulary.min_pitch) if told else (),
        is_roll=told and config.data.encoding != 'melody',
        notes_dropout_rate=config.model.last_notes_dropout if told else 0.0,
        num_heads=config.model.num_heads if config.model.kind != 'lstm' else 0,
        **fields,
    )


def _lookback(
    steps: Sequence[int], meters: Sequence[str], steps_per_quarter: int
) -> tuple[int, ...]:
    """The lookbacks of a network in steps or, of several metres, in bars."""
    whole = 4 * steps_per_quarter
    uneven = [each for each in steps if each % whole]
    if uneven and len(meters) > 1:
        raise UserError(
            f'config.model.lookback = {steps!r}: {uneven[0]} steps are no whole bars of 4/4; in a'
            f' corpus of several metres ({", ".join(meters)}) it must be a multiple of {whole},'
            ' counted in bars of each tune'
        )
    if len(meters) == 1:
        return tuple(in_own_bars(each, bar_of(meters[0], steps_per_quarter)) for each in steps)
    return tuple(each // whole for each in steps)


def recipe(config: ConfigDict, dataset: Dataset) -> Recipe:
    """The training recipe of a config for a dataset."""
    train, vocabulary = config.train, dataset.vocabulary
    derived = {
        'cosine_updates': train.cosine_epochs * -(-len(dataset.train) // train.batch_size),
        'transpositions': TWELVE_KEYS if train.augment_keys else (0, 0),
        'first_pitch': vocabulary.first_pitch,
    }
    return Recipe(
        **derived,
        **{
            field.name: train[field.name]
            for field in dataclasses.fields(Recipe)
            if field.name not in derived
        },
    )


def describe(architecture: Architecture) -> str:
    """The network in a few words."""
    directions = 'bidirectional' if architecture.bidirectional else 'unidirectional'
    of = 'Transformer' if architecture.kind == 'transformer' else f'{directions} LSTM'
    if architecture.has_heads:
        attention = f'self-attention in {count(architecture.num_heads, "head")}'
    elif architecture.attention == 'none':
        attention = 'no attention'
    else:
        attention = f'{architecture.attention} attention'
    layers = count(architecture.num_layers, f'{of} layer')
    return f'{layers} of {count(architecture.num_cells, "cell")}, {attention}'
