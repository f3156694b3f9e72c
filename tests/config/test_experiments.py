"""Configs of experiments: which value wins, and every mistake is one line."""

import pathlib

import pytest

from symmusic.config.arms import on_split
from symmusic.config.fields import walk
from symmusic.config.flags import parse
from symmusic.config.runs import differences
from symmusic.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODES = ('train', 'sample', 'experiment')
BODY = """
from configs import base
from symmusic.config.experiments import Hypothesis, Primary

def get_config():
    config = base.get_experiment()
    config.train.num_epochs = 40
    stated = dict(
        question='Which?',
        variable=('model.num_cells',),
        arms={'small': {'model.num_cells': 8}, 'large': {'model.num_cells': 16}},
        sound={'train.num_epochs': 30, 'train.batch_size': 7},
        source={'data.protocol': 'thesis'},
        quickly={'train.num_epochs': 2, 'replicas': 2},
        primaries=(Primary('Large is better', 'overall_oa', ('large', 'small'), 'higher', 0.02),),
    )
    stated.update(CHANGES)
    config.experiment = Hypothesis(**stated)
    return config
"""


@pytest.fixture
def read(tmp_path):
    def run(*words, mode='experiment', **changes):
        path = tmp_path / 'mine.py'
        path.write_text(BODY.replace('CHANGES', repr(changes)))
        return parse([f'--mode={mode}', f'--config={path}', *words], root=ROOT, modes=MODES)

    return run


@pytest.fixture
def refusal(read):
    def run(*words, **changes):
        with pytest.raises(UserError) as caught:
            read(*words, **changes)
        assert len(str(caught.value).splitlines()) == 1
        return str(caught.value)

    return run


def values(command, name, variant='sound'):
    return [dict(walk(config))[name] for config in command.experiment.configs[variant].values()]


def test_arms_variants_and_switches(read):
    command = read()
    assert (list(command.experiment.configs), list(command.experiment.configs['sound'])) == (
        ['sound'],
        ['small', 'large'],
    )
    assert values(command, 'model.num_cells') == [8, 16]
    assert (values(command, 'train.num_epochs'), values(command, 'replicas')) == ([30] * 2, [8] * 2)
    assert values(command, 'data.split') == ['tune'] * 2
    assert command.config == command.experiment.configs['sound']['small']
    assert not command.experiment.quick
    command = read('--config.variant=source')
    assert list(command.experiment.configs) == ['source']
    assert values(command, 'train.num_epochs', 'source') == [40] * 2
    assert values(command, 'data.split', 'source') == ['window'] * 2
    assert list(read('--config.variant=both').experiment.configs) == ['sound', 'source']


def test_the_same_arms_on_another_split(read, refusal):
    experiment = read('--config.split_seeds=3,5', '--config.data.split_seed=1').experiment
    assert experiment.split_seeds == (3, 5)
    moved = on_split(experiment, 3)
    assert moved.split_seeds == ()
    for arm, config in experiment.configs['sound'].items():
        assert differences(config, moved.configs['sound'][arm], ()) == [
            'data.split_seed is 1 in the run and 3 now'
        ]
    assert 'config.split_seeds = (0, 1): 0 is config.data.split_seed' in refusal(
        '--config.split_seeds=0,1'
    )
    assert 'must be a tuple of different whole numbers' in refusal('--config.split_seeds=2,2')


def test_splits_of_a_config_file_are_not_repeated_quickly():
    def splits(*words):
        words = ['--mode=experiment', '--config=configs/exp5.py', *words]
        return parse(words, root=ROOT, modes=MODES).experiment.split_seeds

    assert splits() == (1, 2)
    assert splits('--config.split_seeds=()') == ()
    assert splits('--config.quick=True') == ()
    assert splits('--config.quick=True', '--config.split_seeds=4') == (4,)


def test_which_value_wins(read):
    """The arm's, then the command line's, then quick's, then the variant's, then the file's."""
    quick = read('--config.quick=True', '--config.train.batch_size=9')
    assert quick.experiment.quick
    assert [
        values(quick, name)[0] for name in ('train.num_epochs', 'train.batch_size', 'replicas')
    ] == [2, 9, 2]
    assert values(read('--config.train.num_epochs=1', '--config.quick'), 'train.num_epochs') == [
        1,
        1,
    ]
    assert values(read(sound_arms={'large': {'model.num_cells': 12}}), 'model.num_cells') == [8, 12]
    longer = {'large': {'train.num_epochs': 50}}
    also = {'train.num_epochs': 'large ones learn longer'}
    assert values(read(sound_arms=longer, also=also), 'train.num_epochs') == [30, 50]
    assert values(
        read('--config.quick=True', sound_arms=longer, also=also), 'train.num_epochs'
    ) == [2, 2]
    assert values(
        read('--config.train.num_epochs=1', sound_arms=longer, also=also), 'train.num_epochs'
    ) == [1, 1]
    assert values(
        read('--config.variant=source', sound_arms={'large': {'model.num_cells': 12}}),
        'model.num_cells',
        'source',
    ) == [8, 16]


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (
            '--config.replicas=0',
            'arm small, variant sound: config.replicas = 0: must be a whole number from 1 to 4096',
        ),
        (
            '--config.variant=sond',
            (
                "config.variant = 'sond': must be one of 'sound', 'source', 'both'; did you mean"
                ' sound?'
            ),
        ),
        ('--config.quick=maybe', '--config.quick=maybe: must be True or False'),
        (
            '--config.model.num_cells=4',
            '--config.model.num_cells: the arms small, large set it themselves',
        ),
        (
            '--config.train.num_epocs=4',
            '--config.train.num_epocs: no such field; did you mean train.num_epochs?',
        ),
    ],
)
def test_refused_fields(refusal, words, line):
    assert refusal(words).startswith(line)


@pytest.mark.parametrize(
    ('changes', 'line'),
    [
        (
            {
                'arms': {
                    'small': {'model.num_cells': 8},
                    'large': {'model.num_cells': 16, 'train.num_epochs': 99},
                }
            },
            (
                'variant sound: the arms differ in config.train.num_epochs (small 30, large 99) and'
                ' not only in model.num_cells'
            ),
        ),
        (
            {'arms': {'a': {}, 'b': {}}, 'primaries': ()},
            'variant sound: the arms do not differ in model.num_cells, the stated variable',
        ),
        (
            {'arms': {'a': {}}, 'primaries': ()},
            'config.experiment: 1 arm; an experiment compares two or more',
        ),
        (
            {'arms': {'Big one': {}, 'b': {}}, 'primaries': ()},
            "config.experiment: 'Big one' is not the name of an arm",
        ),
        (
            {'sound': {'train.epochs': 3}},
            'config.experiment, sound: train.epochs is not a field; did you mean train.num_epochs?',
        ),
        (
            {'variable': ('model.cells',)},
            'config.experiment: model.cells is not a field; did you mean model.num_cells?',
        ),
        (
            {'tables': {'medium': '5.1'}},
            'config.experiment: medium is not an arm; arms are small, large',
        ),
        ({'colour': 'red'}, 'the file gives no config (TypeError: '),
    ],
)
def test_refused_hypotheses(refusal, changes, line):
    assert line in refusal(**changes)


def test_what_is_declared_may_differ(read):
    arms = {
        'small': {'model.num_cells': 8},
        'large': {'model.num_cells': 16, 'train.num_epochs': 99},
    }
    assert values(
        read(arms=arms, also={'train.num_epochs': 'large ones learn longer'}), 'train.num_epochs'
    ) == [30, 99]


@pytest.mark.parametrize(
    ('primary', 'line'),
    [
        (
            "('large', 'tiny'), 'higher', 0.02",
            "arms = ('large', 'tiny'); must be two of small, large",
        ),
        (
            "('large', 'small'), 'more', 0.02",
            "direction = 'more'; must be one of 'higher', 'lower'",
        ),
        (
            "('large', 'small'), 'higher', 0.02), Primary('No', 'pitch_oa', ('small', 'large'),"
            " 'lower', 0.02",
            "arms = ('large', 'small'), which another primary names the other way round; must be in"
            " one order, with direction = 'lower' where that is claimed",
        ),
        ("('large', 'small'), 'higher', 0.0", 'smallest = 0.0; must be above 0'),
    ],
)
def test_refused_primaries(tmp_path, primary, line):
    path = tmp_path / 'mine.py'
    path.write_text(
        BODY.replace('CHANGES', f"{{'primaries': (Primary('It is', 'overall_oa', {primary}),)}}")
    )
    with pytest.raises(UserError) as caught:
        parse(['--mode=experiment', f'--config={path}'], root=ROOT, modes=MODES)
    assert str(caught.value) == f"config.experiment, the primary 'It is': {line}"


def test_each_kind_of_config_has_its_modes(refusal):
    assert 'an experiment, which --mode=experiment runs' in refusal(mode='train')
    assert 'for --mode=sample of an arm name its folder by --workdir' in refusal(mode='sample')
    with pytest.raises(
        UserError, match=r'configs/lstm\.py: a config of one training, which --mode=train trains'
    ):
        parse(['--mode=experiment', '--config=configs/lstm.py'], root=ROOT, modes=MODES)


def test_a_field_of_experiments_alone(tmp_path):
    with pytest.raises(UserError, match=r'--config\.quick: no such field'):
        parse(['--config.quick=True'], root=ROOT, modes=MODES)
    path = tmp_path / 'mine.py'
    path.write_text('from configs import base\ndef get_config():\n    return base.get_experiment()')
    with pytest.raises(UserError, match='must be a Hypothesis'):
        parse(['--mode=experiment', f'--config={path}'], root=ROOT, modes=MODES)
