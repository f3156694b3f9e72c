"""`report.md` of an experiment."""

import pathlib
from collections.abc import Mapping

from symmusic.config.experiments import Experiment
from symmusic.experiment.measures import MEASURES
from symmusic.experiment.results import with_interval
from symmusic.files import write_whole


def write_report(folder: pathlib.Path, found: Mapping, experiment: Experiment, folders: Mapping[str, pathlib.Path]) -> None:
    """Writes the report of `results.summarize` into a folder.

    Args:
      folder: of the experiment.
      found: its results.
      experiment: what was asked.
      folders: of the arms' runs, by name.
    """
    write_whole(folder / 'report.md', report_md(found, experiment))


def report_md(found: Mapping, experiment: Experiment) -> str:
    """The results in Markdown."""
    lines = [f'# {found["experiment"]}: {found["question"]}', '']
    lines += ['## Answers', '', '| claim | variant | verdict | evidence |', '|---|---|---|---|']
    lines += [f'| {row["claim"]} | {row["variant"]} | {row["verdict"]} | {row["evidence"]} |' for row in found['highlights']]
    lines += ['', '## Measures', '', f'| | {" | ".join(found["arms"])} |', '|---' * (1 + len(found['arms'])) + '|']
    lines += [
        f'| {measure} | {" | ".join(with_interval(arm["measures"][measure]) for arm in found["arms"].values())} |' for measure in MEASURES
    ]
    return '\n'.join(lines) + '\n'
