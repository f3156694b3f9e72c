"""The config as a contract: whatever passes the checks builds and makes an update, and whatever
does not is refused in one line.
"""

import string

import hypothesis
import jax
import numpy as np
import pytest
from hypothesis import strategies as st

import launch
from symmusic.config import fields
from symmusic.config.flags import parse
from symmusic.config.protocol import base_config
from symmusic.corpus.batches import batch_rows
from symmusic.errors import UserError
from symmusic.training import build, corpora
from symmusic.training.data import put
from symmusic.training.replicas import held_out_losses, init_replicas, initial_keys, update_replicas
from tests.corpus.tunes import random_notes, write_files
from tests.score.midi_bytes import melody

BASE = dict(fields.walk(base_config()))
WHOLE = {  # ranges within what is allowed, small enough to compute with
    'seed': (0, 2**32 - 3),
    'replicas': (1, 2),
    'data.window_steps': (2, 70),
    'data.hop_steps': (1, 40),
    'data.max_windows': (0, 60),
    'data.split_seed': (0, 2**32 - 1),
    'model.num_layers': (1, 3),
    'model.num_cells': (1, 5),
    'model.attention_size': (1, 4),
    'model.num_heads': (1, 2),
    'train.sequence_steps': (2, 70),
    'train.sequence_hop_steps': (1, 40),
    'train.held_out_steps': (2, 70),
    'train.num_epochs': (1, 5),
    'train.batch_size': (1, 9),
    'train.warmup_updates': (0, 3),
    'train.cosine_epochs': (0, 7),
    'train.plateau_patience': (1, 3),
    'train.early_stopping_epochs': (0, 3),
    'train.originality_pieces': (0, 9),
    'sample.lowest': (0, 127),
    'sample.highest': (0, 127),
    'sample.min_notes_per_bar': (0, 16),
    'sample.max_notes_per_bar': (0, 16),
    'sample.max_copied_run': (0, 3),
    'sample.max_copied_from_prompt': (0, 3),
}
REAL = {
    'data.train_share': (0.3, 1),
    'model.dropout_rate': (0, 0.99),
    'model.last_notes_dropout': (0, 0.99),
    'train.learning_rate': (1e-6, 10),
    'train.clip_norm': (0, 1e9),
    'train.label_smoothing': (0, 0.99),
    'train.weight_decay': (0, 100),
    'train.average_decay': (0, 0.999),
    'train.plateau_factor': (0.01, 0.99),
    'train.plateau_threshold': (1e-9, 100),
    'sample.temperature': (0, 100),
    'sample.top_p': (0.01, 1),
}
WORDS = {
    'data.encoding': ('melody', 'pianoroll', 'pianoroll_faithful', 'pitches'),
    'data.protocol': ('symmusic', 'thesis'),
    'data.rests': ('phrase', 'end'),
    'data.split': ('tune', 'window'),
    'model.attention': ('none', 'bahdanau', 'weighted'),
    'model.kind': ('lstm', 'lstm', 'transformer', 'hybrid'),
    'train.targets': ('last', 'all', 'gap'),
    'sample.form': ('auto', 'stateful', 'window'),
    'data.meters': ('4/4', '4/4,2/2'),
    'model.lookback': ('()', '1', '16,32', '3,70'),
}
GAPS = {  # what only a model for infilling has; the first is the default
    'train.gap_share': (1.0, 1.0, 0.5),
    'model.backward_layers': (0, 0, 1, 2),
    'model.backward_cells': (0, 0, 3),
    'model.agreement_ahead': (False, False, True),
}
FLAGS = [name for name, value in BASE.items() if isinstance(value, bool)]
VALID = {
    **{name: st.integers(*ends) for name, ends in WHOLE.items()},
    **{name: st.floats(*ends, allow_subnormal=False) for name, ends in REAL.items()},
    **{name: st.booleans() for name in FLAGS if name not in ('train.tensorboard', 'sample.wav')},
    **{name: st.sampled_from(words) for name, words in (WORDS | GAPS).items()},
}
DRAWN = st.lists(st.sampled_from(sorted(VALID)), max_size=14, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({n: VALID[n] for n in names})
)


def broken_pairs(values):
    """The fields that do not fit together, by independent rules."""
    of = {**BASE, 'train.num_epochs': 50, **values}
    pairs = []
    kind, heads_cells = of['model.kind'], 2 * of['model.num_heads']
    if kind != 'lstm' and of['model.attention'] != 'none':
        pairs.append(('model.kind', 'model.attention'))
    if kind != 'lstm' and of['model.num_cells'] % heads_cells:
        pairs.append(('model.kind', 'model.num_cells'))
    if of['train.targets'] == 'gap' and of['model.backward_layers'] > of['model.num_layers']:
        pairs.append(('model.backward_layers', 'model.num_layers'))
    if kind == 'transformer' and of['train.targets'] == 'gap':
        pairs.append(('model.kind', 'train.targets'))
    if kind != 'lstm' and of['model.bidirectional'] and of['train.targets'] != 'gap':
        pairs.append(('model.kind', 'model.bidirectional'))
    if of['model.bidirectional'] and of['train.targets'] == 'all':
        pairs.append(('train.targets', 'model.bidirectional'))
    if of['train.targets'] == 'gap' and not of['model.bidirectional']:
        pairs.append(('train.targets', 'model.bidirectional'))
    if of['train.targets'] == 'gap' and of['sample.form'] == 'window':
        pairs.append(('sample.form', 'train.targets'))
    if (
        of['model.bidirectional']
        and of['train.targets'] != 'gap'
        and of['sample.form'] == 'stateful'
    ):
        pairs.append(('sample.form', 'model.bidirectional'))
    if 0 < of['train.cosine_epochs'] < of['train.num_epochs']:
        pairs.append(('train.cosine_epochs', 'train.num_epochs'))
    split = {'symmusic': 'tune', 'thesis': 'window'}[of['data.protocol']]
    if of['train.originality_pieces'] and values.get('data.split', split) == 'window':
        pairs.append(('train.originality_pieces', 'data.split'))
    if of['data.max_windows'] == 1 and values.get('data.split', split) == 'window':
        pairs.append(('data.max_windows', 'data.split'))
    if of['sample.lowest'] > of['sample.highest']:
        pairs.append(('sample.lowest', 'sample.highest'))
    if of['sample.min_notes_per_bar'] > of['sample.max_notes_per_bar']:
        pairs.append(('sample.min_notes_per_bar', 'sample.max_notes_per_bar'))
    for name in ('model.recall', 'model.relative_scores'):
        if of[name] and not of['model.last_notes']:
            pairs.append((name, 'model.last_notes'))
    agrees = of['model.agreement'] and of['model.lookback'] not in ('()', ())
    if of['model.copying'] and not (agrees or of['model.recall']):
        pairs.append(('model.copying', 'model.recall'))
    if of['data.encoding'] == 'pitches':
        by_steps = ('train.augment_keys', 'train.originality_pieces', 'model.metric_position')
        by_steps += ('model.bars_left', 'model.agreement', 'model.last_notes')
        reads = {name: of[name] for name in by_steps}
        reads['train.targets'] = of['train.targets'] != 'all'
        reads['model.lookback'] = of['model.lookback'] not in ('()', ())
        pairs += [('data.encoding', name) for name, is_read in reads.items() if is_read]
    for name in ('sample.max_copied_run', 'sample.max_copied_from_prompt'):
        if of[name] == 1:
            pairs.append((name, ''))
    return pairs


def command(*words):
    return parse(['--config=configs/base.py', *words], root=launch.ROOT, modes=launch.MODES)


@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tunes')
    return write_files(
        folder, {f'{seed}.mid': melody(*random_notes(seed, 60)) for seed in range(20)}
    )


def check_a_config(corpus, values):
    words = [
        f'--config.{name}={value}' for name, value in {'data.corpus': corpus, **values}.items()
    ]
    pairs = broken_pairs(values)
    if pairs:
        with pytest.raises(UserError) as caught:
            command(*words)
        assert any(all(name in str(caught.value) for name in pair) for pair in pairs), str(
            caught.value
        )
        return
    config = command(*words).config
    try:
        data = build.dataset(config, corpora.corpus(config))
    except UserError as error:
        if config.data.window_steps < 8 and 'copies of training windows' in str(error):
            return  # so few steps that every window is known
        raise
    architecture = build.architecture(config, data.vocabulary, data.meters)
    recipe = build.recipe(config, data)
    states = init_replicas(initial_keys(config.seed, config.replicas), architecture, recipe)
    rows_RUB = np.stack(
        [
            batch_rows(len(data.train), config.train.batch_size, config.seed + r, 0)[:1]
            for r in range(config.replicas)
        ]
    )
    active_R, how = np.ones(config.replicas, bool), {'architecture': architecture, 'recipe': recipe}
    states, losses_RU = update_replicas(states, put(data.train), rows_RUB, active_R, **how)
    assert np.isfinite(losses_RU).all()
    assert states.step.tolist() == [1] * config.replicas
    assert all(
        np.isfinite(leaf).all() for leaf in jax.tree.leaves((states.params, states.average_params))
    )
    how = {
        'architecture': architecture,
        'targets': recipe.targets,
        'batch_size': config.train.batch_size,
    }
    assert np.isfinite(held_out_losses(states.average_params, put(data.validation), **how)).all()


QUIETLY = [
    hypothesis.HealthCheck.too_slow,
    hypothesis.HealthCheck.function_scoped_fixture,
    hypothesis.HealthCheck.data_too_large,
]


@hypothesis.given(values=DRAWN)
@hypothesis.settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=QUIETLY,
    derandomize=True,
    phases=[hypothesis.Phase.generate],
)
def test_what_passes_the_checks_makes_an_update(corpus, values):
    check_a_config(corpus, values)


@pytest.mark.slow
@hypothesis.given(values=DRAWN)
@hypothesis.settings(max_examples=300, deadline=None, suppress_health_check=QUIETLY)
def test_whatever_passes_the_checks_makes_an_update(corpus, values):
    check_a_config(corpus, values)


TEXTS = st.sampled_from(
    [
        '-1',
        '0',
        '1',
        '2',
        '99999999999',
        '1e400',
        'nan',
        '-inf',
        'None',
        'True',
        'melodie',
        "('3/4',)",
        '(1,',
        '[]',
        '"',
        '1_0',
        '0x10',
    ]
)
TEXTS |= st.text(string.printable, max_size=6) | st.integers().map(str) | st.floats().map(str)


@hypothesis.given(st.sampled_from(sorted(fields.FIELDS)), TEXTS)
@hypothesis.settings(max_examples=150, deadline=None)
def test_a_value_is_allowed_or_refused_with_key_value_and_what_is_allowed(name, text):
    try:
        config = command(f'--config.{name}={text}').config
    except UserError as error:
        line = ' '.join(str(error).split())
        together = (
            ' with config.' in line
            or 'at most config.' in line
            or 'before config.' in line
            or 'must be 0' in line
        )
        assert f'config.{name} = ' in line or f'config.{name}=' in line, line
        assert 'must be ' in line or together, line
        return
    assert fields.FIELDS[name].rule(dict(fields.walk(config))[name]) is None


@pytest.mark.parametrize('name', sorted(fields.FIELDS))
def test_every_field_refuses_a_bad_value(name, capsys):
    """Status 2 and a line with the key, the value and what is allowed."""
    bad = (
        '\n'
        if isinstance(BASE[name], str) and name not in WORDS and name not in ('sample.rank',)
        else '-7.5x'
    )
    if isinstance(BASE[name], str) and BASE[name] and bad == '-7.5x':
        bad = f'{BASE[name]}x'
    assert launch.main([f'--config.{name}={bad}', '--config=configs/base.py']) == 2
    line = capsys.readouterr().err
    assert line.count('\n') == 1
    assert f'config.{name}' in line
    assert bad.strip() in line
    assert 'must be ' in line
    if BASE[name] and bad == f'{BASE[name]}x':
        assert 'did you mean ' in line


@hypothesis.given(
    st.sampled_from([*(f'config.{name}' for name in fields.FIELDS), 'workdir', 'config', 'mode']),
    st.data(),
)
@hypothesis.settings(max_examples=60, deadline=None)
def test_unknown_flags_are_named_with_the_nearest(name, data):
    """A letter of its last part is left out, doubled or changed."""
    head, _, word = name.rpartition('.')
    place = data.draw(st.integers(1, len(word) - 1))
    letter = data.draw(st.sampled_from(['', word[place] * 2, 'q']))
    typo = f'{head}.' * bool(head) + word[:place] + letter + word[place + 1 :]
    hypothesis.assume(
        typo.removeprefix('config.') not in fields.FIELDS
        and typo not in ('workdir', 'config', 'mode')
    )
    with pytest.raises(UserError) as caught:
        parse([f'--{typo}=1'], root=launch.ROOT, modes=launch.MODES)
    line = str(caught.value)
    assert line.startswith(f'--{typo}: no such ')
    assert 'did you mean ' in line or 'fields are ' in line or 'flags are ' in line
    if len(word) > 4:
        assert 'did you mean ' in line
