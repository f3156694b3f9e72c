"""Writes docs/study.md, the answers to the thesis's findings, from the stored results.

python launch.py --mode=experiment --config=configs/exp3.py --workdir=A
python benchmarks/experiments.py --commit=1a2b3c4 exp3=A/experiment

stores what the page needs of an experiment's `results.json` in docs/results/exp3/, with the commit
that it was run with, the date and the minutes of training. A run of the variant `source` is stored
under another name, `exp3_source=B/experiment`. Without arguments the page is written again.
"""

import argparse
import datetime
import importlib
import json
import pathlib
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from symmusic.config.experiments import Hypothesis, Primary
from symmusic.experiment.highlights import with_interval
from symmusic.experiment.statistics import mean_interval
from symmusic.files import write_whole
from symmusic.measures.bounds import bounds_of
from symmusic.report.blocks import Code, Items, Link, Picture, Report, Section, Text, table
from symmusic.report.experiment_published import figures_of
from symmusic.report.markdown import to_markdown
from symmusic.thesis.tables import SIMILARITY_BY_WINDOWS, SOURCE, find_table
from symmusic.wording import count, number

DOCS = pathlib.Path(__file__).resolve().parent.parent / 'docs'
# The findings of the thesis and the experiments that test them.
FINDINGS = {
    '1. Tunes of mixed styles are harder to learn from': ('exp1',),
    '2. Bidirectional layers help': ('exp4', 'exp4_gaps'),
    '3. Models of mixed or of few tunes plagiarize more': ('exp1', 'exp1_size'),
    '4. Attention gives more coherent structure': ('exp3',),
    '5. The melody encoding is better than the piano roll': ('exp2',),
    'Not of the thesis: other networks are better than the LSTM': ('exp5',),
}
COPYING = ('plagiarism', 'copied_run')  # the measures of the third finding
EXPERIMENTS = ('exp1', 'exp1_size', 'exp2', 'exp3', 'exp4', 'exp4_gaps', 'exp5')
SHOWN = ('nats_per_step', 'overall_oa', 'plagiarism', 'copied_run', 'repeated_bars')
PICTURES, MOST_BYTES = ('effects.png', 'measures.png'), 300_000
DIGITS = 5  # significant ones of stored numbers
KEPT = ('experiment', 'quick', 'variant', 'question', 'arms', 'failed', 'contrasts', 'highlights')


def reduced(found: Mapping, minutes: Mapping[str, Sequence[float | None]], commit: str) -> dict:
    """The part of `results.json` that is kept: everything but the differences of arms that no claim
    compares and the measures of other splits; with the `commit`, the `date` and, for each arm,
    the `minutes` of training on each split.
    """
    claimed = [row['arms'] for row in found['highlights']]
    stored = {name: found[name] for name in KEPT}
    stored['contrasts'] = [row for row in found['contrasts'] if row['arms'] in claimed]
    stored['splits'] = {
        seed: {name: each[name] for name in ('highlights', 'failed')}
        for seed, each in found['splits'].items()
    }
    stored |= {'common_tunes': found.get('common_tunes', {}), 'minutes': minutes}
    return rounded(stored) | {'commit': commit}


def rounded(found: object) -> object:
    """Results with numbers of `DIGITS` significant digits."""
    if isinstance(found, float):
        return float(f'{found:.{DIGITS}g}')
    if isinstance(found, Mapping):
        return {name: rounded(value) for name, value in found.items()}
    return [rounded(value) for value in found] if isinstance(found, list) else found


def read_minutes(folder: pathlib.Path, found: Mapping) -> dict[str, list[float | None]]:
    """The minutes of training of each arm, on each split; None where they are not known."""

    def of(path: pathlib.Path) -> float | None:
        try:
            return round(json.loads((path / 'summary.json').read_text())['seconds'] / 60, 1)
        except (OSError, ValueError, KeyError):
            return None

    places = [folder, *(folder / f'split-{seed}' for seed in found['splits'])]
    names = {
        name: pathlib.Path(arm['variant'], name.removesuffix('_source'))
        for name, arm in found['arms'].items()
    }
    return {name: [of(place / path) for place in places] for name, path in names.items()}


def store(name: str, folder: pathlib.Path, commit: str, docs: pathlib.Path) -> None:
    """Stores the results of an experiment's folder, and its small pictures."""
    path = folder / 'results.json'
    if not path.is_file():
        sys.exit(f'{path}: no such file; an experiment writes it when its last arm is finished')
    if name.removesuffix('_source') not in EXPERIMENTS:
        known = ', '.join(EXPERIMENTS)
        sys.exit(f'{name}={folder}: unknown experiment; must be one of {known}, or NAME_source')
    found = json.loads(path.read_text())
    if found['quick']:
        sys.exit(f'{path}: a quick run, which is too short to answer anything; run it in full')
    date = datetime.date.fromtimestamp(path.stat().st_mtime).isoformat()
    stored = reduced(found, read_minutes(folder, found), commit) | {'date': date}
    target = docs / 'results' / name
    target.mkdir(parents=True, exist_ok=True)
    write_whole(target / 'results.json', json.dumps(stored, indent=1) + '\n')
    for picture in PICTURES:
        if (folder / picture).is_file() and (folder / picture).stat().st_size <= MOST_BYTES:
            shutil.copy(folder / picture, target)


def read_stored(docs: pathlib.Path) -> dict[str, dict]:
    """The stored results by name, in the order of `EXPERIMENTS`."""
    names = [name + more for name in EXPERIMENTS for more in ('', '_source')]
    paths = {name: docs / 'results' / name / 'results.json' for name in names}
    return {name: json.loads(path.read_text()) for name, path in paths.items() if path.exists()}


def read_hypothesis(name: str) -> Hypothesis:
    """The claims of a config file."""
    return importlib.import_module(f'configs.{name}').get_config().experiment


def answers(stored: Mapping[str, Mapping], name: str, primary: Primary) -> list[tuple[dict, dict]]:
    """The answers to a claim, one for each variant that was run, with the results they are in."""
    return [
        (row, found)
        for known, found in stored.items()
        if known in (name, f'{name}_source')
        for row in found['highlights']
        if row['measure'] == primary.measure
        and [each.removesuffix('_source') for each in row['arms']] == list(primary.arms)
    ]


def finding_rows(finding: str, stored: Mapping[str, Mapping]) -> Iterable[list[str]]:
    """The rows of a finding: each claim that tests it, in each variant."""
    for name in FINDINGS[finding]:
        hypothesis = read_hypothesis(name)
        for primary in hypothesis.primaries:
            if name == 'exp1' and (primary.measure in COPYING) == finding.startswith('1'):
                continue
            beside = published(name, hypothesis, primary)
            head = [finding, f'{primary.claim} ({name}, {primary.measure})']
            found = answers(stored, name, primary)
            if not found:
                yield [*head, '', '', '', '', 'not run', beside]
            for row, results in found:
                yield [*head, *answer_cells(row, results), beside]


def answer_cells(row: Mapping, found: Mapping) -> list[str]:
    """Effect, mean over splits, p, replicas and splits, and verdict of a claim."""
    index = found['highlights'].index(row)
    others = [each['highlights'][index] for each in found['splits'].values()]
    verdict = row['verdict'] + f' ({row["variant"]})' * (row['variant'] != 'sound')
    if row.get('difference') is None:
        return ['', '', '', '', f'{verdict}: {row["evidence"]}']
    known = [each['difference'] for each in (row, *others) if each.get('difference') is not None]
    over = mean_interval(known, bounds_of(row['measure']).difference)
    replicas = ' and '.join(
        dict.fromkeys(str(found['arms'][arm]['replicas']) for arm in row['arms'])
    )
    if others:
        verdict += f'; other splits: {", ".join(each["verdict"] for each in others)}'
    return [
        with_interval({**row, 'mean': row['difference']}),
        with_interval(over) if others else '',
        '' if row['p_holm'] is None else f'{row["p_holm"]:.2g}',
        f'{replicas} x {len(known)}',
        verdict,
    ]


def published(name: str, hypothesis: Hypothesis, primary: Primary) -> str:
    """The thesis's figures for the arms of a claim: of its measure, or else overall OA."""
    if name == 'exp1_size' and primary.measure == 'plagiarism':
        cells = [f'{windows:,} {score:g}' for windows, score in SIMILARITY_BY_WINDOWS.items()]
        return f'similarity by windows: {", ".join(cells)} (table 5.6)'
    numbers = [hypothesis.tables.get(arm) for arm in primary.arms]
    if None in numbers:
        return 'none'
    figures = [figures_of(find_table(each)) for each in numbers]
    measure = primary.measure if primary.measure in figures[0] else 'overall_oa'
    cells = ' and '.join(f'{each[measure]:g}' for each in figures)
    return f'{measure} {cells} (tables {" and ".join(numbers)})'


def undecided(row: Mapping) -> str:
    """What would decide a claim whose interval is too wide."""
    if row['verdict'] != 'undecided' or row.get('low') is None or row.get('bound') is not None:
        return ''
    factor = ((row['high'] - row['low']) / 2 / row['smallest']) ** 2
    return (
        '. An interval as narrow as the smallest effect of interest needs about'
        f' {factor:.1f} times as many replicas and tunes'
        if factor > 1
        else ''
    )


def experiment_section(name: str, stored: Mapping[str, Mapping], docs: pathlib.Path) -> Section:
    """The section of an experiment, with its run of the variant `source`, if any."""
    hypothesis, blocks = read_hypothesis(name), []
    for known in (name, f'{name}_source'):
        if known in stored:
            blocks += results_blocks(known, stored[known], docs)
    if not blocks:
        blocks = [Text(('Not run. ', Code(f'configs/{name}.py'), ' states it.'))]
    return Section(f'{hypothesis.question} ({name})', tuple(blocks))


def results_blocks(name: str, found: Mapping, docs: pathlib.Path) -> list:
    """How an experiment was run, its arms and the evidence for each claim."""
    arms = found['arms']
    first = next(iter(arms.values()))
    versions = ', '.join(f'{package} {number}' for package, number in first['versions'].items())
    about = (
        f'Variant {found["variant"]}, {found["date"]}, commit {found["commit"]}, on'
        f' {first["device"]}, {count(1 + len(found["splits"]), "split")} of the tunes; {versions}.'
        ' Minutes are of training, one value for each split.'
    )
    rows = []
    for arm, each in arms.items():
        minutes = ', '.join(number(value, 0) for value in found['minutes'].get(arm, ()))
        cells = [with_interval(each['measures'][measure]) for measure in SHOWN]
        sizes = (each['replicas'], each['num_parameters'], each['num_windows'])
        beats = {True: '', False: ', not beaten', None: ''}[each['beats_count_model']]
        counted = number(each['count_model']) + beats
        own = [arm, *(f'{size:,}' for size in sizes), minutes]
        rows.append([*own, cells[0], counted, *cells[1:]])
    head = ['arm', 'replicas', 'parameters', 'windows', 'minutes', SHOWN[0], 'count model']
    blocks = [Text(about), table([*head, *SHOWN[1:]], rows, 'arms')]
    claims = [
        f'{row["claim"]}: {row["verdict"]} ({row["variant"]}). {row["evidence"]}{undecided(row)}.'
        for row in found['highlights']
    ]
    claims += [f'Missing: {arm}, {why}.' for arm, why in found['failed'].items()]
    blocks.append(Items(tuple(claims)))
    folder = docs / 'results' / name
    blocks += [
        Picture(folder / picture, f'{name}: {picture.removesuffix(".png")}')
        for picture in PICTURES
        if (folder / picture).is_file()
    ]
    return blocks


def page(docs: pathlib.Path) -> str:
    """The text of docs/study.md."""
    stored = read_stored(docs)
    rows = [row for finding in FINDINGS for row in finding_rows(finding, stored)]
    head = ['finding', 'claim tested', 'effect', 'mean of the splits', 'p after Holm']
    head += ['replicas x splits', 'verdict', "the thesis's own figures"]
    about = (
        'Written by ',
        Code('benchmarks/experiments.py'),
        ' from ',
        Code('docs/results/'),
        '; designs, measures and smallest effects of interest are in ',
        Link('experiments.md', docs / 'experiments.md'),
        f'. Brackets are 95 % intervals. {SOURCE}: figures of other tunes, one seed each, so only'
        ' their direction can be compared. Effects are the first arm minus the second.',
    )
    sections = [
        Section('The findings', (table(head, rows, 'findings'), Text(about))),
        *(experiment_section(name, stored, docs) for name in EXPERIMENTS),
    ]
    return to_markdown(Report('The study answered', tuple(sections)), docs)


def main(arguments: Sequence[str] | None = None, docs: pathlib.Path = DOCS) -> None:
    """Stores the named results and writes the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument('runs', nargs='*', metavar='NAME=FOLDER')
    parser.add_argument('--commit', default='', help='that the named experiments were run with')
    given = parser.parse_args(arguments)
    if given.runs and not given.commit:
        parser.error('--commit is needed, the commit that the experiments were run with')
    for run in given.runs:
        name, _, folder = run.partition('=')
        store(name, pathlib.Path(folder), given.commit, docs)
    write_whole(docs / 'study.md', page(docs).rstrip('\n') + '\n')


if __name__ == '__main__':
    main()
