"""How fast the studio draws: milliseconds in Chromium, from the request to the last candidate.
Prints a table of medians, with the fastest in brackets, and one JSON line.

    python benchmarks/studio.py [--rounds=9] [--slow=4]

- `continue`: 4 new bars after 8 bars of 4/4, one candidate
- `candidates`: 8 candidates of these
- `redraw`: 2 bars in the middle of 8, told both sides, one candidate
- `first`: 4 new bars after other bars than before, so that nothing read is kept

Each is measured in the page's worker, and, as Chromium slows down only the page itself, there too:
at the machine's own speed and as many times slower as `--slow` says, which stands in for a phone.
The page is a file on disk with the shipped network.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import sys
import tempfile

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from symmusic.studio.engine import PARTS, client_script, engine_script
from symmusic.studio.network import export_network
from symmusic.training.shipped import read_shipped

GOALS = {'continue': 100, 'candidates': 600, 'redraw': 150, 'first': 100}  # ms, not slowed down
PITCHES = [62, 66, 69, 74, 73, 69, 71, 69, 67, 64, 66, 62, 64, 66, 64, 62]
PAGE = """<!doctype html><meta charset="utf-8"><title>engine</title>
<script type="text/plain" id="engine">%s</script>
<script type="application/json" id="network">%s</script>
<script>%s
const text = (id) => document.getElementById(id).textContent;
const engine = openEngine(text('engine'), JSON.parse(text('network')));
async function timed(request) {
  const begun = performance.now();
  await engine.ask(request).finished;
  return performance.now() - begun;
}
const own = (() => {
  %s
  return {compose, network: readNetwork(JSON.parse(text('network')))};
})();
async function timedHere(request) {
  const begun = performance.now();
  await own.compose(request, own.network, () => {}, async () => {});
  return performance.now() - begun;
}
</script>"""


def tune(shift: int) -> dict:
    """Eight bars of 4/4 in eighths and quarters, `shift` semitones higher."""
    notes, onset = [], 0
    for place in range(44):
        length = 4 if place % 11 in (3, 7, 10) else 2
        pitch = PITCHES[place * 5 % 16] + shift
        notes.append({'onset': onset, 'length': length, 'pitch': pitch})
        onset += length
    return {'meter': '4/4', 'key': {'tonic': 'D', 'mode': 'major'}, 'notes': notes, 'numBars': 8}


def requests(seed: int) -> dict[str, dict]:
    """What is timed in a round."""
    kept, other = tune(0), tune(1 + seed % 5)
    continued = {'kind': 'continue', 'numBars': 4, 'ends': True, 'seed': seed}
    return {
        'first': {**continued, 'tune': other, 'numCandidates': 1},
        'warm-up': {**continued, 'tune': kept, 'numCandidates': 1},
        'continue': {**continued, 'tune': kept, 'numCandidates': 1},
        'candidates': {**continued, 'tune': kept, 'numCandidates': 8},
        'redraw': {
            'kind': 'redraw',
            'tune': kept,
            'bars': {'from': 3, 'to': 4},
            'numCandidates': 1,
            'seed': seed,
        },
    }


def measure(page, function: str, rounds: int) -> dict[str, list[float]]:
    """The median and the least milliseconds of each request."""
    times: dict[str, list[float]] = {}
    for number in range(-2, rounds):
        for name, request in requests(max(number, 0)).items():
            took = page.evaluate(function, request)
            if number >= 0:
                times.setdefault(name, []).append(took)
    return {
        name: [round(statistics.median(times[name]), 1), round(min(times[name]), 1)]
        for name in GOALS
    }


def slow_down(page, rate: float) -> None:
    """Slows the page down."""
    page.context.new_cdp_session(page).send('Emulation.setCPUThrottlingRate', {'rate': rate})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--slow', type=float, default=4)
    flags = parser.parse_args()
    params, card, figures = read_shipped()
    network = export_network(
        params,
        card,
        name='the shipped model',
        temperature=figures['calibration']['temperature'],
        memory_steps=256,
    )
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = pathlib.Path(folder) / 'page.html'
        parts = engine_script(), json.dumps(network), client_script(), engine_script(PARTS[:-1])
        file.write_text(PAGE % parts)
        browser = playwright.chromium.launch(
            executable_path=shutil.which('chromium'), args=['--no-sandbox', '--disable-gpu']
        )
        page = browser.new_page()
        page.goto(file.as_uri())
        page.evaluate('engine.loaded')
        found = {'worker': measure(page, 'timed', flags.rounds)}
        found['page'] = measure(page, 'timedHere', flags.rounds)
        slow_down(page, flags.slow)
        found[f'page, {flags.slow:g} times slower'] = measure(page, 'timedHere', flags.rounds)
        browser.close()
    print('| ms | goal |' + ''.join(f' {where} |' for where in found))
    print('|---|---|' + '---|' * len(found))
    for name, goal in GOALS.items():
        cells = ''.join(' {:g} ({:g}) |'.format(*each[name]) for each in found.values())
        print(f'| {name} | {goal} |{cells}')
    print(json.dumps(found))


if __name__ == '__main__':
    main()
