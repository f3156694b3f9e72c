"""The sections on how similar the pieces are to known tunes."""

from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.originality.plagiarism import Copied, Copies, Level, Similarity
from symmusic.originality.planted import Planted
from symmusic.report import bar_charts
from symmusic.report.blocks import Block, Chart, Charts, Heading, Section, Table, Text, table
from symmusic.report.pair_rolls import roll_pair
from symmusic.report.pairs import Pair, describe
from symmusic.wording import count, number, sentence

NUM_LISTED = 10  # most similar pieces
MOST_FLAGGED = 20
MEASURES = {
    'longest_run': 'longest run',
    'alignment': 'alignment',
    'similarity': 'similarity (MelodyShape)',
}
NUM_BINS = 20
MOST_BINS = 40  # for integers
BLOCKS = {
    'longest_run': ('Longest run copied note for note', 'notes', 'longest run (notes)'),
    'alignment': ('Best local alignment', 'gain', 'alignment (gain)'),
}


def nearness_section(similarity: Similarity, copies: Copies | None) -> Section:
    """Histograms of the scores with the level of real unseen tunes, where known, and a table of the
    number of most similar pieces listed.
    """
    copied = copies.by_measure if copies else {}
    drawn = [_similarities(similarity)] if similarity.mean is not None else []
    drawn += [_counts(block, each) for block, each in copied.items()]
    remarks = [
        'Similarity is that of MelodyShape 2015-shapeh, of the pitch contour only: at most 1, for a'
        ' copy, and below 0 where little is alike; undefined for pieces of fewer than 3 notes.'
    ]
    if copies:
        remarks.append(
            'A copied run has the same intervals and rhythm; an alignment may contain changes. !'
            ' marks scores above those of 95 % of real unseen tunes.'
        )
    if similarity.note:
        remarks.append(sentence(similarity.note))
    blocks: list[Block] = [Charts(tuple(drawn))] if drawn else []
    if similarity.pieces:
        blocks += [Heading('The nearest by similarity'), _nearest(similarity, copied)]
    blocks += [Text(' '.join(remarks), quiet=True), *_flagged(copied)]
    return Section('Nearness to known tunes', tuple(blocks))


def _nearest(similarity: Similarity, copied: Mapping[str, Copied]) -> Table:
    scores = {name: each.score for name, each in similarity.pieces.items()}
    order = sorted(
        scores, key=lambda name: (np.inf if scores[name] is None else -scores[name], name)
    )
    rows = [
        [
            name,
            number(scores[name]),
            similarity.pieces[name].match or '-',
            *(
                f'{each.pieces[name].passage.score}' + ' !' * (name in each.flagged)
                for each in copied.values()
            ),
        ]
        for name in order[:NUM_LISTED]
    ]
    head = ['piece', 'similarity', 'nearest tune', *(BLOCKS[block][2] for block in copied)]
    return table(head, rows, 'The pieces nearest to a tune')


def _flagged(copied: Mapping[str, Copied]) -> list[Block]:
    """The table of pieces above the level of real unseen tunes, with the places of the copied
    passages.
    """
    rows = []
    for block, each in copied.items():
        caption, unit, _ = BLOCKS[block]
        for name in each.flagged:
            passage, tune = each.pieces[name].passage, each.pieces[name].tune
            score = f'{passage.score} {unit}'
            places = [str(passage.piece_bar), tune or '-', str(passage.tune_bar)]
            rows.append([name, caption, score, *places])
    if not rows:
        return []
    head = ['piece', 'flagged for', 'score', 'from its bar', 'tune', 'from its bar']
    blocks: list[Block] = [
        Heading('Above the level of real unseen tunes'),
        table(head, rows[:MOST_FLAGGED], 'The pieces flagged'),
    ]
    if len(rows) > MOST_FLAGGED:
        blocks.append(Text(f'And {len(rows) - MOST_FLAGGED} more; comparison.json has all.'))
    return blocks


def planted_section(planted: Planted) -> Section:
    """How many planted copies each measure finds."""
    kinds = list(next(iter(planted.recall.values())))
    rows = [
        [MEASURES[name], *(f'{100 * recall[kind]:.0f} %' for kind in kinds)]
        for name, recall in planted.recall.items()
    ]
    text = (
        f'{count(planted.num_planted, "excerpt")} of training tunes of each kind, all in another'
        ' key: as they are, ornamented, with another rhythm, and with two bars of them inside an'
        f' unseen excerpt. Found: a higher score than {100 - 100 * planted.false_alarms:g} % of'
        f' {planted.num_unseen} unseen excerpts.'
    )
    found = table(['planted copies found by', *kinds], rows, 'planted copies found')
    return Section('Do these measures find copies?', (found, Text(text)))


def pairs_section(pairs: Sequence[Pair]) -> Section:
    """The section that draws the nearest pairs."""
    heading = 'The nearest pairs'
    if not pairs:
        text = (
            'There are none: no piece has two consecutive notes in common with a tune, or none'
            ' could be measured.'
        )
        return Section(heading, (Text(text),))
    about = 'Each piece above the tune that is nearest to it, with the common passage marked.'
    blocks: list[Block] = [Text(about)]
    for pair in pairs:
        why = f'{"; ".join(pair.reasons)}; {describe(pair)}.'
        title = f'Piece {pair.names[0]} and {pair.names[1]}'
        blocks += [
            Heading(title),
            Text(why[0].upper() + why[1:], quiet=True),
            roll_pair(pair),
        ]
    return Section(heading, tuple(blocks))


def similarity_range(scores: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis for similarities, rounded to tenths: from 0, or from the lowest if below
    0, to the highest.
    """
    low, high = np.floor(10 * min([0, *scores])), np.ceil(10 * max([0.1, *scores]))
    return float(low / 10), float(high / 10)


def _similarities(similarity: Similarity) -> Chart:
    scores = [each.score for each in similarity.pieces.values() if each.score is not None]
    unseen = similarity.unseen or Level(None, None, 0)
    others = [score for score in unseen.scores if score is not None]
    begin, end = similarity_range([*scores, *others])
    level = (unseen.mean, 'mean of unseen tunes') if unseen.mean is not None else None
    text = f'Similarity to the nearest tune: histogram over {count(len(scores), "piece")}'
    if scores:
        text += f', mean {np.mean(scores):.3f}, highest {max(scores):.3f}'
    if level:
        text += f'; real unseen tunes have {level[0]:.3f} on average'
    drawing = bar_charts.histogram(
        scores,
        np.linspace(begin, end, NUM_BINS + 1),
        text,
        x_label='similarity',
        others=others,
        level=level,
    )
    below = ['the outline: as many real unseen tunes'] * bool(others)
    below += [f'{similarity.unusable} unusable'] * bool(similarity.unusable)
    return Chart(drawing, 'Similarity to the nearest tune', text, '; '.join(below))


def _counts(block: str, copied: Copied) -> Chart:
    caption, unit, _ = BLOCKS[block]
    scores, level = [each.passage.score for each in copied.pieces.values()], copied.level
    most = int(max([1, *scores, level or 0]))
    step = -(-most // MOST_BINS)
    text = f'{caption}: histogram over {count(len(scores), "piece")}'
    if scores:
        text += f', mean {np.mean(scores):.1f}, highest {max(scores)}'
    below = 'no real unseen tunes to compare it with'
    if level is not None:
        below = (
            f'{len(copied.flagged)} of {count(len(scores), "piece")} above the level of 95 % of'
            f' real unseen tunes, {level:g}'
        )
    mark = (level, '95 % of unseen tunes') if level is not None else None
    drawing = bar_charts.histogram(
        scores, np.arange(-0.5, most + step + 0.5, step), text, x_label=unit, level=mark
    )
    return Chart(drawing, caption, text, below)
