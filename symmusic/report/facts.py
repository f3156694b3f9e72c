"""The texts about a piece on the listening page: first in a musician's words, then in numbers."""

import numpy as np

from symmusic.generate.prompt import Prompt
from symmusic.generate.whole import Whole
from symmusic.melody.events import from_events
from symmusic.report.introduction import said_of_key
from symmusic.score.key import note_name
from symmusic.score.notation import spell
from symmusic.wording import count


def facts_of(
    prompt: Prompt, whole: Whole, key: str, run: dict | None, *, are_compared: bool
) -> list[str]:
    """The facts about a piece, in a musician's words.

    Args:
      prompt: the music around it.
      whole: the piece with that music.
      key: the name of its key, '' if it has no notes.
      run: its longest copied run, as in `samples.json`; None if it has none.
      are_compared: whether it was compared with the training tunes.
    """
    drawn = [note for note in from_events(whole.events) if whole.is_drawn[note.onset]]
    facts = [count(len(drawn), 'note') + (f' in {key} ({said_of_key(prompt, key)})' if key else '')]
    if not prompt.is_blank:
        facts.append(f'repeats {num_repeated_bars(whole) or "none"} of your bars')
    if drawn:
        facts.append(f'ends on {_name(drawn[-1].pitch, prompt)}')
    if are_compared:
        facts.append(f'nearest: {_nearest(run)}')
    return facts


def num_repeated_bars(whole: Whole) -> int:
    """How many of the given bars are repeated, with the same notes, among the drawn ones. Equal
    given bars count once, bars without notes do not count.
    """
    given, drawn = set(), set()
    bars: dict[int, list] = {}
    for note in from_events(whole.events):
        place = (note.onset % whole.bar_steps, note.end - note.onset, note.pitch)
        bars.setdefault(note.onset // whole.bar_steps, []).append((place, note.onset))
    for notes in bars.values():
        is_drawn = np.any([whole.is_drawn[onset] for _, onset in notes])
        (drawn if is_drawn else given).add(tuple(place for place, _ in notes))
    return len(given & drawn)


def _name(pitch: int, prompt: Prompt) -> str:
    spelling = spell(pitch, prompt.key)
    return note_name(spelling.letter, spelling.alter)


def _nearest(run: dict | None) -> str:
    if not run:
        return 'none in a row as in a tune'
    title = run.get('title') or run['tune']
    return f'{run["score"]} in a row as in {title}, bar {run["tune_bar"]}'
