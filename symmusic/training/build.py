"""Builds what a config and its corpus define: split, windows, network and recipe; logs the numbers
of windows.
"""

import dataclasses
import logging
from collections.abc import Sequence

from ml_collections import ConfigDict

from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import Dataset, build_dataset
from symmusic.corpus.meters import bars_of, in_own_bars
from symmusic.corpus.overlap import as_words
from symmusic.corpus.split import Split, draw_share
from symmusic.corpus.windows import Windows
from symmusic.errors import UserError
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.form import LEFT_SIZES
from symmusic.model.model import Architecture
from symmusic.score.bar import bar_of
from symmusic.training.state import Recipe
from symmusic.wording import count

log = logging.getLogger(__name__)
TWELVE_KEYS = (-5, 6)  # semitones from C major or A minor: each of the twelve keys once


def split_as_trained(config: ConfigDict, corpus: Corpus) -> Split:
    """The tunes of each part, as in training; split by window, all are training tunes."""
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
    """The number of windows of each style, if there are several."""
    styles = dataset.styles
    return (
        f' ({len(windows) // len(styles)} each of {", ".join(styles)})' if len(styles) > 1 else ''
    )


OF_GAPS = ('backward_layers', 'backward_cells', 'agreement_ahead')


def architecture(config: ConfigDict, vocabulary: Vocabulary, meters: Sequence[str]) -> Architecture:
    """The network architecture of a config for a vocabulary and the metres of a corpus."""
    own = (
        'metric_position',
        'lookback',
        'bars_left',
        'agreement',
        'last_notes',
        'last_notes_dropout',
        'recall',
        'relative_scores',
        'num_heads',
        *OF_GAPS,
    )
    fields = {name: value for name, value in config.model.items() if name not in own}
    grid = config.data.steps_per_quarter
    bars, told = bars_of(meters, grid), config.model.last_notes
    agrees = config.model.agreement and len(config.model.lookback) > 0
    if is_infilling := config.train.targets == 'gap':
        fields |= {name: config.model[name] for name in OF_GAPS}
        fields['agreement_ahead'] &= agrees
    return Architecture(
        vocabulary.num_classes,
        infilling=is_infilling,
        num_positions=max(bars) if config.model.metric_position else 0,
        padding=vocabulary.padding,
        lookback=_lookback(config.model.lookback, meters, grid),
        bars=bars,
        left_sizes=LEFT_SIZES if config.model.bars_left else (),
        agreement=agrees,
        last_notes=(vocabulary.first_pitch, vocabulary.min_pitch) if told else (),
        is_roll=told and config.data.encoding != 'melody',
        notes_dropout_rate=config.model.last_notes_dropout if told else 0.0,
        recall_steps=64 * grid if config.model.recall else 0,
        relative=config.model.relative_scores,
        num_heads=config.model.num_heads if config.model.kind != 'lstm' else 0,
        **fields,
    )


def _lookback(
    steps: Sequence[int], meters: Sequence[str], steps_per_quarter: int
) -> tuple[int, ...]:
    """The lookbacks of a network in steps or, if there are several metres, in bars."""
    whole = 4 * steps_per_quarter
    uneven = [each for each in steps if each % whole]
    if uneven and len(meters) > 1:
        raise UserError(
            f'config.model.lookback = {steps!r}: {uneven[0]} steps are not whole bars of 4/4; in a'
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
    is_two_way = architecture.bidirectional and not architecture.infilling
    directions = 'bidirectional' if is_two_way else 'unidirectional'
    of = 'Transformer' if architecture.kind == 'transformer' else f'{directions} LSTM'
    if architecture.has_heads:
        attention = f'self-attention in {count(architecture.num_heads, "head")}'
    elif architecture.attention == 'none':
        attention = 'no attention'
    else:
        attention = f'{architecture.attention} attention'
    layers = count(architecture.num_layers, f'{of} layer')
    found = f'{layers} of {count(architecture.num_cells, "cell")}, {attention}'
    if not architecture.infilling:
        return found
    backward, cells = architecture.num_backward, count(architecture.backward_size, 'cell')
    return f'{found}; {count(backward, "backward layer")} of {cells} for what follows a gap'
