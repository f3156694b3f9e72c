"""The pieces that are most similar to a tune, each drawn above that tune."""

import dataclasses
import functools
from collections.abc import Callable, Mapping

from symmusic.melody.events import Melody, StepNote, bar_steps_of, quantize
from symmusic.originality.copies import Passage, find_longest_runs
from symmusic.originality.plagiarism import Copies, Similarity
from symmusic.score.bar import SIXTEENTHS
from symmusic.score.meter import bar_ticks
from symmusic.score.notes import Score
from symmusic.wording import count

NUM_NEAREST = 3  # for each measure
BLOCKS = {'longest_run': 'longest run copied: {} notes', 'alignment': 'local alignment {}'}
STYLE = """
.marked { fill: var(--warm); } .note:not(.marked) { fill: var(--quiet); }
.played > h4 { display: inline; font-weight: 600; overflow-wrap: anywhere; }
.played > button {
  font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--quiet);
  border-radius: 6px; min-height: 2.75rem; min-width: 5.5rem; cursor: pointer; margin: 0.3rem 0;
}
.played > button[aria-pressed='true'] { background: var(--accent); color: var(--ground); }
.played .roll svg { min-width: 40rem; max-width: 56rem; }
"""

# from a name to the name in the report and the notes; None if not known
Find = Callable[[str], tuple[str, Melody] | None]


@dataclasses.dataclass(frozen=True)
class Pair:
    """A piece and a tune with a common passage.

    Attributes:
      names: the names of piece and tune in the report.
      reasons: why the pair is shown.
      melodies: the notes of both.
      passage: the common passage, with `tune` = 0.
      with_rhythm: whether the measure of the passage takes rhythm into account.
    """

    names: tuple[str, str]
    reasons: tuple[str, ...]
    melodies: tuple[Melody, Melody]
    passage: Passage
    with_rhythm: bool = True


def find_in(scores: Mapping[str, Score]) -> Find:
    """Finds melodies by name among pieces that have been read."""

    def find(name: str) -> tuple[str, Melody] | None:
        if name not in scores:
            return None
        score = scores[name]
        bar_steps = round(bar_ticks(score) * SIXTEENTHS / score.ticks_per_quarter)
        return name, Melody(quantize(score), max(bar_steps, 1))

    return functools.cache(find)


def find_pairs(
    similarity: Similarity, copies: Copies | None, find_piece: Find, find_tune: Find
) -> list[Pair]:
    """The `NUM_NEAREST` pieces with the highest scores of each measure, with their tunes, each pair
    once.

    MelodyShape's score does not give a passage and ignores rhythm: there the passage is the longest
    run of equal intervals.
    """
    found: dict[tuple[str, str], list] = {}
    scores = {
        name: (each.score, each.match, None)
        for name, each in similarity.pieces.items()
        if each.score is not None
    }
    _add_nearest(found, scores, 'similarity {:.3f}')
    for block, copied in (copies.by_measure if copies else {}).items():
        scores = {
            name: (each.passage.score, each.tune, each.passage)
            for name, each in copied.pieces.items()
            if each.tune is not None
        }
        _add_nearest(found, scores, BLOCKS[block])
    pairs = []
    for (piece, tune), (reasons, passage) in found.items():
        both = find_piece(piece), find_tune(tune)
        if None in both or not all(melody for _, melody in both):
            continue
        melodies = (both[0][1], both[1][1])
        own = (
            _longest_interval_run(*melodies)
            if passage is None
            else dataclasses.replace(passage, tune=0)
        )
        pairs.append(
            Pair((both[0][0], both[1][0]), tuple(reasons), melodies, own, passage is not None)
        )
    return pairs


def _longest_interval_run(piece: Melody, tune: Melody) -> Passage:
    """The longest run of notes with the same intervals, ignoring rhythm."""
    even = [
        [StepNote(index, index + 1, note.pitch) for index, note in enumerate(melody)]
        for melody in (piece, tune)
    ]
    run = find_longest_runs(even[:1], even[1:])[0]
    bars = (
        melody[notes[0]].onset // bar_steps_of(melody) + 1
        for melody, notes in ((piece, run.piece_notes), (tune, run.tune_notes))
    )
    return (
        run
        if run.tune is None
        else dataclasses.replace(run, piece_bar=next(bars), tune_bar=next(bars))
    )


def _add_nearest(found: dict[tuple[str, str], list], scores: dict[str, tuple], reason: str) -> None:
    for name in sorted(scores, key=lambda name: (-scores[name][0], name))[:NUM_NEAREST]:
        score, tune, passage = scores[name]
        reasons, known = found.get((name, tune), ([], None))
        found[name, tune] = [[*reasons, reason.format(score)], known or passage]


def describe(pair: Pair) -> str:
    """Describes the common passage and where it is."""
    passage = pair.passage
    if passage.tune is None:
        return 'nothing marked: no interval in common'
    num_notes, num_of_tune = (
        notes[1] - notes[0] for notes in (passage.piece_notes, passage.tune_notes)
    )
    first = [
        melody[notes[0]]
        for melody, notes in zip(
            pair.melodies, (passage.piece_notes, passage.tune_notes), strict=True
        )
    ]
    shift = first[1].pitch - first[0].pitch
    text = f'marked: {count(num_notes, "note")}' + f' beside {num_of_tune} of the tune' * (
        num_of_tune != num_notes
    )
    text += ' alike in their intervals, whatever the rhythm' * (not pair.with_rhythm)
    text += f', from bar {passage.piece_bar} of the piece and bar {passage.tune_bar} of the tune'
    return text + (
        f', {abs(shift)} semitones {"higher" if shift > 0 else "lower"} there'
        if shift
        else ', in the same key'
    )
