"""The declarations cover base.py, and a wrong value is named with what is allowed."""

import math
import pathlib

import pytest

from symmusic.config import fields
from symmusic.config.check import check
from symmusic.config.field import AUTO
from symmusic.config.flags import parse
from symmusic.config.protocol import base_config
from symmusic.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = sorted(path for path in (ROOT / 'configs').glob('*.py') if path.stem != '__init__')
BASE = dict(fields.walk(base_config()))


def changed(**values):
    """The base config with fields, dots spelled as `__`; types are left to the check."""
    config = base_config().unlock()
    for name, value in values.items():
        section, _, leaf = name.rpartition('__')
        with (config[section] if section else config).ignore_type():
            (config[section] if section else config)[leaf] = value
    return config


def refusal(**values):
    with pytest.raises(UserError) as caught:
        check(changed(**values))
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_table_covers_base():
    assert set(fields.FIELDS) == set(BASE)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_config_builds(path):
    kind = {'exp': 'experiment', 'pea': 'benchmark'}.get(path.stem[:3], 'training')
    mode = 'train' if kind == 'training' else 'experiment'
    command = parse(
        [f'--mode={mode}', f'--config={path}'], root=ROOT, modes=('train', 'experiment')
    )
    assert command.config.is_locked
    assert command.config_name == path.stem
    assert (command.experiment is not None) == (kind == 'experiment')
    assert (command.benchmark is not None) == (kind == 'benchmark')


@pytest.mark.parametrize('name', BASE)
def test_every_field_refuses_other_types(name):
    for wrong in (
        None,
        object(),
        [1],
        {1},
        b'x',
        math.nan,
        math.inf,
        -math.inf,
        (math.nan,),
        ((),),
        ({},),
        '\0',
        'a\nb',
        '\udcff',
    ):
        assert fields.FIELDS[name].rule(wrong), (name, wrong)
    if not isinstance(BASE[name], bool):
        assert fields.FIELDS[name].rule(True)
        assert fields.FIELDS[name].rule(False)
    if not isinstance(BASE[name], str):
        assert fields.FIELDS[name].rule('1')


@pytest.mark.parametrize('name', fields.FIELDS)
def test_every_value_of_a_declaration_is_allowed(name):
    field = fields.FIELDS[name]
    values = list(field.protocols.values()) if field.protocols else [field.default]
    assert [field.rule(value) for value in values] == [None] * len(values)
    assert field.before is None or field.rule(field.before) is None
    assert field.text
    assert fields.default(name) == (AUTO if field.protocols else values[0])


def test_defaults_are_typed_but_for_groups_with_auto():
    config = fields.defaults()
    assert dict(fields.walk(config)) == {name: fields.default(name) for name in fields.FIELDS}
    assert config.is_locked
    with pytest.raises(TypeError):
        config.train.num_epochs = 'many'
    config.data.hop_steps = 7


@pytest.mark.parametrize(
    ('values', 'line'),
    [
        (
            {'data__hop_steps': 0},
            'config.data.hop_steps = 0: must be a whole number from 1 to 4096',
        ),
        (
            {'data__window_steps': 1},
            'config.data.window_steps = 1: must be a whole number from 2 to 4096',
        ),
        ({'seed': 2**32}, 'config.seed = 4294967296: must be a whole number from 0 to 4294967295'),
        ({'seed': -1}, 'config.seed = -1: must be a whole number from 0 to 4294967295'),
        ({'seed': True}, 'config.seed = True: must be a whole number from 0 to 4294967295'),
        (
            {'model__num_layers': 65},
            'config.model.num_layers = 65: must be a whole number from 1 to 64',
        ),
        (
            {'model__num_cells': 8193},
            'config.model.num_cells = 8193: must be a whole number from 1 to 8192',
        ),
        (
            {'sample__num_samples': 100_001},
            'config.sample.num_samples = 100001: must be a whole number from 1 to 100000',
        ),
        (
            {'sample__num_bars': 1025},
            'config.sample.num_bars = 1025: must be a whole number from 1 to 1024',
        ),
        (
            {'sample__top_p': 0.0},
            'config.sample.top_p = 0.0: must be a number above 0 and at most 1',
        ),
        (
            {'model__dropout_rate': 1.0},
            'config.model.dropout_rate = 1.0: must be a number of at least 0 and below 1',
        ),
        (
            {'train__sequence_steps': 1},
            'config.train.sequence_steps = 1: must be a whole number from 2 to 4096',
        ),
        (
            {'train__targets': 'lst'},
            "config.train.targets = 'lst': must be one of 'last', 'all', 'gap'; did you mean last?",
        ),
        (
            {'data__meters': ('3/32',)},
            (
                "config.data.meters = ('3/32',): must be 'all', or a tuple of time signatures, each"
                ' once, whose bars are whole numbers of sixteenths and at most four whole notes,'
                " such as ('4/4', '6/8')"
            ),
        ),
        (
            {'model__bidirectional': True, 'train__targets': 'all'},
            (
                "config.train.targets = 'all' with config.model.bidirectional = True: a"
                ' bidirectional model sees the steps it would predict; must be config.train.targets'
                " = 'last' or 'gap', or config.model.bidirectional = False"
            ),
        ),
        (
            {'model__bidirectional': True, 'sample__form': 'stateful'},
            (
                "config.sample.form = 'stateful' with config.model.bidirectional = True: a"
                " bidirectional model reads its window again; must be config.sample.form = 'window'"
                " or 'auto', or config.model.bidirectional = False"
            ),
        ),
        (
            {'train__targets': 'gap'},
            (
                "config.train.targets = 'gap' with config.model.bidirectional = False: a gap is"
                " filled from both sides; must be config.train.targets = 'all' or"
                ' config.model.bidirectional = True'
            ),
        ),
        (
            {
                'train__targets': 'gap',
                'model__bidirectional': True,
                'model__backward_layers': 3,
            },
            ('config.model.backward_layers = 3: must be at most config.model.num_layers = 2'),
        ),
        (
            {'model__kind': 'transformer', 'model__attention': 'weighted'},
            (
                "config.model.attention = 'weighted' with config.model.kind = 'transformer': it has"
                " attention of its own; must be config.model.attention = 'none' or"
                " config.model.kind = 'lstm'"
            ),
        ),
        (
            {'model__kind': 'hybrid', 'model__num_cells': 60, 'model__num_heads': 4},
            (
                "config.model.num_cells = 60 with config.model.kind = 'hybrid':"
                ' each head of config.model.num_heads = 4 has an even number of cells; must be a'
                ' multiple of 8'
            ),
        ),
        (
            {'model__kind': 'transformer', 'train__targets': 'gap', 'model__bidirectional': True},
            (
                "config.train.targets = 'gap' with config.model.kind = 'transformer': it does not"
                " read what follows a gap; must be config.train.targets = 'all', or"
                " config.model.kind = 'lstm' or 'hybrid'"
            ),
        ),
        (
            {'model__kind': 'transformer', 'model__bidirectional': True},
            (
                "config.model.bidirectional = True with config.model.kind = 'transformer': its"
                ' attention sees only earlier steps; must be False, or config.model.kind ='
                " 'lstm'"
            ),
        ),
        (
            {'model__kind': 'transformer', 'train__kernel': 'fused'},
            (
                "config.train.kernel = 'fused' with config.model.kind = 'transformer': it is a"
                " kernel of LSTM layers; must be 'scan'"
            ),
        ),
        (
            {'train__targets': 'gap', 'model__bidirectional': True, 'sample__form': 'window'},
            (
                "config.sample.form = 'window' with config.train.targets = 'gap': a model for"
                " infilling carries its state; must be config.sample.form = 'stateful' or 'auto'"
            ),
        ),
        (
            {'model__num_cell': 4},
            'config.model.num_cell: no such field; did you mean model.num_cells?',
        ),
    ],
)
def test_refusals(values, line):
    assert refusal(**values) == line


def test_missing_field():
    config = base_config().unlock()
    del config.data['corpus']
    with pytest.raises(UserError, match=r'^config\.data\.corpus is missing; .*configs/base\.py$'):
        check(config)
