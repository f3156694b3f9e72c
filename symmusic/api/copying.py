"""Compares generated pieces with the training tunes and the prompt: finds the tunes, limits what
may be copied from them, and rejects pieces that are too similar.
"""

import logging
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.api.model import Model
from symmusic.corpus.originals import Originals, gather_originals, read_originals
from symmusic.corpus.prepare import Tune
from symmusic.errors import UserError
from symmusic.generate.masks import FREE
from symmusic.generate.prompt import Prompt
from symmusic.measures.excerpts import cut_excerpts, draw_rows
from symmusic.melody.encodings import MelodyVocabulary, Vocabulary
from symmusic.melody.events import Melody, StepNote, from_events
from symmusic.originality.copies import (
    Passage,
    find_all_symbols,
    find_longest_runs,
    reference_level,
)
from symmusic.originality.limit import RunIndex, make_index
from symmusic.streams import Stream, generator
from symmusic.training import build, corpora

log = logging.getLogger(__name__)
LIMITS = ('max_copied_run', 'max_copied_from_prompt')  # fields of `config.sample`
MOST_EXCERPTS = 400  # at most this many excerpts of unseen tunes determine `Near.level`


def find_originals(config: ConfigDict, model: Model) -> Originals | None:
    """The tunes that a model was trained on: from its run's folder or, for the shipped model, from
    its corpus, which is read from the cache or prepared.

    None if they are not available. A corpus that is not the one that the model was trained on is
    logged.

    Raises:
      UserError: they are not available, and the config asks for something that needs them.
    """
    if model.workdir:
        found = read_originals(model.workdir)
        why = f'the run in {model.workdir} keeps no training tunes to compare with'
    else:
        corpus = corpora.corpus(config)
        found, why = None, corpora.not_of_shipped(corpus)
        if own := corpora.of_shipped(corpus, model.card):
            tunes = build.split_as_trained(config, own)
            return gather_originals(tunes.train, [*tunes.validation, *tunes.test])
        log.info(f'{why}: pieces are not compared with it')
    if found is None and (field := _needs(config.sample)):
        raise UserError(
            f'config.sample.{field} = {config.sample[field]!r}: {why}; train one, or leave it out'
        )
    return found


def _needs(settings: ConfigDict) -> str | None:
    """The first field of `config.sample` that needs the training tunes; None if no field does."""
    if settings.num_candidates > 1 and settings.rank != 'likelihood':
        return 'rank'
    return next((name for name in ('max_copied_run', 'redraw_copies') if settings[name]), None)


def check(config: ConfigDict, vocabulary: Vocabulary) -> None:
    """Checks that the encoding and the split allow the limits on copying.

    Raises:
      UserError: the encoding does not mark where notes start, or the run has no unseen tunes.
    """
    settings = config.sample
    for field in LIMITS:
        if settings[field] and not isinstance(vocabulary, MelodyVocabulary):
            raise UserError(
                f'config.sample.{field} = {settings[field]}: only models of config.data.encoding ='
                f" 'melody' mark where a note starts, not {vocabulary.encoding!r}; must be 0"
                + ', or config.sample.redraw_copies = True instead'
                * (field == 'max_copied_run')
            )
    if settings.redraw_copies and config.data.split != 'tune':
        raise UserError(
            f'config.sample.redraw_copies = True with config.data.split = {config.data.split!r}:'
            ' all tunes are trained on, so no unseen tunes are left to compare with; must be False'
        )


def melodies_of(prompt: Prompt) -> list[Melody]:
    """The notes of a prompt as two melodies: before the drawn bars, and after them."""
    parts = (prompt.events, prompt.after)
    return [Melody(from_events(events), prompt.bar.steps) for events in parts]


def index_runs(
    settings: ConfigDict, vocabulary: Vocabulary, prompt: Prompt, originals: Originals | None
) -> dict[str, RunIndex]:
    """The indexes of runs that must not be copied, by the fields that limit them."""
    pitches_V = vocabulary.decode(np.arange(vocabulary.num_classes))
    found = {
        field: make_index(
            find_all_symbols(_sources(field, melodies_of(prompt), originals)),
            settings[field],
            pitches_V,
        )
        for field in LIMITS
        if settings[field]
    }
    return {field: index for field, index in found.items() if index is not None}


def _sources(
    field: str, of_prompt: Sequence[Melody], originals: Originals | None
) -> Sequence[Melody]:
    """The melodies from which `field` limits copying."""
    return of_prompt if field == 'max_copied_from_prompt' else originals.melodies


def check_given(
    settings: ConfigDict,
    prompt: Prompt,
    given: np.ndarray,
    originals: Originals | None,
    near: 'Near | None',
) -> None:
    """Checks that the notes that the user fixes in the new bars do not themselves copy too much.

    Args:
      settings: `config.sample`.
      prompt: the bars around the new ones; a copied run may start in them.
      given: [N] events; `FREE` where they are to be drawn.
      originals: the tunes that must not be copied.
      near: rejects pieces that copy too much; None unless `settings.redraw_copies`.

    Raises:
      UserError: the fixed notes have a longer run in common with a source than a field allows.
    """
    limits = {field: (settings[field], prompt.events) for field in LIMITS if settings[field]}
    if near is not None:
        limits['redraw_copies'] = (int(near.level), prompt.events[:0])
    for field, (most, earlier) in limits.items():
        melodies = _given_melodies(earlier, given, most)
        sources = _sources(field, melodies_of(prompt), originals)
        passage = max(find_longest_runs(melodies, sources), key=lambda each: each.score)
        if passage.score > most:
            is_own = field == 'max_copied_from_prompt'
            name = 'the prompt' if is_own else _name(originals, passage.tune)
            raise UserError(
                f'config.sample.fixed = {settings.fixed!r} and config.sample.{field} ='
                f' {settings[field]!r} cannot both be met: the given notes have'
                f' {passage.score} in a row in common with {name}, more than {most}'
            )


def _name(originals: Originals, tune: int) -> str:
    return originals.titles[tune] or originals.names[tune]


def _given_melodies(earlier: np.ndarray, given: np.ndarray, most: int) -> list[Sequence[StepNote]]:
    """The stretches of consecutive given notes; at most the last `most` notes of `earlier` come
    before the first stretch.
    """
    steps = np.concatenate([earlier, given]).astype(int)
    melodies, start = [], 0
    for end in [*np.flatnonzero(steps == FREE), len(steps)]:
        notes = from_events(steps[start:end])
        old = [note for note in notes if start + note.onset < len(earlier)]
        melodies.append(notes[max(len(old) - most, 0) :])
        start = end + 1
    return melodies


class Near:
    """Rejects pieces that copy more than real unseen tunes do, and counts the rejections. A piece
    is rejected if its longest copied run is longer than `level`: the length that 95 % of excerpts
    of held-out tunes, in the same metre and as long as the pieces, do not exceed.
    """

    def __init__(self, originals: Originals, vocabulary: Vocabulary, num_steps: int, meter: str):
        unseen = originals.unseen_in(meter)
        excerpts = cut_excerpts(
            [
                Tune(
                    '',
                    phrases=(events,),
                    counted_in=meter,
                    steps_per_quarter=originals.steps_per_quarter,
                )
                for events in unseen
            ],
            num_steps,
        ).events_NT
        if not len(excerpts):
            raise UserError(
                f'config.sample.redraw_copies = True: no unseen tune of the run in {meter} is as'
                ' long as the pieces, so there is nothing to compare with; must be False, or with'
                ' fewer config.sample.num_bars'
            )
        rows = draw_rows(
            len(excerpts), min(len(excerpts), MOST_EXCERPTS), 1, generator(0, Stream.COPY_LEVEL)
        )[0]
        heard = [vocabulary.decode(vocabulary.encode(events)) for events in excerpts[rows]]
        self.originals = originals
        self.level = reference_level(
            find_longest_runs(list(map(from_events, heard)), originals.melodies)
        )
        self.num_refused = 0

    def __call__(self, events: Sequence[np.ndarray]) -> np.ndarray:
        """Whether each of B pieces is too similar to a training tune, bool [B]."""
        passages = find_longest_runs(list(map(from_events, events)), self.originals.melodies)
        near = np.array([passage.score > self.level for passage in passages])
        self.num_refused += int(near.sum())
        return near


def as_nearest(passage: Passage, originals: Originals) -> dict | None:
    """A piece's longest copied run as `samples.json` stores it."""
    if passage.tune is None:
        return None
    return {
        'tune': originals.names[passage.tune],
        'title': originals.titles[passage.tune],
        'score': passage.score,
        'piece_notes': passage.piece_notes,
        'tune_bar': passage.tune_bar,
    }
