"""The worker in a page of a file: it loads, answers, is cancelled and says what is wrong."""

import dataclasses
import json

import jax
import pytest

from symmusic.model.model import init_params
from symmusic.studio.engine import client_script, engine_script
from symmusic.studio.network import export_network
from tests.studio.node import shipped
from tests.studio.test_network import LEFT_TO_RIGHT

PAGE = """<!doctype html><meta charset="utf-8"><title>engine</title>
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline'; worker-src blob:">
<script type="text/plain" id="engine">%s</script>
<script type="application/json" id="network">%s</script>
<script>%s
const text = (id) => document.getElementById(id).textContent;
const engine = openEngine(text('engine'), JSON.parse(text('network')));
const answers = async (request) => {
  const candidates = [];
  const {finished} = engine.ask(request, (candidate) => candidates.push(candidate));
  try {
    return {candidates, ...await finished};
  } catch ({message, field}) {
    return {candidates, message, field};
  }
};
</script>"""
TUNE = {
    'meter': '2/2',
    'key': None,
    'notes': [{'onset': step, 'length': 4, 'pitch': 60 + step // 4} for step in range(0, 32, 4)],
}


@pytest.fixture
def page(tmp_path, open_page):
    """A page with a small network that ranks what it redraws by what follows."""
    _, _, card = shipped()
    architecture = dataclasses.replace(
        card.architecture, **LEFT_TO_RIGHT, num_cells=4, attention_size=2
    )
    params = jax.jit(init_params, static_argnums=1)(jax.random.key(0), architecture)
    card = dataclasses.replace(card, architecture=architecture)
    network = export_network(params, card, name='toy', memory_steps=64)
    file = tmp_path / 'page.html'
    file.write_text(PAGE % (engine_script(), json.dumps(network), client_script()))
    return open_page(file)


def test_the_worker_answers_is_cancelled_and_says_what_is_wrong(page):
    model = page.evaluate('engine.loaded')
    assert (model['name'], model['barSteps']['2/2'], model['temperature']) == ('toy', 16, 1)
    request = {'kind': 'continue', 'tune': TUNE, 'numBars': 2, 'numCandidates': 5, 'ends': True}
    found = page.evaluate('answers', request)
    assert [each['index'] for each in found['candidates']] == list(range(5))
    assert found['cancelled'] is False
    first = found['candidates'][0]
    assert [note for note in first['notes'] if not note['isNew']][:7] == [
        {**note, 'isNew': False} for note in TUNE['notes'][:7]
    ]
    assert first['numBars'] == 4
    redrawn = page.evaluate('answers', {**request, 'kind': 'redraw', 'bars': {'from': 0, 'to': 0}})
    assert all(each['fit'] > 0 for each in redrawn['candidates'])
    cancelled = page.evaluate(
        """async (request) => {
          const long = engine.ask({...request, numBars: 64, numCandidates: 64});
          const next = answers(request);
          long.cancel();
          return [await long.finished, await next];
        }""",
        request,
    )
    assert cancelled[0] == {'cancelled': True}
    assert len(cancelled[1]['candidates']) == 5
    wrong = page.evaluate('answers', {**request, 'wishes': {'lowest': 90, 'highest': 80}})
    assert wrong['field'] == 'lowest'
    assert wrong['message'].startswith(
        "'lowest' and 'highest' cannot be met together in these 2 bars"
    )
    assert page.evaluate('answers', {**request, 'kind': 'sing'})['field'] == 'kind'
    assert page.evaluate('answers', request)['candidates'] == found['candidates']
