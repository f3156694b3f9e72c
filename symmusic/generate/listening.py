"""The page on which pieces are listened to and looked at: one file, no network."""

import base64
import json
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.generate.compose import Piece
from symmusic.generate.playback import playback_script, played_notes
from symmusic.generate.prompt import Prompt
from symmusic.generate.staff import MOST_PIECES, engrave
from symmusic.melody.events import StepNote, from_events
from symmusic.pages import escape, json_for_script, page
from symmusic.score.meter import STEPS_PER_BAR

SCRIPT = pathlib.Path(__file__).with_suffix('.js')
FORMATS = {
    '.mid': ('audio/midi', 'MIDI'),
    '.abc': ('text/vnd.abc', 'ABC'),
    '.musicxml': ('application/vnd.recordare.musicxml+xml', 'MusicXML'),
}
STEP_WIDTH, PITCH_HEIGHT, LEFT, BOTTOM = 6, 7, 34, 18  # pixels of a drawing at full size
STYLE = """
@media (max-width: 40rem) { .tools { position: static !important; } }
.bar { display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; align-items: center; }
.tools { position: sticky; top: 0; z-index: 1; padding: 0.6rem 0; background: var(--ground); border-bottom: 1px solid var(--line); }
button, select, input { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }
button, select { padding: 0.35rem 0.8rem; min-height: 2.4rem; }
input[type='number'] { width: 5rem; padding: 0.3rem; min-height: 2.4rem; }
button { cursor: pointer; min-width: 5.5rem; }
button[aria-pressed='true'] { background: var(--accent); color: var(--ground); border-color: var(--accent); }
article { border-bottom: 1px solid var(--line); padding: 0.75rem 0; }
article h2 { margin: 0; font-size: 1.1rem; }
article[hidden] { display: none; }
.roll { overflow-x: auto; }
.roll svg { display: block; width: 100%; }
.staff { max-width: 60rem; } .staff > svg { display: block; width: 100%; height: auto; fill: currentColor; }
.given { fill: var(--quiet); } .new { fill: var(--accent); } .sounding { fill: var(--warm); }
.grid { stroke: var(--line); } .seam { stroke: var(--warm); stroke-width: 2; }
.copied { stroke: var(--warm); stroke-width: 2; }
.cursor { stroke: var(--text); stroke-width: 2; visibility: hidden; }
.roll text { fill: var(--quiet); font-size: 12px; }
"""


def listening_page(
    prompt: Prompt,
    pieces: Sequence[Piece],
    names: Sequence[str],
    files: Sequence[Sequence[Mapping[str, bytes | str]]],
    model: str,
    nearest: Sequence[dict | None] | None = None,
) -> str:
    """HTML of the pieces after their prompt: each with its piano roll, its sound, and its files to take along.

    Args:
      prompt: what the pieces continue.
      pieces: at least one.
      names: of the pieces, in order.
      files: of each piece, the continuation alone and with the prompt before it, each as files by suffix.
      model: who drew them.
      nearest: of each piece its longest copied run, as `write_gallery`.
    """
    seam, played, parts = len(prompt.events), [], []
    runs = nearest or [None] * len(pieces)
    for name, piece, (new, joined), run in zip(names, pieces, files, runs, strict=True):
        events = np.concatenate([prompt.events, piece.events])
        notes = from_events(events)
        played.append({'notes': played_notes(events), 'end': len(events)})
        surprise, num_notes = -piece.log_probability / len(piece.events), sum(note.onset >= seam for note in notes)
        downloads = (
            f'<span class="quiet">With the prompt: {_downloads(f"{prompt.name}-{name}", joined)}; '
            f'new bars: {_downloads(f"{prompt.name}-{name}-new", new)}</span>'
        )
        parts.append(
            f'<article data-order="{len(parts)}" data-surprise="{surprise:.6f}" data-notes="{num_notes}" '
            f'data-copied="{run["score"] if run else 0}"><div class="bar">'
            f'<h2>{escape(name)}</h2><button type="button" aria-pressed="false" aria-label="Play {escape(name)}">Play</button>'
            f'<span class="quiet">{surprise:.2f} nats per step, {num_notes} notes{_copied(run)}</span>{downloads}</div>'
            f'{_staff(name, joined, len(parts))}{_roll(name, notes, seam, played[-1]["end"], run)}</article>'
        )
    body = _head(prompt, len(pieces), model, nearest is not None) + '<main>' + '\n'.join(parts) + '</main>'
    data = json_for_script(json.dumps({'pieces': played, 'seam': seam, 'qpm': prompt.qpm}))
    script = f'{playback_script()}const DATA = {data};\n{SCRIPT.read_text(encoding="utf-8")}'
    return page(f'{prompt.name}: continuations', body, STYLE, script)


def _head(prompt: Prompt, num_pieces: int, model: str, are_compared: bool) -> str:
    orders = {'order': 'number', 'surprise': 'likelihood', 'notes': 'notes', **({'copied': 'originality'} if are_compared else {})}
    underlined = ' Underlined: the longest run of notes that stands in a training tune in just the same way, in any key.' * are_compared
    bars = len(prompt.events) // STEPS_PER_BAR
    return f"""<h1>{escape(prompt.name)}, continued</h1>
<p>{num_pieces} continuations by {escape(model)}. Grey: the {bars} bars given; blue: what the model goes on with.
Fewer nats per step: more as the model expects.{underlined} Escape stops.</p>
<div class="bar tools" role="group" aria-label="How to play and what to show">
<label>Tempo <input type="number" id="tempo" min="20" max="400" value="{prompt.qpm:.0f}"> quarters per minute</label>
{_choice('Sound', 'sound', plucked='plucked', flute='flute', reed='reed')}
{_choice('From', 'from', prompt='the prompt', new='the new bars')}
{_choice('Sort by', 'sort', **orders)}
<label>At least <input type="number" id="least" min="0" value="0"> notes</label>
<span id="status" role="status" class="quiet"></span></div>
"""


def _downloads(name: str, files: Mapping[str, bytes | str]) -> str:
    """Links that hold the files themselves."""
    links = []
    for suffix, content in files.items():
        kind, text = FORMATS[suffix]
        data = base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()
        links.append(f'<a download="{escape(name)}{suffix}" href="data:{kind};base64,{data}">{text}</a>')
    return ', '.join(links)


def _choice(label: str, name: str, **options: str) -> str:
    listed = ''.join(f'<option value="{value}">{text}</option>' for value, text in options.items())
    return f'<label>{label} <select id="{name}">{listed}</select></label>'


def _staff(name: str, files: Mapping[str, bytes | str], number: int) -> str:
    """The staff notation, nothing where it cannot be engraved."""
    svg = engrave(files['.musicxml'], number + 1) if '.musicxml' in files and number < MOST_PIECES else None
    return f'<div class="staff" role="img" aria-label="Staff notation of {escape(name)}">{svg}</div>' if svg else ''


def _copied(run: dict | None) -> str:
    return f'; {run["score"]} in a row as in {escape(run["tune"])}, bar {run["tune_bar"]}' if run else ''


def _roll(name: str, notes: Sequence[StepNote], seam: int, end: int, run: dict | None) -> str:
    """The piano roll as SVG; each note knows its number, so that it can light up."""
    pitches = [note.pitch for note in notes] or [60]
    low, high = min(pitches) - 2, max(pitches) + 2
    width, height = LEFT + end * STEP_WIDTH, (high - low + 1) * PITCH_HEIGHT
    parts = []
    for step in range(0, end + 1, STEPS_PER_BAR):
        at = LEFT + step * STEP_WIDTH
        parts.append(f'<line class="grid" x1="{at}" x2="{at}" y1="0" y2="{height}"/>')
        if step < end:
            parts.append(f'<text x="{at + 3}" y="{height + 14}">{step // STEPS_PER_BAR + 1}</text>')
    for pitch in range(low, high + 1):
        if pitch % 12 == 0:
            parts.append(f'<text x="2" y="{(high - pitch + 1) * PITCH_HEIGHT}">C{pitch // 12 - 1}</text>')
    num_given = sum(note.onset < seam for note in notes)
    first, after = run['piece_notes'] if run else (0, 0)
    for number, note in enumerate(notes):
        if first <= number - num_given < after:
            at, below = LEFT + note.onset * STEP_WIDTH, (high - note.pitch + 1) * PITCH_HEIGHT + 2
            parts.append(f'<line class="copied" x1="{at}" x2="{LEFT + note.end * STEP_WIDTH - 1}" y1="{below}" y2="{below}"/>')
        kind = 'new' if note.onset >= seam else 'given'
        parts.append(
            f'<rect class="{kind}" data-note="{number}" x="{LEFT + note.onset * STEP_WIDTH}" y="{(high - note.pitch) * PITCH_HEIGHT}" '
            f'width="{(note.end - note.onset) * STEP_WIDTH - 1}" height="{PITCH_HEIGHT}" rx="1"/>'
        )
    at = LEFT + seam * STEP_WIDTH
    parts.append(f'<line class="seam" x1="{at}" x2="{at}" y1="0" y2="{height}"/><line class="cursor" x1="0" x2="0" y1="0" y2="{height}"/>')
    style = f' style="min-width: {width // 2}px"' if end > 16 * STEPS_PER_BAR else ''
    label = f'Piano roll of {name}: {sum(note.onset < seam for note in notes)} notes given, {sum(note.onset >= seam for note in notes)} new'
    return (
        f'<div class="roll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<svg viewBox="0 0 {width} {height + BOTTOM}" role="img" aria-label="{escape(label)}"{style}>{"".join(parts)}</svg></div>'
    )
