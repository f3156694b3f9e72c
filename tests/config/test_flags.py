"""The command line: any order of flags is the same command, and every mistake is one line."""

import pathlib
import subprocess
import sys

import hypothesis
import pytest
from hypothesis import strategies as st

from symmusic.config import fields
from symmusic.config.flags import parse
from symmusic.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODES = ('train', 'sample', 'stats')
FLAGS = 'flags are --mode, --config, --workdir and --config.FIELD=VALUE'


@pytest.fixture(autouse=True)
def _hostile_program_arguments(monkeypatch):
    """Ml_collections reads the program's own arguments unless given others."""
    monkeypatch.setattr(
        sys, 'argv', ['launch.py', '--config.nothing=1', '--config=other.py', '--flagfile=nowhere']
    )


def read(*argv):
    return parse(argv, root=ROOT, modes=MODES)


def refusal(*argv):
    with pytest.raises(UserError) as caught:
        read(*argv)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def value(command, name):
    return dict(fields.walk(command.config))[name]


def write(folder, body, name='mine.py'):
    path = folder / name
    path.write_text(body)
    return path


def test_defaults():
    command = read()
    assert (command.mode, command.config_name, command.given, command.workdir) == (
        'train',
        'attn',
        (),
        None,
    )
    assert command.config.is_locked


def test_whole_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = read(
        '--config.train.num_epochs=3',
        '--config=configs/lstm.py',
        '-mode',
        'sample',
        '--workdir=runs/a',
        '--config.seed',
        '7',
    )
    assert (command.mode, command.config_name, command.given) == (
        'sample',
        'lstm',
        ('seed', 'train.num_epochs'),
    )
    assert command.workdir == pathlib.Path('runs/a')
    assert (command.config.train.num_epochs, command.config.seed) == (3, 7)


GROUPS = [
    ('--config=configs/lstm.py',),
    ('--mode', 'sample'),
    ('--workdir=w',),
    ('--config.train.num_epochs=3',),
    ('-config.seed', '5'),
    ('--config.model.bidirectional',),
    ('--config.train.targets=last',),
    ("--config.data.meters=('4/4',)",),
    ('-config.sample.transpose=false',),
    ('--config.train.learning_rate', '1'),
    ('--config.sample.prompt=',),
]


@pytest.fixture(scope='module')
def in_order():
    return read(*(word for group in GROUPS for word in group))


@hypothesis.given(st.permutations(GROUPS))
@hypothesis.settings(max_examples=25, deadline=None)
def test_any_order_is_the_same(in_order, groups):
    command = read(*(word for group in groups for word in group))
    assert command == in_order
    assert command.config_name == 'lstm'
    assert command.config.model.bidirectional
    assert not command.config.sample.transpose


@pytest.mark.parametrize(
    ('words', 'name', 'expected'),
    [
        (['--config.train.learning_rate=1'], 'train.learning_rate', 1.0),
        (['--config.train.learning_rate', '1e-3'], 'train.learning_rate', 0.001),
        (['--config.data.keep_last_window'], 'data.keep_last_window', True),
        (['--config.data.keep_last_window=False'], 'data.keep_last_window', False),
        (['--config.data.keep_last_window', 'false'], 'data.keep_last_window', False),
        (['--config.data.keep_last_window', '-mode', 'train'], 'data.keep_last_window', True),
        (["--config.data.meters=('2/2',)"], 'data.meters', ('2/2',)),
        (["--config.data.meters=['4/4', '2/2']"], 'data.meters', ('4/4', '2/2')),
        (['--config.data.meters=2/2'], 'data.meters', ('2/2',)),
        (['--config.data.meters=all'], 'data.meters', ('all',)),
        (['--config.data.meters=6/8,9/8'], 'data.meters', ('6/8', '9/8')),
        (['--config.data.meters', '4/4, 2/2'], 'data.meters', ('4/4', '2/2')),
        (
            ["--config.data.meters=('4/4',)", "--config.data.meters=('2/2',)"],
            'data.meters',
            ('2/2',),
        ),
        (['--config.seed=1', '--config.seed=2'], 'seed', 2),
        (['--config.data.corpus=a=b c'], 'data.corpus', 'a=b c'),
        (['--config.data.corpus=--flagfile=x'], 'data.corpus', '--flagfile=x'),
        (['--config.data.corpus=3'], 'data.corpus', '3'),
        (["--config.sample.prompt=it's.mid"], 'sample.prompt', "it's.mid"),
        (['--config.data.hop_steps=5'], 'data.hop_steps', 5),
        (['--config.data.hop_steps=auto'], 'data.hop_steps', 16),
        (['--config.data.hop_steps=5', '--config.data.hop_steps=auto'], 'data.hop_steps', 16),
        (['--config=configs/bidirectional.py', '--config.data.hop_steps=7'], 'data.hop_steps', 7),
        (
            ['--config=configs/bidirectional.py', '--config.data.hop_steps=auto'],
            'data.hop_steps',
            16,
        ),
        (['--config.data.align_pickups=False'], 'data.align_pickups', False),
        (['--config.data.protocol=thesis'], 'data.meters', ('4/4',)),
        (
            ['--config.data.protocol=thesis', '--config.data.meters=4/4,2/2'],
            'data.meters',
            ('4/4', '2/2'),
        ),
        (
            ['--config.data.protocol=thesis', '--config.data.keep_last_window'],
            'data.keep_last_window',
            True,
        ),
        (['--config.data.split=tune', '--config.data.protocol=thesis'], 'data.split', 'tune'),
    ],
)
def test_values(words, name, expected):
    found = value(read(*words), name)
    assert found == expected
    assert type(found) is type(expected)


def test_last_flag_wins():
    command = read(
        '--mode=stats', '--mode=sample', '--config=nowhere.py', '--config=configs/attn.py'
    )
    assert (command.mode, command.config_name) == ('sample', 'attn')


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['--workdri=x'], f'--workdri: no such flag; did you mean --workdir?; {FLAGS}'),
        (
            ['--num_epochs=3'],
            f'--num_epochs: no such flag; did you mean --config.train.num_epochs?; {FLAGS}',
        ),
        (['--flagfile=x'], f'--flagfile: no such flag; {FLAGS}'),
        (['sample'], f"'sample': a stray word; {FLAGS}"),
        (['--mode=sample', 'stray'], f"'stray': a stray word; {FLAGS}"),
        (['--'], f"'--': a stray word; {FLAGS}"),
        (['---mode=train'], f"'---mode=train': a stray word; {FLAGS}"),
        (['--workdir'], '--workdir: a value is missing; write --workdir=VALUE'),
        (['--workdir='], '--workdir: a value is missing; write --workdir=VALUE'),
        (
            ['--mode=trian'],
            '--mode=trian: no such mode; did you mean train?; modes are train, sample, stats',
        ),
        (['--mode=evaluate'], '--mode=evaluate: no such mode; modes are train, sample, stats'),
        (
            ['--config.trian.num_epochs=3'],
            '--config.trian.num_epochs: no such field; did you mean train.num_epochs?',
        ),
        (['--config.corpus=x'], '--config.corpus: no such field; did you mean data.corpus?'),
        (['--config.seed.x=3'], '--config.seed.x: no such field; did you mean seed?'),
        (
            ['--config.train.num_epochs=x'],
            '--config.train.num_epochs=x: must be a whole number from 1 to 1000000',
        ),
        (
            ['--config.train.num_epochs=3.5'],
            '--config.train.num_epochs=3.5: must be a whole number from 1 to 1000000',
        ),
        (
            ['--config.train.num_epochs=True'],
            '--config.train.num_epochs=True: must be a whole number from 1 to 1000000',
        ),
        (
            ['--config.train.num_epochs'],
            '--config.train.num_epochs: a value is missing; write --config.train.num_epochs=VALUE',
        ),
        (
            ['--config.data.corpus'],
            '--config.data.corpus: a value is missing; write --config.data.corpus=VALUE',
        ),
        (
            ['--config.train.learning_rate=fast'],
            '--config.train.learning_rate=fast: must be a number above 0 and at most 10',
        ),
        (
            ['--config.train.learning_rate=nan'],
            'config.train.learning_rate = nan: must be a number above 0 and at most 10',
        ),
        (
            ['--config.train.learning_rate', '-1'],
            'config.train.learning_rate = -1.0: must be a number above 0 and at most 10',
        ),
        (
            ['--config.sample.temperature=1e400'],
            (
                "config.sample.temperature = inf: must be 'auto' or a number of at least 0 and at"
                ' most 100'
            ),
        ),
        (['--config.seed', '-1'], 'config.seed = -1: must be a whole number from 0 to 4294967295'),
        (
            ['--config.model.bidirectional=maybe'],
            '--config.model.bidirectional=maybe: must be True or False',
        ),
        (
            ['--config.data.encoding=melodi'],
            (
                "config.data.encoding = 'melodi': must be one of 'melody', 'pianoroll',"
                " 'pianoroll_faithful', 'pitches'; did you mean melody?"
            ),
        ),
        (
            ['--config.data.protocol=thesys'],
            (
                "config.data.protocol = 'thesys': must be one of 'symmusic', 'thesis'; did you mean"
                ' thesis?'
            ),
        ),
        (
            ['--config.data.hop_steps=x'],
            '--config.data.hop_steps=x: must be a whole number from 1 to 4096',
        ),
        (
            ['--config.data.hop_steps=0'],
            'config.data.hop_steps = 0: must be a whole number from 1 to 4096',
        ),
        (
            ['--config.data.keep_last_window=maybe'],
            '--config.data.keep_last_window=maybe: must be True or False',
        ),
        (
            ['--config.data.split=windw'],
            "config.data.split = 'windw': must be one of 'tune', 'window'; did you mean window?",
        ),
        (
            ['--config.data.split'],
            '--config.data.split: a value is missing; write --config.data.split=VALUE',
        ),
        (
            ['--config.data.corpus='],
            "config.data.corpus = '': must be a name or path on one line, in UTF-8",
        ),
        (
            ["--config.data.meters=({'a': 1},)"],
            (
                "config.data.meters = ({'a': 1},): must be 'all', or a tuple of time signatures,"
                ' each once, whose bars are whole numbers of sixteenths and at most four whole'
                " notes, such as ('4/4', '6/8')"
            ),
        ),
    ],
)
def test_refusals(words, line):
    assert refusal(*words) == line


def test_a_field_like_no_other_lists_them():
    assert refusal('--config.zzzzzzzz=1').startswith(
        '--config.zzzzzzzz: no such field; fields are data.align_pickups, data.corpus, '
    )


def test_group_is_no_field():
    line = refusal('--config.train=3')
    assert line.startswith(
        '--config.train: a group of fields, not a field; it has train.augment_keys, '
    )
    assert 'train.num_epochs' in line


@pytest.mark.parametrize(
    'text', ["(__import__('os').getcwd(),)", '(' * 5000, "('4/4'", '(4/4,)', "'4/4"]
)
def test_values_are_not_run(text):
    if text == "'4/4":  # quotes around words are removed
        assert value(read(f'--config.data.meters={text}'), 'data.meters') == ('4/4',)
    else:
        assert "must be 'all', or a tuple of time signatures" in refusal(
            f'--config.data.meters={text}'
        )


@pytest.mark.parametrize(
    'path', ['nowhere.py', '.', 'configs', 'x' * 5000, 'configs/attn.py:small']
)
def test_no_such_config(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = refusal(f'--config={path}')
    assert line.startswith(f'--config={path}: no such file; there are configs/attn.py, ')
    assert 'base.py' not in line


@pytest.mark.parametrize(
    ('body', 'fault'),
    [
        (
            'def get_config(:\n',
            ': the file gives no config (SyntaxError: invalid syntax (mine.py, line 1))',
        ),
        (
            'MThd\0\0',
            (
                ': the file gives no config (SyntaxError: source code string cannot contain null'
                ' bytes)'
            ),
        ),
        (
            'import nothing_of_that_name',
            (
                ', line 1: the file gives no config (ModuleNotFoundError: No module named'
                " 'nothing_of_that_name')"
            ),
        ),
        (
            'def get_config():\n  raise ValueError("one\\ntwo")',
            ', line 2: the file gives no config (ValueError: one two)',
        ),
        (
            'def get_config():\n  assert False',
            ', line 2: the file gives no config (AssertionError)',
        ),
        ('import sys\nsys.exit(3)', ', line 2: the file gives no config (SystemExit: 3)'),
        (
            'x = 1',
            (
                ': has no get_config(); must define it and return a ConfigDict, as configs/attn.py'
                ' does'
            ),
        ),
        (
            'get_config = 3',
            (
                ': has no get_config(); must define it and return a ConfigDict, as configs/attn.py'
                ' does'
            ),
        ),
        ('def get_config():\n  return {}', ': get_config() returns a dict; must be a ConfigDict'),
        ('def get_config():\n  pass', ': get_config() returns a NoneType; must be a ConfigDict'),
        (
            (
                'from configs import base\ndef get_config():\n  config = base.get_config()\n '
                ' config.train.num_epocs = 3\n  return config'
            ),
            (
                ', line 4: the file gives no config (AttributeError: Key "num_epocs" does not exist'
                ' and cannot be added since the config is locked. Did you mean "num_epochs" instead'
                ' of "num_epocs"?)'
            ),
        ),
    ],
)
def test_faulty_config_file(body, fault, tmp_path):
    path = write(tmp_path, body)
    assert refusal(f'--config={path}') == f'--config={path}{fault}'


def test_config_file_of_another_type(tmp_path):
    path = write(
        tmp_path,
        'from configs import base\ndef get_config():\n  c = base.get_config()\n  c.train.num_epochs'
        ' = "3"\n  return c',
    )
    line = refusal(f'--config={path}')
    assert line.startswith(f'--config={path}, line 4: ')
    assert 'num_epochs' in line


def test_config_file_out_of_range(tmp_path):
    path = write(
        tmp_path,
        'from configs import base\ndef get_config():\n  c = base.get_config()\n  c.train.num_epochs'
        ' = 0\n  return c',
    )
    assert (
        refusal(f'--config={path}')
        == 'config.train.num_epochs = 0: must be a whole number from 1 to 1000000'
    )


def test_relative_config_is_first_looked_up_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'configs').mkdir()
    body = (
        'from configs import base\ndef get_config():\n  config = base.get_config()\n  config.seed ='
        ' 11\n  return config'
    )
    path = write(tmp_path / 'configs', body, 'attn.py')
    assert read('--config=configs/attn.py').config.seed == 11
    path.write_text(body.replace('11', '12'))  # no stale bytecode within the same second
    assert read('--config=configs/attn.py').config.seed == 12
    assert sorted(item.name for item in tmp_path.rglob('*')) == ['attn.py', 'configs']
    assert read('--config=configs/lstm.py').config.seed == 0


@pytest.mark.parametrize('word', ['--help', '--helpshort', '-h', '--helpfull'])
def test_help(word, capsys):
    with pytest.raises(SystemExit) as caught:
        read('--mode=sample', word)
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for part in ('train, sample, stats', 'configs/lstm.py', 'python launch.py --mode=sample'):
        assert part in shown
    assert ('--config.train.num_epochs=50\n' in shown) == (word == '--helpfull')


def test_changed_fields_are_those_that_the_file_has_another_value_of():
    words = ['--config.sample.memory_steps=256', '--config.sample.top_k=3', '--config.seed=0']
    command = read('--config=configs/attn.py', *words, '--config.data.rests=phrase')
    assert len(command.given) == 4
    assert command.changed == ('sample.top_k',)


def test_program_from_another_folder(tmp_path):
    command = [
        sys.executable,
        str(ROOT / 'launch.py'),
        '--config.trian.num_epochs=3',
        '--config=configs/lstm.py',
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr
        == 'error: --config.trian.num_epochs: no such field; did you mean train.num_epochs?\n'
    )
    assert not done.stdout


@pytest.mark.parametrize(
    ('value', 'expected'), [('16,32', (16, 32)), ('16', (16,)), ('(16, 32)', (16, 32)), ('()', ())]
)
def test_numbers_between_commas_are_a_tuple(value, expected):
    command = parse(
        ['--config=configs/lstm.py', f'--config.model.lookback={value}'],
        root=pathlib.Path(__file__).resolve().parents[2],
        modes=('train',),
    )
    assert command.config.model.lookback == expected


@pytest.mark.parametrize(('text', 'pitch'), [('C4', 60), ('bb3', 58), ('F#5', 78), ('72', 72)])
def test_pitches_may_be_named(text, pitch):
    command = read(f'--config.sample.lowest={text}')
    assert value(command, 'sample.lowest') == pitch
    assert command.given == ('sample.lowest',)


@pytest.mark.parametrize('text', ['H4', 'C', 'C10', '128', ''])
def test_what_is_no_pitch(text):
    line = refusal(f'--config.sample.highest={text}')
    assert 'sample.highest' in line
    assert 'a whole number from 0 to 127 or a note such as C4' in line


def test_pitches_are_shown_by_name():
    """As a user may have written them."""
    line = refusal('--config.sample.lowest=C5', '--config.sample.highest=60')
    assert line == 'config.sample.lowest = 72 (C5): must be at most config.sample.highest = 60 (C4)'
