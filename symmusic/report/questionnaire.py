"""The page of a listening study: one self-contained file that does not reveal which pieces are
generated.
"""

import pathlib

from symmusic.experiment.answers import FORMAT
from symmusic.experiment.ratings import LEAST, MOST, QUESTIONS
from symmusic.experiment.study import Study
from symmusic.generate.playback import playback_script
from symmusic.report.html import escape, json_for_script, page

SCRIPT = pathlib.Path(__file__).with_suffix('.js')
ASKED = {  # the question, and the meaning of the lowest and highest rating
    'rhythm': ('Rhythm: can you tap along?', 'not at all', 'easily'),
    'melody': ('Melody: how pleasing is it?', 'not at all', 'very'),
    'experience': ('How experienced are you in music?', 'no experience', 'professional'),
}
STYLE = """
body { max-width: 44rem; padding-bottom: 5rem; }
button {
  font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--quiet);
  border-radius: 8px; cursor: pointer; padding: 0.5rem 1.1rem; min-height: 2.75rem;
}
button:hover { border-color: var(--accent); }
button.main, button[aria-pressed='true'] {
  background: var(--accent); color: var(--ground); border-color: var(--accent);
}
button.play { min-width: 6.5rem; }
h2 { margin: 0; font-size: 1.15rem; }
section {
  border: 1px solid var(--line); border-radius: 10px; padding: 1rem; margin: 1rem 0;
  scroll-margin: 1rem;
}
section.missing { border-color: var(--warm); }
section .todo { color: var(--warm); margin: 0.75rem 0 0; }
.row { display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; align-items: center; }
.row h2 { min-width: 5.5rem; }
.played { flex: 1 1 6rem; height: 0.5rem; accent-color: var(--accent); }
.done { color: var(--quiet); }
fieldset { border: 0; margin: 1rem 0 0; padding: 0; min-width: 0; }
legend { padding: 0; font-weight: 600; }
.scale {
  display: grid; grid-template-columns: repeat(5, 1fr); gap: 0.4rem; max-width: 24rem;
  margin-top: 0.4rem;
}
.scale label {
  position: relative; display: grid; place-items: center; min-height: 2.75rem;
  border-radius: 8px; border: 1px solid var(--quiet); background: var(--panel); cursor: pointer;
}
.scale input {
  position: absolute; inset: 0; margin: 0; opacity: 0; width: 100%; height: 100%; cursor: pointer;
}
.scale label:hover { border-color: var(--accent); }
.scale label:has(:checked) {
  background: var(--accent); color: var(--ground); border-color: var(--accent); font-weight: 600;
}
.scale label:has(:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; }
.ends {
  display: flex; justify-content: space-between; max-width: 24rem; font-size: 0.9rem;
  color: var(--quiet);
}
.hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
.bar {
  position: fixed; inset: auto 0 0 0; z-index: 1; padding: 0.5rem 1.25rem;
  background: var(--ground); border-top: 1px solid var(--line);
}
.bar div { max-width: 41.5rem; margin: 0 auto; display: flex; gap: 1rem; align-items: center; }
.bar progress { flex: 1 1 4rem; min-width: 3rem; accent-color: var(--accent); }
#end:focus, #report:focus { outline: none; }
textarea {
  width: 100%; min-height: 7rem; font: 0.85rem monospace; color: inherit;
  background: var(--panel); border: 1px solid var(--line);
}
"""


def questionnaire(study: Study) -> str:
    """HTML of a page on which a listener hears and rates the pieces, and saves the answers as a
    JSON file.
    """
    num, seconds = len(study.excerpts), study.num_steps * 60 / study.qpm / 4
    minutes = max(1, round(num * (2 * seconds + 10) / 60))
    pieces = '\n'.join(_piece(number) for number in range(1, num + 1))
    body = f"""<main><h1>A listening study</h1>
<p>You will hear {num} short pieces, each of {seconds:.0f} seconds, and answer two questions about
each. That takes about {minutes} minutes. Headphones help. Listen to a piece as often as you like,
and follow your first impression: no answer is right or wrong.</p>
<p>Your answers stay on this device, even if you close the page, until you save them as a file at
the end.</p>
<noscript><p><strong>This page needs JavaScript to play the pieces.</strong></p></noscript>
<section id="about" aria-label="About you"><h2>About you</h2>
{_scale('experience', 'experience')}
</section>
{pieces}
<section id="end" aria-label="Save your answers" tabindex="-1"><h2>Your answers</h2>
<div id="report" role="status" tabindex="-1"></div>
<p class="row"><button type="button" class="main" id="save">Save answers</button>
<button type="button" id="save-unfinished" hidden>Save unfinished</button>
<button type="button" id="clear">Clear all answers</button></p>
<details id="copy" hidden><summary>No file appeared?</summary>
<p><label for="text">Copy this text and send it in place of the file:</label></p>
<textarea id="text" readonly></textarea></details>
</section></main>
<div class="bar"><div><span id="count" role="status">0 of {num} pieces done</span>
<progress id="progress" max="{num}" value="0" aria-label="Pieces done"></progress></div></div>
"""
    data = {
        'format': FORMAT,
        'study': study.id,
        'qpm': study.qpm,
        'numSteps': study.num_steps,
        'questions': QUESTIONS,
        'pieces': [excerpt.notes for excerpt in study.excerpts],
    }
    script = (
        f'{playback_script()}const DATA ='
        f' {json_for_script(data)};\n{SCRIPT.read_text(encoding="utf-8")}'
    )
    return page('A listening study', body, STYLE, script)


def _piece(number: int) -> str:
    scales = ''.join(
        _scale(question, f'{question}-{number}', f'Piece {number}. ') for question in QUESTIONS
    )
    return (
        f'<section id="piece-{number}" data-piece="{number}" aria-labelledby="name-{number}">'
        f'<div class="row"><h2 id="name-{number}">Piece {number}</h2>'
        '<button type="button" class="play" aria-pressed="false"'
        f' aria-label="Play piece {number}">Play</button>'
        '<progress class="played" max="1" value="0" aria-hidden="true"></progress></div>'
        f'{scales}<p class="todo" hidden></p></section>'
    )


def _scale(question: str, name: str, before: str = '') -> str:
    """A question with its answers from 1 to 5; `before` is for screen readers only."""
    asked, least, most = ASKED[question]
    words = {LEAST: f'{LEAST}, {least}', MOST: f'{MOST}, {most}'}
    choices = ''.join(
        f'<label><input type="radio" name="{name}" value="{value}"'
        f' aria-label="{escape(words.get(value, value))}"><span>{value}</span></label>'
        for value in range(LEAST, MOST + 1)
    )
    spoken = f'<span class="hidden">{escape(before)}</span>' if before else ''
    return (
        f'<fieldset><legend>{spoken}{escape(asked)}</legend><div class="scale">{choices}</div>'
        '<div class="ends" aria-hidden="true">'
        f'<span>{escape(least)}</span><span>{escape(most)}</span></div></fieldset>'
    )
