"""Small corpora made by us: tunes as events, and folders of MIDI and ABC files."""

import pathlib

import numpy as np

from symmusic.corpus.prepare import Tune
from tests.score.midi_bytes import melody, midi, off, on, track

C_MAJOR = (60, 62, 64, 65, 67, 69, 71, 72)


def tune(*phrases, file='a.mid', gaps=(), title='', **fields) -> Tune:
    return Tune(
        file,
        title=title,
        meter='4/4',
        phrases=tuple(np.array(phrase, np.int8) for phrase in phrases),
        gaps=gaps,
        **fields,
    )


def random_tune(seed: int, num_steps: int, **fields) -> Tune:
    """A note or a hold at every step, the first one a note."""
    draw = np.random.default_rng(seed)
    events = np.where(draw.random(num_steps) < 0.6, draw.choice(C_MAJOR, num_steps), -2)
    events[:1] = 60
    return tune(events, **({'file': f'{seed}.mid'} | fields))


def random_notes(seed: int, num_notes: int) -> list[tuple[int, int]]:
    """Eighths and quarters in C major, for `melody`."""
    draw = np.random.default_rng(seed)
    pitches, lengths = draw.choice(C_MAJOR, num_notes), draw.choice((2, 4), num_notes)
    return [(60, 4), *zip(pitches.tolist(), lengths.tolist(), strict=True)]


def write_files(folder: pathlib.Path, files: dict[str, bytes | str]) -> pathlib.Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def mixed_folder(folder: pathlib.Path) -> pathlib.Path:
    """Two good tunes, one of them in a book of three, among files with every kind of fault."""
    book = (
        'X:1\nT:In four\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n\n'
        'X:2\nT:Waltz\nM:3/4\nL:1/4\nK:C\nCDE|\n\n'
        'X:3\nT:Keyless\nM:4/4\nCDEF|\n'
    )
    good = melody((67, 4), (69, 4), (71, 4), (67, 8), title='Good')
    return write_files(
        folder,
        {
            'a good.mid': good,
            'b/book.abc': book,
            'c cut.mid': good[:-9],
            'd drums.mid': midi(track((0, on(38, channel=9)), (9, off(38, channel=9)))),
            'e empty.mid': b'',
            'f free.MIDI': melody((60, 4), meters=()),
            'g waltz.mid': melody((60, 4), meters=((3, 4),)),
            'h words.abc': 'not a tune at all',
            'i frames.mid': midi(track((0, on(60)), (9, off(60))), division=0xE728),
            'j loose.mid': midi(track((0, on(60)), (9, off(60))), kind=2),
            'readme.txt': 'no music',
        },
    )
