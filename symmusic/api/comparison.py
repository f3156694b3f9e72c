"""Compares two folders of music; no model is needed."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

from symmusic.api.commands import folder_name
from symmusic.config.fields import FIELDS, default
from symmusic.errors import UserError
from symmusic.measures.comparison import SETS
from symmusic.measures.comparison import compare as compare_pieces
from symmusic.measures.feature_table import Pieces
from symmusic.measures.folders import Folder, Folders, read_folder
from symmusic.measures.remarks import listed_reasons, remarks, unlike_lengths
from symmusic.originality.plagiarism import Similarity, index_folder, measure_similarity
from symmusic.report.comparison_file import as_json
from symmusic.report.features import features_section
from symmusic.report.markdown import render
from symmusic.score.notes import Score
from symmusic.streams import Stream, generator
from symmusic.wording import count


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The result of comparing two sets of pieces.

    Attributes:
      results: the result of each measure, keyed by the measure's name.
      folders: what was read for each set.
      names: the name of each set in reports.
      notes: remarks for the report, such as which files were left out.
    """

    results: dict[str, Any]
    folders: dict[str, Folder]
    names: dict[str, str]
    notes: list[str]

    @property
    def sets(self) -> dict[str, Pieces]:
        """The features of both sets, by set."""
        return {which: folder.pieces for which, folder in self.folders.items()}

    def to_dict(self) -> dict:
        """The comparison in the form of `comparison.json`."""
        return as_json(self.results)

    def table(self) -> str:
        """The nine features and their averages as a table in Markdown."""
        return render(features_section(self.results['features'], '').blocks[0], pathlib.Path())


def compare(
    reference: str | pathlib.Path,
    generated: str | pathlib.Path,
    *,
    protocol: str = default('evaluate.protocol'),
    num_bars: int = default('evaluate.num_bars'),
    seed: int = 0,
    **others: object,
) -> Comparison:
    """Compares the pieces of two folders of MIDI, ABC or MusicXML files.

    Args:
      reference: folder of the reference pieces.
      generated: folder of the pieces to be compared with them.
      protocol: the definitions to use: 'corrected', or those of the 'thesis'.
      num_bars: features are computed on an excerpt of this many bars of each longer piece; 0 =
        whole pieces.
      seed: seed of excerpts and resamples.
      **others: not allowed; collected only so that the error can name a misspelt field.

    Raises:
      UserError: a folder cannot be read or holds nothing to measure, or a value is not allowed.
    """
    if others:
        name = next(iter(others))
        raise UserError(f'{name}: not a field of compare; fields are protocol, num_bars and seed')
    for name, value in {'protocol': protocol, 'num_bars': num_bars}.items():
        if allowed := FIELDS[f'evaluate.{name}'].rule(value):
            raise UserError(f'config.evaluate.{name} = {value!r}: must be {allowed}')
    paths = dict(zip(SETS, (reference, generated), strict=True))
    places = {which: pathlib.Path(path).expanduser() for which, path in paths.items()}
    rngs = [generator(seed, Stream.COMPARED_EXCERPTS, number) for number in range(len(SETS))]
    folders = {
        which: read_folder(which, str(path), protocol, rng, num_bars)
        for (which, path), rng in zip(paths.items(), rngs, strict=True)
    }
    notes = [remark for which, folder in folders.items() for remark in remarks(which, folder)]
    features = compare_pieces(*(folder.pieces for folder in folders.values()), protocol, seed)
    similarity = _similarity(*((places[which], folders[which].scores) for which in SETS))
    notes += _notes(similarity, places, num_bars)
    lengths = {which: folder.length for which, folder in folders.items()}
    if line := unlike_lengths(lengths, num_bars):
        notes.insert(0, line)
    left_out = {which: folder.left_out for which, folder in folders.items()}
    results = {
        'features': features,
        'similarity': similarity,
        'folders': Folders(lengths, num_bars, left_out),
    }
    names = {which: folder_name(place) for which, place in places.items()}
    return Comparison(results, folders, names, notes)


def _notes(similarity: Similarity, places: Mapping[str, pathlib.Path], num_bars: int) -> list[str]:
    notes = [f'similarity: {similarity.note}'] if similarity.note else []
    if places['reference'].samefile(places['generated']):
        notes.append('both sets are the same folder')
    if num_bars:
        notes.append(
            f'features are of an excerpt of {count(num_bars, "bar")} of each longer piece, drawn by'
            ' config.seed; similarity is of whole pieces'
        )
    return notes


def _similarity(
    reference: tuple[pathlib.Path, Mapping[str, Score]],
    generated: tuple[pathlib.Path, Mapping[str, Score]],
) -> Similarity:
    """The similarity of each generated piece to its nearest reference piece; `note` says what could
    not be measured. Each set is given as a folder and the scores that were read from it.
    """
    collection, no_tunes = index_folder(*reference)
    folder, scores = generated
    similarity = measure_similarity(folder, collection, scores)
    notes = [
        f'{which} files that hold no melody ({len(left_out)}): {listed_reasons(left_out)}'
        for which, left_out in zip(SETS, (no_tunes, similarity.left_out), strict=True)
        if left_out
    ]
    if similarity.unusable:
        notes.append(
            f'null for {count(similarity.unusable, "piece")}: fewer than 3 notes, or no'
            ' reference piece has as many'
        )
    if similarity.mean is None and not similarity.unusable:
        notes.append('no generated file holds a melody')
    return dataclasses.replace(similarity, note='; '.join(notes))
