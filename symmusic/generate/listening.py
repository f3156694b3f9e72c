"""The page on which pieces are listened to and looked at: one file, no network."""

import base64
import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.generate.playback import playback_script, played_notes
from symmusic.generate.prompt import Prompt
from symmusic.generate.roll import STYLE as ROLL_STYLE
from symmusic.generate.roll import draw_roll
from symmusic.generate.staff import MOST_PIECES, engrave
from symmusic.melody.events import from_events, to_notes
from symmusic.pages import escape, json_for_script, page
from symmusic.score.key import Key, detect_key
from symmusic.score.meter import STEPS_PER_BAR, STEPS_PER_QUARTER
from symmusic.score.notation import to_bars, tonic

SCRIPT = pathlib.Path(__file__).with_suffix('.js')
FORMATS = {
    '.mid': ('audio/midi', 'MIDI'),
    '.abc': ('text/vnd.abc', 'ABC'),
    '.musicxml': ('application/vnd.recordare.musicxml+xml', 'MusicXML'),
}
STYLE = f"""{ROLL_STYLE}
@media (max-width: 40rem) {{ .tools {{ position: static !important; }} }}
.bar {{ display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; align-items: center; }}
.tools {{ position: sticky; top: 0; z-index: 1; padding: 0.6rem 0; background: var(--ground); border-bottom: 1px solid var(--line); }}
button, select, input {{ font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }}
button, select {{ padding: 0.35rem 0.8rem; min-height: 2.4rem; }}
input[type='number'] {{ width: 4.5rem; padding: 0.3rem; min-height: 2.4rem; }}
button {{ cursor: pointer; min-width: 5.5rem; }}
button[aria-pressed='true'] {{ background: var(--accent); color: var(--ground); border-color: var(--accent); }}
article {{ border-bottom: 1px solid var(--line); padding: 0.75rem 0; }}
article h2 {{ margin: 0; font-size: 1.1rem; }}
article[hidden] {{ display: none; }}
.staff {{ overflow-x: auto; max-width: 60rem; }}
.staff > svg {{ display: block; width: 100%; min-width: 34rem; height: auto; fill: currentColor; }}
.staff .fresh {{ fill: var(--accent); color: var(--accent); }} .staff .sounding {{ fill: var(--warm); color: var(--warm); }}
summary {{ cursor: pointer; }} details {{ margin-bottom: 1rem; max-width: 56rem; }}
.looked {{ margin: 0.25rem 0 0; font-size: 0.9rem; min-height: 1.4em; }}
"""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A piece as the page lists it.

    Attributes:
      name: its number.
      events: [T] of the prompt and the piece behind it, in the prompt's key.
      surprise: nats per step that was drawn.
      new, joined: the files of the piece alone and with the prompt before it, by suffix.
      nearest: its longest copied run, as `samples.json` has it; None where there is none or it is
        not known.
      looks: what its steps looked at, as `looks.find_looks`; None where that is not known.
    """

    name: str
    events: np.ndarray
    surprise: float
    new: Mapping[str, bytes | str]
    joined: Mapping[str, bytes | str]
    nearest: dict | None = None
    looks: Sequence[Sequence[int]] | None = None


def listening_page(
    prompt: Prompt, entries: Sequence[Entry], model: str, *, are_compared: bool
) -> str:
    """HTML of pieces after their prompt: each with its notes, its sound, what it looked at, and its
    files to take along.

    Args:
      prompt: what the pieces continue.
      entries: at least one.
      model: who drew them.
      are_compared: with the training tunes, so that a piece without `nearest` copies nothing.
    """
    seam, played, parts, keys = len(prompt.events), [], [], []
    for number, entry in enumerate(entries):
        played.append(
            {'notes': played_notes(entry.events), 'end': len(entry.events), 'looks': entry.looks}
        )
        keys.append(_key(entry.events[seam:]))
        parts.append(_article(prompt, entry, number, keys[-1], are_compared))
    body = _head(
        prompt, len(entries), model, keys, are_compared, any(entry.looks for entry in entries)
    )
    data = json_for_script(
        json.dumps(
            {'pieces': played, 'seam': seam, 'qpm': prompt.qpm, 'firstBar': _first_bar(prompt)},
            separators=(',', ':'),
        )
    )
    script = f'{playback_script()}const DATA = {data};\n{SCRIPT.read_text(encoding="utf-8")}'
    return page(
        f'{prompt.name}: continuations', f'{body}<main>{chr(10).join(parts)}</main>', STYLE, script
    )


def _article(prompt: Prompt, entry: Entry, number: int, key: str, are_compared: bool) -> str:
    seam, notes, run = len(prompt.events), from_events(entry.events), entry.nearest
    num_notes = sum(note.onset >= seam for note in notes)
    downloads = (
        '<span class="quiet">With the prompt:'
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
        f'{_staff(prompt, entry, number)}{draw_roll(entry.name, notes, seam, len(entry.events), run, _first_bar(prompt))}{looked}</article>'
    )


def _first_bar(prompt: Prompt) -> int:
    """The number of the first bar: a pickup is bar 0."""
    return 0 if prompt.pickup else 1


def _key(events: np.ndarray) -> str:
    """The key of a piece, '' of one without notes."""
    notes = from_events(events)
    return key_name(detect_key(to_notes(notes, STEPS_PER_QUARTER))) if notes else ''


def key_name(key: Key) -> str:
    """As 'B♭ major'."""
    name = tonic(key)
    return (
        f'{name.letter}{"♯" * name.alter}{"♭" * -name.alter} {"major" if key.is_major else "minor"}'
    )


LOOK_HINT = (
    'Point at a blue note, or take the arrow keys in the roll: what the model looked at there.'
)


def _head(
    prompt: Prompt,
    num_pieces: int,
    model: str,
    keys: Sequence[str],
    are_compared: bool,
    have_looks: bool,
) -> str:
    orders = {
        'order': 'number',
        'surprise': 'likelihood',
        'notes': 'notes',
        **({'copied': 'originality'} if are_compared else {}),
    }
    underlined = (
        ' Underlined: the longest run of notes that stands in a training tune in just the same way,'
        ' in any key.' * are_compared
    )
    shaded = (
        ' Shaded: the steps that the model looked at when it drew the one pointed at, the darker'
        ' the more.' * have_looks
    )
    most = (
        ' <label>At most <input type="number" id="most" min="0" placeholder="any"> in a row as in a'
        ' tune</label>' * are_compared
    )
    bars = len(prompt.events) // STEPS_PER_BAR - (prompt.pickup > 0)
    given = f'{"pickup and " * (prompt.pickup > 0)}{bars} bar{"s" * (bars != 1)}'
    return f"""<h1>{escape(prompt.name)}, continued</h1>
<p>{num_pieces} continuations by {escape(model)}. Grey: the {given} given, in {key_name(prompt.key)}; blue: what the model goes on with.</p>
<details><summary>How to read this page</summary>Fewer nats per step: more as the model expects.{underlined}{shaded} Escape stops.</details>
<div class="bar tools" role="group" aria-label="How to play and what to show">
<label>Tempo <input type="number" id="tempo" min="20" max="400" value="{prompt.qpm:.0f}"> quarters per minute</label>
{_choice('Instrument', 'sound', _sound(prompt.program), plucked='plucked', flute='flute', reed='reed')}
{_choice('From', 'from', prompt='the prompt', new='the new bars')}
{_choice('Sort by', 'sort', **orders)}
{_choice('Key', 'key', **({'': 'all'} | {key: key for key in sorted(set(filter(None, keys)))}))}
<label>At least <input type="number" id="least" min="0" value="0"> notes</label>{most}
<span id="status" role="status" class="quiet"></span></div>
"""


def _downloads(name: str, files: Mapping[str, bytes | str]) -> str:
    """Links that hold the files themselves."""
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


def _sound(program: int) -> str:
    """Which of the page's sounds is nearest to an instrument of General MIDI: pipes; organs,
    strings, voices, brass and reeds; others.
    """
    return (
        'flute'
        if 72 <= program < 80
        else 'reed'
        if 16 <= program < 24 or 40 <= program < 45 or 48 <= program < 72
        else 'plucked'
    )


def _choice(label: str, name: str, chosen: str = '', **options: str) -> str:
    listed = ''.join(
        '<option'
        f' value="{escape(value)}"{" selected" * (value == chosen != "")}>{escape(text)}</option>'
        for value, text in options.items()
    )
    return f'<label>{label} <select id="{name}">{listed}</select></label>'


def _staff(prompt: Prompt, entry: Entry, number: int) -> str:
    """The staff notation, nothing where it cannot be engraved."""
    if '.musicxml' not in entry.joined or number >= MOST_PIECES:
        return ''
    notes = to_notes(from_events(entry.events), STEPS_PER_QUARTER)
    bars = to_bars(notes, len(entry.events) // STEPS_PER_BAR, prompt.pickup)
    svg = engrave(entry.joined['.musicxml'], bars, len(prompt.events), number + 1)
    label = f'Staff notation of {entry.name}'
    return (
        f'<div class="staff" tabindex="0" role="region" aria-label="{escape(label)}">{svg}</div>'
        if svg
        else ''
    )
