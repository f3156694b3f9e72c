"""The published figures: those of the thesis's tables, and which of them are shown beside a run."""

import json

import pytest

from configs import attn, bidirectional, hybrid, lstm, source, transformer
from symmusic.config.fields import walk
from symmusic.config.protocol import resolve
from symmusic.generate.manner import settle
from symmusic.measures.feature_table import Briefly, Pair
from symmusic.measures.features import FEATURES
from symmusic.originality.plagiarism import Similarity
from symmusic.report.published import published_section
from symmusic.thesis.published import find_published
from symmusic.thesis.tables import ARMS, GROUPS
from tests.report.sections import as_text

PLAGIARISM = {  # where the thesis prints each arm's
    '5.1': ('5.4', 'folk(t=1.0)'),
    '5.2': ('5.4', 'hook(t=1.0)'),
    '5.3': ('5.4', 'hook(t=1.5)'),
    '5.7': ('5.9', 'melody'),
    '5.8': ('5.9', 'pianoroll'),
    '5.10': ('5.12', 'no attention'),
    '5.11': ('5.12', 'attention'),
    '5.13': ('5.15', 'bidir'),
    '5.14': ('5.15', 'simple'),
}


def test_figures_are_the_thesis_s(shared):
    tables = json.loads((shared / 'reference' / 'mgeval' / 'thesis_tables.json').read_text())
    assert {arm.table for arm in ARMS} == {
        name for name, table in tables.items() if 'overall avg.' in table.get('rows', {})
    }
    for arm in ARMS:
        rows = tables[arm.table]['rows']
        for names, ours in (
            (FEATURES, arm.features),
            ([f'{group} avg.' for group in GROUPS], arm.averages),
        ):
            assert [(rows[name]['KLD'], rows[name]['OA']) for name in names] == list(ours)
        table, row = PLAGIARISM[arm.table]
        assert tuple(tables[table]['rows'][row].values()) == arm.similarity


def test_averages_are_those_of_the_figures():
    """Of cells rounded to three decimals, as in the thesis; detects a mistyped digit without the
    thesis's tables.
    """
    for arm in ARMS:
        for which in (0, 1):
            cells = [pair[which] for pair in arm.features]
            means = [sum(cells[:5]) / 5, sum(cells[5:]) / 4]
            assert [pair[which] for pair in arm.averages] == pytest.approx(
                [*means, sum(means) / 2], abs=0.00051
            )


def beside(config, **changes):
    values = dict(walk(settle(resolve(config.get_config()), None)))
    assert set(changes) <= set(values)
    return find_published(values | changes)


def tables(*args, **changes):
    return [arm.table for arm in beside(*args, **changes).arms]


def test_the_arm_of_a_run():
    assert tables(source) == tables(bidirectional) == ['5.1', '5.7']
    assert tables(source, **{'data.encoding': 'pianoroll_faithful'}) == ['5.8']
    assert tables(source, **{'model.attention': 'none'}) == ['5.13']
    assert tables(attn) == ['5.11']
    assert tables(transformer) == tables(hybrid) == []
    assert 'no arm like this run (transformer, corpus folk,' in beside(transformer).note
    assert tables(lstm) == ['5.10', '5.14']
    assert tables(source, **{'data.corpus': 'mixed'}) == ['5.2']
    assert tables(source, **{'data.corpus': 'mixed', 'sample.temperature': 1.5}) == ['5.3']
    for field, value in (('data.corpus', 'tunes/mine'), ('sample.temperature', 0.7)):
        found = beside(attn, **{field: value})
        assert found.arms == ()
        assert f'{value}' in found.note


def test_differences_are_named():
    assert beside(source).arms[0].differences == ()
    found = beside(attn).arms[0].differences
    assert 'model.num_cells = 96 (32)' in found
    assert 'train.targets = gap (last)' in found
    warm = beside(attn, **{'sample.temperature': 1.2}).arms[0].differences
    assert set(warm) - set(found) == {'sample.temperature = 1.2 (1.0)'}
    assert (
        'data.encoding = pianoroll (pianoroll_faithful)'
        in beside(source, **{'data.encoding': 'pianoroll'}).arms[0].differences
    )


def test_the_report():
    own = Briefly(*(dict.fromkeys(names, Pair(0.5, None)) for names in (FEATURES, GROUPS)))

    def section(found, protocol='corrected'):
        return as_text(published_section(found, own, Similarity(None, None, 3, {}), protocol))

    text = section(beside(attn))
    for words in (
        '| NLTM | 0.500 | - | 0.232 | 0.315 |',
        '| overall average | 0.500 | - | 0.146 | 0.618 |',
        '| - | 3 | 0.061 (0.048) | 0 |',
        'experiment 3, with attention. **The corpora differ**',
        'not by the thesis',
    ):
        assert words in text
    assert 'not by the thesis' not in section(beside(attn), 'thesis')
    none = section(beside(attn, **{'data.corpus': 'essen'}))
    assert '|' not in none
    assert (
        'The thesis has no arm like this run (corpus essen, encoding melody, with attention,'
        ' unidirectional, temperature 1)' in none
    )
