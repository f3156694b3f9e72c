"""The report of a listening study: `results.json`, `report.md`, `report.html` and plots."""

import json
import pathlib
from collections.abc import Mapping

from symmusic.experiment.ratings import LEAST, MOST, NUM_PUBLISHED, NUM_RESAMPLES, QUESTIONS
from symmusic.experiment.study import KINDS
from symmusic.files import write_whole
from symmusic.report.blocks import (
    Items,
    Picture,
    Report,
    Section,
    Table,
    Text,
    table,
)
from symmusic.report.html import to_html
from symmusic.report.markdown import to_markdown
from symmusic.report.study_plots import draw_experience, draw_pieces, draw_ratings
from symmusic.wording import count, estimate, number, spread

ASKED = {'rhythm': 'rhythm (can you tap along?)', 'melody': 'melody (how pleasing?)'}
TESTS = {
    'ratings': "all ratings as if independent (Welch's t)",
    'listeners': "listeners' own differences (paired t)",
    'pieces': "means of the pieces (Welch's t)",
}
PLOTS = {
    'ratings.png': (
        draw_ratings,
        'how often each rating was given to training excerpts and to generated pieces, and the'
        ' means with intervals',
    ),
    'experience.png': (
        draw_experience,
        'how experienced the listeners are, and their mean ratings by experience',
    ),
    'pieces.png': (draw_pieces, 'the mean ratings of every piece'),
}


def write_study_report(folder: pathlib.Path, found: Mapping) -> None:
    """Writes results, report and plots into the study's folder, replacing those of earlier
    answers.
    """
    for name, (draw, _) in PLOTS.items():
        draw(folder / name, found)
    report = _report(folder, found)
    write_whole(folder / 'report.md', to_markdown(report, folder))
    write_whole(folder / 'report.html', to_html(report, folder))
    write_whole(folder / 'results.json', json.dumps(found, indent=2) + '\n')


def summary_lines(found: Mapping) -> list[str]:
    """A line about the listeners, and one for each question."""
    num, num_simulated = found['num_listeners'], found['num_simulated']
    lines = [
        f'SIMULATED: {num_simulated} of {count(num, "listener")}; this is a rehearsal of the'
        ' analysis, not a result'
    ] * bool(num_simulated)
    left_out = len(found['left_out']) or 'none'
    lines.append(f'{num} listener{"s" * (num > 1)}; files left out: {left_out}')
    for question, row in found['questions'].items():
        difference = row['difference']
        lines.append(
            f'{ASKED[question]}: generated {number(row["generated"]["mean"])}, training'
            f' {number(row["training"]["mean"])}, difference {_interval(difference)}:'
            f' {_verdict(difference)}'
        )
    return lines


def _verdict(difference: Mapping) -> str:
    if difference['low'] is None:
        return 'too few listeners or pieces to infer how others would rate'
    if difference['low'] <= 0 <= difference['high']:
        return 'the interval does not exclude equal ratings'
    return f'generated pieces are rated {"higher" if difference["low"] > 0 else "lower"}'


def _report(folder: pathlib.Path, found: Mapping) -> Report:
    counts = found['num_pieces']
    head = (
        f'{count(counts["generated"], "piece")} by {found["model"]} among'
        f' {count(counts["training"], "training excerpt")} of {found["corpus"]}, drawn by'
        f' seed {found["seed"]}, rated from {LEAST} to {MOST}.'
    )
    pictures = tuple(Picture(folder / name, text, text) for name, (_, text) in PLOTS.items())
    files = [
        f'{_line(each["file"])}: experience {each["experience"]}' for each in found['listeners']
    ]
    files += [
        f'left out: {_line(name)}: {_line(reason)}' for name, reason in found['left_out'].items()
    ]
    experience = Text(
        f'From {LEAST}, none, to {MOST}, professional. Mean (SD), and the difference with its'
        ' interval.'
    )
    sections = (
        Section('', (Text(head), Items(tuple(summary_lines(found))))),
        Section('Ratings', (_ratings(found), Text(ABOUT_RATINGS))),
        Section('Tests of the difference', (_tests(found), Text(ABOUT_TESTS))),
        Section('By experience', (experience, _by_experience(found))),
        Section('Pieces', (_pieces(found),)),
        Section('Files', (Items(tuple(files)),)),
        Section('Pictures', pictures),
    )
    return Report(f'Listening study {found["study"]}', sections)


ABOUT_RATINGS = (
    'Intervals say what other listeners and other pieces of the same two sources would give:'
    f' listeners and, crossed with them, pieces of either kind are resampled ({NUM_RESAMPLES}'
    " times; Student's t with the degrees of freedom of the smaller number). They are"
    " conservative. SDs are over all ratings; g is Hedges' g, an effect size."
    ' The published figures are of other pieces by another model, and have no intervals.'
)
ABOUT_TESTS = (
    'The first test is overconfident: ratings are correlated within listeners and within pieces.'
    ' The second holds for these pieces only, the third for these listeners only; the intervals'
    ' above hold for others of both.'
)


def _ratings(found: Mapping) -> Table:
    rows = []
    for question, row in found['questions'].items():
        published, gap = row['published'], row['difference']
        for kind in KINDS:
            cell = row[kind]
            rows.append(
                [
                    f'{question}, {kind}',
                    number(cell['mean']),
                    number(cell['sd']),
                    _ends(cell),
                    str(cell['count']),
                    number(published[kind]),
                ]
            )
        effect = '' if gap['effect'] is None else f' (g = {gap["effect"]:.2f})'
        apart = published['generated'] - published['training']
        name = f'{question}, generated minus training'
        rows.append([name, number(gap['mean']) + effect, '', _ends(gap), '', number(apart)])
    head = ['', 'mean', 'SD', '95 % interval', 'ratings', f'published, {NUM_PUBLISHED} listeners']
    return table(head, rows, 'ratings of both kinds')


def _tests(found: Mapping) -> Table:
    rows = []
    for question, row in found['questions'].items():
        for name, words in TESTS.items():
            test = row['tests'][name]
            p = '-' if test['p'] is None else f'{test["p"]:.3g}'
            rows.append([f'{question}: {words}', number(test['difference']), _ends(test), p])
    return table(['', 'difference', '95 % interval', 'p'], rows, 'tests of the difference')


def _by_experience(found: Mapping) -> Table:
    rows = [
        [
            level,
            str(group['num_listeners']),
            question,
            *(spread(group[kind]['mean'], group[kind]['sd']) for kind in KINDS),
            _interval(group['difference']),
        ]
        for question, row in found['questions'].items()
        for level, group in row['by_experience'].items()
    ]
    head = ['experience', 'listeners', 'question', *KINDS, 'difference']
    return table(head, rows, 'ratings by experience')


def _pieces(found: Mapping) -> Table:
    rows = [
        [
            str(piece['piece']),
            piece['kind'],
            piece['origin'],
            *(spread(piece[each]['mean'], piece[each]['sd'], digits=2) for each in QUESTIONS),
        ]
        for piece in found['pieces']
    ]
    head = ['piece', 'kind', 'from', *(f'{each}: mean (SD)' for each in QUESTIONS)]
    return table(head, rows, 'ratings of each piece')


def _line(text: str) -> str:
    """The name or content of a file, on one line."""
    return ' '.join(text.split())


def _ends(cell: Mapping) -> str:
    return '-' if cell['low'] is None else f'[{cell["low"]:.3f}, {cell["high"]:.3f}]'


def _interval(cell: Mapping) -> str:
    return estimate(cell['mean'], cell['low'], cell['high'])
