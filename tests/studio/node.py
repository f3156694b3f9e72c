"""Runs the engine's JavaScript in node, and the networks that it is given."""

import functools
import json
import shutil
import subprocess

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symmusic.studio.engine import PARTS, engine_script
from symmusic.studio.network import export_network
from symmusic.training.shipped import read_shipped

HARNESS = """
(async () => {
  const DATA = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const answer = await (async () => {%s})();
  process.stdout.write(JSON.stringify(answer));
})().catch((error) => { console.error(error); process.exit(1); });
"""


def run_js(snippet: str, data: object) -> object:
    """What a snippet returns that sees the engine's functions, without the worker, and `DATA`."""
    program = shutil.which('node')
    if program is None:
        pytest.skip('tests of the engine need the program node')
    script = engine_script(PARTS[:-1]) + HARNESS % snippet
    done = subprocess.run(
        [program, '-e', script], input=json.dumps(data), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@functools.cache
def shipped(memory_steps: int = 256):
    """The shipped network as exported, its parameters rounded as there, and its card."""
    params, card, _ = read_shipped()
    exported = export_network(
        params, card, name='the shipped model', temperature=1.15, memory_steps=memory_steps
    )
    return exported, rounded(params), card


def rounded(params):
    """Parameters as 16 bits hold them."""
    return jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf, np.float16), jnp.float32), params)
