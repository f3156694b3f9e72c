"""Rules: which values of a field are allowed, and how messages describe them."""

import math
import re
from collections.abc import Callable
from typing import Any

from symmusic.wording import nearest

Rule = Callable[[Any], str | None]  # None if the value is allowed, else what is allowed


def whole(least: int, most: int) -> Rule:
    """A whole number from `least` to `most`."""
    allowed = f'a whole number from {least} to {most}'
    return lambda value: None if type(value) is int and least <= value <= most else allowed


def pitch() -> Rule:
    """A MIDI pitch; `pitches.parse_pitch` also reads names of notes."""
    is_pitch = whole(0, 127)
    allowed = f'{is_pitch(None)} or a note such as C4, F#5 or Bb3'
    return lambda value: allowed if is_pitch(value) else None


def real(least: float, most: float, *, above: bool = False, below: bool = False) -> Rule:
    """A finite number from `least` to `most`; `above` and `below` exclude these two."""
    allowed = (
        f'a number {"above" if above else "of at least"} {least:g} and'
        f' {"below" if below else "at most"} {most:g}'
    )

    def rule(value):
        if type(value) not in (int, float) or not math.isfinite(value):
            return allowed
        fits = (value > least if above else value >= least) and (
            value < most if below else value <= most
        )
        return None if fits else allowed

    return rule


def word_or(word: str, rule: Rule) -> Rule:
    """A word such as 'auto', or what a rule allows."""

    def either(value):
        allowed = None if type(value) is str and value == word else rule(value)
        return None if allowed is None else f'{word!r} or {allowed}'

    return either


def choice(*values: str) -> Rule:
    """One of some words."""
    allowed = f'one of {", ".join(map(repr, values))}'
    return lambda value: (
        None if type(value) is str and value in values else allowed + nearest(value, values)
    )


def one_of(*values: int) -> Rule:
    """One of some whole numbers."""
    allowed = f'one of {", ".join(map(str, values))}'
    return lambda value: None if type(value) is int and value in values else allowed


def flag() -> Rule:
    """True or False."""
    return lambda value: None if type(value) is bool else 'True or False'


def text(*, empty: bool = False) -> Rule:
    """Text on one line, such as a path; `empty` allows ''."""
    # Surrogates stand for bytes that are not UTF-8. Such a path could be opened, but not printed or
    # stored.
    fits = re.compile(r'[^\0\n\r\ud800-\udfff]' + ('*' if empty else '+'))
    return lambda value: (
        None
        if type(value) is str and fits.fullmatch(value)
        else 'a name or path on one line, in UTF-8'
    )


def letters(most: int) -> Rule:
    """Capital letters, or none."""
    allowed = f"letters from A to Z, at most {most}, such as 'AABB', or ''"
    fits = re.compile(f'[A-Z]{{0,{most}}}')
    return lambda value: None if type(value) is str and fits.fullmatch(value) else allowed


def _is_metre(text: Any) -> bool:
    found = re.fullmatch(r'([1-9]\d?)/(1|2|4|8|16|32)', text) if type(text) is str else None
    steps, rest = divmod(16 * int(found[1]), int(found[2])) if found else (0, 1)
    return rest == 0 and 0 < steps <= 64


def metre() -> Rule:
    """A time signature whose bars are whole numbers of sixteenths, or ''."""
    allowed = (
        'a time signature whose bars are whole numbers of sixteenths and at most four whole notes,'
        " such as '6/8', or ''"
    )
    return lambda value: None if value == '' or _is_metre(value) else allowed


def metres() -> Rule:
    """'all', or a tuple of time signatures whose bars are whole numbers of sixteenths."""
    allowed = (
        "'all', or a tuple of time signatures, each once, whose bars are whole numbers of"
        " sixteenths and at most four whole notes, such as ('4/4', '6/8')"
    )

    def rule(value):
        fits = type(value) is tuple and value and all(map(_is_metre, value))
        is_all = value in ('all', ('all',))
        return None if is_all or (fits and len(set(value)) == len(value)) else allowed

    return rule


def steps(least: int, most: int) -> Rule:
    """A tuple of different whole numbers, or an empty one."""
    each = whole(least, most)

    def rule(value):
        fits = (
            type(value) is tuple
            and all(each(item) is None for item in value)
            and len(set(value)) == len(value)
        )
        return (
            None
            if fits
            else (
                f'a tuple of different whole numbers from {least} to {most}, such as (16, 32),'
                ' or ()'
            )
        )

    return rule
