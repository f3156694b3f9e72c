"""Tests the measures of copying: passages of training tunes are planted in pieces, changed as a
copyist might change them, and each measure must detect these copies.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from symmusic.measures.excerpts import cut_excerpts, draw_rows
from symmusic.measures.material import in_meter
from symmusic.measures.registry import Ground, Sets
from symmusic.melody.events import StepNote, from_events
from symmusic.originality.alignments import best_alignments
from symmusic.originality.copies import Melody, find_longest_runs
from symmusic.originality.plagiarism import index_corpus, similarity_of
from symmusic.streams import Stream, generator

NUM_PLANTED, NUM_UNSEEN = 30, 200  # copies of each kind, and real unseen pieces
FALSE_ALARMS = 0.01  # share of the unseen pieces that may be mistaken for copies
EMBEDDED_BARS = 2
SHIFTS = (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)  # semitones to another key
SHARE_CHANGED = 0.3  # of the notes of an ornamented or varied copy


@dataclasses.dataclass(frozen=True)
class Planted:
    """How many planted copies each measure finds.

    Attributes:
      num_planted, num_unseen: copies of each kind, and unseen pieces that set the levels.
      false_alarms: the share of unseen pieces above the level of a measure.
      recall: for each measure and kind, the share of the copies above that level.
    """

    num_planted: int
    num_unseen: int
    false_alarms: float
    recall: dict[str, dict[str, float]]


def transpose(notes: Melody, rng: np.random.Generator) -> list[StepNote]:
    """The notes in another key."""
    shift = int(rng.choice(SHIFTS))
    return [dataclasses.replace(note, pitch=note.pitch + shift) for note in notes]


def ornament(notes: Melody, rng: np.random.Generator) -> list[StepNote]:
    """Halves some notes of two steps or more, and gives the second half a neighbouring pitch."""
    found = []
    for note in notes:
        middle = (note.onset + note.end) // 2
        if middle > note.onset and rng.random() < SHARE_CHANGED:
            beside = note.pitch + int(rng.choice([-2, -1, 1, 2]))
            found += [StepNote(note.onset, middle, note.pitch), StepNote(middle, note.end, beside)]
        else:
            found.append(note)
    return found


def vary_rhythm(notes: Melody, rng: np.random.Generator) -> list[StepNote]:
    """Moves some onsets by a step, as long as the note and the one before it keep a length
    above 0.
    """
    found = list(notes)
    for index in range(1, len(found)):
        before, note = found[index - 1], found[index]
        onset = note.onset + int(rng.choice([-1, 1]))
        if rng.random() < SHARE_CHANGED and before.onset < onset < note.end:
            end = onset if before.end >= note.onset else min(before.end, onset)
            found[index - 1] = dataclasses.replace(before, end=end)
            found[index] = dataclasses.replace(note, onset=onset)
    return found


CHANGES: dict[str, Callable[[Melody, np.random.Generator], list[StepNote]]] = {
    'transposed': lambda notes, rng: list(notes),
    'ornamented': ornament,
    'varied': vary_rhythm,
}


def plant(
    copied_NT: np.ndarray, around_NT: np.ndarray, bar_steps: int, rng: np.random.Generator
) -> dict[str, list[Melody]]:
    """Copies of N excerpts, all transposed, in four kinds: unchanged, ornamented, varied in rhythm,
    and with only `EMBEDDED_BARS` bars of them embedded in an unseen excerpt.
    """
    melodies = [from_events(events) for events in copied_NT]
    found = {
        kind: [transpose(change(notes, rng), rng) for notes in melodies]
        for kind, change in CHANGES.items()
    }
    num_steps, width = copied_NT.shape[1], min(EMBEDDED_BARS * bar_steps, copied_NT.shape[1])
    found['embedded'] = []
    for copied, around in zip(copied_NT, around_NT, strict=True):
        places = rng.integers(0, (num_steps - width) // bar_steps + 1, 2) * bar_steps
        passage = copied[places[0] : places[0] + width]
        mixed = np.array(around)
        mixed[places[1] : places[1] + width] = np.where(
            passage >= 0, passage + rng.choice(SHIFTS), passage
        )
        found['embedded'].append(from_events(mixed))
    return found


class PlantedMeasure:
    """How many planted copies the measures of copying find, at 1 % false alarms on unseen tunes."""

    name = 'planted_copies'
    unit = 'share found'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Planted | None:
        """Plants and searches; None with the protocol `thesis` or without unseen tunes."""
        excerpts_NT = ground.music.excerpts.events_NT
        held_out = in_meter(ground.held_out, ground.music.bar)
        unseen_NT = cut_excerpts(held_out, excerpts_NT.shape[1]).events_NT
        if pieces.protocol != 'corrected' or len(unseen_NT) < 2:
            return None
        rng = generator(key, Stream.PLANTED_COPIES)
        copied, around, level = (
            source[draw_rows(len(source), num, 1, rng)[0]]
            for source, num in (
                (excerpts_NT, NUM_PLANTED),
                (unseen_NT, NUM_PLANTED),
                (unseen_NT, min(NUM_UNSEEN, len(unseen_NT))),
            )
        )
        planted = plant(copied, around, ground.music.bar.steps, rng)
        queries = [from_events(events) for events in level]
        queries += itertools.chain.from_iterable(planted.values())
        recall = {
            name: _recall(np.asarray(scores, float), len(level), list(planted))
            for name, scores in _scores(queries, ground).items()
        }
        return Planted(NUM_PLANTED, len(level), FALSE_ALARMS, recall)


def _scores(queries: Sequence[Melody], ground: Ground) -> Mapping[str, Sequence[float]]:
    """The score of each piece by each measure."""
    tunes = [tune for tune in ground.music.tunes.train if tune.kept]
    melodies = [tune.melody for tune in tunes]
    pitches = {str(row): [note.pitch for note in notes] for row, notes in enumerate(queries)}
    similarity = similarity_of(pitches, index_corpus(tunes))
    return {
        'longest_run': [each.score for each in find_longest_runs(queries, melodies)],
        'alignment': [score for score, _ in best_alignments(queries, melodies)],
        'similarity': [
            -np.inf if match.score is None else match.score for match in similarity.pieces.values()
        ],
    }


def _recall(scores: np.ndarray, num_unseen: int, kinds: Sequence[str]) -> dict[str, float]:
    """The share of the copies of each kind above the level of the unseen pieces, which are the
    first of `scores`.
    """
    level = np.quantile(scores[:num_unseen], 1 - FALSE_ALARMS, method='higher')
    copies = scores[num_unseen:].reshape(len(kinds), -1)
    return {kind: float((own > level).mean()) for kind, own in zip(kinds, copies, strict=True)}
