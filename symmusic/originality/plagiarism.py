"""The block `similarity` of comparison.json, from folders or corpora: the nearest training tune of
each piece, and how similar it is.

For the protocol `corrected` also the passages that pieces share with training tunes.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from symmusic.corpus.prepare import Tune
from symmusic.errors import ScoreError, UserError
from symmusic.files import read_bounded
from symmusic.measures.folders import is_polyphonic
from symmusic.melody.events import from_events
from symmusic.originality.copies import (
    Melody,
    find_alignments,
    find_longest_runs,
    flag,
    reference_level,
)
from symmusic.originality.shape import find_all_nearest, mean_and_sd
from symmusic.originality.shape_index import Collection, index_tunes
from symmusic.score.midi import MAX_BYTES, SUFFIXES
from symmusic.score.monophonic import parse_monophonic
from symmusic.score.notes import Note, Score


def read_melodies(
    folder: pathlib.Path, scores: Mapping[str, Score] | None = None
) -> tuple[dict[str, Sequence[Note]], dict[str, str]]:
    """The melodies of a folder's MIDI files (subfolders are ignored) by file name, in order,
    together with those of `scores`, pieces that have already been read; and the reasons for files
    that were left out.

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
) -> tuple[Collection, dict[str, str]]:
    """A folder as a collection, and the reasons for pieces left out; arguments and errors as for
    `read_melodies`.
    """
    melodies, left_out = read_melodies(folder, scores)
    return index_tunes(list(melodies), (_pitches(notes) for notes in melodies.values())), left_out


def index_corpus(tunes: Sequence[Tune]) -> Collection:
    """The kept ones of prepared tunes as a collection, each whole; keys do not matter."""
    kept = [tune for tune in tunes if tune.kept]
    return index_tunes(
        [tune.file for tune in kept],
        ([note.pitch for note in from_events(tune.events)] for tune in kept),
    )


def measure_similarity(
    folder: pathlib.Path,
    collection: Collection,
    scores: Mapping[str, Score] | None = None,
    *,
    progress: Callable[[Iterable, str], Iterable] | None = None,
) -> dict:
    """`similarity_of` the melodies that `read_melodies` finds in a folder, with `left_out`: the
    reasons for files left out.

    Raises:
      UserError: the folder does not exist, or holds no MIDI file.
    """
    melodies, left_out = read_melodies(folder, scores)
    pitches = {name: _pitches(notes) for name, notes in melodies.items()}
    return similarity_of(pitches, collection, progress=progress) | {'left_out': left_out}


def similarity_of(
    pieces: Mapping[str, Sequence[int]],
    collection: Collection,
    *,
    progress: Callable[[Iterable, str], Iterable] | None = None,
) -> dict:
    """The block `similarity` of pieces, given as pitches by name, against a collection.

    It holds `mean`, `sd` (of the population), `unusable` (the number of pieces of fewer than 3
    notes, which count as the mean of the others; null where there are no others) and `pieces` with
    `score` and `match` (null where unusable).
    """
    matches = find_all_nearest(list(pieces.values()), collection, progress=progress)
    mean, sd, num_unusable = mean_and_sd([match.score for match in matches])
    found = {
        name: (
            {'score': None, 'match': None}
            if match.tune is None
            else {'score': match.score, 'match': collection.names[match.tune]}
        )
        for name, match in zip(pieces, matches, strict=True)
    }
    return {'mean': mean, 'sd': sd, 'unusable': num_unusable, 'pieces': found}


def _pitches(notes: Sequence[Note]) -> list[int]:
    return [note.pitch for note in notes]


def measure_copies(
    pieces: Mapping[str, Melody],
    unseen: Sequence[Melody],
    tunes: Sequence[Tune],
    *,
    progress: Callable[[Iterable, str], Iterable] | None = None,
) -> dict:
    """The blocks `longest_run` and `alignment`: for each piece, by name, the passage most similar
    to a tune, and which pieces are too similar.

    Each block holds `level`, the 95th percentile of the scores of `unseen` (real melodies as long
    as the pieces, from tunes that are not in `tunes`; null where there are none), `flagged`, the
    pieces above it, and `pieces` with the fields of `Passage` and the tune's name.
    """
    kept = [tune for tune in tunes if tune.kept]
    melodies = [tune.melody for tune in kept]
    passages = find_longest_runs([*pieces.values(), *unseen], melodies)
    aligned = find_alignments([*pieces.values(), *unseen], melodies, progress=progress)
    names, blocks = list(pieces), {}
    for block, found in (('longest_run', passages), ('alignment', aligned)):
        own, level = found[: len(pieces)], reference_level(found[len(pieces) :])
        blocks[block] = {
            'level': level,
            'flagged': [names[place] for place in flag(own, level)],
            'pieces': {
                name: (
                    dataclasses.asdict(passage)
                    | {'tune': None if passage.tune is None else kept[passage.tune].file}
                )
                for name, passage in zip(names, own, strict=True)
            },
        }
    return blocks
