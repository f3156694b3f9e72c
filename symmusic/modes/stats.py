"""`--mode=stats`: describes a corpus."""

import pathlib

from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.corpus.stats import as_text, describe, write_stats
from symmusic.files import choose_folder
from symmusic.modes import build


def run(command: Command) -> None:
    """Prints and writes what the corpus is; one that keeps nothing is described as well."""
    data = command.config.data
    workdir = build.workdir(command, f'stats-{pathlib.Path(data.corpus).stem}')
    corpus = build.corpus(command.config)
    cut = {'window_steps': data.window_steps, 'hop_steps': data.hop_steps, 'keep_last': data.keep_last_window}
    statistics = describe(corpus, encoding=data.encoding, **cut)
    print(as_text(statistics))
    settings = {**runs.to_dict(data), 'fingerprint': corpus.fingerprint}
    folder = choose_folder(workdir, 'stats', settings)
    write_stats(folder, corpus, statistics, settings, keep_last=data.keep_last_window)
    print(folder)
