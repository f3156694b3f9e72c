"""The page of a comparison: in a browser without faults or network, what is text stays text, every
gap has its reason.
"""

import itertools
import json
import pathlib
import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import launch
from symmusic.critics.trial import ARMS, CRITICS, NoTrial
from symmusic.measures.features import FEATURES
from symmusic.measures.structure import LAGS
from symmusic.melody.events import StepNote
from symmusic.originality.copies import Passage
from symmusic.report import bar_charts, charts
from symmusic.report.comparison_file import as_json
from symmusic.report.evaluation import STYLE, make_report
from symmusic.report.html import to_html
from symmusic.report.nearness import pairs_section
from symmusic.report.pairs import Pair, describe, draw_pair, find_pairs
from symmusic.report.summary import summarize
from symmusic.score.midi_writer import format_midi
from symmusic.score.notes import Note
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
    """A comparison of two folders, one file of a hostile name; four bars of one piece stand in the
    other's tune.
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
    # densities, transitions, similarity, pairs
    assert page.locator('main svg[role=img]').count() == 9 + 4 + 1 + 3
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


def test_what_is_left_out_stands_on_top(sound):
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


def test_one_piece_sets(tmp_path, open_page, monkeypatch):
    """Nothing is defined of one piece's distances: shown as such, each with its reason."""
    # drawing takes the time
    monkeypatch.setattr('symmusic.report.evaluation_plots.write_figure', lambda *_: None)
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
    """What `--mode=evaluate` adds, by hand: a model half-way between the floor and the ceiling."""
    half = {'mean': 1.5, 'sd': 0.5, 'intra_mean': 0.5, 'intra_sd': 0.25}
    row = {
        'reference': half,
        'generated': half,
        'kld': 0.1,
        'oa': 0.8,
        'oa_inter': 0.5,
        'p_holm': 0.02,
        'note': '',
    }
    nats = {'model': 0.5, 'base_rate': 2.0, 'markov_5': 1.25}
    averages = {'kld': 0.1, 'oa': 0.8, 'oa_low': 0.7, 'oa_high': 0.9, 'note': ''}
    oa = {
        'model': 0.85,
        'second_draw': 0.9,
        'markov_1': 0.7,
        'markov_5': 0.8,
        'shuffled': 0.88,
        'real_continuations': None,
    }
    draw = lambda mean: {
        'mean': mean,
        'low': mean and mean - 0.01,
        'high': mean and mean + 0.01,
        'num': 20,
    }
    groups = dict.fromkeys(('pitch', 'rhythm', 'overall'), averages)
    none = {'mean': None, 'low': None, 'high': None, 'num': 0}
    same = dict.fromkeys([*(f'lag_{lag}' for lag in LAGS), 'repeated_bars'], none)
    passage = {
        'tune': 'x.abc#1',
        'score': 7,
        'share': 1.0,
        'piece_notes': [0, 7],
        'tune_notes': [2, 9],
        'piece_bar': 1,
        'tune_bar': 2,
    }
    copies = {
        'level': 6.5,
        'flagged': ['00000'],
        'pieces': {'00000': passage, '00001': dict(passage, tune=None, score=0)},
    }
    return {
        'protocol': 'corrected',
        'num_reference': 100,
        'num_generated': 100,
        'features': {name: dict(row) for name in FEATURES},
        'averages': {group: dict(averages) for group in ('pitch', 'rhythm', 'overall')},
        'similarity': {
            'mean': 0.2,
            'sd': 0.1,
            'unusable': 1,
            'unseen': {'mean': 0.15, 'sd': 0.1, 'unusable': 0, 'scores': [0.1, 0.2, None]},
            'pieces': {
                '00000': {'score': 0.25, 'match': 'x.abc#1'},
                '00001': {'score': None, 'match': None},
            },
        },
        'copies': {'longest_run': copies, 'alignment': copies},
        'draws': {
            name: {'num_draws': 20, 'size': 100, 'overall_oa': draw(mean)}
            for name, mean in oa.items()
        },
        'scale': {name: {'averages': groups} for name in oa},
        'model': {'averages': groups, 'features': dict.fromkeys(FEATURES, averages)},
        'structure': {'model': same},
        'infilling': None,
        'published': {'arms': [], 'note': 'The thesis has no such arm.'},
        **as_json({'critic': NoTrial('too few tunes')}),
        'prompts': 'held_out',
        'prompt': None,
        'part': 'test',
        'nats_per_step': nats,
        'nats_per_note': nats,
        'nats_intervals': dict.fromkeys(('per_step', 'per_note'), dict.fromkeys(nats)),
        'likelihood': {
            'num_steps': 320,
            'num_notes': 100,
            'num_tunes': 9,
            'num_families': 9,
            'num_by_position': [20] * 16,
            'targets': 'all',
        },
        'nats_by_position': {
            'model': [0.5] * 15 + [None],
            'base_rate': [2.0] * 16,
            'markov_5': [1.25] * 16,
        },
    }


CRITIC = {
    name: {'auc': auc, 'low': auc - 0.03, 'high': auc + 0.03}
    for name, auc in (('features', 0.61), ('tokens', 0.66), ('real_vs_real', 0.5))
}
CRITIC |= {
    'is_valid': {'features': True, 'tokens': False},
    'validity': {
        critic: {arm: {'auc': 0.5, 'low': 0.4, 'high': 0.6} for arm in ARMS} for critic in CRITICS
    },
    'is_aim_met': False,
    'num_pieces': 1000,
    'num_tunes': 163,
    'num_families': 150,
}


def drawn(comparison, pairs):
    names = {'reference': 'excerpts of folk', 'generated': 'run, epoch 3'}
    densities = {
        name: {'reference': (np.arange(9.0), np.ones(9)), 'generated': None, 'inter': None}
        for name in FEATURES
    }
    report = make_report(comparison, densities, (), names, [], pairs)
    return to_html(report, pathlib.Path(), STYLE)


@pytest.mark.parametrize('critic', [None, CRITIC], ids=['none', 'both'])
def test_a_models_page(tmp_path, open_page, critic):
    comparison = evaluated() | ({'critic': critic} if critic else {})
    melody = [StepNote(2 * index, 2 * index + 2, 60 + index) for index in range(9)]
    pairs = find_pairs(comparison, lambda name: (name, melody[:7]), lambda name: (HOSTILE, melody))
    assert [pair.reasons for pair in pairs] == [
        ('similarity 0.250', 'longest run copied: 7 notes', 'local alignment 7')
    ]
    (tmp_path / 'index.html').write_text(drawn(comparison, pairs))
    page = open_page(tmp_path / 'index.html', width=360)
    text = page.text_content('main')
    assert '50 % of the way up' in text
    assert 'in 1 of 2 it is longer than in 95 % of real unseen tunes (6.5 notes)' in text
    assert '7 !' in text
    assert page.locator('tbody tr', has_text='Longest run copied note for note').inner_text().split(
        '\t'
    )[-3:] == ['1', 'x.abc#1', '2']
    assert ('0.610 [0.580, 0.640]' in text) == bool(critic)
    assert ('not valid is the tokens critic' in text) == bool(critic)
    assert HOSTILE in text
    assert page.locator('.hollow').count() == 1  # the scores of unseen tunes
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    headings = page.locator('h2').all_inner_texts()
    assert headings[0] == 'The scale: means over draws'
    assert headings.count('Held-out likelihood') == 1
    assert headings.count('Can it be told apart from real music?') == 1
    assert ('No critic: too few tunes.' in text) == (critic is None)


@pytest.mark.parametrize(
    ('model', 'words'),
    [(0.95, 'above the ceiling'), (0.75, 'below the floor'), (None, 'undefined in every draw')],
)
def test_where_it_lies_on_the_scale(model, words):
    comparison = evaluated()
    comparison['draws']['model']['overall_oa'] |= {'mean': model, 'low': model, 'high': model}
    assert words in summarize(comparison, {'reference': 'a', 'generated': 'b'}, [])['How alike'][0]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_ticks_lie_between_and_are_about_as_many(low, width, num):
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
    """All marked notes of the piece are in the picture where the piece is short; nothing is drawn
    outside.
    """
    both = laid(one), laid(other)
    spans = []
    for melody in both:
        begin = data.draw(st.integers(0, len(melody) - 1))
        spans.append((begin, data.draw(st.integers(begin + 1, len(melody)))))
    pair = Pair(('a', 'b'), ('why',), both, Passage(0, 3, 0.5, *spans, 1, 1))
    drawing = draw_pair(pair).svg
    if both[0][-1].end <= 128:
        assert drawing.count('note marked') >= spans[0][1] - spans[0][0]
    for x, width in re.findall(
        r'<rect class="note[^"]*" x="([\d.-]+)"[^>]* width="([\d.-]+)"', drawing
    ):
        assert 34 <= float(x) <= float(x) + float(width) <= 34 + 680 + 1
    assert describe(pair).startswith(f'marked: {spans[0][1] - spans[0][0]} note')


def test_without_pairs_it_is_said():
    assert 'There is none' in as_text(pairs_section([]))
    comparison = {
        'similarity': {
            'pieces': {'a': {'score': 0.5, 'match': 'b'}, 'c': {'score': None, 'match': None}}
        }
    }
    assert find_pairs(comparison, lambda name: None, lambda name: None) == []
