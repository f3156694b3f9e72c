"""Independent readers of ABC and MIDI, called for many files at a time: abc2midi, abcjs, symusic.

All give notes as `(onset, length, pitch)`, in quarters and MIDI numbers, in the order of
`in_order`. Of a chord with the same sounding pitch twice, as [A2A2] or [^G_A], the
readers of ABC give it once, as ours does.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence

Notes = list[tuple[float, float, int]]
ABCJS = pathlib.Path(__file__).with_name('abcjs_notes.js')
SECONDS = 300  # for one call of another reader; abcjs hangs on some tunes
TUNES_PER_CALL = 400  # of abc2midi: it keeps its state from tune to tune, and may crash
# Lengths as written: without it, ornaments and a hornpipe's swing change them.
_OPTIONS = ('-quiet', '-silent', '-NGRA', '-NGUI', '-NFER', '-NFNP')
# All notes of a chord at once; and what it keeps from one tune of a book to the next.
_DIRECTIVES = '%%MIDI chordattack 0\n%%MIDI transpose 0\n%%propagate-accidentals octave'
_ORNAMENT = re.compile(
    r'("[^"]*"|\[[A-Za-z]:[^\]]*\]|%.*)'  # kept
    r'|![^!|\n]*!'
    r'|[.~H-Wh-w](?=(?:[.~H-Wh-w]|![^!|\n]*!|"[^"]*")*\s*[\^_=]*[A-Ga-gxz\[{(])'
)
_FIELD = re.compile(r'\s*([A-Za-z]|\+):(?![|:])')


def missing_for_abc() -> str:
    """What the comparison of ABC needs and this machine lacks, '' for nothing."""
    lacks = [name for name in ('abc2midi', 'node') if not shutil.which(name)]
    if not lacks or lacks == ['abc2midi']:
        lacks += [] if abcjs_folder() else ['abcjs (npm)']
    return ', '.join(lacks) or missing_for_midi()


def missing_for_midi() -> str:
    """The same for the comparison of MIDI."""
    try:
        import symusic  # noqa: F401
    except ImportError:
        return 'symusic (PyPI)'
    return ''


def abcjs_folder() -> str:
    """The node_modules folder that holds abcjs: $SYMMUSIC_NODE_MODULES or npm's global one."""
    folder = os.environ.get('SYMMUSIC_NODE_MODULES', '')
    if not folder and shutil.which('npm'):
        answer = subprocess.run(['npm', 'root', '-g'], capture_output=True, text=True, check=False)
        folder = answer.stdout.strip()
    return folder if folder and (pathlib.Path(folder) / 'abcjs').is_dir() else ''


def in_order(notes: Iterable[tuple[float, float, int]]) -> Notes:
    """Notes by onset, those of one onset by pitch."""
    return sorted(notes, key=lambda note: (note[0], note[2]))


def read_with_abcjs(texts: Sequence[str], seconds: float = SECONDS) -> list[Notes | None]:
    """The notes of each tune's first voice; None where abcjs fails.

    Raises:
      TimeoutError: it is not done in time; names the tune that it hangs on.
    """
    try:
        answer = subprocess.run(
            ['node', str(ABCJS), abcjs_folder()],
            input=json.dumps(list(texts)).encode(),
            capture_output=True,
            check=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as expired:
        number = (expired.stdout or b'').count(b'\n')
        raise TimeoutError(
            f'abcjs reads tune {number + 1} of {len(texts)} for too long: {texts[number][:300]!r}'
        ) from None
    return [
        None if notes is None else in_order(set(map(tuple, notes)))
        for notes in map(json.loads, answer.stdout.splitlines())
    ]


def read_with_abc2midi(texts: Sequence[str]) -> list[Notes | None]:
    """The notes of each tune's first voice; None where abc2midi writes no file."""
    found = []
    for start in range(0, len(texts), TUNES_PER_CALL):
        found += _read_book([_for_abc2midi(each) for each in texts[start : start + TUNES_PER_CALL]])
    return found


def _read_book(texts: Sequence[str]) -> list[Notes | None]:
    with tempfile.TemporaryDirectory() as folder:
        book = pathlib.Path(folder) / 'b.abc'
        done: dict[int, Notes | None] = {}
        left = list(range(len(texts)))
        while left:
            numbered = [f'X:{index + 1}\n{_DIRECTIVES}\n{texts[index]}' for index in left]
            book.write_text('\n\n'.join(numbered) + '\n', encoding='utf-8')
            subprocess.run(
                ['abc2midi', str(book), *_OPTIONS],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=SECONDS,
            )
            for index in left:
                path = book.with_name(f'b{index + 1}.mid')
                if path.exists():
                    done[index] = _first_notes(path.read_bytes())
                    path.unlink()
            # What a crash has left over is tried again behind the tune that caused it.
            reached = max((index for index in left if index in done), default=left[0])
            left = [index for index in left if index > reached]
        return [done.get(index) for index in range(len(texts))]


def _for_abc2midi(text: str) -> str:
    """The tune without X:, R: (a hornpipe's rhythm) and ornaments, which it would play."""
    lines = []
    has_key = False
    for line in text.split('\n'):
        field = _FIELD.match(line)
        letter = field[1] if field else ''
        if letter not in ('X', 'R'):
            is_music = has_key and not field and not line.startswith('%')
            lines.append(_ORNAMENT.sub(r'\1', line) if is_music else line)
        has_key = has_key or letter == 'K'
    return '\n'.join(line for line in lines if line.strip())


def read_with_symusic(data: bytes) -> list[Notes]:
    """The notes of each instrument of a MIDI file but drums."""
    import symusic

    score = symusic.Score.from_midi(data)
    quarter = score.ticks_per_quarter
    return [
        in_order((note.time / quarter, note.duration / quarter, note.pitch) for note in track.notes)
        for track in score.tracks
        if track.notes and not track.is_drum
    ]


def _first_notes(data: bytes) -> Notes | None:
    """The notes of the first instrument of a MIDI file that abc2midi wrote, None where a crash has
    left it unfinished.
    """
    try:
        return in_order(set(next(iter(read_with_symusic(data)), [])))
    except RuntimeError:
        return None
