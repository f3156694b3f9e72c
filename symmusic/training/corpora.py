"""Loads the corpus of a config, or the one that a model was trained on; logs what is loaded."""

import dataclasses
import logging
import time

from ml_collections import ConfigDict

from symmusic.config.protocol import deviation
from symmusic.corpus.cache import Corpus, load_corpus
from symmusic.corpus.collections import NAMED
from symmusic.corpus.drops import describe_drops
from symmusic.corpus.joint_split import hold_out_as
from symmusic.corpus.prepare import Settings, Tune
from symmusic.errors import UserError
from symmusic.melody.encodings import VOCABULARIES, Vocabulary
from symmusic.training import shipped
from symmusic.training.card import Card
from symmusic.wording import count

log = logging.getLogger(__name__)


def corpus(config: ConfigDict) -> Corpus:
    """The config's corpus, prepared or from the cache; logs how many tunes are kept. If the
    encoding has a token for each note, tunes stay in their own keys.
    """
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
    if data.split_as:
        loaded = _split_as(loaded, data.split_as, settings, data.split_seed)
    for notice in loaded.notices:
        log.info(notice)
    how = 'from the cache' if loaded.from_cache else 'prepared'
    log.info(
        f'corpus {loaded.name}: {len(loaded.kept)} of {count(len(loaded.tunes), "tune")} kept,'
        f' dropped: {describe_drops(loaded.tunes)}; {how} in {time.perf_counter() - begun:.1f} s'
    )
    if VOCABULARIES[data.encoding].of_steps:
        return loaded
    return dataclasses.replace(loaded, tunes=tuple(tune.in_own_key for tune in loaded.tunes))


def _split_as(loaded: Corpus, other: str, settings: Settings, seed: int) -> Corpus:
    """A corpus that holds out what another one, in every metre, holds out.

    Raises:
      UserError: the other one is not a named corpus, whose files have the same names everywhere.
    """
    if other not in NAMED:
        raise UserError(
            f'config.data.split_as = {other}: must be a named corpus, {", ".join(NAMED)}'
        )
    shared = load_corpus(other, dataclasses.replace(settings, meters=('all',)))
    held_out = hold_out_as(
        loaded.kept, loaded.families, shared.kept, shared.families, shared.split(seed), seed
    )
    log.info(f'corpus {loaded.name} holds out what {other} in every metre holds out')
    return dataclasses.replace(loaded, held_out=held_out)


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
    """A corpus with the held-out tunes of the shipped model. These are identified by their files,
    so that they are unseen even if the corpus reader has changed since. None if most of them are
    missing.

    If the corpus is read differently today, this is logged, and tunes with pitches outside the
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
