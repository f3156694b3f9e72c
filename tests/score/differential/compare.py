"""Our readers against others, counted; `python -m tests.score.differential.compare` prints it."""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from symmusic.corpus.collections import find_files
from symmusic.errors import ScoreError
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import split_tunes
from symmusic.score.abc_text import decode
from symmusic.score.midi import parse_midi
from symmusic.score.notes import Score
from tests.score.differential import others
from tests.score.differential.generate_abc import generate_tune
from tests.score.differential.generate_midi import generate_midi
from tests.score.differential.kinds import KINDS, rewrite
from tests.score.differential.others import Notes

FOLDERS = ('oneills1850', 'airdsAirs', 'ryansMammoth', 'essenFolksong')
NUM_GENERATED = 5000
# of onsets and lengths, in quarters: abc2midi counts 480 ticks and ends each note a tick early
TOLERANCE = 0.01


@dataclasses.dataclass
class Comparison:
    """Counts of one set of tunes or files.

    Attributes:
      compared: how many.
      agreeing: with at least one other reader as they are, and so with both where those agree.
      opposed: names of those that both others read alike, and otherwise than ours.
      known: agreeing once what `kinds.py` lists is written out, by the names of the kinds.
      left: the names of those that agree with no other reader.
    """

    compared: int
    agreeing: int
    opposed: list[str] = dataclasses.field(default_factory=list)
    known: dict[str, int] = dataclasses.field(default_factory=dict)
    left: list[str] = dataclasses.field(default_factory=list)

    def share(self) -> float:
        """Of those compared, agreeing as they are or once a known kind is written out."""
        return 1 - len(self.left) / self.compared


def agree(one: Notes | None, other: Notes | None) -> bool:
    """Whether two readers found the same notes: pitch, and onset and length within `TOLERANCE`."""
    if one is None or other is None or len(one) != len(other):
        return False
    return all(
        a[2] == b[2] and abs(a[0] - b[0]) < TOLERANCE and abs(a[1] - b[1]) < TOLERANCE
        for a, b in zip(one, other, strict=True)
    )


def collection_tunes(folder: str) -> dict[str, str]:
    """Every tune of a folder of music21's ABC collections, by file and place in it."""
    files = [file for file in find_files('folk_essen') if file.name.startswith(folder + '/')]
    return {
        f'{file.name}#{place}': tune.text
        for file in files
        for place, tune in enumerate(split_tunes(decode(file.path.read_bytes())), 1)
    }


def generated_tunes(num: int = NUM_GENERATED) -> dict[str, str]:
    """Tunes by their seeds."""
    return {str(seed): generate_tune(seed) for seed in range(num)}


def compare_tunes(tunes: dict[str, str]) -> Comparison:
    """Our ABC reader against abc2midi and abcjs; a tune agrees where one of them reads it so."""
    ours = {name: read_ours(text) for name, text in tunes.items()}
    differing = _disagreeing(ours, tunes)
    left = list(differing)
    result = Comparison(len(tunes), len(tunes) - len(left))
    result.opposed = [name for name, read in differing.items() if agree(*read)]
    for kinds in KINDS:
        still = list(_disagreeing(ours, {name: rewrite(tunes[name], kinds) for name in left}))
        if len(still) < len(left):
            result.known[' + '.join(kind.name for kind in kinds)] = len(left) - len(still)
        left = still
    result.left = left
    return result


def read_ours(text: str) -> Notes | None:
    """What our reader makes of a tune; None where it refuses."""
    try:
        return _notes(read_abc_tune(text))
    except ScoreError:
        return None


def _disagreeing(
    ours: dict[str, Notes | None], tunes: dict[str, str]
) -> dict[str, tuple[Notes | None, Notes | None]]:
    """What the others read of the tunes that neither of them reads as ours does, by name."""
    texts = list(tunes.values())
    others_read = zip(others.read_with_abc2midi(texts), others.read_with_abcjs(texts), strict=True)
    return {
        name: read
        for name, read in zip(tunes, others_read, strict=True)
        if not any(agree(ours[name], each) for each in read)
    }


def compare_files(files: dict[str, bytes]) -> Comparison:
    """Our MIDI reader against symusic; a file agrees where both find the same instruments."""
    left = [
        name
        for name, data in files.items()
        if not _agree_on_instruments(list(read_instruments(data)), others.read_with_symusic(data))
    ]
    return Comparison(len(files), len(files) - len(left), left=left)


def _agree_on_instruments(ours: Sequence[Notes], other: Sequence[Notes]) -> bool:
    return len(ours) == len(other) and all(map(agree, sorted(ours), sorted(other)))


def read_instruments(data: bytes) -> Iterator[Notes]:
    """The notes of each instrument that our reader finds in a MIDI file; none where it refuses."""
    for part in itertools.count(1):
        try:
            yield _notes(parse_midi(data, part))
        except ScoreError:
            return


def generated_files(num: int = NUM_GENERATED) -> dict[str, bytes]:
    """MIDI files by their seeds."""
    return {str(seed): generate_midi(seed) for seed in range(num)}


def _notes(score: Score) -> Notes:
    quarter = score.ticks_per_quarter
    return others.in_order(
        (note.onset / quarter, note.duration / quarter, note.pitch) for note in score.notes
    )


def _main() -> None:
    sets = {folder: compare_tunes(collection_tunes(folder)) for folder in FOLDERS}
    sets['generated ABC'] = compare_tunes(generated_tunes())
    sets['generated MIDI'] = compare_files(generated_files())
    print('| set | compared | agreeing as they are | opposed | once written out | share | left |')
    print('|---|---|---|---|---|---|---|')
    for name, found in sets.items():
        print(
            f'| {name} | {found.compared} | {found.agreeing} | {len(found.opposed)} |'
            f' {sum(found.known.values())} | {found.share():.4%} | {", ".join(found.left[:12])} |'
        )
    for name, found in sets.items():
        for kind, count in found.known.items():
            print(f'{name}: {count} x {kind}')


if __name__ == '__main__':
    _main()
