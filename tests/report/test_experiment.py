"""The report: every section, which pictures are drawn, and the same in Markdown and HTML."""

import csv
import dataclasses
import re

import numpy as np
import pytest
import scipy.stats
from ml_collections import ConfigDict

from configs import base
from symmusic.config.arms import Experiment
from symmusic.config.experiments import Hypothesis, Primary
from symmusic.config.runs import to_dict
from symmusic.experiment.measures import MEASURES
from symmusic.experiment.outcome import Outcome
from symmusic.experiment.results import make_results
from symmusic.experiment.statistics import mean_interval
from symmusic.measures.bounds import AMOUNT
from symmusic.plots import write_figure
from symmusic.report.experiment import write_report
from symmusic.report.experiment_measures import real_levels
from symmusic.report.experiment_plots import find_limits

HYPOTHESIS = Hypothesis(
    'Is <rich> better?',
    ('model.attention',),
    {'plain': {}, 'rich': {}},
    {},
    {},
    {},
    (Primary('Rich is better', 'overall_oa', ('rich', 'plain'), 'higher', 0.02),),
    also={'model.num_cells': 'so that they are as large'},
    tables={'plain': '5.10'},
)


def outcome(mean, num=4, num_windows=99, **more):
    values = mean + np.linspace(-0.01, 0.01, num)
    replicas = tuple(dict.fromkeys(MEASURES, value) for value in values.tolist())
    return Outcome(
        replicas,
        12_345,
        {'num_windows': num_windows},
        to_dict(base.get_config()),
        {'jax': '0.0.1'},
        'a cpu',
        **more,
    )


@pytest.fixture
def write(tmp_path):
    def run(quick=False, failed=(), outcomes=None, splits=None):
        outcomes = outcomes or {('sound', 'plain'): outcome(0.5), ('sound', 'rich'): outcome(0.7)}
        outcomes = {place: each for place, each in outcomes.items() if place[1] not in failed}
        experiment = Experiment(
            HYPOTHESIS, quick, {'sound': {'plain': ConfigDict(), 'rich': ConfigDict()}}
        )
        found = make_results(
            'exp9', experiment, outcomes, {('sound', name): 'out of memory' for name in failed}
        )
        for seed, more in (splits or {}).items():
            found['splits'][seed] = make_results('exp9', experiment, more, {}) | {'failed': {}}
        folders = {}
        for (_, name), each in outcomes.items():
            folder = folders[name] = tmp_path / 'sound' / name
            (folder / 'samples' / 'mary').mkdir(parents=True)
            (folder / 'heatmaps').mkdir()
            with open(folder / 'metrics.csv', 'w') as file:
                writer = csv.writer(file)
                writer.writerow(
                    [
                        'replica',
                        'epoch',
                        'train_loss',
                        'validation_loss',
                        'learning_rate',
                        'sequences_per_s',
                    ]
                )
                writer.writerows(
                    [replica, epoch, 1 / epoch, 2 / epoch, 0.1, 9]
                    for epoch in (1, 2)
                    for replica in range(len(each.replicas))
                )
            (folder / 'samples' / 'mary' / 'samples.json').write_text('[]')
            (folder / 'samples' / 'mary' / '01.mid').write_bytes(b'')
            (folder / 'samples' / 'mary' / 'index.html').write_text('')
            for picture in (
                'samples/mary/all.png',
                *(['heatmaps/attention_masked.png'] if name == 'rich' else []),
            ):
                draw(folder / picture)
        write_report(tmp_path, found, experiment, folders, 'python launch.py --mode=experiment')
        return (tmp_path / 'report.md').read_text(), (tmp_path / 'index.html').read_text()

    return run


def draw(path):
    from matplotlib.figure import Figure

    write_figure(path, Figure(figsize=(1, 1)))


def test_every_section(write, tmp_path):
    text, html = write()
    headings = re.findall('^## (.*)$', text, re.MULTILINE)
    assert headings == [
        'Answers',
        'Training',
        'Measures',
        'Differences',
        'Beside the published figures',
        'Losses',
        'What the models look at and draw from',
        'Pieces',
        'To repeat it',
    ]
    assert re.findall('<h2 .*?>(.*?)</h2>', html) == headings
    assert '| Rich is better | sound | **confirmed** |' in text
    assert '| overall_oa | 0.500 [0.486, 0.514] | 0.664 |' in text  # table 5.10
    assert '- `python launch.py --mode=experiment`' in text
    assert '- and in `model.num_cells`: so that they are as large' in text
    assert '12,345 parameters, 99 training windows' in text
    assert 'a cpu; jax 0.0.1' in text
    assert 'quick' not in text
    assert '- [rich: listen](sound/rich/samples/mary/index.html)' in text
    assert '<a href="sound/rich/samples/mary/index.html">rich: listen</a>' in html
    for path in re.findall(r'!\[.*?\]\((.*?)\)', text):
        assert (tmp_path / path).read_bytes().startswith(b'\x89PNG')
    assert len(re.findall(r'!\[', text)) == len(re.findall('<img', html)) == 7
    assert not (tmp_path / 'sizes.png').exists()


@pytest.mark.usefixtures('undrawn')
def test_text_is_escaped(write):
    _, html = write()
    assert 'Is &lt;rich&gt; better?' in html
    assert '<rich>' not in html


@pytest.mark.usefixtures('undrawn')
def test_other_splits(write):
    text, html = write(
        splits={'4': {('sound', 'plain'): outcome(0.5), ('sound', 'rich'): outcome(0.6)}}
    )
    row = next(
        line
        for line in text.splitlines()
        if line.startswith('| Rich is better (sound, overall_oa)')
    )
    cells = [cell.strip() for cell in row.strip('|').split('|')]
    assert [cell.partition(' [')[0] for cell in cells[1:]] == ['0.200', '0.100', '0.150']
    assert cells[2].endswith(': confirmed')
    interval = scipy.stats.t.interval(0.95, 1, 0.15, scipy.stats.sem([0.2, 0.1]))
    assert cells[3] == f'0.150 [{interval[0]:.3f}, {interval[1]:.3f}]'
    assert '| difference | the split above | split_seed 4 | mean of the splits |' in text
    assert 'On other splits' in html
    assert '--config.split_seeds=1,2' not in text


@pytest.mark.usefixtures('undrawn')
def test_real_continuations_are_beside_the_arms(write):
    level = lambda value: tuple({'overall_oa': each, 'plagiarism': None} for each in (value, value))
    with_level = lambda mean, value: dataclasses.replace(outcome(mean), real=value and level(value))
    shared, _ = write(
        outcomes={('sound', 'plain'): with_level(0.5, 0.9), ('sound', 'rich'): with_level(0.7, 0.9)}
    )
    assert '|  | plain | rich | real continuations |' in shared
    assert '| 0.900 [0.900, 0.900] |' in shared
    assert '| plagiarism | 0.500 [0.486, 0.514] | 0.700 [0.686, 0.714] | - |' in shared


@pytest.mark.parametrize(
    ('levels', 'names'),
    [
        ((0.9, 0.8), ['real continuations (plain)', 'real continuations (rich)']),
        ((0.9, 0.9), ['real continuations']),
        ((None, 0.8), ['real continuations']),
        ((None, None), []),
    ],
)
def test_arms_of_other_prompts_have_a_level_of_their_own(levels, names):
    arms = zip(('plain', 'rich'), levels, strict=True)
    found = real_levels(
        {
            name: {'real_continuations': value and {'overall_oa': {'mean': value}}}
            for name, value in arms
        }
    )
    assert list(found) == names
    assert [each['overall_oa']['mean'] for each in found.values()] == list(
        dict.fromkeys(filter(None, levels))
    )


@pytest.mark.usefixtures('undrawn')
def test_a_quick_run_is_marked(write):
    text, html = write(quick=True)
    assert '**A quick run, to see that everything works' in text
    assert 'A quick run, to see that everything works' in html


@pytest.mark.usefixtures('undrawn')
def test_an_arm_that_is_missing_is_reported(write):
    text, _ = write(failed=['rich'])
    assert '**The arm rich is missing**: out of memory.' in text
    assert 'undecided' in text


@pytest.mark.usefixtures('undrawn')
def test_nothing_done_at_all(write):
    text, _ = write(failed=['plain', 'rich'])
    assert 'No replicas of each arm' in text
    assert '## Measures' not in text


@pytest.mark.usefixtures('undrawn')
def test_one_replica_has_no_intervals(write):
    text, _ = write(
        outcomes={('sound', 'plain'): outcome(0.5, 1), ('sound', 'rich'): outcome(0.7, 1)}
    )
    assert '| overall_oa | 0.490 | 0.690 |' in text
    assert '| rich minus plain | overall_oa | 0.200 | - | - | 1 |' in text


def test_an_interval_of_two_replicas_does_not_hide_the_others():
    """Two replicas of 0.01 and 0.3 have an interval up to 2,000 and more."""
    wide = mean_interval([0.01, 0.3], AMOUNT)
    assert wide['high'] > 1e3
    low, high = find_limits(
        [wide | {'values': [0.01, 0.3, None]}, {'values': [0.1, 0.12], 'low': 0.1, 'high': 0.12}]
    )
    assert (low, high) == (pytest.approx(0.01 - 0.58), pytest.approx(0.3 + 0.58))
    assert find_limits([{'values': [None]}]) == (-np.inf, np.inf)
    assert find_limits([{'values': [0.5, 0.5]}]) == (-np.inf, np.inf)


@pytest.mark.usefixtures('undrawn')
def test_copying_is_drawn_against_the_amount_of_data(write, tmp_path):
    text, _ = write(
        outcomes={
            ('sound', 'plain'): outcome(0.5, num_windows=10),
            ('sound', 'rich'): outcome(0.7, num_windows=1000),
        }
    )
    assert '## The amount of data' in text
    assert '| rich | 1,000 | - | - | 0.700 [0.' in text
    assert 'table 5.6' not in text
    assert (tmp_path / 'sizes.png').exists()


@pytest.mark.usefixtures('undrawn')
def test_published_figures_are_beside_those_by_number_of_windows(write, monkeypatch):
    monkeypatch.setattr(
        'tests.report.test_experiment.HYPOTHESIS',
        dataclasses.replace(HYPOTHESIS, variable=('data.max_windows',)),
    )
    text, _ = write(
        outcomes={
            ('sound', 'plain'): outcome(0.5, num_windows=10),
            ('sound', 'rich'): outcome(0.7, num_windows=1000),
        }
    )
    assert (
        '15,000 windows 0.683; 30,000 windows 0.573; 45,000 windows 0.278; 60,000 windows 0.126;'
        ' 100,000 windows 0.138' in text
    )


def test_the_page_in_a_browser(write, tmp_path, open_page):
    """On a narrow screen, without a request or an error."""
    write()
    opened = open_page(tmp_path / 'index.html', width=390)
    assert opened.locator('h1').inner_text() == 'exp9: Is <rich> better?'
    assert opened.locator('img').count() == 7
    assert opened.evaluate('document.documentElement.scrollWidth <= window.innerWidth')


def test_arms_beside_counting_and_over_time(write, tmp_path):
    """The losses of both arms are alike, so that their difference is 0 after each epoch."""
    arms = {
        ('sound', 'plain'): outcome(0.5, count_model=0.4, num_epochs=(3, 50, 4, 5)),
        ('sound', 'rich'): outcome(0.7, count_model=0.9, num_epochs=(3, 3, 4, 5)),
    }
    text, _ = write(outcomes=arms)
    assert (
        '| plain | 12,345 | 3 to 50 | **1 of 4** | 0.500 [0.486, 0.514] | 0.400 | **no** |' in text
    )
    assert '| rich | 12,345 | 3 to 5 | none | 0.700 [0.686, 0.714] | 0.900 | yes |' in text
    assert '| rich minus plain | 0.000 [0.000, 0.000] | 0.000 [0.000, 0.000] |' in text
    assert (tmp_path / 'effects.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.usefixtures('undrawn')
def test_losses_of_other_targets_are_not_compared(write, tmp_path):
    other = outcome(0.7)
    other.config['data']['corpus'] = 'bach'
    text, _ = write(outcomes={('sound', 'plain'): outcome(0.5), ('sound', 'rich'): other})
    assert '## Training' in text
    assert 'rich minus plain | 0.000' not in text
    assert not (tmp_path / 'effects.png').exists()
