"""How similar the pieces of the first draw are to training tunes, compared with as many real
pieces.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.measures.bounds import AMOUNT, SIMILARITY, Bounds
from symmusic.measures.families import Beside, put_beside, resample_families
from symmusic.measures.registry import Ground, Sets
from symmusic.melody.events import Melody, from_events
from symmusic.originality.plagiarism import (
    Copies,
    Level,
    Similarity,
    index_corpus,
    measure_copies,
    similarity_of,
)
from symmusic.streams import Stream, generator


def _melodies(events_NT: np.ndarray | None, ground: Ground) -> dict[str, Melody]:
    """The notes of each piece by its name."""
    events = () if events_NT is None else events_NT
    bar_steps = ground.music.bar.steps
    return {
        f'{index:05}': Melody(from_events(each), bar_steps) for index, each in enumerate(events)
    }


def _first_draw(pieces: Sets) -> np.ndarray:
    return np.split(pieces.events['model'], pieces.num_draws)[0]


class SimilarityMeasure:
    """The similarity (MelodyShape) of each piece of the first draw to its nearest training tune,
    compared with that of real unseen tunes.
    """

    name = 'similarity'
    unit = 'share of the best score'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Similarity:
        """The scores of the pieces, and the level of real unseen tunes."""
        index = index_corpus(ground.music.tunes.train)

        def nearest(events_NT: np.ndarray) -> Similarity:
            pitches = {
                name: [note.pitch for note in notes]
                for name, notes in _melodies(events_NT, ground).items()
            }
            return similarity_of(pitches, index)

        found = nearest(_first_draw(pieces))
        if ground.music.unseen is None:
            return found
        real = nearest(ground.music.unseen)
        scores = tuple(match.score for match in real.pieces.values())
        level = Level(real.mean, real.sd, real.unusable, scores)
        own = [match.score for match in found.pieces.values()]
        means = _means(ground, pieces, key, own, scores, SIMILARITY)
        return dataclasses.replace(found, unseen=level, means=means)


class CopiesMeasure:
    """The passages that each piece of the first draw shares with a training tune."""

    name = 'copies'
    unit = 'notes'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Copies | None:
        """None with the protocol `thesis`, which does not look for them."""
        if pieces.protocol != 'corrected':
            return None
        found = measure_copies(
            _melodies(_first_draw(pieces), ground),
            list(_melodies(ground.music.unseen, ground).values()),
            ground.music.tunes.train,
        )
        return Copies(
            *(
                dataclasses.replace(
                    each, means=_means(ground, pieces, key, each.scores, each.unseen, AMOUNT)
                )
                for each in (found.longest_run, found.alignment)
            )
        )


def _means(
    ground: Ground,
    pieces: Sets,
    key: int,
    own: Sequence[float | None],
    unseen: Sequence[float | None],
    bounds: Bounds,
) -> Beside:
    """The means of the first draw and of real unseen pieces; if the prompts are held out, the
    latter continue the same prompts.
    """
    families = resample_families(
        ground.prompt_families[: len(own)], generator(key, Stream.DRAWS_RESAMPLES)
    )
    return put_beside(own, unseen, families, bounds, is_paired=ground.music.files is not None)
