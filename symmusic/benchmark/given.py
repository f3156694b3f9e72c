"""Further inputs for the notes of the chorales, besides the earlier pitches: onsets, metre and
phrase ends of the whole melody.

Onsets and metre are those of the benchmark's files. Pickups and phrase ends, which are fermatas,
are those of the same chorale in the package music21, if its melody has as many notes and mostly the
same intervals; else they are not known.
"""

import dataclasses
import itertools
import pathlib
import re
import zipfile
import zlib
from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np

from symmusic.benchmark.melodies import list_files, read_score
from symmusic.corpus.collections import music21_corpus
from symmusic.errors import UserError
from symmusic.score.notes import Score
from symmusic.wording import count

GIVEN_SET = '2 chor'
NUM_KNOWN = 173  # melodies of the set whose phrases music21 has
INSTALL_MUSIC21 = 'pip install -r requirements.txt'
LEAST_ALIKE = 0.8  # share of equal intervals
PLACES, LENGTHS, MOST_LEFT = 16, (0.3, 0.55, 0.8, 1.05, 1.55, 2.05, 3.05), 7  # quarters, notes
# number of classes of each input; the last class of all but the second means not known, or none
SIZES = (PLACES + 1, len(LENGTHS) + 1, len(LENGTHS) + 2, 3, 3, MOST_LEFT + 2, 3)
NUM_CLASSES = sum(SIZES)
AHEAD = 3  # notes after the next one
NUM_CLASSES_AHEAD = NUM_CLASSES + AHEAD * SIZES[2]


@dataclasses.dataclass(frozen=True, eq=False)
class Phrases:
    """A melody [L] of pitches, which of its notes end a phrase, and its pickup in quarters."""

    pitches: np.ndarray
    is_end: np.ndarray
    pickup: float


def read_given(folder: pathlib.Path) -> list[np.ndarray]:
    """The classes [L, G] of each note of each melody of `GIVEN_SET`, of `NUM_CLASSES` in all.

    Raises:
      UserError: music21 is not installed, or has not the phrases of `NUM_KNOWN` of the melodies.
    """
    bach = music21_corpus() / 'bach'
    found, num_known = [], 0
    for path in list_files(GIVEN_SET, folder):
        score = read_score(path)
        number = re.match(r'chor-bwv(\d+)', path.name)
        others = sorted(bach.glob(f'bwv{number[1]}*.mxl')) if number else []
        phrases = find_phrases(score, others)
        num_known += phrases is not None
        found.append(describe(score, phrases))
    if num_known != NUM_KNOWN:
        raise UserError(
            f'{bach} has the phrases of {count(num_known, "melody")} of set {GIVEN_SET}; must be'
            f' {NUM_KNOWN}, as in music21 10 ({INSTALL_MUSIC21})'
        )
    return found


def read_rhythm(name: str, folder: pathlib.Path) -> list[np.ndarray]:
    """The classes of `read_given` for the melodies of any set, without pickups and phrase ends."""
    files = list_files(name, folder)
    return [describe(read_score(path), None) for path in files]


def look_ahead(classes_LG: np.ndarray) -> np.ndarray:
    """Classes [L, G + AHEAD] of a melody's notes, of `NUM_CLASSES_AHEAD`: the times to the next
    note of the `AHEAD` notes that follow are added; the last class means that there is no such
    note.
    """
    size = SIZES[2]
    times = np.concatenate([classes_LG[:, 1] - SIZES[0], np.full(AHEAD, size - 1)])
    later = [
        NUM_CLASSES + index * size + times[index + 1 :][: len(classes_LG)] for index in range(AHEAD)
    ]
    return np.column_stack([classes_LG, *later])


def find_phrases(score: Score, paths: Sequence[pathlib.Path]) -> Phrases | None:
    """The phrases of the first of some files of MusicXML whose melody is that of a score."""
    intervals = np.diff([note.pitch for note in score.notes])
    for path in paths:
        phrases = read_phrases(path)
        own = np.diff(phrases.pitches)
        if len(own) == len(intervals) and np.mean(own == intervals) >= LEAST_ALIKE:
            return phrases
    return None


def read_phrases(path: pathlib.Path) -> Phrases:
    """The notes of the highest voice of a packed file of MusicXML; tied notes are one.

    Raises:
      UserError: the file cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            name = next(each for each in packed.namelist() if not each.startswith('META-INF'))
            part = ElementTree.fromstring(packed.read(name)).find('part')
    except (OSError, zipfile.BadZipFile, zlib.error, StopIteration, ElementTree.ParseError):
        raise UserError(f'{path}: damaged; reinstall music21: {INSTALL_MUSIC21}') from None
    pitches: list[int] = []
    is_end: list[bool] = []
    for note in part.iter('note'):
        pitch, voice = note.find('pitch'), note.findtext('voice', '1')
        if pitch is None or voice != '1' or {each.tag for each in note} & {'grace', 'chord'}:
            continue
        now, ends = _midi(pitch), note.find('.//fermata') is not None
        if pitches and now == pitches[-1] and note.find("tie[@type='stop']") is not None:
            is_end[-1] |= ends
        else:
            pitches.append(now)
            is_end.append(ends)
    return Phrases(np.array(pitches), np.array(is_end), _pickup(part))


def _midi(pitch: ElementTree.Element) -> int:
    step = 'C D EF G A B'.index(pitch.findtext('step'))
    octave = int(pitch.findtext('octave'))
    return 12 * (octave + 1) + step + round(float(pitch.findtext('alter', '0')))


def _pickup(part: ElementTree.Element) -> float:
    """The length of the first bar in quarters if it is numbered 0."""
    bar = part.find('measure')
    if bar.get('number') != '0':
        return 0.0
    lengths = [float(note.findtext('duration', '0')) for note in bar.findall('note')]
    return sum(lengths) / float(bar.findtext('attributes/divisions', '1'))


def describe(score: Score, phrases: Phrases | None) -> np.ndarray:
    """The classes [L, G] of a melody's notes: place in the bar, in eighths of 4/4 or 3/4; time to
    the next note and from the one before; whether the note and the one before end a phrase; notes
    left in the phrase; and whether the phrase is the last.
    """
    quarter, num = score.ticks_per_quarter, len(score.notes)
    onsets = np.array([note.onset for note in score.notes]) / quarter
    lengths = np.diff(onsets, append=score.notes[-1].end / quarter)
    classes = np.searchsorted(LENGTHS, lengths)
    meter = score.meters[0] if score.meters else None
    is_triple = meter is not None and meter.numerator % 3 == 0
    unknown = np.full(num, 2)
    rows = [
        np.full(num, PLACES),
        classes,
        np.concatenate([[len(LENGTHS) + 1], classes[:-1]]),
        unknown,
        unknown,
        np.full(num, MOST_LEFT + 1),
        unknown,
    ]
    if phrases is not None:
        bar = 3 if is_triple else 4
        rows[0] = (2 * ((onsets - phrases.pickup) % bar)).astype(int) + PLACES // 2 * is_triple
        is_end = phrases.is_end.copy()
        is_end[-1] = True
        ends = np.flatnonzero(is_end)
        own = ends[np.searchsorted(ends, np.arange(num))]
        rows[3] = is_end.astype(int)
        rows[4] = np.concatenate([[2], rows[3][:-1]])
        rows[5] = np.minimum(own - np.arange(num), MOST_LEFT)
        rows[6] = (own == num - 1).astype(int)
    offsets = list(itertools.accumulate(SIZES, initial=0))[: len(SIZES)]
    return np.stack(rows, axis=1) + offsets
