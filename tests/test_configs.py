"""Every config trains, and every combination of choices either trains or is refused in one line."""

import dataclasses
import functools
import itertools
import pathlib

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

import launch
from configs import attn
from symmusic.config.fields.run import VARIANTS
from symmusic.config.flags import parse
from symmusic.corpus.dataset import Dataset
from symmusic.errors import UserError
from symmusic.experiment.arm import list_arms
from symmusic.experiment.ground import Corpora
from symmusic.experiment.sizes import size_up
from symmusic.melody.encodings import OF_STEPS
from symmusic.model.scores import KINDS
from symmusic.model.size import count_parameters
from symmusic.training import build, corpora
from symmusic.training.data import put
from symmusic.training.shipped import read_shipped
from symmusic.training.state import init_state
from symmusic.training.step import update
from tests.corpus.tunes import random_notes, write_files
from tests.score.midi_bytes import melody

ROOT = pathlib.Path(launch.__file__).parent
ALL = sorted(
    path.stem for path in (ROOT / 'configs').glob('*.py') if path.stem not in ('base', '__init__')
)
EXPERIMENTS = [name for name in ALL if name.startswith('exp')]
SIZED = ('exp4', 'exp4_gaps', 'exp5')  # whose arms set their own cells
BENCHMARKS = ['pearce']
CONFIGS = [name for name in ALL if name not in EXPERIMENTS + BENCHMARKS]
ENCODINGS, ATTENTIONS, DIRECTIONS = sorted(OF_STEPS), ('none', *sorted(KINDS)), (False, True)
TARGETS, PROTOCOLS = ('last', 'all', 'gap'), ('symmusic', 'thesis')
SMALL = (
    'model.num_layers=1',
    'model.num_cells=4',
    'model.num_heads=2',
    'model.attention_size=2',
    'train.batch_size=4',
    'train.sequence_steps=32',
    'train.sequence_hop_steps=32',
)
FINER = ('train.sequence_steps=96', 'train.sequence_hop_steps=96')  # a bar of triplets is 48 steps
QUICK = (('melody', 'symmusic'), ('pianoroll_faithful', 'thesis'))  # the other cases are slow
# compiled, that is, not run
QUICKLY = {'xla_backend_optimization_level': 0, 'xla_llvm_disable_expensive_passes': True}


@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    """Eight tunes of eight bars and more."""
    folder = tmp_path_factory.mktemp('tunes')
    return write_files(
        folder, {f'{seed}.mid': melody(*random_notes(seed, 50)) for seed in range(8)}
    )


def config_of(corpus, name, *fields):
    small = SMALL + FINER * (name == 'triplets')
    words = [
        f'--config=configs/{name}.py',
        *(f'--config.{field}' for field in (f'data.corpus={corpus}', *small, *fields)),
    ]
    return parse(words, root=ROOT, modes=('train',)).config


@functools.cache
def dataset_of(corpus, encoding, targets, protocol) -> Dataset:
    fields = [f'data.encoding={encoding}', f'train.targets={targets}', f'data.protocol={protocol}']
    config = config_of(corpus, 'lstm', *fields, f'model.bidirectional={targets == "gap"}')
    return build.dataset(config, corpora.corpus(config))


def prepared(config, data):
    """The arguments of an update, except for the values of its arrays."""
    architecture = build.architecture(config, data.vocabulary, data.meters)
    recipe = build.recipe(config, data)
    return (
        {'architecture': architecture, 'recipe': recipe},
        put(data.train),
        np.zeros(config.train.batch_size, np.int32),
    )


@pytest.mark.parametrize('name', CONFIGS)
def test_every_config_passes_one_update(name, corpus):
    config = config_of(corpus, name)
    pass_one_update(config, build.dataset(config, corpora.corpus(config)))


@pytest.mark.parametrize('run', ['traced', pytest.param('run', marks=pytest.mark.slow)])
@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('name', EXPERIMENTS)
def test_every_arm_of_an_experiment_passes_one_update(name, variant, run, corpus, capsys):
    """Each reports its number of parameters; the arms keep the sizes that they set themselves."""
    tiny = [
        'model.attention_size=2',
        'train.batch_size=4',
        'train.sequence_steps=32',
        'train.sequence_hop_steps=32',
    ]
    tiny += ['model.num_layers=1', *([] if name in SIZED else ['model.num_cells=3'])]
    words = [f'--config=configs/{name}.py', '--mode=experiment', f'--config.variant={variant}']
    stated = parse(
        [*words, *(f'--config.{field}' for field in tiny)], root=ROOT, modes=('experiment',)
    ).experiment
    configs = {arm: on_corpus(config, corpus) for arm, config in stated.configs[variant].items()}
    arms = list_arms(dataclasses.replace(stated, configs={variant: configs}), pathlib.Path())
    corpora = Corpora()
    size_up(stated, arms, corpora)
    said, passed = capsys.readouterr().out, []
    for arm in arms:
        data = corpora.dataset(arm.config)
        static, _, _ = prepared(arm.config, data)
        assert f'  {arm.name}: ' in said
        assert (
            f', {count_parameters(static["architecture"]):,} parameters, {len(data.train)} training'
            ' windows' in said
        )
        if static in passed:  # an arm that differs only in sampling is trained like another
            continue
        passed.append(static)
        (trace_one_update if run == 'traced' else pass_one_update)(arm.config, data)


def on_corpus(config, corpus):
    """With the toy corpus in place of any other."""
    changed = ConfigDict(config.to_dict())
    changed.data.update(corpus=str(corpus), max_windows=20)
    return changed.lock()


def pass_one_update(config, data):
    static, windows, _ = prepared(config, data)
    state = (
        jax.jit(functools.partial(init_state, **static))
        .lower(jax.random.key(0))
        .compile(QUICKLY)(jax.random.key(0))
    )
    before = jax.tree.map(np.array, state.params)
    rows_B = np.arange(config.train.batch_size, dtype=np.int32)
    state, loss = update.lower(state, windows, rows_B, **static).compile(QUICKLY)(
        state, windows, rows_B
    )
    assert 0 < float(loss) < 10
    assert int(state.step) == 1
    changed = jax.tree.map(lambda old, new: bool((old != new).any()), before, state.params)
    still = {
        jax.tree_util.keystr(path)
        for path, moved in jax.tree_util.tree_flatten_with_path(changed)[0]
        if not moved
    }
    assert still <= {"['attention']['bias']"}  # a score's bias cancels in the softmax


@pytest.mark.parametrize(
    ('encoding', 'protocol'),
    [
        pytest.param(*case, marks=[] if case in QUICK else pytest.mark.slow)
        for case in itertools.product(ENCODINGS, PROTOCOLS)
    ],
)
def test_every_combination_trains_or_is_refused(encoding, protocol, corpus):
    """Traced, not compiled: the shapes of an update's results, and of its loss."""
    for attention, bidirectional, targets in itertools.product(ATTENTIONS, DIRECTIONS, TARGETS):
        fields = [
            f'data.encoding={encoding}',
            f'data.protocol={protocol}',
            f'model.attention={attention}',
        ]
        fields += [f'model.bidirectional={bidirectional}', f'train.targets={targets}']
        if bidirectional and targets == 'all':
            with pytest.raises(
                UserError, match='a bidirectional model sees the steps it would predict'
            ):
                config_of(corpus, 'lstm', *fields)
            continue
        if targets == 'gap' and not bidirectional:
            with pytest.raises(UserError, match='a gap is filled from both sides'):
                config_of(corpus, 'lstm', *fields)
            continue
        data = dataset_of(corpus, encoding, targets, protocol)
        assert (data.test is None) == (protocol == 'thesis')
        assert len(data.train)
        assert len(data.validation)
        trace_one_update(config_of(corpus, 'lstm', *fields), data)


REFUSED = {  # by kind, what is refused, with words of the first reason
    'transformer': {'attention': 'of its own', 'gap': 'what follows a gap', 'both': 'only earlier'},
    'hybrid': {'attention': 'of its own', 'gap': '', 'both': 'only earlier'},
}


@pytest.mark.parametrize('kind', REFUSED)
def test_every_combination_of_a_kind_trains_or_is_refused(kind, corpus):
    for attention, bidirectional, targets in itertools.product(ATTENTIONS, DIRECTIONS, TARGETS):
        fields = [f'model.kind={kind}', f'model.attention={attention}']
        fields += [f'model.bidirectional={bidirectional}', f'train.targets={targets}']
        reasons = {
            'attention': attention != 'none',
            'gap': targets == 'gap' and REFUSED[kind]['gap'],
            'both': bidirectional and targets != 'gap',
            'one side': targets == 'gap' and not bidirectional,
        }
        if broken := [name for name, is_so in reasons.items() if is_so]:
            words = REFUSED[kind].get(broken[0], 'a gap is filled from both sides')
            with pytest.raises(UserError, match=words):
                config_of(corpus, 'lstm', *fields)
            continue
        data = dataset_of(corpus, 'melody', targets, 'symmusic')
        trace_one_update(config_of(corpus, 'lstm', *fields), data)


def test_arms_that_are_compared_have_as_many_parameters_and_the_same_inputs():
    """To 2 %, with the vocabulary and the metres of the shipped model; only the default, which
    fills gaps as well, looks ahead.
    """
    _, card, _ = read_shipped()
    configs = {
        name: parse([f'--config=configs/{name}.py'], root=ROOT, modes=('train',)).config
        for name in ('attn', 'transformer', 'hybrid')
    } | {'left to right': attn.left_to_right()}
    networks = {
        name: build.architecture(config, card.vocabulary, card.meters)
        for name, config in configs.items()
    }
    sizes = {name: count_parameters(network) for name, network in networks.items()}
    assert (sizes['attn'], own := sizes['left to right']) == (533_003, 534_611)
    assert all(abs(size / own - 1) < 0.02 for size in sizes.values()), sizes
    assert len({networks[name].blocks for name in networks if name != 'attn'}) == 1


def trace_one_update(config, data):
    static, windows, rows_B = prepared(config, data)
    state = jax.eval_shape(functools.partial(init_state, **static), jax.random.key(0))
    after, loss = jax.eval_shape(functools.partial(update, **static), state, windows, rows_B)
    assert loss.shape == ()
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), after) == jax.tree.map(
        lambda leaf: (leaf.shape, leaf.dtype), state
    )
