"""From files to tunes: reads, filters, transposes and converts each tune to events, independently
of the others.
"""

import dataclasses
import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from symmusic.corpus.collections import SourceFile
from symmusic.corpus.files import list_tunes
from symmusic.errors import ScoreError
from symmusic.melody.events import (
    NO_EVENT,
    NOTE_OFF,
    Melody,
    count_moved,
    extract_phrases,
    from_events,
    quantize,
    ticks_before,
    to_events,
    transpose_events,
)
from symmusic.progress import track
from symmusic.score.bar import COMMON, SIXTEENTHS, Bar, bar_of
from symmusic.score.detection import detect_key, transposition
from symmusic.score.meter import bar_ticks, check_meter, check_single, sounding_meters
from symmusic.score.notes import Score
from symmusic.score.sections import nearest_bar
from symmusic.streams import tunes_generator


@dataclasses.dataclass(frozen=True)
class Settings:
    """What preparation depends on, besides the files themselves; the fields are those of
    `config.data` with the same names.

    `strict` drops tunes with several time signatures or instruments, as in the thesis; it is part
    of `config.data.protocol = 'thesis'`.
    """

    meters: tuple[str, ...] = ('4/4', '2/2')
    align_pickups: bool = True
    rests: str = 'phrase'
    strict: bool = False
    steps_per_quarter: int = SIXTEENTHS


@dataclasses.dataclass(frozen=True)
class Tune:
    """One tune of a corpus, kept or dropped.

    Attributes:
      file: its file's name, with '#<number>' if the file is a book of tunes or a piece of several
        voices.
      title: as the file states it.
      meter: its first metre, such as '4/4', or ''.
      reason: why it was dropped; '' if it was kept.
      key: as detected, before transposition.
      transposed_by: semitones.
      phrases: the events of each phrase, transposed to C major or A minor; empty if dropped.
      gaps: silent whole bars before each phrase but the first.
      first_bar: number of the first phrase's first bar, where the first full bar of the file is 1
        and a pickup 0.
      sections: the bars, from 0 at the first phrase's first bar, at which sections start, that bar
        included; empty if the file states none. A pickup shorter than half a bar belongs to the
        section after it: a first bar that is one is a section of its own.
      counted_in: the metre of its bars: `meter`, unless each bar is read as several bars of another
        metre.
      steps_per_quarter: the grid of its events.
      num_read, num_moved: the number of notes in its file, and of those moved to the nearest step.
      style: the style of its collection, such as 'chorale'; '' in a user's folder.
      notices: what its reader left out, as in `Score.notices`.
    """

    file: str
    title: str = ''
    meter: str = ''
    reason: str = ''
    key: str = ''
    transposed_by: int = 0
    phrases: tuple[np.ndarray, ...] = ()
    gaps: tuple[int, ...] = ()
    style: str = ''
    notices: tuple[str, ...] = ()
    first_bar: int = 1
    counted_in: str = '4/4'
    sections: tuple[int, ...] = ()
    steps_per_quarter: int = SIXTEENTHS
    num_read: int = 0
    num_moved: int = 0

    @property
    def bar(self) -> Bar:
        """Its bar."""
        return bar_of(self.counted_in, self.steps_per_quarter)

    @property
    def kept(self) -> bool:
        """Whether it was not dropped."""
        return not self.reason

    @property
    def events(self) -> np.ndarray:
        """All phrases in one array [T] int8, the silence between them written out."""
        parts, bar_steps = list(self.phrases[:1]), self.bar.steps
        for gap, phrase in zip(self.gaps, self.phrases[1:], strict=True):
            silence = np.full(gap * bar_steps + -len(parts[-1]) % bar_steps, NO_EVENT, np.int8)
            silence[0] = NOTE_OFF  # never empty: a bar or more is silent between two phrases
            parts += [silence, phrase]
        return np.concatenate(parts) if parts else np.zeros(0, np.int8)

    @property
    def melody(self) -> Melody:
        """The tune's notes, in steps from the start of bar 1."""
        return as_melody(self.events, self.first_bar, self.bar.steps)

    @property
    def in_own_key(self) -> 'Tune':
        """The tune as it was before transposition."""
        phrases = tuple(transpose_events(each, -self.transposed_by) for each in self.phrases)
        return dataclasses.replace(self, phrases=phrases, transposed_by=0)

    @property
    def bars(self) -> list[int]:
        """The number of each phrase's first bar."""
        lengths = [-(-len(phrase) // self.bar.steps) for phrase in self.phrases[:-1]]
        steps = itertools.zip_longest(lengths, self.gaps, fillvalue=0)
        bars = itertools.accumulate(map(sum, steps), initial=self.first_bar)
        return list(bars)[: len(self.phrases)]

    @property
    def num_bars(self) -> int:
        """The number of bars, including silence between phrases."""
        if not self.phrases:
            return 0
        return self.bars[-1] - self.first_bar - -len(self.phrases[-1]) // self.bar.steps


def as_melody(events: np.ndarray, first_bar: int, bar_steps: int) -> Melody:
    """The notes of events that start with bar `first_bar`, in steps from the start of bar 1."""
    return Melody(from_events(events, (first_bar - 1) * bar_steps), bar_steps)


def prepare_score(score: Score, file: str, settings: Settings) -> Tune:
    """Prepares one score: filters it, detects its key, transposes it, makes it monophonic and
    quantises it.

    Raises:
      ScoreError: the tune is dropped; the message is the reason.
    """
    grid = settings.steps_per_quarter
    meter = check_meter(score, settings.meters, grid)
    bar_steps = bar_of(meter, grid).steps
    if settings.strict:
        check_single(score)
    key = detect_key(score.notes)
    distance = transposition(key)
    aligned = settings.align_pickups
    phrases = extract_phrases(quantize(score, grid, align_pickup=aligned), bar_steps)
    if settings.rests == 'end':
        phrases = phrases[:1]
    pitches = [note.pitch for phrase in phrases for note in phrase]
    if min(pitches) + distance < 0 or max(pitches) + distance > 127:
        raise ScoreError('pitch range', f'{distance:+d} semitones lead outside of 0..127')
    # The bars of all phrases are counted from the same bar lines.
    gaps = [
        after[0].onset // bar_steps - -(-before[-1].end // bar_steps)
        for before, after in itertools.pairwise(phrases)
    ]
    first = phrases[0][0].onset // bar_steps
    tune = Tune(
        file=file,
        title=score.title,
        meter=meter,
        key=str(key),
        transposed_by=distance,
        phrases=tuple(
            transpose_events(to_events(phrase, bar_steps), distance) for phrase in phrases
        ),
        gaps=tuple(gaps),
        notices=score.notices,
        first_bar=first + (0 if aligned and score.pickup > 0 else 1),
        counted_in=meter,
        steps_per_quarter=grid,
        num_read=len(score.notes),
        num_moved=count_moved(score, grid, align_pickup=aligned),
    )
    return dataclasses.replace(tune, sections=_sections(score, aligned, first, tune.num_bars))


def _sections(score: Score, align_pickup: bool, first: int, num_bars: int) -> tuple[int, ...]:
    """`Tune.sections` of `num_bars` bars from bar `first` of `quantize` on."""
    shift, bar = ticks_before(score, align_pickup), bar_ticks(score)
    starts = [nearest_bar(tick, shift, bar) - first for tick in score.sections]
    inner = {start for start in starts if 0 < start < num_bars}
    return tuple(sorted({0} | inner)) if starts else ()


def prepare_files(
    files: Sequence[SourceFile],
    settings: Settings,
    *,
    max_tunes: int = 0,
    seed: int = 0,
) -> list[Tune]:
    """Prepares every tune of the files, in the order of their names; a bad one stays in the list
    with its reason.

    Args:
      files: where the tunes are.
      settings: how they are prepared.
      max_tunes: at most this many are read, drawn by `seed`; 0 reads all.
      seed: of that draw.
    """
    tunes, listed = [], []
    for file in files:
        try:
            listed += [(file, number) for number in range(len(list_tunes(file)))]
        except (ScoreError, OSError) as error:
            tunes.append(Tune(file.name, reason=_reason(error)))
    if 0 < max_tunes < len(listed):
        drawn = tunes_generator(seed, max_tunes).choice(len(listed), max_tunes, replace=False)
        listed = [listed[index] for index in sorted(drawn)]
    # reads file by file again, because all books together may not fit into memory
    for file, rows in itertools.groupby(track(listed, 'tune'), lambda row: row[0]):
        try:
            readers = list_tunes(file)
        except (ScoreError, OSError) as error:  # the file has changed since it was listed
            tunes.append(Tune(file.name, reason=_reason(error)))
        else:
            tunes += [_prepare(*readers[number], settings) for _, number in rows]
    order = {file.name: index for index, file in enumerate(files)}
    return sorted(
        tunes,
        key=lambda tune: order[tune.file if tune.file in order else tune.file.rpartition('#')[0]],
    )


def _prepare(name: str, read: Callable[[], Score], settings: Settings) -> Tune:
    """A tune, kept or dropped."""
    title = meter = ''
    try:
        score = read()
        title, meter = score.title, str(next(iter(sounding_meters(score)), ''))
        return prepare_score(score, name, settings)
    except (ScoreError, OSError) as error:
        return Tune(name, title=title, meter=meter, reason=_reason(error))


def _reason(error: ScoreError | OSError) -> str:
    return error.reason if isinstance(error, ScoreError) else 'unreadable file'


def fingerprint(tunes: Iterable[Tune]) -> str:
    """A short hash of the kept tunes: corpora with equal fingerprints give equal tokens."""
    digest = hashlib.sha256()
    for tune in tunes:
        if tune.kept:
            digest.update(f'{tune.file}\0{len(tune.phrases)}\0'.encode(errors='backslashreplace'))
            # Only others, so that fingerprints from before other metres and grids existed hold.
            if tune.bar != COMMON:
                grid = f'\0{tune.steps_per_quarter}' * (tune.steps_per_quarter != SIXTEENTHS)
                digest.update(f'{tune.counted_in}{grid}'.encode())
            for phrase in tune.phrases:
                digest.update(len(phrase).to_bytes(4, 'little') + phrase.tobytes())
    return digest.hexdigest()[:16]
