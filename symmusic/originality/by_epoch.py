"""Tracks during training how much a run's pieces copy from its training tunes, which shows whether
copying still grows after the validation loss stops falling (Yin et al., 2022).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.cache import Corpus
from symmusic.errors import UserError
from symmusic.generate.draw import draw_continuations
from symmusic.generate.manner import Manner, manner_of, settle
from symmusic.measures.given import NEW_BARS, cut_given
from symmusic.measures.material import PROMPT_BARS
from symmusic.melody.events import Melody, from_events
from symmusic.model.model import Params
from symmusic.originality.copies import Passage, find_longest_runs, flag, reference_level
from symmusic.score.bar import bar_of
from symmusic.streams import Stream, random_key
from symmusic.training import build
from symmusic.training.card import Card
from symmusic.training.originality import Measure
from symmusic.training.replicas import replica


@dataclasses.dataclass(frozen=True)
class CopiesByEpoch:
    """Callback for training that draws and measures pieces after an epoch.

    Attributes:
      card: of the run.
      seed: of replica 0.
      prompts_BT: tokens, one prompt for each piece.
      manner: how the pieces are drawn.
      originals: the training tunes.
      unseen: the longest runs that real continuations, which are not training tunes, have in common
        with these tunes.
    """

    card: Card
    seed: int
    prompts_BT: np.ndarray
    manner: Manner
    originals: Sequence[Melody]
    unseen: Sequence[Passage]

    def __call__(self, params_R: Params, rows: Sequence[dict]) -> list[dict]:
        """The rows of one epoch, with the columns of `training.originality`."""
        drawn = [
            piece
            for row in rows
            for piece in self.draw(replica(params_R, row['replica']), row['replica'], row['epoch'])
        ]
        found, num = find_longest_runs(drawn, self.originals), len(self.prompts_BT)
        level = reference_level(self.unseen)
        by_row = [found[begin : begin + num] for begin in range(0, len(found), num)]
        return [
            {
                **row,
                'pieces': num,
                'longest_run': _mean(own),
                'share_beyond': len(flag(own, level)) / num,
                'level': level,
                'unseen_longest_run': _mean(self.unseen),
            }
            for row, own in zip(rows, by_row, strict=True)
        ]

    def draw(self, params: Params, index: int, epoch: int) -> list[Melody]:
        """A replica's pieces after an epoch."""
        drawn = draw_continuations(
            params,
            self.card.architecture,
            self.card.vocabulary,
            self.prompts_BT,
            self.manner,
            random_key(self.seed + index, Stream.EPOCH_PIECES, epoch),
        ).drawn
        return melodies_of(drawn.tokens_BN, self.card)


def measure_epochs(config: ConfigDict, corpus: Corpus, card: Card) -> Measure | None:
    """The callback that measures copying after each epoch; None if `train.originality_pieces` is 0.

    The pieces are `NEW_BARS` bars after prompts of `PROMPT_BARS` bars, evenly spaced over the
    validation tunes in the model's first metre. The model is not calibrated after an epoch, so the
    temperature 'auto' means 1. The level comes from the real continuations of all such prompts.

    Raises:
      UserError: there is no such prompt.
    """
    num = config.train.originality_pieces
    if not num:
        return None
    tunes = build.split_as_trained(config, corpus)
    given = cut_given(
        tunes.validation,
        card.vocabulary,
        by_prompt=config.data.protocol != 'thesis',
        meters=card.meters,
        steps_per_quarter=card.steps_per_quarter,
    )
    if not len(given):
        raise UserError(
            f'config.train.originality_pieces = {num}: no validation tune of corpus {corpus.name}'
            f' has {PROMPT_BARS + NEW_BARS} bars of {card.meters[0]} in a row; must be 0'
        )
    manner = dataclasses.replace(
        manner_of(settle(config, None), card, may_wish=True),
        num_samples=num,
        num_bars=NEW_BARS,
        keep_distributions=False,
    )
    originals = [tune.melody for tune in tunes.train]
    unseen = melodies_of(given.tokens_NS[:, given.num_given :], card)
    rows_B = np.linspace(0, len(given) - 1, num).astype(int)
    return CopiesByEpoch(
        card,
        config.seed,
        given.tokens_NS[rows_B, : given.num_given],
        manner,
        originals,
        find_longest_runs(unseen, originals),
    )


def melodies_of(tokens_BN: np.ndarray, card: Card) -> list[Melody]:
    """The notes of pieces in the first metre of a model."""
    bar = bar_of(card.meters[0], card.steps_per_quarter)
    return [Melody(from_events(card.vocabulary.decode(tokens)), bar.steps) for tokens in tokens_BN]


def _mean(passages: Sequence[Passage]) -> float:
    return float(np.mean([passage.score for passage in passages]))
