"""The top of the listening page: what it shows, how to read it, and its tools."""

from collections.abc import Sequence

from symmusic.generate.playback import OWN, page_sound
from symmusic.generate.prompt import Prompt
from symmusic.report.html import escape
from symmusic.score.instruments import INSTRUMENTS
from symmusic.score.key import Key
from symmusic.score.meter import STEPS_PER_BAR
from symmusic.score.notation import tonic

SHADE = 0.85  # opacity of an attention weight of 1; also in listening.js


def introduce(
    prompt: Prompt,
    num_pieces: int,
    model: str,
    keys: Sequence[str],
    are_compared: bool,
    have_looks: bool,
) -> str:
    """HTML of what the page shows, how to read it, and its tools.

    Args:
      prompt: the music around the pieces.
      num_pieces: number of pieces.
      model: the model's name.
      keys: keys of the pieces, '' for a piece without notes.
      are_compared: whether they were compared with the training tunes.
      have_looks: whether their attention is known.
    """
    orders = {
        'order': 'number',
        'surprise': 'likelihood',
        'notes': 'notes',
        **({'copied': 'originality'} if are_compared else {}),
    }
    underlined = (
        ' Underlined: the longest run of notes that a training tune has too, with the same'
        ' intervals and rhythm.' * are_compared
    )
    swatches = ', '.join(
        f'<span class="swatch" style="opacity: {shade(weight):.2f}"></span> {weight:.0%}'
        for weight in (0.03, 0.1, 0.3, 1)
    )
    shaded = (
        ' Shaded: the steps that the model attended to when it drew the step under the pointer,'
        f' by the square root of their attention weights: {swatches}.' * have_looks
    )
    most = (
        ' <label>At most <input type="number" id="most" min="0" placeholder="any"> in a row as in a'
        ' tune</label>' * are_compared
    )
    what = 'version' if prompt.redrawn else 'continuation'
    said = f'{num_pieces} {what}{"s" * (num_pieces != 1)} by {escape(model)}'
    read = f'Fewer nats per step: more likely under the model.{underlined}{shaded} Escape stops.'
    sounds = {sound: sound for sound in OWN}
    return f"""<h1>{escape(heading(prompt))}</h1>
<p>{said}. {_given(prompt)}Blue: what the model drew.{_instrument(prompt)}</p>
<details><summary>How to read this page</summary>{read}</details>
<div class="bar tools" role="group" aria-label="How to play and what to show">
<label>Tempo <input type="number" id="tempo" min="20" max="400" value="{prompt.qpm:.0f}">
quarters per minute</label>
{_choice('Instrument', 'sound', page_sound(prompt.program)[0], **sounds)}
{_choice('From', 'from', prompt='the start', new='the new bars')}
{_choice('Sort by', 'sort', **orders)}
{_choice('Key', 'key', **({'': 'all'} | {key: key for key in sorted(set(filter(None, keys)))}))}
<label>At least <input type="number" id="least" min="0" value="0"> notes</label>{most}
<span id="status" role="status" class="quiet"></span></div>
"""


def heading(prompt: Prompt) -> str:
    """The heading: the prompt's name and what is done with it."""
    if not prompt.redrawn:
        return f'{prompt.name}, continued'
    return f'{prompt.name}, bar{"s" * ("-" in prompt.redrawn)} {prompt.redrawn} redrawn'


def _given(prompt: Prompt) -> str:
    has_pickup = prompt.pickup > 0 and len(prompt.events) > 0
    bars = (len(prompt.events) + len(prompt.after)) // STEPS_PER_BAR - has_pickup
    parts = ['pickup'] * has_pickup + [f'{bars} bar{"s" * (bars != 1)}'] * (bars > 0)
    if not parts:
        return f'All bars are new, in place of bars in {key_name(prompt.key)}. '
    return f'Grey: the {" and ".join(parts)} given, in {key_name(prompt.key)}. '


def _instrument(prompt: Prompt) -> str:
    """A note on an instrument for which the page has no sound of its own; '' where there is no
    need, as for program 0, which is also that of a prompt without an instrument.
    """
    sound, is_own = page_sound(prompt.program)
    if is_own or not prompt.program:
        return ''
    return (
        f' Instrument: {INSTRUMENTS[prompt.program]}, for which this page has no sound of its own:'
        f' it plays \u201c{sound}\u201d; the files name the instrument.'
    )


def shade(weight: float) -> float:
    """The opacity of a step with an attention weight; also in listening.js."""
    return SHADE * weight**0.5


def key_name(key: Key) -> str:
    """The name of a key, such as 'B♭ major'."""
    name = tonic(key)
    return (
        f'{name.letter}{"♯" * name.alter}{"♭" * -name.alter} {"major" if key.is_major else "minor"}'
    )


def _choice(label: str, name: str, chosen: str = '', **options: str) -> str:
    listed = ''.join(
        '<option'
        f' value="{escape(value)}"{" selected" * (value == chosen != "")}>{escape(text)}</option>'
        for value, text in options.items()
    )
    return f'<label>{label} <select id="{name}">{listed}</select></label>'
