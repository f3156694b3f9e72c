"""Finds the nearest training tune of each piece, its similarity, and the passages that pieces share
with training tunes. Pieces and tunes come from folders or corpora.
"""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

from symmusic.corpus.prepare import Tune
from symmusic.errors import ScoreError, UserError
from symmusic.files import read_bounded
from symmusic.measures.families import Beside
from symmusic.measures.folders import is_polyphonic
from symmusic.melody.events import from_events
from symmusic.originality.alignments import find_alignments
from symmusic.originality.copies import Melody, Passage, find_longest_runs, flag, reference_level
from symmusic.originality.shape import find_nearest, mean_and_sd
from symmusic.originality.shape_index import ShapeIndex, index_tunes
from symmusic.progress import track
from symmusic.score.midi import MAX_BYTES, SUFFIXES
from symmusic.score.monophonic import parse_monophonic
from symmusic.score.notes import Note, Score


@dataclasses.dataclass(frozen=True)
class Match:
    """The similarity of a piece to its nearest tune; None if the piece is unusable (fewer than 3
    notes).
    """

    score: float | None
    match: str | None


@dataclasses.dataclass(frozen=True)
class Level:
    """The similarity of real unseen tunes: mean, SD, number of unusable ones, and each score."""

    mean: float | None
    sd: float | None
    unusable: int
    scores: tuple[float | None, ...] = ()


@dataclasses.dataclass(frozen=True)
class Similarity:
    """The similarity of each piece to the nearest tune.

    Attributes:
      mean, sd: over the pieces; the SD is of the population.
      unusable: number of pieces with fewer than 3 notes, which count as the mean of the others.
        Mean and SD are None if there are no others.
      pieces: by name.
      unseen: of real unseen tunes; None if there are none.
      left_out: reasons for files that were left out; None if the pieces are not files.
      note: what could not be measured.
      means: of the pieces and of real unseen ones, with intervals; None unless the pieces continue
        tunes.
    """

    mean: float | None
    sd: float | None
    unusable: int
    pieces: dict[str, Match]
    unseen: Level | None = None
    left_out: dict[str, str] | None = None
    note: str = ''
    means: Beside | None = None


@dataclasses.dataclass(frozen=True)
class Copy:
    """The passage of a piece that is most similar to a tune, and the tune's name; None if there is
    no passage.
    """

    passage: Passage
    tune: str | None


@dataclasses.dataclass(frozen=True)
class Copied:
    """The most similar passages by one measure.

    Attributes:
      level: the 95th percentile of the scores of real unseen melodies; None if there are none.
      flagged: the names of the pieces above it.
      pieces: by name.
      unseen: the scores of the real unseen melodies.
      means: of the pieces and of real unseen ones, with intervals; None unless the pieces continue
        tunes.
    """

    level: float | None
    flagged: tuple[str, ...]
    pieces: dict[str, Copy]
    unseen: tuple[int, ...] = ()
    means: Beside | None = None

    @property
    def scores(self) -> list[int]:
        """The score of each piece."""
        return [copy.passage.score for copy in self.pieces.values()]


@dataclasses.dataclass(frozen=True)
class Copies:
    """The longest runs copied note for note, and the best alignments, which allow changes."""

    longest_run: Copied
    alignment: Copied

    @property
    def by_measure(self) -> dict[str, Copied]:
        """Both measures, keyed by field name."""
        return {'longest_run': self.longest_run, 'alignment': self.alignment}


def read_melodies(
    folder: pathlib.Path, scores: Mapping[str, Score] | None = None
) -> tuple[dict[str, Sequence[Note]], dict[str, str]]:
    """The melodies of a folder's MIDI files (subfolders are ignored), keyed by file name and in
    order, and the reasons why files were left out. Files in `scores` have been read already.

    A polyphonic, damaged or unreadable file is left out; a file without notes is an empty melody.

    Raises:
      UserError: the folder does not exist, or holds no MIDI file.
    """
    try:
        paths = sorted(
            path
            for path in pathlib.Path(folder).iterdir()
            if path.suffix.lower() in SUFFIXES and path.is_file()
        )
    except OSError as error:
        raise UserError(
            f'cannot read the folder {folder}: {error.strerror or error}; name a folder of MIDI'
            ' files'
        ) from error
    scores = {
        name: score
        for name, score in (scores or {}).items()
        if pathlib.PurePath(name).suffix.lower() not in SUFFIXES
    }
    if not paths and not scores:
        raise UserError(
            f'{folder} holds no {", ".join(SUFFIXES)} file; name a folder of MIDI files'
        )
    melodies: dict[str, Sequence[Note]] = {}
    left_out = {}
    for name, score in scores.items():
        if is_polyphonic(score.notes):
            left_out[name] = 'polyphonic: several notes sound at a time'
        else:
            melodies[name] = score.notes
    for path in paths:
        try:
            melodies[path.name] = parse_monophonic(read_bounded(path, MAX_BYTES))
        except ScoreError as error:
            left_out[path.name] = str(error)
        except OSError as error:
            left_out[path.name] = f'unreadable file: {error.strerror or error}'
    return melodies, left_out


def index_folder(
    folder: pathlib.Path, scores: Mapping[str, Score] | None = None
) -> tuple[ShapeIndex, dict[str, str]]:
    """An index of a folder's melodies, and the reasons why files were left out; arguments and
    errors as for `read_melodies`.
    """
    melodies, left_out = read_melodies(folder, scores)
    return index_tunes(list(melodies), (_pitches(notes) for notes in melodies.values())), left_out


def index_corpus(tunes: Sequence[Tune]) -> ShapeIndex:
    """An index of a corpus's tunes, each as a whole; keys do not matter."""
    kept = [tune for tune in tunes if tune.kept]
    return index_tunes(
        [tune.file for tune in kept],
        ([note.pitch for note in from_events(tune.events)] for tune in kept),
    )


def measure_similarity(
    folder: pathlib.Path,
    index: ShapeIndex,
    scores: Mapping[str, Score] | None = None,
) -> Similarity:
    """Applies `similarity_of` to the melodies of a folder; `left_out` holds the reasons why files
    were left out.

    Raises:
      UserError: the folder does not exist, or holds no MIDI file.
    """
    melodies, left_out = read_melodies(folder, scores)
    pitches = {name: _pitches(notes) for name, notes in melodies.items()}
    found = similarity_of(pitches, index)
    return dataclasses.replace(found, left_out=left_out)


def similarity_of(
    pieces: Mapping[str, Sequence[int]],
    index: ShapeIndex,
) -> Similarity:
    """The similarity to an index of pieces, given as lists of pitches keyed by name."""
    matches = [find_nearest(pitches, index) for pitches in track(pieces.values(), 'piece')]
    mean, sd, num_unusable = mean_and_sd([match.score for match in matches])
    found = {
        name: Match(None, None)
        if match.tune is None
        else Match(match.score, index.names[match.tune])
        for name, match in zip(pieces, matches, strict=True)
    }
    return Similarity(mean, sd, num_unusable, found)


def _pitches(notes: Sequence[Note]) -> list[int]:
    return [note.pitch for note in notes]


def measure_copies(
    pieces: Mapping[str, Melody],
    unseen: Sequence[Melody],
    tunes: Sequence[Tune],
) -> Copies:
    """For each piece, keyed by name, the passage most similar to a tune; and which pieces score
    above the level of `unseen`: real melodies as long as the pieces, from tunes that are not in
    `tunes`.
    """
    kept = [tune for tune in tunes if tune.kept]
    melodies, queries = [tune.melody for tune in kept], [*pieces.values(), *unseen]
    names = list(pieces)

    def judge(found: Sequence[Passage]) -> Copied:
        own, level = found[: len(pieces)], reference_level(found[len(pieces) :])
        copies = {
            name: Copy(passage, None if passage.tune is None else kept[passage.tune].file)
            for name, passage in zip(names, own, strict=True)
        }
        flagged = tuple(names[place] for place in flag(own, level))
        return Copied(
            level, flagged, copies, tuple(passage.score for passage in found[len(pieces) :])
        )

    return Copies(
        judge(find_longest_runs(queries, melodies)),
        judge(find_alignments(queries, melodies)),
    )
