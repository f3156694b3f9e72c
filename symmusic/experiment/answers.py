"""Reads the answer files of a listening study and checks them against the key; invalid or
unfinished ones are reported and left out.
"""

import dataclasses
import json
import pathlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symmusic.config.flags import list_folder
from symmusic.errors import UserError
from symmusic.experiment.ratings import LEAST, MOST, QUESTIONS
from symmusic.experiment.study import Study

FORMAT = 'symmusic listening study 1'
MOST_BYTES = 2**20


@dataclasses.dataclass(frozen=True)
class Answers:
    """The answers of one listener: `ratings` [Q, P] by question (as in `QUESTIONS`) and piece, and
    the listener's experience, all from 1 to 5.
    """

    file: str
    listener: str
    saved: str  # time of saving, ISO 8601 in UTC
    experience: int
    ratings: np.ndarray


class Unusable(Exception):
    """The reason why a file is left out."""


def read_files(folder: pathlib.Path) -> dict[str, Any]:
    """The content of each file of a folder, keyed by name: parsed JSON, or an `Unusable` with the
    reason. Hidden files are ignored.

    Raises:
      UserError: the folder does not exist, or is empty.
    """
    paths = [
        path
        for path in list_folder('answers', folder)
        if path.is_file() and not path.name.startswith('.')
    ]
    if not paths:
        raise UserError(
            f'--answers={folder}: the folder holds no files; must be a folder of the .json files'
            ' that listeners saved'
        )
    return {path.name: _read(path) for path in paths}


def _read(path: pathlib.Path) -> Any:
    if path.suffix.lower() != '.json':
        return Unusable('not a .json file')
    try:
        if path.stat().st_size > MOST_BYTES:
            return Unusable('too large for a file of answers')
        return parse(path.read_bytes())
    except OSError as error:
        return Unusable(error.strerror or str(error))


def parse(data: bytes) -> Any:
    """The content of a file: parsed JSON, or an `Unusable` with the reason."""
    try:
        return json.loads(data.decode('utf-8-sig'))
    except (ValueError, RecursionError):
        return Unusable('not JSON, or cut off')


def count_studies(files: Mapping[str, Any]) -> Counter:
    """How many files name each study."""
    return Counter(
        found['study']
        for found in files.values()
        if isinstance(found, dict) and isinstance(found.get('study'), str)
    )


def check_files(files: Mapping[str, Any], study: Study) -> tuple[list[Answers], dict[str, str]]:
    """The answers of every listener, and the reasons for files left out, keyed by name. If a
    listener has several files, the one saved last is used.
    """
    answers: list[Answers] = []
    left_out: dict[str, str] = {}
    for name, found in files.items():
        try:
            answers.append(_check(name, found, study))
        except Unusable as reason:
            left_out[name] = str(reason)
    last = {
        each.listener: each.file
        for each in sorted(answers, key=lambda each: (each.saved, each.file))
    }
    for each in answers:
        if last[each.listener] != each.file:
            left_out[each.file] = (
                f'another file of the same listener was saved later: {last[each.listener]}'
            )
    return [each for each in answers if last[each.listener] == each.file], dict(
        sorted(left_out.items())
    )


def _check(name: str, found: Any, study: Study) -> Answers:
    if isinstance(found, Unusable):
        raise found
    if not isinstance(found, dict) or found.get('format') != FORMAT:
        raise Unusable('no answers to a listening study')
    if found.get('study') != study.id:
        raise Unusable(f'of another study: {str(found.get("study"))[:40]}, not {study.id}')
    listener, saved, rows = found.get('listener'), found.get('saved'), found.get('ratings')
    if not (isinstance(listener, str) and listener and isinstance(saved, str)):
        raise Unusable('the listener or the time of saving is not stated')
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unusable('no list of ratings')
    ratings = np.zeros((len(QUESTIONS), len(study.excerpts)), int)
    unheard = _fill(ratings, rows)
    experience = _rating(found.get('experience'), 'the experience')
    missing = [
        f'{count} rating{"s" * (count > 1)}' for count in [int((ratings == 0).sum())] if count
    ]
    missing += ['the experience'] if not experience else []
    missing += [f'playing piece {", ".join(map(str, unheard))}'] if unheard else []
    if missing or found.get('complete') is not True:
        raise Unusable(
            f'unfinished: without {" and ".join(missing)}' if missing else 'marked as unfinished'
        )
    return Answers(name, listener, saved, experience, ratings)


def _fill(ratings_QP: np.ndarray, rows: Sequence[dict]) -> list[int]:
    """Fills in the ratings of the rows, 0 where missing, and returns the pieces that were not
    played.
    """
    num_pieces, seen, unheard = ratings_QP.shape[1], set(), []
    for row in rows:
        piece, plays = row.get('piece'), row.get('plays', 0)
        if type(piece) is not int or not 1 <= piece <= num_pieces:
            raise Unusable(f'piece {str(piece)[:40]} is unknown; pieces are 1 to {num_pieces}')
        if piece in seen:
            raise Unusable(f'piece {piece} is rated twice')
        if type(plays) is not int or plays < 0:
            raise Unusable(f'piece {piece}: plays = {str(plays)[:40]}; must be a whole number')
        seen.add(piece)
        unheard += [piece] if not plays else []
        for index, question in enumerate(QUESTIONS):
            ratings_QP[index, piece - 1] = _rating(
                row.get(question), f'{question} of piece {piece}'
            )
    return unheard


def _rating(value: Any, what: str) -> int:
    """A valid rating; 0 for a missing one."""
    if value is None:
        return 0
    if type(value) is not int or not LEAST <= value <= MOST:
        raise Unusable(
            f'{what} is {str(value)[:40]}; must be a whole number from {LEAST} to {MOST}'
        )
    return value
