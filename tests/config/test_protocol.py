"""The fields that a protocol fills, and explicit values."""

import pathlib

import hypothesis
import pytest
from hypothesis import strategies as st

from symmusic.config import fields, runs
from symmusic.config.flags import parse
from symmusic.config.protocol import AUTO, FILLED, PROTOCOLS, base_config, deviation, resolve
from symmusic.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
OTHER = {
    'data.meters': ('2/2',),
    'data.align_pickups': True,
    'data.rests': 'phrase',
    'data.keep_last_window': True,
    'data.hop_steps': 5,
    'data.split': 'tune',
}


def read(*argv):
    return parse(argv, root=ROOT, modes=('train', 'sample')).config


def values(config):
    return dict(fields.walk(config))


def test_a_field_is_auto_in_base_if_a_protocol_fills_it():
    from configs import base

    autos = {
        name
        for name, value in values(base.get_config()).items()
        if name.startswith('data.') and value == AUTO
    }
    assert autos == set(FILLED)
    for filled in PROTOCOLS.values():
        assert set(filled) == autos
        assert all(fields.FIELDS[name].rule(value) is None for name, value in filled.items())
        assert all(type(value) is type(FILLED[name]) for name, value in filled.items())


@hypothesis.given(st.sampled_from(sorted(PROTOCOLS)), st.sets(st.sampled_from(sorted(OTHER))))
def test_an_explicit_value_wins_and_the_rest_is_the_protocol_s(name, explicit):
    config = read(
        f'--config.data.protocol={name}',
        *(f'--config.{field}={OTHER[field]}' for field in explicit),
    )
    found = values(config)
    for field in FILLED:
        assert found[field] == (OTHER[field] if field in explicit else PROTOCOLS[name][field])
        assert type(found[field]) is type(FILLED[field])
    line = deviation(config)
    assert bool(line) == (name == 'thesis' and bool(explicit))
    assert all((field in line) == (field in explicit and name == 'thesis') for field in FILLED)


def test_deviations_are_one_line():
    assert deviation(read('--config.data.protocol=thesis')) == ''
    assert deviation(read('--config.data.protocol=thesis', '--config.data.hop_steps=16')) == ''
    assert (
        deviation(
            read(
                '--config.data.protocol=thesis',
                '--config.data.hop_steps=5',
                '--config.data.split=tune',
            )
        )
        == 'data.protocol = thesis, except data.hop_steps = 5 (thesis: 16), data.split = tune'
        ' (thesis: window)'
    )


def test_resolving_twice_is_resolving_once_and_leaves_the_first_alone():
    from configs import base

    config = base.get_config()
    once = resolve(config)
    assert config.data.meters == AUTO
    assert resolve(once) == once
    assert values(once) == values(base_config())


def test_a_run_stores_and_is_compared_by_resolved_values():
    run = runs.from_json(runs.to_json(read('--config.data.protocol=thesis')), base_config())
    assert run.data.meters == ('4/4',)
    runs.check_same_run(run, read('--config.data.protocol=thesis', '--config.data.rests=end'), 'w')
    with pytest.raises(UserError, match=r"data\.rests is 'end' in the run and 'phrase' now"):
        runs.check_same_run(
            run, read('--config.data.protocol=thesis', '--config.data.rests=phrase'), 'w'
        )
    command = parse(('--config.data.hop_steps=16',), root=ROOT, modes=('sample',))
    assert runs.for_sampling(run, command).data == run.data


def test_a_run_without_a_protocol_is_of_another_version():
    stored = runs.to_dict(base_config())
    del stored['data']['protocol']
    with pytest.raises(
        UserError, match=r'not of this version of symmusic: data\.protocol is missing; train again'
    ):
        runs.from_dict(stored, base_config())


def test_a_config_file_may_set_them(tmp_path):
    path = tmp_path / 'mine.py'
    body = (
        'from configs import base\ndef get_config():\n  config = base.get_config()\n '
        ' config.data.hop_steps = {}\n  return config'
    )
    path.write_text(body.format(3))
    assert read(f'--config={path}').data.hop_steps == 3
    path.write_text(body.format("'3'"))
    with pytest.raises(UserError, match=r"^config\.data\.hop_steps = '3': must be a whole number"):
        read(f'--config={path}')
    assert read(f'--config={path}', '--config.data.hop_steps=4').data.hop_steps == 4
