"""Which config wins in a workdir that holds a run."""

import json
import math
import pathlib

import hypothesis
import pytest
from hypothesis import strategies as st

from symmusic.config import fields, runs
from symmusic.config.check import check
from symmusic.config.field import Change
from symmusic.config.flags import parse
from symmusic.config.protocol import base_config
from symmusic.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = base_config()
VALUES = dict(fields.walk(BASE))
WORDS = (
    'melody',
    'phrase',
    'end',
    'tune',
    'none',
    'bahdanau',
    'last',
    'all',
    'auto',
    'stateful',
    'window',
    'a/b c.mid',
    'é',
)
KINDS = {
    bool: st.booleans(),
    int: st.integers(0, 300) | st.integers(0, 2**32 - 1),
    float: st.floats(0, 100),
    str: st.sampled_from(WORDS) | st.text(max_size=8),
    tuple: st.lists(st.sampled_from(('4/4', '2/2')), unique=True).map(tuple),
}


def build(values):
    config = BASE.copy_and_resolve_references()
    with config.unlock().ignore_type():
        config.update_from_flattened_dict(values)
    return config.lock()


def is_valid(config):
    try:
        check(config)
    except UserError:
        return False
    return True


@st.composite
def configs(draw):
    """Valid configs that differ from the base in some fields."""
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=10))
    values = {}
    for name in names:
        drawn = draw(KINDS[type(VALUES[name])])
        values[name] = VALUES[name] if fields.FIELDS[name].rule(drawn) else drawn
    while not is_valid(config := build(values)):
        values.popitem()  # some fields do not fit together
    return config


def command(*argv):
    return parse(argv, root=ROOT, modes=('train', 'sample'))


def refusal(function, *arguments):
    with pytest.raises(UserError) as caught:
        function(*arguments)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@hypothesis.given(configs())
@hypothesis.settings(max_examples=60, deadline=None)
def test_json_round_trip(config):
    text = runs.to_json(config)
    back = runs.from_json(text, BASE)
    assert back == config
    assert back.is_locked
    assert {name: type(value) for name, value in fields.walk(back)} == {
        name: type(value) for name, value in VALUES.items()
    }
    assert runs.to_json(back) == text
    assert runs.from_dict(runs.to_dict(config), BASE) == config


def test_json_is_sorted_and_indented():
    text = runs.to_json(BASE)
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + '\n'
    assert json.loads(text)['data']['meters'] == ['all']


@pytest.mark.parametrize(
    'text', ['', '{', '[]', 'null', '3', '"x"', '[' * 100_000, '{"a":' * 900 + '1' + '}' * 900]
)
def test_damaged_json(text):
    assert "the run's config.json is " in refusal(runs.from_json, text, BASE)


@pytest.mark.parametrize(
    ('section', 'name', 'value'),
    [
        ('train', 'num_epochs', '3'),
        ('train', 'num_epochs', 3.0),
        ('train', 'num_epochs', True),
        ('train', 'num_epochs', None),
        ('train', 'learning_rate', math.nan),
        ('train', 'learning_rate', 10**400),
        ('data', 'meters', [['4/4']]),
        ('data', 'meters', '4/4'),
        ('data', 'corpus', []),
        ('model', 'bidirectional', 1),
    ],
)
def test_damaged_value(section, name, value):
    stored = runs.to_dict(BASE)
    stored[section][name] = value
    assert "the run's config.json is damaged: " in refusal(runs.from_json, json.dumps(stored), BASE)


def test_what_a_run_was_made_with_is_beside_its_config():
    sessions = [{'commit': 'a', 'versions': {'jax': '1'}}, {'commit': None}]
    text = runs.to_json(BASE, sessions)
    assert runs.from_json(text, BASE) == BASE
    assert runs.made_with(text) == sessions
    assert runs.made_with(runs.to_json(BASE)) == []  # of an older version
    for damaged in ('{', '[]', '{"made_with": 3}', '[' * 100_000):
        assert "the run's config.json is damaged: " in refusal(runs.made_with, damaged)


def test_fields_of_sampling_and_evaluation_may_have_come_later():
    stored = runs.to_dict(BASE)
    del stored['sample']['top_k']
    del stored['evaluate']
    del stored['train']['checkpoint_minutes']
    assert runs.from_dict(stored, BASE) == BASE
    del stored['train']['num_epochs']
    assert 'train.num_epochs is missing' in refusal(runs.from_dict, stored, BASE)


def test_a_run_older_than_the_field_of_devices_had_one():
    stored = runs.to_dict(BASE)
    del stored['train']['cpu_devices']
    assert runs.differences(runs.from_dict(stored, BASE), BASE, ()) == [
        'train.cpu_devices is 1 in the run and 0 now'
    ]


def test_other_fields():
    stored = runs.to_dict(BASE)
    del stored['data']['corpus']
    stored['data']['korpus'] = 'x'
    line = refusal(runs.from_dict, stored, BASE)
    assert (
        line == "the run's config.json is not of this version of symmusic: data.corpus is missing,"
        ' data.korpus is unknown; train again in another --workdir'
    )


@hypothesis.given(configs(), configs())
@hypothesis.settings(max_examples=40, deadline=None)
def test_differences_name_each_field_once(run, config):
    run_values, values = dict(fields.walk(run)), dict(fields.walk(config))
    lines = runs.differences(run, config, ())
    assert [line.split()[0] for line in lines] == [
        name for name in values if values[name] != run_values[name]
    ]
    assert all(
        repr(values[line.split()[0]]) in line and repr(run_values[line.split()[0]]) in line
        for line in lines
    )
    assert runs.differences(run, run, ()) == []


def test_resumes_the_same_run():
    runs.check_same_run(BASE, BASE, 'w')
    runs.check_same_run(
        BASE, build({'train.num_epochs': 51, 'sample.num_bars': 9, 'sample.temperature': 0.5}), 'w'
    )


def another(name):
    """The base config with another value of one field that is allowed on its own."""
    value = VALUES[name]
    words = 'x', 'end', 'thesis', 'tune', 'last', 'fused', 'bfloat16', 'validation', 'fixed'
    candidates = {
        bool: lambda: [not value],
        int: lambda: [value + 1, value - 1],
        float: lambda: [value / 2 or 0.5],
        str: lambda: words,
        tuple: lambda: [('4/4',), (16,)],
    }[type(value)]()
    allowed = [each for each in candidates if each != value and not fields.FIELDS[name].rule(each)]
    return build({name: (allowed or candidates)[0]})


FREE, ROUNDING = (set(fields.names_of(change)) for change in (Change.FREE, Change.ROUNDING))


def test_each_field_declares_once_what_another_value_does_on_resuming():
    names = [name for change in Change for name in fields.names_of(change)]
    assert sorted(names) == sorted(VALUES)
    assert {'train.checkpoint_minutes', 'train.tensorboard'} <= FREE
    assert {'train.cpu_devices', 'train.updates_per_dispatch'} <= ROUNDING
    # all that is read after training or beside it, and nothing that the parameters depend on
    of_drawing = {name for name in VALUES if name.startswith(('sample.', 'evaluate.', 'study.'))}
    beside = {'train.checkpoint_minutes', 'train.tensorboard', 'train.originality_pieces'}
    assert FREE - of_drawing == beside
    assert not of_drawing - FREE


@pytest.mark.parametrize('name', sorted(VALUES))
def test_resuming_does_as_declared(name):
    config, value = another(name), VALUES[name]
    now = dict(fields.walk(config))[name]
    if fields.FIELDS[name].change is Change.FIXED:
        line = refusal(runs.check_same_run, BASE, config, 'w')
        assert line.startswith(f'w holds another run: {name} is {value!r} in the run and {now!r} ')
        return
    runs.check_same_run(BASE, config, 'w')
    changed = runs.changes_of_rounding(BASE, config)
    assert changed == (f'{name} {value!r} before and {now!r} now' if name in ROUNDING else '')
    if fields.FIELDS[name].change is Change.LARGER:
        assert 'more than' in refusal(runs.check_same_run, config, BASE, 'w')
    else:
        runs.check_same_run(config, BASE, 'w')


def test_sessions_keep_their_rounding():
    """Older versions did not record it; they refused other values than those of the run's
    config.
    """
    run = build({'train.cpu_devices': 3})
    newer = {'commit': 'b', 'rounding': runs.rounding(BASE)}
    before, after = runs.with_rounding([{'commit': 'a'}, newer], run)
    assert after == newer
    assert before['rounding']['train.cpu_devices'] == 3
    assert before['rounding'].keys() == ROUNDING


def test_another_run_lists_all_differences():
    config = build({'data.corpus': 'x', 'seed': 3, 'train.num_epochs': 60, 'sample.num_bars': 1})
    assert (
        refusal(runs.check_same_run, BASE, config, 'w')
        == "w holds another run: data.corpus is 'folk' in the run and 'x' now; seed is 0 in the run"
        ' and 3 now. Choose another --workdir, or the same settings to continue'
    )


def test_fewer_epochs_are_refused():
    line = refusal(runs.check_same_run, BASE, build({'train.num_epochs': 49}), 'w')
    assert 'w holds a run of 50 epochs, more than config.train.num_epochs = 49' in line


def test_sampling_takes_the_run_and_the_commands_sample_section(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(
        'from configs import base\ndef get_config():\n  config = base.get_config()\n '
        ' config.sample.num_bars = 9\n  config.seed = 3\n  config.model.num_cells = 7\n  return'
        ' config'
    )
    run = build(
        {
            'data.corpus': 'x',
            'model.num_cells': 5,
            'train.num_epochs': 2,
            'sample.num_bars': 1,
            'sample.top_k': 3,
            'seed': 8,
        }
    )
    config = runs.for_sampling(run, command(f'--config={path}', '--config.sample.temperature=0'))
    assert config.is_locked
    assert config == build(
        {
            'data.corpus': 'x',
            'model.num_cells': 5,
            'train.num_epochs': 2,
            'sample.num_bars': 9,
            'sample.temperature': 0.0,
            'seed': 8,
        }
    )
    assert runs.for_sampling(run, command('--config.seed=4')).seed == 4


def test_sampling_refuses_other_values_than_the_run_s():
    run = build({'data.corpus': 'x', 'model.num_cells': 5})
    assert (
        runs.for_sampling(
            run, command('--config.data.corpus=x', '--config.model.num_cells=5')
        ).data.corpus
        == 'x'
    )
    assert (
        refusal(runs.for_sampling, run, command('--config.data.corpus=y'))
        == "--config.data.corpus=y: the run in this workdir has 'x'; leave it out, or choose"
        ' another --workdir'
    )


@hypothesis.given(configs())
@hypothesis.settings(max_examples=30, deadline=None)
def test_sampling_changes_neither_config(run):
    asked = command('--config.sample.num_bars=3')
    texts = runs.to_json(run), runs.to_json(asked.config)
    config = runs.for_sampling(run, asked)
    assert (runs.to_json(run), runs.to_json(asked.config)) == texts
    assert runs.differences(run, config, ('sample.', 'evaluate.', 'study.')) == []
    assert config.sample == asked.config.sample
    assert config.evaluate == asked.config.evaluate


def test_sampling_checks_that_fields_fit_together():
    run = build({'model.bidirectional': True})
    line = refusal(runs.for_sampling, run, command('--config.sample.form=stateful'))
    assert "config.sample.form = 'stateful' with config.model.bidirectional = True" in line


@pytest.mark.parametrize(
    ('field', 'value', 'stored'),
    [('model.bars_left', 'False', True), ('data.steps_per_quarter', '12', 4)],
)
def test_the_shipped_model_s_fields_are_fixed(field, value, stored):
    """The line names the value that it has and the command that trains, not a run."""
    asked = command('--mode=sample', f'--config.{field}={value}')
    run = command().config
    line = refusal(runs.for_sampling, run, asked, 'launch.py --workdir=mine')
    assert line.startswith(f'--config.{field}={value}: ')
    assert f'{stored!r}; ' in line
    assert line.endswith('launch.py --workdir=mine')
    assert 'the run in' not in line
    same = command('--mode=sample', f'--config.{field}={stored}')
    assert runs.for_sampling(run, same, 'launch.py').model == run.model
