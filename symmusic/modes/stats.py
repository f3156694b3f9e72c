"""`--mode=stats`: describes a corpus."""

import pathlib

from symmusic.api import commands
from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.corpus.collections import NAMED
from symmusic.corpus.stats import compute_statistics
from symmusic.corpus.stats_files import write_stats
from symmusic.corpus.stats_table import as_text
from symmusic.files import choose_folder
from symmusic.training import build, corpora


def run(command: Command) -> None:
    """Prints and writes the statistics of the corpus, even if no tune passes its filters."""
    data = command.config.data
    workdir = commands.workdir(command)
    corpus = corpora.corpus(command.config)
    cut = {
        'window_steps': data.window_steps,
        'hop_steps': data.hop_steps,
        'keep_last': data.keep_last_window,
    }
    split_seed = data.split_seed if data.split == 'tune' else None
    statistics = compute_statistics(
        corpus,
        encoding=data.encoding,
        split_seed=split_seed,
        steps_per_quarter=data.steps_per_quarter,
        **cut,
    )
    print(as_text(statistics))
    path = pathlib.Path(data.corpus).expanduser()
    # Not the path as given: '.' means a different corpus in each folder.
    place = {} if data.corpus in NAMED else {'corpus': str(path.resolve())}
    settings = {**runs.to_dict(data), **place, 'fingerprint': corpus.fingerprint}
    folder = choose_folder(workdir, 'stats', settings)
    split = build.split_as_trained(command.config, corpus) if statistics['overlap'] else None
    write_stats(folder, corpus, statistics, settings, keep_last=data.keep_last_window, split=split)
    print(folder)
