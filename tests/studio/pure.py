"""Runs the page's pure JavaScript in node, and the documents that tests give it."""

import functools
import json
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
import pytest

from symmusic.report.html import script_of
from symmusic.studio.page import PURE, SHARED, page_script

METERS = ('4/4', '3/4', '2/4', '2/2', '3/8', '6/8', '9/8', '12/8', '5/4', '7/8')
MODES = ('major', 'minor', 'dorian', 'mixolydian', 'lydian', 'phrygian', 'locrian')


@functools.cache
def _script() -> str:
    return f'{script_of(*SHARED)}\n{page_script(PURE)}'


def run_pure(snippet: str, data: object = None) -> object:
    """What a snippet, the body of an async function, returns that sees the page's pure functions,
    `assert` and `DATA`.
    """
    program = shutil.which('node')
    if program is None:
        pytest.skip('tests of the page need the program node')
    body = (
        "const assert = require('assert');"
        " const DATA = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        f'{_script()}\n(async () => {{{snippet}}})().then((answer) =>'
        ' process.stdout.write(JSON.stringify(answer ?? null)), (error) =>'
        ' { console.error(error); process.exit(1); });'
    )
    with tempfile.NamedTemporaryFile('w', suffix='.js', encoding='utf-8') as file:
        file.write(body)  # it is too long for an argument
        file.flush()
        done = subprocess.run(
            [program, file.name], input=json.dumps(data), capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def check(name: str, data: object = None) -> None:
    """Runs a check of `checks.js`."""
    checks = pathlib.Path(__file__).with_name('checks.js').read_text(encoding='utf-8')
    run_pure(f'{checks}\nCHECKS.{name}();', data)


def documents(num: int, seed: int = 0) -> list[dict]:
    """Random tunes in all metres and modes, with rests, ties over bar lines and pickups."""
    rng, found = np.random.default_rng(seed), []
    steps = {meter: 16 * int(meter.split('/')[0]) // int(meter.split('/')[1]) for meter in METERS}
    for index in range(num):
        meter = METERS[index % len(METERS)]
        size, num_bars = steps[meter], 6
        pickup = int(rng.integers(1, size)) if index % 3 == 0 else 0
        at, notes = size - pickup if pickup else 0, []
        while at < num_bars * size - 1:
            length = int(rng.integers(1, 2 * size // 3 + 2))
            length = min(length, num_bars * size - at)
            if at == (size - pickup) % size or rng.random() < 0.8:
                notes.append({'onset': at, 'length': length, 'pitch': int(rng.integers(55, 84))})
            at += length
        key = {'fifths': int(rng.integers(-6, 7)), 'mode': MODES[index % len(MODES)]}
        found.append(
            {
                'title': f'Tune {index}: 100 % & <b> \\ é',
                'meter': meter,
                'key': key,
                'tempo': int(rng.integers(40, 200)),
                'pickupSteps': pickup,
                'numBars': num_bars,
                'notes': notes,
                'pins': [],
            }
        )
    return found
