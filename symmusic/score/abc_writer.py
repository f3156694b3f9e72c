"""ABC notation (standard 2.1) of a melody."""

from collections.abc import Sequence
from fractions import Fraction

from symmusic.score.abc_text import escape_text
from symmusic.score.bar import SIXTEENTHS, Bar, bar_of
from symmusic.score.key import Key
from symmusic.score.layout import Measure, Section, lay_out, to_lines
from symmusic.score.notation import Sign, Spelling, altered, spell, to_bars
from symmusic.score.notes import DEFAULT_QPM, Note
from symmusic.score.tempo import mark_tempo

ACCIDENTALS = {-2: '__', -1: '_', 0: '=', 1: '^', 2: '^^'}


def format_abc(
    notes: Sequence[Note],
    *,
    title: str = '',
    key: Key,
    qpm: float = DEFAULT_QPM,
    num_bars: int = 1,
    meter: str = '4/4',
    pickup: int = 0,
    short: int = 0,
    program: int = 0,
    sections: Sequence[Section] = (),
    steps_per_quarter: int = SIXTEENTHS,
) -> str:
    """One tune.

    Args:
      notes: one after another, in steps.
      title: any text; unprintable characters are removed.
      key: determines the signature and the spelling.
      qpm: quarters per minute, written by `tempo.mark_tempo`.
      num_bars: the smallest number of bars to write.
      meter: such as '6/8', as in `bar.bar_of`.
      pickup: number of steps in the first bar, 0 = a full bar.
      short: number of silent steps at the end, which are not written: the last bar is shorter.
      program: General MIDI number of the instrument, from 0; 0, a piano, is not written.
      sections: of the tune, written as parts with their repeats and endings; () = as it is played.
      steps_per_quarter: the grid.
    """
    bar = bar_of(meter, steps_per_quarter)
    beat, number = mark_tempo(qpm, meter)
    head = [
        'X:1',
        f'T:{escape_text(title)}',
        f'M:{meter}',
        'L:1/16',
        f'Q:{beat.numerator}/{beat.denominator}={number}',
        *([f'%%MIDI program {program}'] if program else []),
        f'K:{key.short_name}',
    ]
    signs = to_bars(notes, bar, num_bars, pickup, short)
    lines = to_lines(lay_out(signs, sections), has_pickup=pickup > 0)
    body = []
    for number, line in enumerate(lines):
        bars = [_bar(signs[measure.played[0]], key, bar) for measure in line]
        following = lines[number + 1][0] if number + 1 < len(lines) else None
        body += [f'P:{line[0].label}'] if line[0].label else []
        body.append(_join(line, bars, following))
    return '\n'.join([*head, *body]) + '\n'


def _join(line: Sequence[Measure], bars: Sequence[str], following: Measure | None) -> str:
    """The bars of a line with the bar lines between them and after the last; `following` is the
    first measure of the next line.
    """
    first = line[0]
    text = '|: ' * first.opens + (f'[{first.ending} ' if first.ending else '')
    for written, measure, after in zip(bars, line, [*line[1:], following], strict=True):
        text += f'{written} {_bar_line(measure, after)}'
        if measure is not line[-1]:
            text += str(after.ending or '') + ' '
    return text


def _bar_line(measure: Measure, after: Measure | None) -> str:
    if measure.closes:
        return ':|'
    if after is None:
        return '|]'
    if after.opens and not after.label:  # behind a pickup
        return '|:'
    return '||' if measure.is_last else '|'


def _bar(signs: Sequence[Sign], key: Key, bar: Bar) -> str:
    words, met = [], set()  # letters with an accidental in this bar
    for index, sign in enumerate(signs):
        length = _length(sign.written(bar))
        apart = ' ' if words and sign.step in bar.groups else ''  # beams end with the beat
        if sign.tuplet == 'start':
            num = next(num for num in (2, 3) if signs[index + num - 1].tuplet == 'stop')
            apart += '(3' if num == 3 else '(3:2:2'
        if sign.pitch is None:
            words.append(f'{apart}z{length}')
            continue
        spelled = spell(sign.pitch, key)
        of_key = altered(spelled.letter, key.fifths)
        # Readers differ on how far an accidental applies: it is written wherever it is not the
        # key's, and wherever its letter has had one in this bar.
        is_plain = spelled.alter == of_key and spelled.letter not in met
        if not is_plain:
            met.add(spelled.letter)
        accidental = '' if is_plain else ACCIDENTALS[spelled.alter]
        words.append(f'{apart}{accidental}{_letter(spelled)}{length}{"-" * sign.tied_on}')
    return ''.join(words)


def _length(value: Fraction) -> str:
    """A length in sixteenths, '' for one and '/' for half of one."""
    return '/' if value == Fraction(1, 2) else str(value) if value > 1 else ''


def _letter(spelled: Spelling) -> str:
    """The letter in its octave: 'C,' for C3, 'C' for C4, 'c' for C5 and "c'" for C6."""
    if spelled.octave >= 5:
        return spelled.letter.lower() + "'" * (spelled.octave - 5)
    return spelled.letter + ',' * (4 - spelled.octave)
