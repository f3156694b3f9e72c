"""Events of a tune as tokens in the manner of ABC and folk-rnn (Sturm et al., 2016), and back.

    M:6/8 z 5 A | d f d c d e | ... :| </s>

The first token is the metre. Pitches are ABC letters with sharps; a length follows its note or rest
in units of an eighth, and one eighth has no token. A note that crosses a bar line is tied (`-`).
Bars that are played twice in a row, at least `LEAST_REPEATED` of them, are written once between
`|:` and `:|`, and if only their last bar differs, with two endings (`|1` and `:|2`). The last token
is `</s>`, and no bar line stands before it. The tokens are the same melody as the events, step for
step.
"""

from collections.abc import Iterator, Sequence

import numpy as np

NOTE_OFF, NO_EVENT = -1, -2  # as in symmusic.melody.events
REST, TIE, BAR, END = 'z', '-', '|', '</s>'
OPEN, CLOSE, FIRST, SECOND = '|:', ':|', '|1', ':|2'
SIGNS = {BAR, OPEN, CLOSE, FIRST, SECOND, END}
LETTERS = ('C', '^C', 'D', '^D', 'E', 'F', '^F', 'G', '^G', 'A', '^A', 'B')
LEAST_REPEATED, MOST_REPEATED = 4, 16  # bars

Bar = tuple[str, ...]


def pitch_token(pitch: int) -> str:
    """The ABC note of a MIDI pitch; middle C, 60, is `C`."""
    octave, place = divmod(pitch - 60, 12)
    letter = LETTERS[place]
    if octave > 0:
        return letter.lower() + "'" * (octave - 1)
    return letter + ',' * -octave


def length_token(steps: int) -> str:
    """A length in sixteenths as a number of eighths, such as `3/2`; '' for one eighth."""
    if steps % 2:
        return f'{steps}/2' if steps > 1 else '/2'
    return '' if steps == 2 else str(steps // 2)


PITCHES = {pitch_token(pitch): pitch for pitch in range(128)}
LENGTHS = {length_token(steps): steps for steps in range(1, 129)}


def to_tokens(events: np.ndarray, bar_steps: int, meter: str) -> list[str]:
    """The tokens of a tune's events [T], which start at a bar line, on the grid of sixteenths."""
    bars = _bars(events, bar_steps)
    tokens, at, sign = [f'M:{meter}'], 0, ''
    while at < len(bars):
        num = _num_repeated(bars, at)
        if not num:
            tokens += [sign] * bool(sign) + list(bars[at])
            at, sign = at + 1, BAR
            continue
        last, other_last = bars[at + num - 1], bars[at + 2 * num - 1]
        common = bars[at : at + num - (last != other_last)]
        tokens += [CLOSE] * (sign == CLOSE) + [OPEN, *_joined(common)]
        if last == other_last:
            sign = CLOSE
        else:
            tokens += [FIRST, *last, SECOND, *other_last]
            sign = BAR
        at += 2 * num
    return [*tokens, *[CLOSE] * (sign == CLOSE), END]


def to_events(tokens: Sequence[str]) -> np.ndarray:
    """The events [T] int8 of tokens: the inverse of `to_tokens`.

    Raises:
      ValueError: the tokens are not those of a tune.
    """
    if not tokens or not tokens[0].startswith('M:') or tokens[-1] != END:
        raise ValueError(f'a tune starts with its metre and ends with {END}')
    events: list[int] = []
    is_tied, is_silent = False, True
    for bar in _played(tokens[1:-1]):
        for pitch, steps, ties in _notes(bar):
            if is_tied or (pitch is None and is_silent):
                head = NO_EVENT
            else:
                head = NOTE_OFF if pitch is None else pitch
            events += [head] + [NO_EVENT] * (steps - 1)
            is_tied, is_silent = ties, pitch is None
    return np.array(events, np.int8)


def _bars(events: np.ndarray, bar_steps: int) -> list[Bar]:
    """The content of each bar."""
    starts = np.flatnonzero(events != NO_EVENT)
    if len(events) and (not len(starts) or starts[0] > 0):
        starts = np.concatenate([[0], starts])
    bars: list[list[str]] = [[] for _ in range(-(-len(events) // bar_steps))]
    for start, end in zip(starts, [*starts[1:], len(events)], strict=True):
        pitch = int(events[start])
        while start < end:
            stop = min(end, (start // bar_steps + 1) * bar_steps)
            length = length_token(int(stop - start))
            bar = bars[start // bar_steps]
            bar += [pitch_token(pitch) if pitch >= 0 else REST, *([length] if length else [])]
            bar += [TIE] if pitch >= 0 and stop < end else []
            start = stop
    return [tuple(bar) for bar in bars]


def _num_repeated(bars: Sequence[Bar], at: int) -> int:
    """How many bars from `at` on are played again after them, their last one perhaps excepted; the
    most that are, or 0.
    """
    for num in range(min(MOST_REPEATED, (len(bars) - at) // 2), LEAST_REPEATED - 1, -1):
        if bars[at : at + num - 1] == bars[at + num : at + 2 * num - 1]:
            return num
    return 0


def _joined(bars: Sequence[Bar]) -> list[str]:
    return [token for bar in bars for token in (*bar, BAR)][:-1]


def _played(tokens: Sequence[str]) -> Iterator[Bar]:
    """The content of each bar in the order in which bars are played."""
    bar: list[str] = []
    section: list[Bar] | None = None  # that is repeated; None outside of a repeat
    ending = 0
    for token in [*tokens, BAR]:
        if token not in SIGNS:
            bar.append(token)
            continue
        content, bar = tuple(bar), []
        if section is not None and content and ending == 0:
            section.append(content)
        if content:
            yield content
        if token == OPEN:
            section, ending = [], 0
        elif token == FIRST:
            ending = 1
        elif token in (CLOSE, SECOND):
            if section is None:
                raise ValueError(f'{token} without {OPEN}')
            yield from section
            section, ending = None, 0


def _notes(bar: Bar) -> Iterator[tuple[int | None, int, bool]]:
    """Pitch (None for a rest), steps, and whether it is tied to the next, of each note of a bar."""
    at = 0
    while at < len(bar):
        if bar[at] != REST and bar[at] not in PITCHES:
            raise ValueError(f'{bar[at]} where a note or a rest is expected')
        pitch = PITCHES.get(bar[at])
        at += 1
        length = bar[at] if at < len(bar) and bar[at] in LENGTHS else ''
        at += bool(length)
        ties = at < len(bar) and bar[at] == TIE
        at += ties
        yield pitch, LENGTHS[length], ties
