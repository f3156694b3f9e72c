"""The whole network: its shapes, what it may see, and its forms compared with one another."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.model import (
    Architecture,
    apply_all,
    apply_last,
    init_params,
)
from symmusic.model.places import first_place, later
from symmusic.model.size import count_parameters
from symmusic.model.steps import apply_step, init_carry

PLAIN = Architecture(num_classes=7, num_layers=2, num_cells=4, dropout_rate=0.4)
ATTENTIVE = dataclasses.replace(PLAIN, attention='bahdanau', attention_size=3, num_positions=16)
BOTH_WAYS = dataclasses.replace(PLAIN, bidirectional=True)
BOTH_WAYS_ATTENTIVE = dataclasses.replace(ATTENTIVE, bidirectional=True)
WEIGHTED = dataclasses.replace(PLAIN, attention='weighted')
BOTH_WAYS_WEIGHTED = dataclasses.replace(WEIGHTED, bidirectional=True)
LOOKING_BACK = dataclasses.replace(PLAIN, lookback=(1, 3), num_positions=16)
BLANKS = dataclasses.replace(LOOKING_BACK, padding=7)
# bars of 2 and 3 steps, one for each row of a problem; lookbacks of 1 and 2 bars
OF_METERS = dataclasses.replace(PLAIN, bars=(2, 3), num_positions=3, lookback=(1, 2), padding=7)
ALL = [
    PLAIN,
    ATTENTIVE,
    WEIGHTED,
    LOOKING_BACK,
    BLANKS,
    OF_METERS,
    BOTH_WAYS,
    BOTH_WAYS_ATTENTIVE,
    BOTH_WAYS_WEIGHTED,
]
ONE_WAY = [PLAIN, ATTENTIVE, WEIGHTED, LOOKING_BACK, BLANKS, OF_METERS]
BATCH, NUM_STEPS = 2, 6

jitted_all = jax.jit(apply_all, static_argnames=('architecture', 'memory_steps', 'with_weights'))
jitted_last = jax.jit(apply_last, static_argnames='architecture')
jitted_step = jax.jit(apply_step, static_argnames='architecture')


def random_problem(architecture, seed=0, num_steps=NUM_STEPS):
    """Parameters large enough for the gates to be nonlinear, tokens (with blanks, if there are
    any), and positions in the bar.
    """
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(
        functools.partial(init_params, architecture=architecture), jax.random.key(0)
    )
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), shapes)
    tokens_BT = jnp.asarray(
        rng.integers(
            max(architecture.num_classes, architecture.padding + 1), size=(BATCH, num_steps)
        )
    )
    bars = architecture.bars
    first_B1 = rng.integers(16, size=(BATCH, 1))
    if len(bars) > 1:  # each row in a metre of its own
        first_B1 = np.array([[first_place(row % len(bars), bars)] for row in range(BATCH)])
    return params, tokens_BT, later(jnp.asarray(first_B1), np.arange(num_steps), bars)


@pytest.mark.parametrize('architecture', ONE_WAY)
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**31 - 1), changed=st.integers(1, NUM_STEPS - 1))
def test_a_later_token_changes_no_earlier_logit(architecture, seed, changed):
    params, tokens_BT, positions_BT = random_problem(architecture, seed)
    logits_BTV, _ = jitted_all(params, tokens_BT, positions_BT, architecture)
    other_BTV, _ = jitted_all(
        params,
        tokens_BT.at[:, changed].set((tokens_BT[:, changed] + 1) % 7),
        positions_BT,
        architecture,
    )
    assert_array_equal(other_BTV[:, :changed], logits_BTV[:, :changed])
    assert (other_BTV[:, changed] != logits_BTV[:, changed]).any(axis=-1).all()


@pytest.mark.parametrize('architecture', ONE_WAY)
def test_the_last_position_is_the_summary_of_the_window(architecture):
    problem = random_problem(architecture)
    logits_BV, weights_BT = jitted_last(*problem, architecture)
    logits_BTV, weights_BTT = jitted_all(*problem, architecture, with_weights=True)
    assert_allclose(logits_BV, logits_BTV[:, -1], atol=1e-5)
    if architecture.attention == 'none':
        assert weights_BT is weights_BTT is None
    else:
        assert_allclose(weights_BT, weights_BTT[:, -1], atol=1e-6)


@pytest.mark.parametrize(
    ('architecture', 'memory_steps'),
    [
        (PLAIN, 3),
        (ATTENTIVE, 3),
        (ATTENTIVE, 8),
        (WEIGHTED, 3),
        (WEIGHTED, 8),
        (LOOKING_BACK, 3),
        (BLANKS, 3),
        (OF_METERS, 3),
    ],
)
def test_step_by_step_is_all_at_once(architecture, memory_steps):
    """Also where the memory is shorter than what was read."""
    params, tokens_BT, positions_BT = random_problem(architecture, num_steps=7)
    logits_BTV, weights_BTT = jitted_all(
        params, tokens_BT, positions_BT, architecture, memory_steps=memory_steps, with_weights=True
    )
    carry = init_carry(architecture, BATCH, memory_steps)
    for t in range(7):
        carry, logits_BV, weights_BM = jitted_step(
            params, carry, tokens_BT[:, t], positions_BT[:, t], architecture
        )
        assert_allclose(logits_BV, logits_BTV[:, t], atol=1e-5)
        if weights_BTT is not None:
            seen = min(t + 1, memory_steps)
            assert_allclose(
                weights_BM[:, -seen:], weights_BTT[:, t, t + 1 - seen : t + 1], atol=1e-6
            )


def test_lookback_reads_what_precedes_the_step_to_be_predicted():
    """With the rows of the present token at zero, a lookback of 3 is a model that reads everything
    two steps late, class 0 at first.
    """
    looking = dataclasses.replace(PLAIN, lookback=(3,))
    params, tokens_BT, _ = random_problem(looking)
    first = params['layers'][0]['forward']
    late = {
        **params,
        'layers': [{'forward': {**first, 'input': first['input'][7:]}}, params['layers'][1]],
    }
    first['input'] = first['input'].at[:7].set(0.0)
    logits_BTV, _ = jitted_all(params, tokens_BT, None, looking)
    expected_BTV, _ = jitted_all(late, jnp.pad(tokens_BT, ((0, 0), (2, 0)))[:, :-2], None, PLAIN)
    assert_allclose(logits_BTV, expected_BTV, atol=1e-6)


def test_each_row_is_read_in_its_own_metre():
    """A row of a model of several metres is that of a model of its metre alone: the metre's row of
    the input added to each, and bars turned into steps.
    """
    params, tokens_BT, positions_BT = random_problem(OF_METERS)
    logits_BTV, _ = jitted_all(params, tokens_BT, positions_BT, OF_METERS)
    first = params['layers'][0]['forward']
    for row, bar in enumerate(OF_METERS.bars):
        alone = dataclasses.replace(
            OF_METERS, bars=(bar,), num_positions=3, lookback=tuple(bar * n for n in (1, 2))
        )
        table = first['input']  # 7 classes, 3 steps of the bar, 2 metres, 2 lookbacks
        fixed = jnp.concatenate([table[:7] + table[10 + row], table[7:10], table[12:]])
        own = {
            **params,
            'layers': [{'forward': {**first, 'input': fixed}}, *params['layers'][1:]],
        }
        expected_BTV, _ = jitted_all(own, tokens_BT[row:][:1], np.arange(6)[None] % bar, alone)
        is_blank_T = np.cumsum(np.asarray(tokens_BT[row]) == 7) > 0
        assert_allclose(logits_BTV[row][~is_blank_T], expected_BTV[0][~is_blank_T], atol=1e-5)


def test_attention_does_not_look_at_masked_steps():
    params, tokens_BT, positions_BT = random_problem(ATTENTIVE)
    mask_BT = jnp.arange(NUM_STEPS) >= jnp.array([0, 3])[:, None]
    _, weights_BTT = jitted_all(
        params, tokens_BT, positions_BT, ATTENTIVE, mask_BT=mask_BT, with_weights=True
    )
    assert_array_equal(weights_BTT[1, :, :3], 0)
    assert (weights_BTT[0, -1] > 0).all()


@pytest.mark.parametrize('architecture', [BOTH_WAYS, BOTH_WAYS_ATTENTIVE])
def test_a_model_of_both_directions_predicts_only_what_follows_the_window(architecture):
    with pytest.raises(ValueError, match='bidirectional'):
        apply_all(*random_problem(architecture), architecture)
    with pytest.raises(ValueError, match='bidirectional'):
        init_carry(architecture, BATCH, 4)


def test_the_backward_direction_is_the_forward_one_of_the_mirrored_window():
    """With the two directions' weights exchanged, and their halves of the head, the mirrored window
    has the same logits.
    """
    architecture = dataclasses.replace(BOTH_WAYS, num_layers=1)
    params, tokens_BT, _ = random_problem(architecture)
    layer, kernel = params['layers'][0], params['head']['kernel']
    mirrored = {
        'layers': [{'forward': layer['backward'], 'backward': layer['forward']}],
        'head': {
            'kernel': jnp.concatenate([kernel[4:], kernel[:4]]),
            'bias': params['head']['bias'],
        },
    }
    logits_BV, _ = jitted_last(params, tokens_BT, None, architecture)
    assert_allclose(
        jitted_last(mirrored, tokens_BT[:, ::-1], None, architecture)[0], logits_BV, atol=1e-5
    )


def test_the_weighted_head_sees_the_context_alone():
    """The mean of all states where the vector is 0, whatever the last state is: no state weighs
    more than another.
    """
    params, tokens_BT, _ = random_problem(dataclasses.replace(BOTH_WAYS_WEIGHTED, num_layers=1))
    params['attention'] = jax.tree.map(jnp.zeros_like, params['attention'])
    logits_BV, weights_BT = jitted_last(
        params, tokens_BT, None, dataclasses.replace(BOTH_WAYS_WEIGHTED, num_layers=1)
    )
    assert_allclose(weights_BT, 1 / NUM_STEPS, atol=1e-6)
    mean_BH = []
    for direction, tokens in (('forward', tokens_BT), ('backward', tokens_BT[:, ::-1])):
        identity = {'kernel': jnp.eye(4, 7), 'bias': jnp.zeros(7)}
        one_way = {'layers': [{'forward': params['layers'][0][direction]}], 'head': identity}
        states_BTV, _ = jitted_all(one_way, tokens, None, dataclasses.replace(PLAIN, num_layers=1))
        mean_BH.append(states_BTV[..., :4].mean(axis=1))
    expected_BV = (
        jnp.concatenate(mean_BH, axis=-1) @ params['head']['kernel'] + params['head']['bias']
    )
    assert_allclose(logits_BV, expected_BV, atol=1e-5)


def test_every_token_of_the_window_counts_in_both_directions():
    params, tokens_BT, _ = random_problem(BOTH_WAYS)
    logits_BV, _ = jitted_last(params, tokens_BT, None, BOTH_WAYS)
    for t in range(NUM_STEPS):
        other_BV, _ = jitted_last(
            params, tokens_BT.at[:, t].set((tokens_BT[:, t] + 1) % 7), None, BOTH_WAYS
        )
        assert (other_BV != logits_BV).any(axis=-1).all()


def test_the_input_is_a_one_hot_token_beside_a_one_hot_position():
    """Gathered rows and their gradient = the product with the one-hot matrix, for tokens that occur
    twice and not at all.
    """
    architecture = dataclasses.replace(ATTENTIVE, num_layers=1, attention='none')
    params, tokens_BT, positions_BT = random_problem(architecture)
    tokens_BT = tokens_BT.at[0, :2].set(3)

    def step_loss(input_IG):
        """The first token's logits through `apply_all`, as a function of the input matrix alone."""
        changed = {
            **params,
            'layers': [{'forward': {**params['layers'][0]['forward'], 'input': input_IG}}],
        }
        return (
            apply_all(changed, tokens_BT[:, :2], positions_BT[:, :2], architecture)[0] ** 2
        ).sum()

    def one_hot_loss(input_IG):
        layer = params['layers'][0]['forward']
        one_hot_BTI = jnp.concatenate(
            [jax.nn.one_hot(tokens_BT[:, :2], 7), jax.nn.one_hot(positions_BT[:, :2], 16)], axis=-1
        )
        hidden_BH = cell_BH = jnp.zeros((BATCH, 4))
        loss = 0.0
        for t in range(2):
            gates = jnp.split(
                one_hot_BTI[:, t] @ input_IG + layer['bias'] + hidden_BH @ layer['recurrent'],
                4,
                axis=-1,
            )
            i, f, o = (jax.nn.sigmoid(gates[n]) for n in (0, 1, 3))
            cell_BH = f * cell_BH + i * jnp.tanh(gates[2])
            hidden_BH = o * jnp.tanh(cell_BH)
            loss += ((hidden_BH @ params['head']['kernel'] + params['head']['bias']) ** 2).sum()
        return loss

    input_IG = params['layers'][0]['forward']['input']
    actual, expected = (
        jax.jit(jax.value_and_grad(loss))(input_IG) for loss in (step_loss, one_hot_loss)
    )
    jax.tree.map(lambda a, b: assert_allclose(a, b, atol=1e-5, rtol=1e-5), actual, expected)


@pytest.mark.parametrize('architecture', [ATTENTIVE, BOTH_WAYS])
def test_dropout_only_with_a_key_and_reproducible(architecture):
    problem = random_problem(architecture)
    logits_BV, _ = jitted_last(*problem, architecture)
    keys = [jax.random.split(jax.random.key(seed), len(problem[1])) for seed in (0, 0, 1)]
    dropped_BV, again_BV, other_BV = (
        jitted_last(*problem, architecture, keys_B)[0] for keys_B in keys
    )
    assert_array_equal(again_BV, dropped_BV)
    assert (dropped_BV != logits_BV).any()
    assert (dropped_BV != other_BV).any()
    without_rate = dataclasses.replace(architecture, dropout_rate=0.0)
    assert_array_equal(jitted_last(*problem, without_rate, keys[0])[0], logits_BV)


def test_dropout_of_a_window_depends_only_on_its_key():
    """In any batch."""
    params, tokens_BT, positions_BT = random_problem(ATTENTIVE)
    keys_B = jax.random.split(jax.random.key(3), len(tokens_BT))
    together = jitted_all(params, tokens_BT, positions_BT, ATTENTIVE, keys_B)[0]
    alone = jitted_all(params, tokens_BT[1:2], positions_BT[1:2], ATTENTIVE, keys_B[1:2])[0]
    assert_allclose(together[1:2], alone, atol=1e-6)


def test_vmapped_replicas_are_separate_runs():
    """Parameters and dropout keys on a leading axis: the gradient of each replica, dropout
    included.
    """
    problems = [random_problem(ATTENTIVE, seed) for seed in range(2)]
    keys = jax.random.split(jax.random.key(7), 2)

    def loss(params, key):
        keys_B = jax.random.split(key, len(problems[0][1]))
        return (apply_all(params, *problems[0][1:], ATTENTIVE, keys_B)[0] ** 2).mean()

    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[params for params, *_ in problems])
    together = jax.jit(jax.vmap(jax.grad(loss)))(stacked, keys)
    alone = [
        jax.jit(jax.grad(loss))(params, key)
        for (params, *_), key in zip(problems, keys, strict=True)
    ]
    jax.tree.map(lambda a, *b: assert_allclose(a, jnp.stack(b), atol=1e-5), together, *alone)


@pytest.mark.parametrize('architecture', ALL)
def test_number_and_names_of_parameters(architecture):
    params, *_ = random_problem(architecture)
    cells, directions, classes = 4, 1 + architecture.bidirectional, 7
    further = architecture.num_positions + (2 if architecture is OF_METERS else 0)
    first = classes * (1 + len(architecture.lookback)) + further
    states = directions * cells
    lstms = sum(directions * 4 * cells * (inputs + cells + 1) for inputs in (first, states))
    attention = {
        'none': 0,
        'bahdanau': (2 * states + 1) * architecture.attention_size,
        'weighted': states + 1,
    }[architecture.attention]
    head = (states * (2 if architecture.attention == 'bahdanau' else 1) + 1) * classes
    assert count_parameters(architecture) == lstms + attention + head
    assert set(params) == {'layers', 'head'} | ({'attention'} if attention else set())


def test_initial_parameters():
    """Every matrix has a key of its own, every layer an orthogonal recurrence, and the same key
    gives the same parameters.
    """
    init = jax.jit(init_params, static_argnames='architecture')
    params = init(jax.random.key(0), BOTH_WAYS_ATTENTIVE)
    recurrent = [
        layer[direction]['recurrent']
        for layer in params['layers']
        for direction in ('forward', 'backward')
    ]
    gates = [gate for matrix in recurrent for gate in np.split(np.asarray(matrix), 4, axis=1)]
    assert all(np.allclose(gate @ gate.T, np.eye(4), atol=1e-5) for gate in gates)
    assert len({gate.tobytes() for gate in gates}) == len(gates)
    assert_array_equal(params['head']['bias'], 0)
    jax.tree.map(assert_array_equal, init(jax.random.key(0), BOTH_WAYS_ATTENTIVE), params)
    assert (
        init(jax.random.key(1), BOTH_WAYS_ATTENTIVE)['head']['kernel'] != params['head']['kernel']
    ).all()


def test_64_bits_agree_with_32():
    for architecture in ALL:
        params, tokens_BT, positions_BT = random_problem(architecture)
        logits_BV, _ = jitted_last(params, tokens_BT, positions_BT, architecture)
        with jax.enable_x64(True):
            wide = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), params)
            wide_BV, _ = jitted_last(wide, tokens_BT, positions_BT, architecture)
            assert wide_BV.dtype == jnp.float64
            assert_allclose(logits_BV, wide_BV, atol=1e-5)


def test_an_architecture_is_static_and_checked():
    assert hash(PLAIN) == hash(
        dataclasses.replace(ATTENTIVE, attention='none', attention_size=0, num_positions=0)
    )
    with pytest.raises(ValueError, match="'dot'"):
        dataclasses.replace(PLAIN, attention='dot')
    with pytest.raises(ValueError, match='attention_size'):
        dataclasses.replace(PLAIN, attention='bahdanau')


def test_a_blank_is_an_input_of_zeros():
    """The token one past the last class acts as a class whose rows are all 0, also in lookbacks and
    before the first step.
    """
    params, tokens_BT, positions_BT = random_problem(BLANKS)
    tokens_BT = tokens_BT.at[0, 2].set(7).at[1, :2].set(7)
    wider = dataclasses.replace(LOOKING_BACK, num_classes=8, padding=7)
    # token, position, two lookbacks
    rows = np.concatenate([np.arange(7), 8 + np.arange(16), 24 + np.arange(7), 32 + np.arange(7)])
    first = params['layers'][0]['forward']
    padded = {**first, 'input': jnp.zeros((wider.blocks[-1].end, 16)).at[rows].set(first['input'])}
    head = {
        'kernel': jnp.pad(params['head']['kernel'], ((0, 0), (0, 1))),
        'bias': jnp.pad(params['head']['bias'], (0, 1)),
    }
    other = {**params, 'layers': [{'forward': padded}, *params['layers'][1:]], 'head': head}
    logits_BTV, _ = jitted_all(params, tokens_BT, positions_BT, BLANKS)
    assert_allclose(
        logits_BTV, jitted_all(other, tokens_BT, positions_BT, wider)[0][..., :7], atol=1e-5
    )
    filled_BTV, _ = jitted_all(params, jnp.minimum(tokens_BT, 6), positions_BT, BLANKS)
    assert not np.allclose(logits_BTV, filled_BTV, atol=1e-3)  # unlike the last class
