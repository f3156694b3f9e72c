"""What readers of ABC are known to disagree about, with the reason why ours is right: sections of
the ABC music standard 2.1 in brackets.

A kind is shown by a rewriting that says outright what our reader takes the tune to mean: where the
others read the rewritten tune as ours reads the original, nothing else is between them.
"""

import dataclasses
import re
from collections.abc import Callable

_FIELD_OR_COMMENT = re.compile(r'\s*[A-Za-z]:(?![|:])|%')
_HEADER = re.compile(r'(?:.*\n)*?\s*K:.*\n?')


@dataclasses.dataclass(frozen=True)
class Kind:
    """A disagreement that is known.

    Attributes:
      name: in reports.
      reason: why ours is right, by the section of the standard.
      rewrite: a line of music to one that leaves no choice.
    """

    name: str
    reason: str
    rewrite: Callable[[str], str]


def _open_at_double_bars(line: str) -> str:
    return re.sub(r'(?<![:|\[])(\|\||\|\]|\[\|(?!\]))(?![:|1-9])(?!\s*\|)(?!\s*\[?1)', ' |: ', line)


def _open_after_repeats(line: str) -> str:
    return re.sub(r':\|(?![|:\]]|\s*\[?[2-9]|\s*\|:)', '::', line)


DOUBLE_BAR = Kind(
    'a repeat after a double bar that nothing opens, behind the first repeat of the tune',
    'it goes back to the latest double bar (4.8), which also ends a last ending (4.10); abc2midi'
    ' leaves out the first ending of any later repeat, abcjs its whole strain. Before the first'
    ' repeat, where both go back to the start of the tune, so does ours',
    _open_at_double_bars,
)
CLOSED_REPEAT = Kind(
    'a repeat after another that nothing opens, with endings',
    'it starts where the one before ended (4.8), and many tunes lack the |: (4.9); abc2midi and'
    ' abcjs leave out notes as above',
    _open_after_repeats,
)
LINE_BREAK = Kind(
    'an exclamation mark as a line break',
    'it is one where a bar line or a blank comes before the next mark (12.2); the others take all'
    ' up to that mark for a decoration and leave out its notes',
    lambda line: line.replace('!', ''),
)
OPEN_TIE = Kind(
    'a tie to another pitch',
    'a tie connects notes of the same pitch (4.11), so it joins nothing; abcjs lengthens the note'
    ' to the next one of its pitch, abc2midi does not read a broken rhythm behind it',
    lambda line: line.replace('-', ''),
)
# What is tried in turn: each kind by itself and those that come together.
KINDS = (
    (DOUBLE_BAR,),
    (CLOSED_REPEAT,),
    (DOUBLE_BAR, CLOSED_REPEAT),
    (DOUBLE_BAR, CLOSED_REPEAT, LINE_BREAK),
    (DOUBLE_BAR, CLOSED_REPEAT, OPEN_TIE),
)


def rewrite(text: str, kinds: tuple[Kind, ...]) -> str:
    """The tune with each line of music rewritten by all of `kinds`, in their order."""
    header = _HEADER.match(text).group()
    lines = text[len(header) :].split('\n')
    for kind in kinds:
        lines = [line if _FIELD_OR_COMMENT.match(line) else kind.rewrite(line) for line in lines]
    return header + '\n'.join(lines)


@dataclasses.dataclass(frozen=True)
class Avoided:
    """What generated tunes leave out, because another reader reads it otherwise.

    Attributes:
      reason: why ours is right.
      readers: of abc2midi and abcjs those that read it otherwise.
      tune: the smallest that shows it, from its M: field on.
      notes: which it holds: onset and length in quarters, pitch.
    """

    reason: str
    readers: tuple[str, ...]
    tune: str
    notes: tuple[tuple[float, float, int], ...]


def _even(length: float, *pitches: int) -> tuple[tuple[float, float, int], ...]:
    return tuple((length * place, length, pitch) for place, pitch in enumerate(pitches))


AVOIDED = (
    Avoided(
        'the header says in which order the parts are played (section 3.1.9)',
        ('abcjs',),
        'M:4/4\nL:1/4\nP:ABA\nK:C\nP:A\nC4|\nP:B\nD4|',
        _even(4, 60, 62, 60),
    ),
    Avoided(
        'empty fields of a tuplet take their usual values (4.13)',
        ('abcjs',),
        'M:4/4\nL:1/4\nK:C\n(3::CDE|',
        _even(2 / 3, 60, 62, 64),
    ),
    Avoided(
        'a tuplet of 5, 7 or 9 takes the time of 2 in simple metres, and 3/4 is one (4.13)',
        ('abc2midi',),
        'M:3/4\nL:1/4\nK:C\n(5CDEFG|',
        _even(0.4, 60, 62, 64, 65, 67),
    ),
    Avoided(
        'and the time of 3 in compound metres (4.13)',
        ('abcjs',),
        'M:9/8\nL:1/4\nK:C\n(5CDEFG|',
        _even(0.6, 60, 62, 64, 65, 67),
    ),
    Avoided(
        'the metre that holds where the tuplet stands, not that of the header',
        ('abc2midi', 'abcjs'),
        'M:4/4\nL:1/4\nK:C\n[M:9/8](5CDEFG|',
        _even(0.6, 60, 62, 64, 65, 67),
    ),
    Avoided(
        'lengths inside and behind a chord are multiplied (4.17)',
        ('abc2midi',),
        'M:4/4\nL:1/4\nK:C\n[C2E2]2|',
        ((0, 4, 60), (0, 4, 64)),
    ),
    Avoided(
        'a tie inside a chord holds its own note until the next chord or note (4.17)',
        ('abcjs',),
        'M:4/4\nL:1/4\nK:C\n[C-E]2C z|',
        ((0, 3, 60), (0, 2, 64)),
    ),
    Avoided(
        'exp behind a mode: the accidentals that are listed, no others (3.1.14)',
        ('abcjs',),
        'M:4/4\nL:1/4\nK:Ab exp ^f\nAB|',
        _even(1, 69, 71),
    ),
    Avoided(
        'an accidental in a key replaces the one of its mode',
        ('abcjs',),
        'M:4/4\nL:1/4\nK:Db ^g\ngd|',
        _even(1, 80, 73),
    ),
    Avoided(
        'a field inside the music of one voice is of that voice alone (7)',
        ('abcjs',),
        'M:4/4\nL:1/4\nK:C\nV:1\nC|\nV:2\n[L:1/16]E|\nV:1\nD|',
        _even(1, 60, 62),
    ),
    Avoided(
        'an accidental of a grace note holds to the end of the bar: abc2midi, told to leave out'
        ' graces, leaves it out too',
        ('abc2midi',),
        'M:4/4\nL:1/4\nK:C\n{^G}AG|',
        _even(1, 69, 68),
    ),
    Avoided(
        'and it does with a spacer behind the grace note',
        ('abc2midi', 'abcjs'),
        'M:4/4\nL:1/4\nK:C\n{^G}yG|',
        _even(1, 68),
    ),
)
