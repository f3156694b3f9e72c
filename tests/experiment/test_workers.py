"""Which worker does which arm, and that all workers run the same."""

import os
import pathlib
import types

import pytest
from ml_collections import ConfigDict

from symmusic.config.flags import parse
from symmusic.errors import UserError
from symmusic.experiment.claims import Claims
from symmusic.experiment.workers import (
    check_same,
    difference,
    digest_of_code,
    note_code,
    part_of,
    read_shard,
    settings_of,
    shard_of,
    work,
    write_once,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = ConfigDict({'data': {'split_seed': 3}})


def arm(name, twin=None):
    return types.SimpleNamespace(
        variant='sound',
        name=name,
        config=CONFIG,
        folder=pathlib.Path(name),
        twin=twin and pathlib.Path(twin),
    )


@pytest.fixture
def pair(tmp_path):
    """Two workers."""
    both = Claims(tmp_path, {}), Claims(tmp_path, {})
    yield both
    for each in both:
        each.leave()


def test_each_does_what_the_other_does_not(pair, capsys):
    """The second comes while the first is at `b`, and waits until that is done."""
    arms, order = [arm('a'), arm('b'), arm('c')], []

    def first(which):
        order.append(f'1{which.name}')
        if which.name != 'b':
            return
        with pytest.raises(InterruptedError):
            work(arms, pair[1], second, poll_seconds=0)

    def second(which):
        order.append(f'2{which.name}')
        if order.count('2c') == 1 and which.name == 'c':
            raise InterruptedError

    work(arms, pair[0], first)
    assert order == ['1a', '1b', '2a', '2c', '1c']
    with pair[0].holding(part_of(arms[1])):
        waited = []

        def wait(seconds):
            waited.append(seconds)
            raise InterruptedError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr('time.sleep', wait)
            with pytest.raises(InterruptedError):
                work(arms, pair[1], lambda which: None)
    assert waited == [5.0]
    who = f'waiting for the arms of other workers: b ({pair[0].who})\n'
    assert capsys.readouterr().out == who


def test_an_arm_that_copies_a_training_comes_after_it(pair):
    arms, order = [arm('a'), arm('warm', twin='a'), arm('b')], []
    with pair[0].holding(part_of(arms[0])) as held:
        assert held

        def stop(seconds):
            raise InterruptedError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr('time.sleep', stop)
            with pytest.raises(InterruptedError):
                work(arms, pair[1], lambda which: order.append(which.name))
    assert order == ['b']
    order.clear()
    work(arms, pair[1], lambda which: order.append(which.name))
    assert order == ['a', 'warm', 'b']


def test_shards_divide_the_arms():
    arms = [arm('a'), arm('b'), arm('warm', twin='a'), arm('c'), arm('d')]
    names = [[each.name for each in shard_of(arms, index, 3)] for index in range(3)]
    assert names == [['a', 'warm', 'd'], ['b'], ['c']]
    assert shard_of(arms, 0, 1) == arms
    assert (read_shard('2/3'), read_shard('')) == ((2, 3), None)
    for wrong in ('3/3', '1', '0/0', '-1/2', 'a/b', '1/2/3'):
        with pytest.raises(UserError, match='must be INDEX/COUNT, where INDEX is from 0'):
            read_shard(wrong)


@pytest.fixture(scope='module')
def settings():
    words = ['--mode=experiment', '--config=configs/exp3.py']
    return settings_of([parse(words, root=ROOT, modes=('experiment',)).experiment])


def changed(settings, field, value):
    """The settings with another value of a field of the first arm."""
    name, config = next(iter(settings['arms'].items()))
    group, leaf = field.split('.')
    other = config | {group: config[group] | {leaf: value}}
    return {**settings, 'arms': {**settings['arms'], name: other}}


def test_how_workers_differ(settings):
    assert difference(settings, dict(settings)) == ''
    assert difference(settings, {**settings, 'code': 'other'}) == (
        f'different code (version {settings["version"]}, {settings["code"]}; here'
        f' {settings["version"]}, other)'
    )
    assert difference(changed(settings, 'train.clip_norm', 2.0), settings) == (
        'a different config: in sound-none-0 train.clip_norm is 2.0 there and 1.0 here'
    )
    assert difference(settings, changed(settings, 'train.checkpoint_minutes', 9.0)) == ''
    fewer = {**settings, 'arms': dict(list(settings['arms'].items())[1:])}
    assert difference(settings, fewer) == 'different arms: sound-none-0 only there'
    assert difference(fewer, settings) == 'different arms: sound-none-0 only here'
    assert difference(settings, {**settings, 'claims': '()'}) == 'different claims'


def test_the_later_of_two_that_differ_is_refused(tmp_path, settings):
    one = Claims(tmp_path, settings)
    other = Claims(tmp_path, {**settings, 'claims': '()'})
    check_same(one, settings, tmp_path)
    with pytest.raises(UserError, match=r'works in .* with different claims; wait until') as caught:
        check_same(other, {**settings, 'claims': '()'}, tmp_path)
    assert len(str(caught.value).splitlines()) == 1
    one.leave()
    check_same(other, {**settings, 'claims': '()'}, tmp_path)
    other.leave()


def test_other_code_in_the_same_folder_is_said_once(tmp_path, capsys):
    note_code(tmp_path, {'version': '1', 'code': 'a'})
    note_code(tmp_path, {'version': '1', 'code': 'a'})
    assert capsys.readouterr().out == ''
    note_code(tmp_path, {'version': '2', 'code': 'b'})
    note_code(tmp_path, {'version': '2', 'code': 'b'})
    said = capsys.readouterr().out
    assert said.count('\n') == 1
    assert 'was last run with different code (version 1, a; here 2, b)' in said
    assert digest_of_code(tmp_path) != digest_of_code(ROOT / 'configs')


def test_the_report_is_written_once(pair, tmp_path, capsys):
    written = []
    write_once(pair[0], {'a': 1}, lambda: written.append(0))
    write_once(pair[1], {'a': 1}, lambda: written.append(1))
    assert written == [0]
    assert f'the report was written by {pair[0].who}' in capsys.readouterr().out
    write_once(pair[1], {'a': 2}, lambda: written.append(1))  # it knows more
    for path in tmp_path.glob('report.*'):  # before the next one began, by the clock of files too
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 1))
    later = Claims(tmp_path, {})
    write_once(later, {'a': 2}, lambda: written.append(2))  # the user asked again
    later.leave()
    assert written == [0, 1, 2]


def test_a_report_waits_for_the_one_that_is_being_written(pair, monkeypatch):
    order = []

    def write():
        order.append('begun')
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr('time.sleep', lambda seconds: (_ for _ in ()).throw(InterruptedError))
            with pytest.raises(InterruptedError):
                write_once(pair[1], {}, lambda: order.append('at once'))
        order.append('ended')

    write_once(pair[0], {}, write)
    assert order == ['begun', 'ended']
