"""What a comparison is written as: `comparison.json`, `features.csv`, `report.md`, `index.html` and
plots.

`comparison.json` is one object. Of every comparison:

- `protocol`, `num_reference`, `num_generated`, `features`, `averages`: `comparison.compare`;
  undefined cells are null, with a `note`
- `similarity`: `plagiarism.similarity_of`, of `compare` with `left_out` and `note`
- `left_out` (of `compare`): `{set: {file: reason}}`

Of `--mode=evaluate` as well, where the sets are those of the first draw; a set's name is `model`,
`second_draw`, `real_continuations`, `markov_N` or `shuffled`:

- `draws`: `{set: {'num_draws', 'size', 'overall_oa': scale.interval}}`
- `model`, and `scale` by set: the means over draws of each KLD and OA
- `nats_per_step`, `nats_per_note`: `{model: nats}`, of `model`, `base_rate` and `markov_N`;
  `nats_by_position`: `{model: 16 numbers}`; `nats_intervals`: `{'per_step' | 'per_note': {model:
  [low, high]}}`
- `likelihood`: what those are of: `likelihood.summarize`, with `num_tunes` and `targets`
- `critic`: `trial.hold_trial` with `num_tunes` and, of all prompts that these give, `num_places`;
  where there is none, nulls and a `note`
- `copies` (`corrected` alone): `plagiarism.measure_copies`; `similarity.unseen`: the level of real
  unseen tunes, with their `scores`
- `structure`: `structure.measure_structure`, of the sets that continue the prompts
- `prompts`: 'held_out' or 'fixed'; `prompt`: the fixed one's name; with it there is no set
  `real_continuations`
- `part`: whose tunes were held out. Split by window there are none: `part` and the nats are null,
  `likelihood` has only a `note`, and there is neither `unseen` nor any `level`
- `published`: `published.find_published`
- `num_redraws`, `num_empty`, `epoch`, `replica`
"""

import csv
import io
import json
import pathlib
from collections.abc import Sequence

import numpy as np

from symmusic.evaluate.comparison import NUM_PERMUTATIONS, NUM_RESAMPLES, SETS, Pieces
from symmusic.evaluate.features import FEATURES, SHAPES
from symmusic.evaluate.page import comparison_page
from symmusic.evaluate.pairs import Pair
from symmusic.evaluate.pictures import (
    TITLES,
    draw_distances,
    draw_transitions,
    find_densities,
    mean_transitions,
)
from symmusic.evaluate.summary import count, group_remarks
from symmusic.files import write_whole


def columns() -> list[str]:
    """The columns of features.csv after `set` and `file`: matrices row by row."""
    names = []
    for name in FEATURES:
        places = np.ndindex(SHAPES[name]) if name in SHAPES else [()]
        names += ['_'.join([name, *map(str, place)]) for place in places]
    return names


def features_csv(sets: dict[str, Pieces]) -> str:
    """One row per piece in full precision, `nan` where a feature is not defined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['set', 'file', *columns()])
    for which, pieces in sets.items():
        for index, file in enumerate(pieces.names):
            values = np.concatenate([np.ravel(pieces.features[name][index]) for name in FEATURES])
            writer.writerow([which, file, *map(repr, values.tolist())])
    return text.getvalue()


def report_md(comparison: dict, names: dict[str, str], notes: list[str]) -> str:
    """The comparison as the source lays its tables out, in Markdown; `names` are the sets' own."""
    corrected = comparison['protocol'] == 'corrected'
    lines = [
        f'# {names["generated"]} beside {names["reference"]}',
        '',
        (
            f'{count(comparison["num_reference"], "reference piece")} ({names["reference"]}), '
            f'{count(comparison["num_generated"], "generated piece")} '
            f'({names["generated"]}); protocol `{comparison["protocol"]}`.'
        ),
        '',
        '| | reference mean (SD) | intra-set mean (SD) | generated mean (SD) | intra-set mean (SD)'
        ' | KLD | OA |' + (' OA with inter-set | p |' if corrected else ''),
        '|---|---|---|---|---|---|---|' + ('---|---|' if corrected else ''),
    ]
    for name in FEATURES:
        row = comparison['features'][name]
        cells = [f'{name}: {TITLES[name]}']
        for which in SETS:
            cells += [
                _pair(row[which]['mean'], row[which]['sd']),
                _pair(row[which]['intra_mean'], row[which]['intra_sd']),
            ]
        cells += [_interval(row, 'kld'), _interval(row, 'oa')]
        if corrected:
            cells += [_number(row['oa_inter']), _number(row['p_holm'])]
        lines.append(f'| {" | ".join(cells)} |')
    for group, cells in comparison['averages'].items():
        lines.append(
            f'| {group} average | | | | | {_interval(cells, "kld")} | {_interval(cells, "oa")} |'
            + (' | |' if corrected else '')
        )
    lines += [
        '',
        (
            'OA: overlap area of the two distributions of intra-set distances, 1 where they are'
            ' alike; KLD: their KL divergence in nats, 0 where they are alike. Both compare the'
            ' variety within each set, not what is in it.'
        ),
    ]
    if corrected:
        lines.append(
            f'In brackets 95 % intervals for sets of these sizes, from {NUM_RESAMPLES} resamples of'
            ' the pieces. OA with inter-set: the generated set beside the distances between the'
            f' sets. p: permutation test of the energy distance ({NUM_PERMUTATIONS} permutations),'
            ' corrected for nine features; small where the sets differ.'
        )
    if 'similarity' in comparison:
        lines += ['', *_similarity_lines(comparison)]
    remarks = [f'- {note}' for note in [*group_remarks(comparison), *notes]]
    return '\n'.join([*lines, *(['', '## Remarks', *remarks] if remarks else [])]) + '\n'


def _similarity_lines(comparison: dict) -> list[str]:
    """How near the generated pieces are to the reference's tunes."""
    similarity = comparison['similarity']
    known = (
        'not defined'
        if similarity['mean'] is None
        else f'mean (SD) {_pair(similarity["mean"], similarity["sd"])}'
    )
    line = f'Similarity to the nearest tune (MelodyShape 2015-shapeh): {known}, '
    line += f'{count(similarity["unusable"], "piece")} of fewer than 3 notes'
    if unseen := similarity.get('unseen'):
        line += f'; real unseen tunes: {_pair(unseen["mean"], unseen["sd"])}'
    lines = [line + '.']
    for block, what in (
        ('longest_run', 'longest run copied, in notes'),
        ('alignment', 'local alignment'),
    ):
        if copies := comparison.get('copies', {}).get(block):
            scores = [piece['score'] for piece in copies['pieces'].values()]
            line = f'{what[0].upper()}{what[1:]}: mean {np.mean(scores):.1f}; '
            if copies['level'] is None:
                lines.append(line + 'there are no real unseen tunes to compare it with.')
                continue
            flagged = ', '.join(copies['flagged'][:10])
            lines.append(
                f'{line}95 % of real unseen tunes are at most at {copies["level"]:g},'
                f' {len(copies["flagged"])} of {len(scores)} pieces above'
                f' it{": " * bool(flagged)}{flagged}.'
            )
    return lines


def set_names(comparison: dict) -> dict[str, str]:
    """What a reader calls the sets of `--mode=evaluate`."""
    names = {
        'model': 'the model',
        'second_draw': 'other excerpts of the training tunes',
        'real_continuations': 'the real continuations',
    }
    shuffled = (
        'excerpts of the training tunes'
        if comparison['prompts'] == 'fixed'
        else 'real continuations'
    )
    return (
        names
        | {'shuffled': f'{shuffled}, notes shuffled'}
        | {f'markov_{order}': f'Markov of order {order}' for order in range(1, 10)}
    )


def scale_md(comparison: dict) -> str:
    """What an overlap area is to be read beside, best first, and the held-out likelihood, in
    Markdown.
    """
    fixed, names, draws = (
        comparison['prompts'] == 'fixed',
        set_names(comparison),
        comparison['draws'],
    )
    num_draws, size = draws['model']['num_draws'], draws['model']['size']
    nats = [comparison[f'nats_{unit}'] or {} for unit in ('per_step', 'per_note')]
    lines = [
        (
            f'| {num_draws} draws of {size} vs {size} | overall OA | pitch OA | rhythm OA | nats'
            ' per step | nats per note |'
        ),
        '|---|---|---|---|---|---|',
    ]
    for name in sorted(draws, key=lambda name: -(draws[name]['overall_oa']['mean'] or 0)):
        cells, row = (
            draws[name]['overall_oa'],
            comparison['model'] if name == 'model' else comparison['scale'][name],
        )
        overall = (
            '-'
            if cells['mean'] is None
            else f'{cells["mean"]:.3f} [{cells["low"]:.3f}, {cells["high"]:.3f}]'
        )
        likelihood = ' | '.join(_number(each[name]) if name in each else '' for each in nats)
        groups = ' | '.join(_number(row['averages'][group]['oa']) for group in ('pitch', 'rhythm'))
        lines.append(f'| {names[name]} | {overall} | {groups} | {likelihood} |')
    if nats[0]:
        lines.append(
            f'| base rate | | | | {" | ".join(_number(each["base_rate"]) for each in nats)} |'
        )
    if fixed:
        text = (
            f'All pieces continue one prompt, {comparison["prompt"]}, as in the source. The corpus'
            ' does not say how it really goes on, so there is no row of real continuations. They'
            ' are compared with excerpts of training tunes nevertheless, as in the source.'
        )
    else:
        text = (
            f'All continue the same prompts, from {comparison["part"]} tunes, and are compared with'
            ' the same excerpts of training tunes.'
        )
    text += (
        ' In brackets 95 % intervals of the mean over draws.'
        + f' Nats on the {comparison["part"]} tunes.' * bool(nats[0])
    )
    lines += ['', text]
    return '\n'.join(lines) + '\n'


def _number(value: float | None) -> str:
    return '-' if value is None else f'{value:.3f}'


def _pair(mean: float | None, sd: float | None) -> str:
    return '-' if mean is None else f'{mean:.3f} ({sd:.3f})'


def _interval(cells: dict, measure: str) -> str:
    low, high = cells.get(f'{measure}_low'), cells.get(f'{measure}_high')
    return _number(cells[measure]) + (f' [{low:.3f}, {high:.3f}]' if low is not None else '')


def _with_scale(report: str, scale: str) -> str:
    """A report with the scale, which is of means over draws, before the table of the first draw."""
    if not scale:
        return report
    title, first = report.split('\n', 1)
    return f'{title}\n\n## Scale: means over draws\n{scale}\n## The first draw\n{first}'


def write_report(
    folder: pathlib.Path,
    comparison: dict,
    sets: dict[str, Pieces],
    names: dict[str, str],
    notes: list[str],
    scale: str = '',
    pairs: Sequence[Pair] = (),
) -> None:
    """Writes the files of a comparison into a folder, `comparison.json` last.

    Args:
      folder: where to.
      comparison: what `comparison.json` is to hold.
      sets: the features of both.
      names: what a reader calls them.
      notes: what else a reader must know.
      scale: `scale_md` and what else stands behind the table, in Markdown; '' where there is none.
      pairs: the pieces nearest to a tune, with that tune.
    """
    densities, transitions = find_densities(sets, comparison['protocol']), mean_transitions(sets)
    write_whole(folder / 'features.csv', features_csv(sets))
    write_whole(
        folder / 'report.md',
        _with_scale(report_md(comparison, names, notes), scale),
    )
    draw_distances(folder / 'distances.png', densities)
    draw_transitions(folder / 'transitions.png', transitions)
    write_whole(
        folder / 'index.html',
        comparison_page(comparison, names, notes, scale, densities, transitions, pairs),
    )
    write_whole(folder / 'comparison.json', json.dumps(comparison, indent=2) + '\n')
