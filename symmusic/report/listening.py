"""The listening page: one self-contained file to hear and see pieces."""

import base64
import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.generate.playback import playback_script, played_notes
from symmusic.generate.prompt import Prompt
from symmusic.generate.whole import Whole
from symmusic.melody.events import from_events, to_notes
from symmusic.report.html import escape, json_for_script, page
from symmusic.report.introduction import heading, introduce, key_name
from symmusic.report.roll import STYLE as ROLL_STYLE
from symmusic.report.roll import draw_roll
from symmusic.report.staff import MOST_PIECES, engrave
from symmusic.score.key import detect_key
from symmusic.score.meter import STEPS_PER_BAR, STEPS_PER_QUARTER
from symmusic.score.notation import to_bars

SCRIPT = pathlib.Path(__file__).with_suffix('.js')
FORMATS = {
    '.mid': ('audio/midi', 'MIDI'),
    '.abc': ('text/vnd.abc', 'ABC'),
    '.musicxml': ('application/vnd.recordare.musicxml+xml', 'MusicXML'),
}
STYLE = f"""{ROLL_STYLE}
@media (max-width: 40rem) {{ .tools {{ position: static !important; }} }}
.bar {{ display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; align-items: center; }}
.tools {{
  position: sticky; top: 0; z-index: 1; padding: 0.6rem 0;
  background: var(--ground); border-bottom: 1px solid var(--line);
}}
button, select, input {{
  font: inherit; color: inherit; background: var(--panel);
  border: 1px solid var(--line); border-radius: 6px;
}}
button, select {{ padding: 0.35rem 0.8rem; min-height: 2.4rem; }}
input[type='number'] {{ width: 4.5rem; padding: 0.3rem; min-height: 2.4rem; }}
button {{ cursor: pointer; min-width: 5.5rem; }}
button[aria-pressed='true'] {{
  background: var(--accent); color: var(--ground); border-color: var(--accent);
}}
article {{ border-bottom: 1px solid var(--line); padding: 0.75rem 0; }}
article h2 {{ margin: 0; font-size: 1.1rem; }}
article[hidden] {{ display: none; }}
.staff {{ overflow-x: auto; max-width: 60rem; }}
.staff > svg {{
  display: block; width: 100%; min-width: 34rem; height: auto; fill: currentColor;
}}
.staff .fresh {{ fill: var(--accent); color: var(--accent); }}
.staff .sounding {{ fill: var(--warm); color: var(--warm); }}
summary {{ cursor: pointer; }} details {{ margin-bottom: 1rem; max-width: 56rem; }}
.swatch {{ display: inline-block; width: 1em; height: 1em; background: var(--accent); }}
.looked {{ margin: 0.25rem 0 0; font-size: 0.9rem; min-height: 1.4em; }}
"""


LOOK_HINT = (
    'Point at a blue note, or use the arrow keys in the roll, to see what the model attended to.'
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A piece on the page.

    Attributes:
      name: its number.
      whole: the piece with the music around it, in the prompt's key.
      surprise: nats per drawn step.
      new, joined: the files of the new bars and of the whole, by suffix.
      nearest: its longest copied run, as in `samples.json`; None where there is none or it is not
        known.
      looks: the attention of its steps, from `looks.find_looks`; None where not known.
    """

    name: str
    whole: Whole
    surprise: float
    new: Mapping[str, bytes | str]
    joined: Mapping[str, bytes | str]
    nearest: dict | None = None
    looks: Sequence[Sequence[int]] | None = None


def listening_page(
    prompt: Prompt, entries: Sequence[Entry], model: str, *, are_compared: bool
) -> str:
    """HTML of pieces with the music around them: each with its notes, sound, attention, and files
    to download.

    Args:
      prompt: the music around the pieces.
      entries: at least one.
      model: the model's name.
      are_compared: whether they were compared with the training tunes, so that a piece without
        `nearest` copies nothing.
    """
    seam, played, parts, keys = len(prompt.events), [], [], []
    for number, entry in enumerate(entries):
        events = entry.whole.events
        played.append(
            {
                'notes': played_notes(events),
                'first': -prompt.pickup_of(events) % STEPS_PER_BAR,
                'end': len(events),
                'looks': entry.looks,
            }
        )
        keys.append(_key(events[seam : len(events) - len(prompt.after)]))
        parts.append(_article(prompt, entry, number, keys[-1], are_compared))
    body = introduce(
        prompt, len(entries), model, keys, are_compared, any(entry.looks for entry in entries)
    )
    data = json_for_script(
        {'pieces': played, 'seam': seam, 'qpm': prompt.qpm, 'firstBar': prompt.first_bar}
    )
    script = f'{playback_script()}const DATA = {data};\n{SCRIPT.read_text(encoding="utf-8")}'
    return page(
        f'{heading(prompt)} by {model}',
        f'{body}<main>{chr(10).join(parts)}</main>',
        STYLE,
        script,
    )


def _article(prompt: Prompt, entry: Entry, number: int, key: str, are_compared: bool) -> str:
    run, notes = entry.nearest, from_events(entry.whole.events)
    num_notes = sum(bool(entry.whole.is_drawn[note.onset]) for note in notes)
    downloads = (
        f'<span class="quiet">{"All bars" if prompt.redrawn else "With the prompt"}:'
        f' {_downloads(f"{prompt.name}-{entry.name}", entry.joined)}; new bars:'
        f' {_downloads(f"{prompt.name}-{entry.name}-new", entry.new)}</span>'
    )
    name, facts = (
        escape(entry.name),
        [f'{entry.surprise:.2f} nats per step', f'{num_notes} notes', key or 'no key'],
    )
    if are_compared:
        facts.append(
            f'{run["score"]} in a row as in {run.get("title") or run["tune"]}, bar'
            f' {run["tune_bar"]}'
            if run
            else 'none in a row as in a tune'
        )
    looked = f'<p class="looked quiet" aria-live="polite">{LOOK_HINT}</p>' if entry.looks else ''
    return (
        f'<article data-order="{number}" data-surprise="{entry.surprise:.6f}"'
        f' data-notes="{num_notes}" '
        f'data-copied="{run["score"] if run else 0}" data-key="{escape(key)}"><div class="bar">'
        f'<h2>{name}</h2><button type="button" aria-pressed="false" aria-label="Play'
        f' {name}">Play</button>'
        f'<span class="quiet">{escape("; ".join(facts))}</span>{downloads}</div>'
        f'{_staff(prompt, entry, number)}{draw_roll(entry.name, entry.whole, run)}{looked}'
        '</article>'
    )


def _key(events: np.ndarray) -> str:
    """The key of a piece; '' for one without notes."""
    notes = from_events(events)
    return key_name(detect_key(to_notes(notes, STEPS_PER_QUARTER))) if notes else ''


def _downloads(name: str, files: Mapping[str, bytes | str]) -> str:
    """Download links that contain the files themselves."""
    links = []
    for suffix, content in files.items():
        kind, text = FORMATS[suffix]
        data = base64.b64encode(
            content if isinstance(content, bytes) else content.encode()
        ).decode()
        links.append(
            f'<a download="{escape(name)}{suffix}" href="data:{kind};base64,{data}">{text}</a>'
        )
    return ', '.join(links)


def _staff(prompt: Prompt, entry: Entry, number: int) -> str:
    """The staff notation; '' where it cannot be engraved."""
    if '.musicxml' not in entry.joined or number >= MOST_PIECES:
        return ''
    events = entry.whole.events
    notes = to_notes(from_events(events), STEPS_PER_QUARTER)
    bars = to_bars(notes, len(events) // STEPS_PER_BAR, prompt.pickup_of(events))
    svg = engrave(entry.joined['.musicxml'], bars, entry.whole.is_drawn, number + 1)
    label = f'Staff notation of {entry.name}'
    return (
        f'<div class="staff" tabindex="0" role="region" aria-label="{escape(label)}">{svg}</div>'
        if svg
        else ''
    )
