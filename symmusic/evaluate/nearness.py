"""How near the pieces come to known tunes, as sections of the page."""

from collections.abc import Sequence

import numpy as np

from symmusic.evaluate import charts
from symmusic.evaluate.pairs import Pair, describe, draw_pair
from symmusic.evaluate.summary import sentence
from symmusic.pages import escape, table

NUM_LISTED = 10  # nearest pieces
MOST_FLAGGED = 20
NUM_BINS = 20
MOST_BINS = 40  # of whole numbers
UNDEFINED, NONE = 'undefined', '-'  # not defined; nothing there
BLOCKS = {
    'longest_run': ('Longest run copied note for note', 'notes', 'longest run (notes)'),
    'alignment': ('Best local alignment', 'gain', 'alignment (gain)'),
}


def nearness(comparison: dict) -> str:
    """Histograms of the scores with the level of real unseen tunes where it is known, and the
    nearest pieces in a table.
    """
    similarity, copies = comparison['similarity'], comparison.get('copies', {})
    figures = [
        *([_similarities(similarity)] if similarity['mean'] is not None else []),
        *(_counts(block, copies[block]) for block in BLOCKS if block in copies),
    ]
    scores = {name: each['score'] for name, each in similarity['pieces'].items()}
    nearest = sorted(
        scores, key=lambda name: (-(-1 if scores[name] is None else scores[name]), name)
    )
    rows = []
    for name in nearest[:NUM_LISTED]:
        own = [copies[block] for block in BLOCKS if block in copies]
        cells = [
            f'{block["pieces"][name]["score"]}{" !" * (name in block["flagged"])}' for block in own
        ]
        rows.append(
            [name, number(scores[name]), similarity['pieces'][name]['match'] or NONE, *cells]
        )
    head = [
        'piece',
        'similarity',
        'nearest tune',
        *(title for block, (_, _, title) in BLOCKS.items() if block in copies),
    ]
    remarks = [
        'Similarity is that of MelodyShape 2015-shapeh and of the course of the pitches alone;'
        ' undefined for pieces of fewer than 3 notes.'
    ]
    if copies:
        remarks.append(
            'A copied run is alike in intervals and rhythm; an alignment may have changes in it. !'
            ' marks what is above the level of 95 % of real unseen tunes.'
        )
    if similarity.get('note'):
        remarks.append(sentence(similarity['note']))
    listed = (
        f'<h3>The nearest by similarity</h3>{table(head, rows, "The pieces nearest to a tune")}'
        if rows
        else ''
    )
    return (
        f'<div class="charts">{"".join(figures)}</div>{listed}<p'
        f' class="quiet">{escape(" ".join(remarks))}</p>{_flagged(copies)}'
    )


def _flagged(copies: dict) -> str:
    """The pieces above the level of real unseen tunes, and where a person finds what they copy."""
    rows = []
    for block, (caption, unit, _) in BLOCKS.items():
        for name in copies.get(block, {'flagged': ()})['flagged']:
            own = copies[block]['pieces'][name]
            rows.append(
                [
                    name,
                    caption,
                    f'{own["score"]} {unit}',
                    str(own['piece_bar']),
                    own['tune'] or NONE,
                    str(own['tune_bar']),
                ]
            )
    if not rows:
        return ''
    more = (
        f'<p>And {len(rows) - MOST_FLAGGED} more; comparison.json has all.</p>'
        if len(rows) > MOST_FLAGGED
        else ''
    )
    head = ['piece', 'flagged for', 'score', 'from its bar', 'tune', 'from its bar']
    return (
        '<h3>Above the level of real unseen'
        f' tunes</h3>{table(head, rows[:MOST_FLAGGED], "The pieces flagged")}{more}'
    )


def nearest_pairs(pairs: Sequence[Pair]) -> str:
    """The pairs, each drawn."""
    if not pairs:
        return (
            '<p>There is none: no piece is like a tune in any two notes, or none could be'
            ' measured.</p>'
        )
    parts = [
        '<p>Each piece above the tune it is nearest to, what they have in common marked and one'
        ' above the other.</p>'
    ]
    for pair in pairs:
        title = f'Piece {pair.names[0]} and {pair.names[1]}'
        about = f'{"; ".join(pair.reasons)}; {describe(pair)}.'
        parts.append(
            f'<h3>{escape(title)}</h3><p'
            f' class="quiet">{escape(about[0].upper() + about[1:])}</p>{draw_pair(pair)}'
        )
    return '\n'.join(parts)


def number(value: float | None) -> str:
    """A cell of a table."""
    return UNDEFINED if value is None else f'{value:.3f}'


def _similarities(similarity: dict) -> str:
    scores = [each['score'] for each in similarity['pieces'].values() if each['score'] is not None]
    unseen = similarity.get('unseen') or {}
    others = [score for score in unseen.get('scores', ()) if score is not None]
    end = np.ceil(10 * max([0.1, *scores, *others])) / 10
    level = (unseen['mean'], 'mean of unseen tunes') if unseen.get('mean') is not None else None
    text = f'Similarity to the nearest tune: histogram over {len(scores)} pieces'
    if scores:
        text += f', mean {np.mean(scores):.3f}, highest {max(scores):.3f}'
    if level:
        text += f'; real unseen tunes have {level[0]:.3f} on the mean'
    drawing = charts.histogram(
        scores,
        np.linspace(0, end, NUM_BINS + 1),
        text,
        x_label='similarity',
        others=others,
        level=level,
    )
    below = ['the outline: as many real unseen tunes'] * bool(others)
    below += [f'{similarity["unusable"]} unusable'] * bool(similarity['unusable'])
    return charts.figure(drawing, 'Similarity to the nearest tune', '; '.join(below))


def _counts(block: str, copies: dict) -> str:
    caption, unit, _ = BLOCKS[block]
    scores, level = [each['score'] for each in copies['pieces'].values()], copies['level']
    most = int(max([1, *scores, level or 0]))
    step = -(-most // MOST_BINS)
    text = f'{caption}: histogram over {len(scores)} pieces'
    if scores:
        text += f', mean {np.mean(scores):.1f}, highest {max(scores)}'
    below = 'no real unseen tunes to compare it with'
    if level is not None:
        below = (
            f'{len(copies["flagged"])} of {len(scores)} pieces above the level of 95 % of real'
            f' unseen tunes, {level:g}'
        )
    mark = (level, '95 % of unseen tunes') if level is not None else None
    drawing = charts.histogram(
        scores, np.arange(-0.5, most + step + 0.5, step), text, x_label=unit, level=mark
    )
    return charts.figure(drawing, caption, below)
