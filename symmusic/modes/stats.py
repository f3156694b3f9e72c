"""`--mode=stats`: describes a corpus."""

import pathlib

from symmusic.api import build
from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.corpus.collections import NAMED
from symmusic.corpus.stats import as_text, describe, write_stats
from symmusic.files import choose_folder


def run(command: Command) -> None:
    """Prints and writes what the corpus is; one that keeps nothing is described as well."""
    data = command.config.data
    workdir = build.workdir(command, f'stats-{_name(data.corpus)}')
    corpus = build.corpus(command.config)
    cut = {
        'window_steps': data.window_steps,
        'hop_steps': data.hop_steps,
        'keep_last': data.keep_last_window,
    }
    statistics = describe(corpus, encoding=data.encoding, **cut)
    print(as_text(statistics))
    path = pathlib.Path(data.corpus).expanduser()
    # Not the path as it was given: '.' is another corpus in another folder.
    place = {} if data.corpus in NAMED else {'corpus': str(path.resolve())}
    settings = {**runs.to_dict(data), **place, 'fingerprint': corpus.fingerprint}
    folder = choose_folder(workdir, 'stats', settings)
    write_stats(folder, corpus, statistics, settings, keep_last=data.keep_last_window)
    print(folder)


def _name(corpus: str) -> str:
    """The corpus's name, or its folder's or file's without the file's suffix; of a path such as '.'
    that of the folder it leads to.
    """
    path = pathlib.Path(corpus).expanduser()
    if corpus in NAMED:
        return corpus
    path = path if path.name not in ('', '.', '..') else path.resolve()
    return (path.stem if path.is_file() else path.name) or 'root'
