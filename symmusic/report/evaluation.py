"""Writes a comparison: `comparison.json`, `features.csv`, `report.md`, `index.html` and charts."""

import csv
import io
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symmusic.files import write_whole
from symmusic.measures.feature_table import Pieces
from symmusic.measures.features import FEATURES, SHAPES
from symmusic.report import charts, pairs
from symmusic.report.blocks import Report, Section
from symmusic.report.chart_files import write_charts
from symmusic.report.comparison_file import as_json
from symmusic.report.contexts import contexts_section
from symmusic.report.critics import critics_section
from symmusic.report.endings import endings_section
from symmusic.report.evaluation_plots import (
    Densities,
    Transitions,
    find_densities,
    mean_transitions,
)
from symmusic.report.features import distances_section, features_section, transitions_section
from symmusic.report.gaps import gaps_section
from symmusic.report.html import to_html
from symmusic.report.likelihood import likelihood_section
from symmusic.report.markdown import to_markdown
from symmusic.report.nearness import nearness_section, pairs_section, planted_section
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


def features_csv(sets: Mapping[str, Pieces]) -> str:
    """One row per piece in full precision, `nan` where a feature is undefined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['set', 'file', *columns()])
    for which, pieces in sets.items():
        for index, file in enumerate(pieces.names):
            values = np.concatenate([np.ravel(pieces.features[name][index]) for name in FEATURES])
            writer.writerow([which, file, *map(repr, values.tolist())])
    return text.getvalue()


def sections_of_scale(results: Mapping[str, Any]) -> tuple[list[Section], list[Section]]:
    """The sections that only `--mode=evaluate` has: those at the start of the report, and those at
    the end.
    """
    overlap, likelihood, drawing = (results[name] for name in ('scale', 'likelihood', 'drawing'))
    first = [
        scale_section(overlap, likelihood, drawing),
        critics_section(results['critic'], drawing.part),
    ]
    last = [
        *([planted_section(results['planted_copies'])] if results['planted_copies'] else []),
        repetition_section(results['structure'].sets, set_names(drawing)),
        endings_section(results['endings'], set_names(drawing)),
        likelihood_section(likelihood, drawing.part),
        contexts_section(results['contexts'], drawing.part),
        *([gaps_section(results['infilling'])] if results['infilling'] else []),
        published_section(
            results['published'],
            overlap.sets['model'].means,
            results['similarity'],
            results['features'].protocol,
        ),
    ]
    return first, last


def make_report(
    results: Mapping[str, Any],
    densities: Densities,
    transitions: Sequence[Transitions],
    names: Mapping[str, str],
    notes: Sequence[str],
    found: Sequence[Pair],
) -> Report:
    """The report of a comparison; `densities` are the densities of its distances, the other
    arguments as in `write_report`.
    """
    with_scale = 'scale' in results
    first, last = sections_of_scale(results) if with_scale else ([], [])
    heading = 'The nine features' + ' of the first draw' * with_scale
    sections = (
        *first,
        features_section(results['features'], heading),
        distances_section(densities),
        transitions_section(transitions, names),
        nearness_section(results['similarity'], results.get('copies')),
        pairs_section(found),
        *last,
    )
    summary = tuple(
        (topic, tuple(lines)) for topic, lines in summarize(results, names, notes).items()
    )
    return Report(f'{names["generated"]} beside {names["reference"]}', sections, summary)


def write_report(
    folder: pathlib.Path,
    results: Mapping[str, Any],
    sets: Mapping[str, Pieces],
    names: Mapping[str, str],
    notes: Sequence[str],
    found: Sequence[Pair] = (),
) -> None:
    """Writes the files of a comparison into a folder, `comparison.json` last.

    Args:
      folder: the folder to write to.
      results: the results, keyed by measure.
      sets: the features of both sets.
      names: the names of the sets in the report.
      notes: further remarks, such as on what was left out.
      found: the pieces most similar to a tune, each with that tune.
    """
    densities = find_densities(sets, results['features'].protocol)
    report = make_report(results, densities, mean_transitions(sets), names, notes, found)
    write_charts(folder, report)
    write_whole(folder / 'features.csv', features_csv(sets))
    write_whole(folder / 'report.md', to_markdown(report, folder))
    write_whole(folder / 'index.html', to_html(report, folder, STYLE))
    write_whole(folder / 'comparison.json', json.dumps(as_json(results), indent=2) + '\n')
