"""The page of a comparison: in a browser without errors or network, text is escaped, every gap has
its reason.
"""

import dataclasses
import itertools
import json
import pathlib
import re
from xml.etree import ElementTree

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import launch
from symmusic.critics.findings import CriticAucs, CriticResults, NoCritics
from symmusic.critics.two_sample import Discrepancy
from symmusic.measures import feature_table
from symmusic.measures.contexts import Bin, Context, Contexts, Sureness
from symmusic.measures.endings import ASPECTS, Endings
from symmusic.measures.estimate import Estimate, Mean
from symmusic.measures.feature_table import Average, Briefly, FeatureTable, Row, Spread
from symmusic.measures.features import FEATURES
from symmusic.measures.held_out import Likelihood
from symmusic.measures.likelihood import ModelNats, Nats
from symmusic.measures.overlap import Overlap, SetOverlap
from symmusic.measures.registry import Chosen, Drawing
from symmusic.measures.structure import LAGS, Repetition, SetRepetition
from symmusic.melody.events import StepNote
from symmusic.originality.copies import Passage
from symmusic.originality.plagiarism import Copied, Copies, Copy, Level, Match, Similarity
from symmusic.originality.planted import Planted
from symmusic.report import bar_charts, charts
from symmusic.report.blocks import Chart
from symmusic.report.chart_files import sheet
from symmusic.report.evaluation import STYLE, make_report
from symmusic.report.html import to_html
from symmusic.report.nearness import pairs_section
from symmusic.report.pair_rolls import MOST_STEPS, roll_pair
from symmusic.report.pairs import Pair, describe, find_pairs
from symmusic.report.summary import summarize
from symmusic.score.midi_writer import format_midi
from symmusic.score.notes import Note
from symmusic.thesis.published import Published
from tests.report.sections import as_text

STEP = 55
HOSTILE = '<b onclick="x">& \'"|`a`.mid'


def walk(seed, num=12):
    rng = np.random.default_rng(seed)
    return [(2 * step, int(rng.integers(1, 3)), 60 + int(rng.integers(12))) for step in range(num)]


def written(folder, *pieces, names=None):
    folder.mkdir()
    for index, piece in enumerate(pieces):
        content = (
            piece
            if isinstance(piece, bytes)
            else format_midi([Note(a * STEP, b * STEP, pitch) for a, b, pitch in piece])
        )
        (folder / (names[index] if names else f'{index:02}.mid')).write_bytes(content)
    return folder


def compared(tmp_path, reference, generated, *flags):
    argv = [
        '--mode=compare',
        f'--reference={reference}',
        f'--generated={generated}',
        f'--workdir={tmp_path / "out"}',
        *flags,
    ]
    assert launch.main(argv) == 0
    return tmp_path / 'out' / 'evaluation'


@pytest.fixture(scope='module')
def sound(tmp_path_factory):
    """A comparison of two folders, with one file of a hostile name; four bars of one piece are in a
    tune of the other.
    """
    path = tmp_path_factory.mktemp('sound')
    shared = walk(9)
    reference = written(
        path / 'real',
        *map(walk, range(3)),
        [*walk(5, 4), *((a + 16, b, pitch + 2) for a, b, pitch in shared)],
    )
    generated = written(
        path / f'<i>made{"-" * 3}{"x" * 90}',
        *map(walk, range(6, 8)),
        shared,
        b'MThd',
        names=['a.mid', 'b.mid', HOSTILE, f'bad{HOSTILE}'],
    )
    return compared(path, reference, generated)


@pytest.mark.parametrize(('width', 'scheme'), [(360, 'dark'), (1200, 'light')])
def test_in_a_browser(sound, open_page, width, scheme):
    page = open_page(sound / 'index.html', width=width, color_scheme=scheme)
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    assert page.locator('main svg[role=img]:not([aria-label])').count() == 0
    # densities, transitions, similarity
    assert page.locator('main svg[role=img]').count() == 9 + 4 + 1
    assert page.locator('.played .roll svg').count() == 2 * 3  # pairs
    assert page.locator('h1').count() == 1
    levels = page.evaluate(
        '[...document.querySelectorAll("h1,h2,h3")].map(each => +each.tagName[1])'
    )
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.locator('b, i').count() == 0
    assert HOSTILE in page.text_content('main')
    comparison, text = (
        json.loads((sound / 'comparison.json').read_text()),
        page.text_content('main'),
    )
    for row in comparison['features'].values():
        for value in (
            row['oa'],
            row['kld'],
            row['oa_low'],
            row['p_holm'],
            row['reference']['intra_mean'],
        ):
            assert (f'{value:.3f}' if value is not None else '-') in text
    assert f'{comparison["averages"]["overall"]["oa"]:.3f}' in text
    assert all(
        f'{each["score"]:.3f}' in text for each in comparison['similarity']['pieces'].values()
    )


def test_what_is_left_out_is_listed_at_the_top(sound):
    text = (sound / 'index.html').read_text()
    top = text[: text.index('<h2')]
    assert 'Generated: 1 of 4 pieces left out: bad&lt;b onclick' in top
    assert '<b ' not in text
    assert '&lt;i&gt;made---xxx' in text


def test_the_shared_passage_is_marked(sound):
    text = (sound / 'index.html').read_text()
    assert re.search(
        r'marked: 12 notes alike in their intervals, whatever the rhythm, from bar 1 of the piece'
        r' and bar 2 of the tune, 2 semi',
        text,
    )


def test_one_piece_sets(tmp_path, open_page):
    """Nothing is defined for the distances of one piece: shown as undefined, each with its
    reason.
    """
    one, other = written(tmp_path / 'one', walk(1)), written(tmp_path / 'other', [(0, 4, 60)])
    folder = compared(tmp_path, one, other)
    page = open_page(folder / 'index.html', width=360)
    text = page.text_content('main')
    comparison = json.loads((folder / 'comparison.json').read_text())
    rows = page.locator('table').first.locator('tbody tr')
    for index, name in enumerate(FEATURES):
        cells = rows.nth(index).inner_text()
        assert comparison['features'][name]['oa'] is None
        assert len(re.findall(r'\t-(?=\t)', cells)) >= 3
        notes = page.locator('ol li').all_inner_texts()
        for note, number in zip(
            comparison['features'][name]['note'].split('; '),
            cells.split('\t')[-1].split(', '),
            strict=True,
        ):
            assert notes[int(number) - 1].lower().startswith(note.lower())
    assert 'NaN' not in text
    assert 'nan' not in (folder / 'index.html').read_text()
    assert 'no density' in text
    assert 'The overlap area is undefined' in text


def evaluated():
    """Results of `--mode=evaluate` by hand: a model half-way between the floor and the ceiling."""
    half = Spread(1.5, 0.5, 0.5, 0.25)
    cells = Estimate(0.1), Estimate(0.8, 0.7, 0.9)
    row = Row(half, half, *cells, 1.0, 0.5, 0.2, 0.5, '', 0.01, 0.02)
    groups = ('pitch', 'rhythm', 'overall')
    nats = {
        'model': 0.5,
        'count_model': 0.75,
        'model_with_count_model': 0.25,
        'base_rate': 2.0,
        'markov_5': 1.25,
    }
    by_position = {name: (value,) * 16 for name, value in nats.items()}
    by_position['model'] = (*[0.5] * 15, None)
    oa = {
        'model': 0.85,
        'second_draw': 0.9,
        'count_model': 0.8,
        'markov_1': 0.7,
        'markov_5': 0.75,
        'shuffled': 0.88,
        'real_continuations': None,
    }
    pair = feature_table.Pair(0.1, 0.8)
    means = Briefly(dict.fromkeys(FEATURES, pair), dict.fromkeys(groups, pair))
    copies = Copied(
        6.5,
        ('00000',),
        {
            '00000': Copy(Passage(0, 7, 1.0, (0, 7), (2, 9), 1, 2), 'x.abc#1'),
            '00001': Copy(Passage(), None),
        },
    )
    return {
        'features': FeatureTable(
            'corrected',
            100,
            100,
            dict.fromkeys(FEATURES, row),
            dict.fromkeys(groups, Average(*cells, '')),
        ),
        'scale': Overlap(
            20, 100, {name: SetOverlap(means, around(mean)) for name, mean in oa.items()}
        ),
        'structure': Repetition(
            {'model': SetRepetition(dict.fromkeys(LAGS, Mean()), Mean(), None)}
        ),
        'similarity': Similarity(
            0.2,
            0.1,
            1,
            {'00000': Match(0.25, 'x.abc#1'), '00001': Match(None, None)},
            Level(0.15, 0.1, 0, (0.1, 0.2, None)),
        ),
        'copies': Copies(copies, copies),
        'infilling': None,
        'endings': Endings({'model': dict.fromkeys(ASPECTS, Estimate(0.5, 0.4, 0.6))}, None),
        'planted_copies': Planted(
            30, 200, 0.01, {name: {'embedded': 0.4} for name in ('longest_run', 'alignment')}
        ),
        'published': Published('a thesis', 'The thesis has no such arm.', ()),
        'critic': NoCritics('too few tunes'),
        'likelihood': Likelihood(
            Nats(
                {
                    name: ModelNats(Estimate(value), Estimate(value), by_position[name])
                    for name, value in nats.items()
                },
                320,
                100,
                9,
                (20,) * 16,
            ),
            'all',
            9,
        ),
        'contexts': Contexts(
            {4: Context(Estimate(0.795, 0.7, 0.9), Estimate(0.767))},
            4,
            320,
            9,
            (Sureness(1.0, Estimate(0.795), Estimate(0.594), 0.06, (Bin(1.0, 0.85, 0.79),)),),
        ),
        'baselines': Chosen(5, ''),
        'drawing': Drawing('held_out', None, 'test', 0, 0, {}),
    }


def around(mean):
    return Mean() if mean is None else Mean(mean, mean - 0.01, mean + 0.01, 20)


def results():
    """The tokens critic is not valid."""
    null, floor = Estimate(0.5, 0.46, 0.54), {'features': 0.995, 'tokens': 0.9}
    aucs = {
        critic: dict.fromkeys(
            ('with', 'without'), CriticAucs(around(model), Estimate(floor[critic], 0.8, 1.0), null)
        )
        for critic, model in (('features', 0.61), ('tokens', 0.66))
    }
    same = dict.fromkeys(('model', 'markov_3'), Discrepancy(0.01, 0.5))
    return CriticResults(aucs, {'features': same, 'embedding': same}, 1000, 150, 163)


def drawn(results, pairs):
    names = {'reference': 'excerpts of folk', 'generated': 'run, epoch 3'}
    densities = {
        name: {'reference': (np.arange(9.0), np.ones(9)), 'generated': None, 'inter': None}
        for name in FEATURES
    }
    report = make_report(results, densities, (), names, [], pairs)
    return to_html(report, pathlib.Path(), STYLE)


@pytest.mark.parametrize('critic', [None, results()], ids=['none', 'both'])
def test_a_models_page(tmp_path, open_page, critic):
    results = evaluated() | ({'critic': critic} if critic else {})
    melody = [StepNote(2 * index, 2 * index + 2, 60 + index) for index in range(9)]
    pairs = find_pairs(
        results['similarity'],
        results['copies'],
        lambda name: (name, melody[:7]),
        lambda name: (HOSTILE, melody),
    )
    assert [pair.reasons for pair in pairs] == [
        ('similarity 0.250', 'longest run copied: 7 notes', 'local alignment 7')
    ]
    (tmp_path / 'index.html').write_text(drawn(results, pairs))
    page = open_page(tmp_path / 'index.html', width=360)
    text = page.text_content('main')
    assert 'The floor is the count model with 0.800' in text
    assert '50 % of the way up' in text
    assert 'the model misses 0.250 nats that counting sees' in text
    assert 'in 1 of 2 it is longer than in 95 % of real unseen tunes (6.5 notes)' in text
    assert '7 !' in text
    assert page.locator('tbody tr', has_text='Longest run copied note for note').inner_text().split(
        '\t'
    )[-3:] == ['1', 'x.abc#1', '2']
    assert ('0.610 [0.600, 0.620]' in text) == bool(critic)
    assert ('Not valid: tokens, with the prompt: its AUC on Markov' in text) == bool(critic)
    assert HOSTILE in text
    assert page.locator('.hollow').count() == 1  # the scores of unseen tunes
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    assert page.locator('.played .roll .marked').count() == 14
    assert page.locator('.sideways:visible').count() >= 2  # the rolls, on a phone
    page.get_by_role('button', name='Play tune').click()
    page.wait_for_selector('.played .roll .sounding')
    page.keyboard.press('Escape')
    assert page.locator('.played [aria-pressed=true]').count() == 0
    headings = page.locator('h2').all_inner_texts()
    assert headings[0] == 'The scale: means over draws'
    assert headings.count('Held-out likelihood') == 1
    assert headings.count('Can it be told apart from real music?') == 1
    assert ('No critic: too few tunes.' in text) == (critic is None)


@pytest.mark.parametrize(
    ('model', 'words'),
    [(0.95, 'above the ceiling'), (0.75, 'below the floor'), (None, 'undefined in every draw')],
)
def test_its_place_on_the_scale(model, words):
    results = evaluated()
    sets = results['scale'].sets
    own = dataclasses.replace(sets['model'], overall_oa=around(model))
    results['scale'] = dataclasses.replace(results['scale'], sets=sets | {'model': own})
    assert words in summarize(results, {'reference': 'a', 'generated': 'b'}, [])['How alike'][0]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_ticks_are_within_limits_and_about_as_many(low, width, num):
    ticks = charts.find_ticks(low, low + width, num)
    assert all(low - 1e-6 * width <= tick <= low + width * (1 + 1e-6) for tick in ticks)
    assert 1 <= len(ticks) <= 2 * num + 1
    assert ticks == sorted(set(ticks))


@settings(max_examples=30)
@given(st.text(), st.lists(st.floats(0, 30), max_size=5), st.one_of(st.none(), st.floats(0, 30)))
def test_charts_of_anything_are_well_formed(text, values, level):
    for drawing in (
        bar_charts.histogram(
            values,
            range(31),
            text,
            x_label=text,
            others=values,
            level=(level, text) if level is not None else None,
        ),
        charts.line_chart(
            [charts.Line(text, 'inter', np.array(values), np.array(values))],
            text,
            x_label=text,
            y_label=text,
        ),
        bar_charts.interval_chart([(text, 'generated', level, level, level)], 0, 1, text),
        bar_charts.matrix(np.outer(values, values), [text] * len(values), 900.0, text),
    ):
        assert 'nan' not in re.sub('aria-label="[^"]*"|>[^<]*<', '', drawing)
        assert set(re.findall('<([a-z]+)', drawing)) <= {
            'svg',
            'path',
            'text',
            'rect',
            'circle',
            'title',
        }


@given(st.text(), st.integers(1, 7), st.integers(1, 3))
def test_a_sheet_is_a_document_with_every_chart_and_label(text, num, num_columns):
    text = f'<{text}>'
    line = charts.Line(text, 'inter', np.arange(3.0), np.arange(3.0))
    chart = Chart(charts.line_chart([line], text, x_label=text), text, text)
    found = ElementTree.fromstring(sheet([chart] * num, charts.legend([line]), num_columns))
    width, height = map(float, found.get('viewBox').split()[2:])
    inner = found.findall('{*}svg')
    assert len(inner) == num
    places = {(float(each.get('x')), float(each.get('y'))) for each in inner}
    assert len(places) == num
    assert len({x for x, _ in places}) == min(num, num_columns)
    assert all(x + 340 <= width and y + 100 < height for x, y in places)
    assert len(found.findall('{*}text')) == num + 1


melodies = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 30), st.integers(0, 127)), min_size=1, max_size=20
)


def laid(shapes):
    notes, step = [], 0
    for rest, length, pitch in shapes:
        notes.append(StepNote(step + rest, step + rest + length, pitch))
        step += rest + length
    return notes


@settings(max_examples=40)
@given(melodies, melodies, st.data())
def test_every_pair_can_be_drawn(one, other, data):
    """All marked notes of a short piece are shown; no note is outside of what is."""
    both = laid(one), laid(other)
    spans = []
    for melody in both:
        begin = data.draw(st.integers(0, len(melody) - 1))
        spans.append((begin, data.draw(st.integers(begin + 1, len(melody)))))
    pair = Pair(('a', 'b'), ('why',), both, Passage(0, 3, 0.5, *spans, 1, 1))
    rolls = roll_pair(pair).rolls
    if both[0][-1].end <= MOST_STEPS:
        assert sum(marked for *_, marked in rolls[0].notes) == spans[0][1] - spans[0][0]
    for roll in rolls:
        assert 0 < roll.num_steps <= MOST_STEPS
        for onset, end, _, _ in roll.notes:
            assert end > roll.first
            assert onset < roll.first + roll.num_steps
    assert describe(pair).startswith(f'marked: {spans[0][1] - spans[0][0]} note')


def test_without_pairs_it_is_reported():
    assert 'There are none' in as_text(pairs_section([]))
    similarity = Similarity(0.5, 0.0, 1, {'a': Match(0.5, 'b'), 'c': Match(None, None)})
    assert find_pairs(similarity, None, lambda name: None, lambda name: None) == []
