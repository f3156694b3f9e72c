"""The report of a listening study: `results.json`, `report.md`, `report.html` and plots."""

import json
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.experiment.answers import Answers
from symmusic.experiment.ratings import (
    LEAST,
    MOST,
    NUM_PUBLISHED,
    NUM_RESAMPLES,
    QUESTIONS,
    describe_pieces,
    summarize,
)
from symmusic.experiment.study import KINDS, Study
from symmusic.experiment.study_plots import draw_experience, draw_pieces, draw_ratings
from symmusic.files import write_whole
from symmusic.pages import escape, from_markdown, page, picture

ASKED = {'rhythm': 'rhythm (can you tap along?)', 'melody': 'melody (how pleasing?)'}
TESTS = {
    'ratings': "all ratings as if independent (Welch's t)",
    'listeners': "listeners' own differences (paired t)",
    'pieces': "means of the pieces (Welch's t)",
}
PICTURES = {
    'ratings.png': (
        'how often each rating was given to training excerpts and to generated pieces, and the'
        ' means with intervals'
    ),
    'experience.png': 'how experienced the listeners are, and their mean ratings by experience',
    'pieces.png': 'the mean ratings of every piece',
}


def describe(
    study: Study, answers: Sequence[Answers], left_out: Mapping[str, str], seed: int
) -> dict:
    """What is written as `results.json`, of at least one listener's answers."""
    ratings = {
        question: np.array([each.ratings[index] for each in answers])
        for index, question in enumerate(QUESTIONS)
    }
    experience = np.array([each.experience for each in answers])
    pieces = [
        {'piece': number, 'kind': excerpt.kind, 'origin': excerpt.origin, **row}
        for number, (excerpt, row) in enumerate(
            zip(study.excerpts, describe_pieces(ratings), strict=True), 1
        )
    ]
    return {
        'study': study.id,
        **study.about,
        'num_listeners': len(answers),
        'num_pieces': {
            kind: sum(excerpt.kind == kind for excerpt in study.excerpts) for kind in KINDS
        },
        'experience': np.bincount(experience, minlength=MOST + 1)[LEAST:].tolist(),
        'questions': summarize(ratings, study.is_generated, experience, seed),
        'pieces': pieces,
        'listeners': [
            {'file': each.file, 'listener': each.listener, 'experience': each.experience}
            for each in answers
        ],
        'left_out': dict(left_out),
    }


def summary_lines(found: Mapping) -> list[str]:
    """A line on who answered, and one for each question."""
    num = found['num_listeners']
    lines = [f'{num} listener{"s" * (num > 1)}; files left out: {len(found["left_out"]) or "none"}']
    for question, row in found['questions'].items():
        difference = row['difference']
        lines.append(
            f'{ASKED[question]}: generated {row["generated"]["mean"]:.3f}, training'
            f' {row["training"]["mean"]:.3f}, difference {_interval(difference)}:'
            f' {_verdict(difference)}'
        )
    return lines


def _verdict(difference: Mapping) -> str:
    if difference['low'] is None:
        return 'too few listeners or pieces to tell how others would rate'
    if difference['low'] <= 0 <= difference['high']:
        return 'the interval does not exclude that both are rated alike'
    return f'generated pieces are rated {"higher" if difference["low"] > 0 else "lower"}'


def write_study_report(folder: pathlib.Path, found: Mapping) -> None:
    """Writes results, report and plots into the study's folder; what stood there of earlier answers
    is replaced.
    """
    draw_ratings(folder / 'ratings.png', found)
    draw_experience(folder / 'experience.png', found)
    draw_pieces(folder / 'pieces.png', found)
    title, text = f'Listening study {found["study"]}', _report_md(found)
    pictures = '\n'.join(f'![{words}]({name})\n' for name, words in PICTURES.items())
    write_whole(folder / 'report.md', f'# {title}\n\n{text}\n## Pictures\n\n{pictures}')
    shown = '\n'.join(
        picture((folder / name).read_bytes(), words) for name, words in PICTURES.items()
    )
    write_whole(
        folder / 'report.html',
        page(
            title,
            f'<main><h1>{escape(title)}</h1>\n{from_markdown(text)}\n<h2>Pictures</h2>\n{shown}</main>',
        ),
    )
    write_whole(folder / 'results.json', json.dumps(found, indent=2) + '\n')


def _report_md(found: Mapping) -> str:
    lines = [
        f'{found["num_pieces"]["generated"]} pieces by {found["model"]} among'
        f' {found["num_pieces"]["training"]} training excerpts of '
    ]
    lines[0] += f'{found["corpus"]}, drawn by seed {found["seed"]}, rated from {LEAST} to {MOST}.'
    lines += ['', *(f'- {line}' for line in summary_lines(found)), '', '## Ratings', '']
    lines += [
        f'| | mean | SD | 95 % interval | ratings | published, {NUM_PUBLISHED} listeners |',
        '|---|---|---|---|---|---|',
    ]
    for question, row in found['questions'].items():
        published = row['published']
        for kind in KINDS:
            cell = row[kind]
            lines.append(
                f'| {question}, {kind} | {_cells(cell)} | {cell["count"]} | {published[kind]:.3f} |'
            )
        apart, gap = published['generated'] - published['training'], row['difference']
        effect = '' if gap['effect'] is None else f' (g = {gap["effect"]:.2f})'
        lines.append(
            f'| {question}, generated less training | {gap["mean"]:.3f}{effect} | | {_ends(gap)} |'
            f' | {apart:.3f} |'
        )
    lines += [
        '',
        f'Intervals say what other listeners and other pieces of the same two sources would give:'
        f' listeners and, crossed with them, pieces '
        f"of either kind are resampled ({NUM_RESAMPLES} times; Student's t with the freedom of what"
        ' is fewer). They are rather too wide '
        'than too narrow. SDs are of all ratings, and so is g, the effect size of Hedges. The'
        ' published figures are of other pieces, by '
        'another model, and have no intervals.',
        '',
        '## Tests of the difference',
        '',
        '| | difference | 95 % interval | p |',
        '|---|---|---|---|',
    ]
    for question, row in found['questions'].items():
        for name, words in TESTS.items():
            test = row['tests'][name]
            p = 'undefined' if test['p'] is None else f'{test["p"]:.3g}'
            lines.append(
                f'| {question}: {words} | {test["difference"]:.3f} | {_ends(test)} | {p} |'
            )
    lines += [
        '',
        (
            'The first is too sure of itself: ratings of one listener, and of one piece, hang'
            ' together. The second holds for these pieces, '
        ),
    ]
    lines[-1] += 'the third for these listeners alone; the intervals above hold for others of both.'
    lines += [
        '',
        '## By experience',
        '',
        (
            f'From {LEAST}, none, to {MOST}, professional. Mean (SD), and the difference with its'
            ' interval.'
        ),
        '',
    ]
    lines += [
        '| experience | listeners | question | training | generated | difference |',
        '|---|---|---|---|---|---|',
    ]
    for question, row in found['questions'].items():
        for level, group in row['by_experience'].items():
            of_kind = ' | '.join(
                f'{group[kind]["mean"]:.3f} ({_number(group[kind]["sd"])})' for kind in KINDS
            )
            lines.append(
                f'| {level} | {group["num_listeners"]} | {question} | {of_kind} |'
                f' {_interval(group["difference"])} |'
            )
    lines += [
        '',
        '## Pieces',
        '',
        '| piece | kind | from | rhythm: mean (SD) | melody: mean (SD) |',
        '|---|---|---|---|---|',
    ]
    for piece in found['pieces']:
        means = ' | '.join(
            f'{piece[question]["mean"]:.2f} ({_number(piece[question]["sd"])})'
            for question in QUESTIONS
        )
        lines.append(
            f'| {piece["piece"]} | {piece["kind"]} | {piece["origin"].replace("|", "/")} |'
            f' {means} |'
        )
    lines += [
        '',
        '## Files',
        '',
        *(
            f'- {_plain(each["file"])}: experience {each["experience"]}'
            for each in found['listeners']
        ),
    ]
    lines += [
        f'- left out: {_plain(name)}: {_plain(reason)}'
        for name, reason in found['left_out'].items()
    ]
    return '\n'.join(lines) + '\n'


def _plain(text: str) -> str:
    """A file's name or what stood in it, on one line."""
    return ' '.join(text.split())


def _cells(cell: Mapping) -> str:
    return f'{cell["mean"]:.3f} | {_number(cell["sd"])} | {_ends(cell)}'


def _number(value: float | None) -> str:
    return 'undefined' if value is None else f'{value:.3f}'


def _ends(cell: Mapping) -> str:
    return 'undefined' if cell['low'] is None else f'[{cell["low"]:.3f}, {cell["high"]:.3f}]'


def _interval(cell: Mapping) -> str:
    return f'{cell["mean"]:.3f}' + ('' if cell['low'] is None else f' {_ends(cell)}')
