"""The listening page: one self-contained file to hear and see pieces."""

import base64
import dataclasses
import hashlib
import urllib.parse
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from symmusic.generate.prompt import Prompt
from symmusic.generate.whole import Whole
from symmusic.melody.events import from_events, to_notes
from symmusic.originality.repeats import RUN_NOTES
from symmusic.report.facts import facts_of
from symmusic.report.html import json_for_script, page, render, script_of
from symmusic.report.introduction import (
    NOT_SAID,
    Origin,
    heading,
    introduce,
    key_of,
)
from symmusic.report.staff import MOST_PIECES, NARROW, engrave
from symmusic.score.bar import SIXTEENTHS
from symmusic.score.key import Key, note_name
from symmusic.score.layout import BARS_PER_LINE, lay_out
from symmusic.score.notation import spell, to_bars
from symmusic.wording import count

SIXTEENTH_WIDTH = 6  # pixels of the roll
LONG_BARS = 8  # before the new ones; the staff of more scrolls within a frame
FORMATS = {
    '.mid': ('audio/midi', 'MIDI'),
    '.abc': ('text/vnd.abc', 'ABC'),
    '.musicxml': ('application/vnd.recordare.musicxml+xml', 'MusicXML'),
}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A piece on the page.

    Attributes:
      name: its number.
      whole: the piece with the music around it, in the prompt's key.
      surprise: nats per drawn step.
      repeated: the share of the new notes that repeat the prompt (`originality.repeats`).
      new, joined: the files of the new bars and of the whole, keyed by suffix.
      nearest: its longest copied run, as in `samples.json`; None if there is none or it is not
        known.
      looks: the attention of its steps, from `looks.find_looks`; None where not known.
    """

    name: str
    whole: Whole
    surprise: float
    repeated: float
    new: Mapping[str, bytes | str]
    joined: Mapping[str, bytes | str]
    nearest: dict | None = None
    looks: Sequence[Sequence[int]] | None = None


def listening_page(
    prompt: Prompt,
    entries: Sequence[Entry],
    model: str,
    *,
    are_compared: bool,
    origin: Origin = NOT_SAID,
) -> str:
    """HTML of pieces with the music around them: each with its notes, sound, attention, and files
    to download.

    Args:
      prompt: the music around the pieces.
      entries: at least one.
      model: the model's name.
      are_compared: whether they were compared with the training tunes, so that a piece without
        `nearest` copies nothing.
      origin: the command, wishes and notices to show.
    """
    seam, whole = len(prompt.events), entries[0].whole
    sections = whole.sections
    articles = [
        _article(prompt, entry, number, are_compared) | {'same': same}
        for number, (entry, same) in enumerate(zip(entries, find_same(entries), strict=True))
    ]
    pieces = [_played(prompt, entry) for entry in entries]
    body = render(
        'listening.html',
        articles=articles,
        model=model,
        origin=origin,
        is_long=seam > LONG_BARS * prompt.bar.steps,
        are_compared=are_compared,
        run_notes=RUN_NOTES,
        have_looks=any(entry.looks for entry in entries),
        file_name=prompt.name,
        **introduce(prompt, [article['key'] for article in articles], are_compared, sections),
    )
    data = {
        'id': hashlib.sha256(json_for_script(pieces).encode()).hexdigest()[:16],
        'pieces': pieces,
        'seams': whole.seams,
        'qpm': prompt.qpm,
        'firstBar': prompt.first_bar,
        'bar': {'steps': prompt.bar.steps, 'beats': prompt.bar.groups},
        'labels': {section.first: section.label for section in sections},
        'key': {'tonic': prompt.key.tonic, 'classes': _classes(prompt.key)},
        'names': [_name(pitch, prompt.key) for pitch in range(128)],
        'stepsPerQuarter': prompt.steps_per_quarter,
        'stepWidth': SIXTEENTH_WIDTH // prompt.bar.sixteenth,
    }
    script = script_of('player', 'roll', 'pieces', 'looks', 'listening', data=data)
    return page(f'{heading(prompt, sections)} by {model}', body, render('listening.css'), script)


def find_same(entries: Sequence[Entry]) -> list[str]:
    """For each piece the name of the first earlier piece with the same notes; '' = none."""
    firsts: dict[bytes, str] = {}
    return [
        '' if found == entry.name else found
        for entry in entries
        for found in [firsts.setdefault(entry.whole.events.tobytes(), entry.name)]
    ]


def _played(prompt: Prompt, entry: Entry) -> dict[str, object]:
    """A piece as data for the page's script."""
    events = entry.whole.events
    return {
        'notes': _notes(entry),
        'first': -prompt.pickup_of(events) % prompt.bar.steps,
        'end': len(events),
        'looks': entry.looks,
    }


def _notes(entry: Entry) -> list[tuple[int, ...]]:
    """The notes as the player reads them: onset, end, pitch, and two flags 1 or 0: whether the note
    was drawn, and whether it is in the longest run copied from a training tune.
    """
    whole, notes = entry.whole, from_events(entry.whole.events)
    num_before = sum(note.onset < whole.seams[0] for note in notes)
    first, after = entry.nearest['piece_notes'] if entry.nearest else (0, 0)
    return [
        (
            note.onset,
            note.end,
            note.pitch,
            int(whole.is_drawn[note.onset]),
            int(first <= number - num_before < after),
        )
        for number, note in enumerate(notes)
    ]


def _classes(key: Key) -> list[int]:
    """The pitch classes that the key signature allows without accidentals."""
    return sorted(7 * place % 12 for place in range(key.fifths - 1, key.fifths + 6))


def _name(pitch: int, key: Key) -> str:
    spelling = spell(pitch, key)
    return f'{note_name(spelling.letter, spelling.alter)}{spelling.octave}'


def _article(prompt: Prompt, entry: Entry, number: int, are_compared: bool) -> dict[str, object]:
    """The values that the page's template shows for a piece."""
    run, whole = entry.nearest, entry.whole
    num_notes = sum(bool(whole.is_drawn[note.onset]) for note in from_events(whole.events))
    key = key_of(prompt, whole.events[len(prompt.events) : len(whole.events) - len(prompt.after)])
    return {
        'name': entry.name,
        'surprise': entry.surprise,
        'num_notes': num_notes,
        'num_copied': run['score'] if run else 0,
        'key': key,
        'facts': facts_of(prompt, whole, key, run, are_compared=are_compared),
        'numbers': [
            f'{entry.surprise:.2f} nats per step',
            f'{100 * entry.repeated:.0f} % repeat the prompt',
        ],
        'joined': _downloads(entry.joined),
        'abc': urllib.parse.quote(entry.joined.get('.abc', '')),
        'new': _downloads(entry.new),
        'staffs': _staffs(prompt, entry, number),
        'roll_label': _roll_label(entry),
        'has_looks': bool(entry.looks),
    }


def _roll_label(entry: Entry) -> str:
    notes = from_events(entry.whole.events)
    num_new = sum(bool(entry.whole.is_drawn[note.onset]) for note in notes)
    given = count(len(notes) - num_new, 'note')
    return f'Piano roll of {entry.name}: {given} given, {num_new} new'


def _downloads(files: Mapping[str, bytes | str]) -> list[dict[str, str]]:
    """Download links that contain the files themselves."""
    links = []
    for suffix, content in files.items():
        kind, label = FORMATS[suffix]
        data = content if isinstance(content, bytes) else content.encode()
        url = f'data:{kind};base64,{base64.b64encode(data).decode()}'
        links.append({'suffix': suffix, 'label': label, 'url': url})
    return links


def _staffs(prompt: Prompt, entry: Entry, number: int) -> dict[str, Markup]:
    """The staff notation for wide and narrow screens; none where it cannot be engraved."""
    if number >= MOST_PIECES:
        return {}
    staffs = {
        'wide': _staff(prompt, entry, number),
        'narrow': _staff(prompt, entry, MOST_PIECES + number, NARROW),
    }
    return {screen: staff for screen, staff in staffs.items() if staff}


def _staff(
    prompt: Prompt, entry: Entry, seed: int, bars_per_line: int = BARS_PER_LINE
) -> Markup | None:
    """The staff notation; None where it cannot be engraved."""
    if '.musicxml' not in entry.joined:
        return None
    events = entry.whole.events
    notes = to_notes(from_events(events), SIXTEENTHS)  # a tick for each step
    bar = prompt.bar
    bars = to_bars(notes, bar, len(events) // bar.steps, prompt.pickup_of(events))
    svg = engrave(
        entry.joined['.musicxml'],
        bars,
        bar.steps,
        entry.whole.is_drawn,
        seed + 1,
        lay_out(bars, entry.whole.sections),
        bars_per_line,
    )
    return None if svg is None else Markup(svg)
