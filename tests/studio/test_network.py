"""The network in JavaScript: its logits are JAX's, and a state can be kept and gone back to."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symmusic.errors import UserError
from symmusic.melody.encodings import MelodyVocabulary, PianorollVocabulary
from symmusic.melody.form import NOT_KNOWN
from symmusic.model.model import Architecture, apply_all, init_params
from symmusic.model.places import first_place, later
from symmusic.studio.network import export_network
from tests.studio.node import rounded, run_js, shipped

TOLERANCE = 1e-3
SCORES = {'recall_steps': 24, 'copying': True, 'relative': True}
UNSCORED = {'recall_steps': 0, 'copying': False, 'relative': False}
ALIKE = {'backward_layers': 0, 'backward_cells': 0, 'agreement_ahead': False}
LEFT_TO_RIGHT = {'infilling': False, 'bidirectional': False, **ALIKE}
READ = """
const network = readNetwork(DATA.network), found = [];
for (const {meter, tokens, left, future} of DATA.cases) {
  const bar = barOf(meter, network), batch = tokens.length;
  const reader = new Reader(network, batch), carry = initCarry(network, batch);
  const logits = Array.from({length: batch}, () => []), num = tokens[0].length;
  const ahead = future && lookAhead(network, future, bar);
  for (let step = 0; step < num; step++) {
    const known = ahead && aheadAt(ahead, step, num), told = left && left[step];
    reader.read(carry, tokens.map((each) => each[step]), bar, step % bar.steps, told, true, known);
    const size = reader.logits.length / batch;
    logits.forEach((rows, b) => rows.push([...reader.logits.slice(b * size, (b + 1) * size)]));
  }
  found.push(logits);
}
return found;
"""


def random_melody(rng, num_classes, num_steps, lag):
    """Padding, then tokens about half of which are no event; later ones mostly repeat a lag."""
    tokens = np.where(rng.random(num_steps) < 0.5, 0, rng.integers(0, num_classes, num_steps))
    tokens[: rng.integers(0, 8)] = 0
    for step in range(lag, num_steps):
        if rng.random() < 0.8:
            tokens[step] = tokens[step - lag]
    return tokens


def random_values(shape):
    return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


@functools.cache
def logits_of(architecture, memory_steps):
    return jax.jit(
        lambda params, tokens, places, left: apply_all(
            params, tokens, places, architecture, memory_steps=memory_steps, left_BT2=left
        )[0]
    )


def check(exported, params, card, meters, num_steps, memory_steps, seed, num=2):
    """`num` melodies in each metre, read side by side, with the bars left known or not in turn."""
    rng, architecture = np.random.default_rng(seed), card.architecture
    cases, tokens, places, left = [], [], [], []
    for number, meter in enumerate(meters):
        bar_steps = architecture.bars[number]
        group = [
            random_melody(rng, architecture.num_classes, num_steps, bar_steps) for _ in range(num)
        ]
        counts = np.full((num_steps, 2), NOT_KNOWN)
        if (number + seed) % 3:
            counts[:, 1] = np.minimum(np.arange(num_steps)[::-1] // bar_steps, 32)
        if (number + seed) % 3 == 2:
            counts[:, 0] = np.arange(num_steps)[::-1] // bar_steps % 4
        place_T = np.array(
            later(first_place(number, architecture.bars), np.arange(num_steps), architecture.bars)
        )
        cases.append(
            {
                'meter': meter,
                'tokens': [each.tolist() for each in group],
                'left': counts.tolist() if (number + seed) % 3 else None,
            }
        )
        tokens += group
        places += [place_T] * num
        left += [counts] * num
    expected = logits_of(architecture, memory_steps)(
        rounded(params), jnp.asarray(tokens), jnp.asarray(places), jnp.asarray(left)
    )
    found = np.concatenate(run_js(READ, {'network': exported, 'cases': cases}))
    assert found.shape == expected.shape
    assert np.abs(found - np.asarray(expected)).max() < TOLERANCE


def test_logits_are_those_of_jax_in_all_metres():
    """Over more steps than attention remembers."""
    exported, params, card = shipped(memory_steps=40)
    check(exported, params, card, card.meters, 72, 40, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(14))
def test_logits_of_a_thousand_prompts(seed):
    """14 times 8 in each of 9 metres."""
    exported, params, card = shipped(memory_steps=256)
    check(exported, params, card, card.meters, 72, 256, seed, num=8)


@pytest.mark.parametrize(
    'changes',
    [
        {**UNSCORED, 'attention': 'none', 'lookback': (), 'agreement': False, 'left_sizes': ()},
        {**UNSCORED, 'num_layers': 1, 'last_notes': (), 'num_positions': 0},
        {'bars': (16,), 'lookback': (1, 16), 'num_positions': 16, 'attention_size': 3},
        {**SCORES, 'num_layers': 1},
        {**SCORES, 'attention': 'none', 'lookback': (), 'agreement': False},
    ],
    ids=['plain', 'one layer', 'one metre', 'scores', 'recall alone'],
)
def test_logits_of_other_architectures(changes):
    _, _, card = shipped()
    small = dataclasses.replace(card.architecture, **LEFT_TO_RIGHT, num_cells=6, attention_size=4)
    architecture = dataclasses.replace(small, **changes)
    meters = card.meters[: len(architecture.bars)]
    card = dataclasses.replace(card, architecture=architecture, meters=meters)
    params = jax.jit(init_params, static_argnums=1)(jax.random.key(1), architecture)
    params |= {  # zeros at first
        name: jax.tree.map(lambda leaf: random_values(leaf.shape), params[name])
        for name in ('copies', 'relative')
        if name in params
    }
    exported = export_network(params, card, name='toy', memory_steps=16)
    check(exported, params, card, meters, 40, 16, seed=1)


@pytest.mark.parametrize(
    'backward',
    [ALIKE, {'backward_layers': 1, 'backward_cells': 3, 'agreement_ahead': True}],
    ids=str,
)
def test_logits_of_a_network_that_fills_gaps(backward):
    """With the bars after a gap known, and with nothing known in advance."""
    _, _, card = shipped()
    shape = {'num_cells': 6, 'attention_size': 4, 'bidirectional': True, 'infilling': True}
    architecture = dataclasses.replace(card.architecture, **shape, **backward)
    params = jax.jit(init_params, static_argnums=1)(jax.random.key(2), architecture)
    params['copies'] = jax.tree.map(lambda leaf: random_values(leaf.shape), params['copies'])
    exported = export_network(
        params, dataclasses.replace(card, architecture=architecture), name='toy', memory_steps=64
    )
    rng, num_steps, blank = np.random.default_rng(5), 60, architecture.num_classes
    tokens = np.stack([random_melody(rng, blank, num_steps, 12) for _ in '123'])
    tokens[:, 24:36] = tokens[0, 36:48]  # so that what is ahead agrees with what was
    future = np.full(num_steps, blank)
    future[35:] = tokens[0, np.arange(36, 61) % 60]
    places = np.broadcast_to(16 + np.arange(num_steps) % 12, tokens.shape)  # in 6/8
    apply = jax.jit(
        lambda future_T: apply_all(
            rounded(params),
            jnp.asarray(tokens),
            jnp.asarray(places),
            architecture,
            future_BT=jnp.broadcast_to(future_T, tokens.shape),
        )[0]
    )
    case = {'meter': '6/8', 'tokens': tokens.tolist(), 'left': None}
    cases = [case | {'future': future.tolist()}, case]
    found = run_js(READ, {'network': exported, 'cases': cases})
    for logits, known in zip(found, (future, np.full(num_steps, blank)), strict=True):
        assert np.abs(logits - np.asarray(apply(known))).max() < TOLERANCE
    assert np.abs(np.subtract(*found)).max() > TOLERANCE


SNAPSHOT = """
const network = readNetwork(DATA.network), bar = barOf('6/8', network);
const read = (carry, batch, tokens, from) => {
  const reader = new Reader(network, batch);
  tokens.forEach((token, step) => {
    reader.read(carry, Array(batch).fill(token), bar, (from + step) % bar.steps);
  });
  return [...reader.logits];
};
const carry = initCarry(network, 1);
read(carry, 1, DATA.before, 0);
const kept = selectRows(carry, [0]), many = selectRows(carry, [0, 0, 0]);
return [[carry, 1], [kept, 1], [many, 3]].map(
  ([state, batch]) => read(state, batch, DATA.after, DATA.before.length));
"""


def test_a_state_can_be_kept_and_gone_back_to():
    exported, _, _ = shipped()
    rng = np.random.default_rng(2)
    before, after = (rng.integers(0, 20, num).tolist() for num in (30, 25))
    one, kept, many = run_js(SNAPSHOT, {'network': exported, 'before': before, 'after': after})
    assert one == kept
    assert many == one * 3
    other = run_js(SNAPSHOT, {'network': exported, 'before': before[1:], 'after': after})
    assert other[0] != one


def test_networks_that_the_page_cannot_run_are_refused():
    _, params, card = shipped()
    roll = dataclasses.replace(card, vocabulary=PianorollVocabulary(50, 96))
    both = dataclasses.replace(
        card,
        architecture=Architecture(4, 1, 2, bidirectional=True),
        vocabulary=MelodyVocabulary(60, 61),
    )
    other = dataclasses.replace(
        card, architecture=Architecture(4, 1, 2, kind='transformer', num_heads=1)
    )
    for refused, word in ((roll, 'encoding'), (both, 'bidirectional'), (other, "'transformer'")):
        with pytest.raises(UserError, match=word):
            export_network(params, refused, name='x', memory_steps=8)
