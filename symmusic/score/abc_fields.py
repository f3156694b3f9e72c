"""What the fields of an ABC tune say: its key, meter, unit length, tempo and the order of its parts
(ABC music standard 2.1).
"""

import re

from symmusic.errors import ScoreError
from symmusic.score.key import LETTERS, MODES, Key, key_at, parse_mode
from symmusic.score.notes import (
    UNREAD_KEY,
    UNREAD_METER,
    UNREAD_PARTS,
    UNREAD_TEMPO,
    UNREAD_TRANSPOSITION,
    Meter,
    Tempo,
)

# 2^5 * 3^2 * 5 * 7: plain and broken 64ths and their tuplets of 3, 5, 7 and 9 are whole numbers
TICKS_PER_QUARTER = 10080
MAX_FIELD = 200  # characters of a field that are read, except titles
MAX_TICKS = 128 * TICKS_PER_QUARTER  # of one note or rest

NATURALS = {
    letter: 60 + step
    for letter, step in zip(
        'CDEFGABcdefgab', (0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19, 21, 23), strict=True
    )
}
ALTERATIONS = {'^^': 2, '^': 1, '=': 0, '_': -1, '__': -2}
# the pitch classes a key sharpens, in order; it flattens them from the end
SHARPENED = (5, 0, 7, 2, 9, 4, 11)
# A lower-case letter counts as a tonic only if it cannot be the start of another word.
_TONIC = re.compile(r'(?:([A-G])|([a-g])(?=[#b]?(?:\s|$)))([#b]?)\s*([A-Za-z]*)')
# what may follow a key and is not an accidental
_PROPERTY = re.compile(
    r'\b(?:clef|octave|transpose|middle|m|t|score|sound|shift|instrument|style|stafflines|staffscale'
    r'|name|cue)\s{0,4}=\s{0,4}(?:"[^"]*"?|\S*)|"[^"]*"?'
)
_OTHER_PROPERTY = re.compile(r'[A-Za-z][A-Za-z-]{0,20}\s{0,4}=\s{0,4}\S{0,60}')
_CLEF_WORD = re.compile(
    r'(?:treble|alto|tenor|bass|soprano|mezzo(?:soprano)?|baritone|auto|none|perc(?:ussion)?'
    r'|[GFCP](?=\d))?[1-5]?(?:[-+_^](?:8|15))?',
    re.IGNORECASE,
)
_TRANSPOSITION = re.compile(
    r'\b(sound|shift|instrument)\s{0,4}=\s{0,4}(?:"[^"]{0,40}"?|[^\s"]{1,40})|"[^"]*"?'
)
MAX_PARTS = 200  # in a part order such as P:A(BA)3


def parse_meter(text: str) -> Meter | None:
    """The meter of an M: field; None for 'none' and for text that is not a meter."""
    text = text[:MAX_FIELD].strip()
    if match := re.match(r'C(\|?)(?!\w)', text):
        return Meter(0, 2, 2) if match[1] else Meter(0, 4, 4)
    match = re.match(r'\(?\s*(\d{1,2}(?:\s*\+\s*\d{1,2}){0,9})\s*\)?\s*/\s*(\d{1,2})(?!\d)', text)
    if not match:
        return None
    numerator, denominator = sum(map(int, match[1].split('+'))), int(match[2])
    if not 0 < numerator < 100 or denominator not in (1, 2, 4, 8, 16, 32, 64):
        return None
    return Meter(0, numerator, denominator)


def unread_meter(text: str) -> str | None:
    """The notice about an M: field that states no metre, nor that there is none."""
    if parse_meter(text) or re.match(r'\s*(none\b|free\b|$)', text, re.IGNORECASE):
        return None
    return f'{UNREAD_METER}: {_shown(text)}, read as none'


def bar_ticks(meter: Meter) -> int:
    """Ticks of one bar."""
    return 4 * TICKS_PER_QUARTER * meter.numerator // meter.denominator


def parse_unit(text: str) -> int:
    """Ticks of the unit note length that an L: field states."""
    text = text[:MAX_FIELD]
    match = re.match(r'\s*(\d{1,3})\s*(?:/\s*(\d{1,3}))?(?!\d)', text)
    if match and int(match[2] or 1):
        ticks, rest = divmod(4 * TICKS_PER_QUARTER * int(match[1]), int(match[2] or 1))
        if not rest and 0 < ticks <= MAX_TICKS:
            return ticks
    raise ScoreError('damaged ABC', f"'L:{text.strip()[:40]}' is no note length")


def parse_tempo(text: str, unit: int) -> Tempo | None:
    """The tempo of a Q: field such as '1/4=120', 'C=100' or '120' (units per minute); None if it
    has no number.
    """
    text = re.sub(r'"[^"]*"?', '', text[:MAX_FIELD])
    match = re.match(
        r'\s*(?:(\d{1,3}/\d{1,3}(?:\s+\d{1,3}/\d{1,3}){0,4})\s*=|C(\d?)\s*=)?\s*(\d{1,4}(?:\.\d{1,3})?)(?![\d/])',
        text,
    )
    if not match:
        return None
    quarters = unit / TICKS_PER_QUARTER * int(match[2] or 1)
    if match[1]:
        beats = [beat.split('/') for beat in match[1].split()]
        quarters = sum(4 * int(over) / max(int(under), 1) for over, under in beats)
    qpm = quarters * float(match[3])
    return Tempo(0, qpm) if 1 <= qpm <= 2000 else None


def unread_tempo(text: str, unit: int) -> str | None:
    """The notice about a Q: field that has more than a text in quotes, but no tempo."""
    if parse_tempo(text, unit) or not re.sub(r'"[^"]*"?', '', text[:MAX_FIELD]).strip():
        return None
    return f'{UNREAD_TEMPO}: {_shown(text)}, left out'


def parse_key(text: str) -> dict[int, int] | None:
    """Alterations by pitch class of the natural note, such as {5: 1} for G major; None if a K:
    field names no key (only a clef, for example).
    """
    stated = text.strip()
    text = _PROPERTY.sub('', text[:MAX_FIELD]).strip()
    if text.startswith(('HP', 'Hp')):
        # both sound the same: HP only leaves the sharps of the pipes unwritten
        return {5: 1, 0: 1}
    if text[:4].lower() == 'none' or not stated:
        return {}
    match = _TONIC.match(text)
    explicit = text[match.end() :] if match else text
    is_explicit_only = _lists_accidentals(match, explicit)
    key = {}
    if match and not is_explicit_only:
        sharps = _tonic_place(match) + MODES[_mode(match)]
        for count in range(abs(sharps)):
            natural = SHARPENED[count % 7] if sharps > 0 else SHARPENED[6 - count % 7]
            key[natural] = key.get(natural, 0) + (1 if sharps > 0 else -1)
    added = re.findall(r'(?<![^\s\^_=A-Ga-gp])(\^\^?|__?|=)([A-Ga-g])', explicit)
    for accidental, letter in added:
        key[NATURALS[letter] % 12] = ALTERATIONS[accidental]
    return key if match or added or is_explicit_only else None


def stated_key(text: str) -> Key | None:
    """The tonic and mode of a K: field, major if it has no mode; None if it states no tonic, or
    lists accidentals in place of a mode.
    """
    text = _PROPERTY.sub('', text[:MAX_FIELD]).strip()
    if text.startswith(('HP', 'Hp')):
        return Key(2, 'mixolydian')
    match = None if text[:4].lower() == 'none' else _TONIC.match(text)
    if not match or _lists_accidentals(match, text[match.end() :]):
        return None
    return key_at(_tonic_place(match), _mode(match))


def unread_key(text: str, has_key: bool) -> str | None:
    """The notice about a K: field that has more than clefs and other properties, but no key;
    `has_key` tells whether one before it is kept.
    """
    if parse_key(text) is not None:
        return None
    text = text[:MAX_FIELD]
    rest = _OTHER_PROPERTY.sub(' ', _PROPERTY.sub(' ', text))
    if all(_CLEF_WORD.fullmatch(word) for word in rest.split()):
        return None
    done = 'the key before it is kept' if has_key else 'no sharps or flats; detected from the notes'
    return f'{UNREAD_KEY}: {_shown(text)}, {done}'


def unread_transposition(text: str) -> str | None:
    """The notice about a K: or V: field that transposes in a way that is not read: programs differ
    in what sound=, shift= and instrument= mean.
    """
    found = [each[0] for each in _TRANSPOSITION.finditer(text[:MAX_FIELD]) if each[1]]
    return f'{UNREAD_TRANSPOSITION}: {_shown(found[0])}, notes as written' if found else None


def _shown(text: str) -> str:
    return repr(text.strip()[:40])


def _tonic_place(match: re.Match) -> int:
    """On the line of fifths, 0 for C."""
    return LETTERS.index((match[1] or match[2]).upper()) - 1 + {'': 0, '#': 7, 'b': -7}[match[3]]


def _mode(match: re.Match) -> str:
    word = match[4].lower()
    return parse_mode(word if word == 'm' else word[:3]) or 'major'


def _lists_accidentals(match: re.Match | None, explicit: str) -> bool:
    """`K:D exp ^f`, or after a mode `K:D Phr exp _b`: only the accidentals that are listed."""
    return bool(re.match(r'\s*exp\b', explicit) or (match and match[4] == 'exp'))


def unread_parts(text: str) -> str | None:
    """The notice about a header's P: field that is not empty, but no order of parts."""
    if not text.strip() or parse_parts(text):
        return None
    return f'{UNREAD_PARTS}: {_shown(text)}, played as written'


def parse_parts(text: str) -> list[str]:
    """The labels of a part order such as 'A(BA)3'; none if it has anything but capital letters,
    numbers from 1 to 99, dots and parentheses, or more than `MAX_PARTS` labels.
    """
    text = re.sub(r'[\s.]', '', text[: 2 * MAX_FIELD])
    if len(text) > MAX_PARTS or not re.fullmatch(r'[A-Z0-9()]*', text):
        return []
    # open parentheses, outermost first: each a list of what a number after it would repeat
    groups: list[list[list[str]]] = [[]]
    for token in re.findall(r'\d+|.', text):
        if token == '(':
            groups.append([])
        elif token == ')' and len(groups) > 1:
            inner = groups.pop()
            groups[-1].append([label for group in inner for label in group])
        elif token.isdecimal() and groups[-1] and 0 < int(token) < 100:
            groups[-1][-1] = groups[-1][-1] * int(token)
        elif token.isalpha():
            groups[-1].append([token])
        else:
            return []
        if sum(map(len, groups[-1])) > MAX_PARTS:
            return []
    return [label for group in groups[0] for label in group] if len(groups) == 1 else []
