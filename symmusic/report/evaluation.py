"""Writes a comparison as `comparison.json`, `features.csv`, `report.md`, `index.html` and plots."""

import csv
import io
import json
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.files import write_whole
from symmusic.measures.comparison import Pieces
from symmusic.measures.features import FEATURES, SHAPES
from symmusic.report import charts, pairs
from symmusic.report.blocks import Report, Section
from symmusic.report.critics import critics_section
from symmusic.report.evaluation_plots import (
    Densities,
    Transitions,
    draw_distances,
    draw_transitions,
    find_densities,
    mean_transitions,
)
from symmusic.report.features import distances_section, features_section, transitions_section
from symmusic.report.gaps import gaps_section
from symmusic.report.html import to_html
from symmusic.report.likelihood import draw_positions, likelihood_section
from symmusic.report.markdown import to_markdown
from symmusic.report.nearness import nearness_section, pairs_section
from symmusic.report.pairs import Pair
from symmusic.report.published import published_section
from symmusic.report.repetition import repetition_section
from symmusic.report.scale import scale_section, set_names
from symmusic.report.summary import summarize

STYLE = f"""{charts.STYLE}{pairs.STYLE}
.short {{
  background: var(--panel); border-left: 4px solid var(--accent); border-radius: 4px;
  padding: 0.75rem 1.25rem; margin: 1rem 0;
}}
.short dt {{ font-weight: 600; margin-top: 0.6rem; }} .short dt:first-child {{ margin-top: 0; }}
.short dd {{ margin: 0; overflow-wrap: anywhere; }} p {{ max-width: 56rem; }}
nav {{ display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; font-size: 0.9rem; }}
"""


def columns() -> list[str]:
    """The columns of features.csv after `set` and `file`: matrices row by row."""
    names = []
    for name in FEATURES:
        places = np.ndindex(SHAPES[name]) if name in SHAPES else [()]
        names += ['_'.join([name, *map(str, place)]) for place in places]
    return names


def features_csv(sets: dict[str, Pieces]) -> str:
    """One row per piece in full precision, `nan` where a feature is undefined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['set', 'file', *columns()])
    for which, pieces in sets.items():
        for index, file in enumerate(pieces.names):
            values = np.concatenate([np.ravel(pieces.features[name][index]) for name in FEATURES])
            writer.writerow([which, file, *map(repr, values.tolist())])
    return text.getvalue()


def sections_of_scale(comparison: Mapping) -> tuple[list[Section], list[Section]]:
    """The sections that only `--mode=evaluate` has: those at the start of a report, and those at
    its end.
    """
    first = [scale_section(comparison), critics_section(comparison['critic'], comparison['part'])]
    last = [
        repetition_section(comparison['structure'], set_names(comparison)),
        likelihood_section(comparison),
        *([gaps_section(comparison['infilling'])] if comparison['infilling'] else []),
        published_section(comparison),
    ]
    return first, last


def make_report(
    comparison: Mapping,
    densities: Densities,
    transitions: Sequence[Transitions],
    names: Mapping[str, str],
    notes: Sequence[str],
    found: Sequence[Pair],
) -> Report:
    """The report of a comparison; `densities` are those of its distances, the other arguments as in
    `write_report`.
    """
    with_scale = 'draws' in comparison
    first, last = sections_of_scale(comparison) if with_scale else ([], [])
    heading = 'The nine features' + ' of the first draw' * with_scale
    sections = (
        *first,
        features_section(comparison, heading),
        distances_section(densities),
        transitions_section(transitions, names),
        nearness_section(comparison),
        pairs_section(found),
        *last,
    )
    summary = tuple(
        (topic, tuple(lines)) for topic, lines in summarize(comparison, names, notes).items()
    )
    return Report(f'{names["generated"]} beside {names["reference"]}', sections, summary)


def write_report(
    folder: pathlib.Path,
    comparison: dict,
    sets: dict[str, Pieces],
    names: dict[str, str],
    notes: list[str],
    found: Sequence[Pair] = (),
) -> None:
    """Writes the files of a comparison into a folder, `comparison.json` last.

    Args:
      folder: the folder to write to.
      comparison: the content of `comparison.json`.
      sets: the features of both sets.
      names: the names of the sets for readers.
      notes: further remarks, such as what was left out.
      found: the pieces most similar to a tune, each with that tune.
    """
    densities, transitions = find_densities(sets, comparison['protocol']), mean_transitions(sets)
    report = make_report(comparison, densities, transitions, names, notes, found)
    write_whole(folder / 'features.csv', features_csv(sets))
    write_whole(folder / 'report.md', to_markdown(report, folder))
    write_whole(folder / 'index.html', to_html(report, folder, STYLE))
    draw_distances(folder / 'distances.png', densities)
    draw_transitions(folder / 'transitions.png', transitions)
    if 'draws' in comparison:
        draw_positions(folder / 'nats_by_position.png', comparison)
    write_whole(folder / 'comparison.json', json.dumps(comparison, indent=2) + '\n')
