"""`--mode=compare`: compares the features of two folders of music; no model is needed."""

import json
import pathlib
import time

from symmusic.api import commands
from symmusic.api.comparison import compare
from symmusic.config.flags import Command
from symmusic.files import SETTINGS, choose_folder, write_whole
from symmusic.measures.comparison import SETS
from symmusic.report.evaluation import write_report
from symmusic.report.pairs import find_in, find_pairs
from symmusic.report.summary import summarize


def run(command: Command) -> None:
    """Prints the table and writes the report."""
    workdir, paths = commands.workdir(command), commands.compared(command)
    settings = {
        'protocol': command.config.evaluate.protocol,
        'seed': command.config.seed,
        'num_bars': command.config.evaluate.num_bars,
    }
    started = time.perf_counter()
    found = compare(*paths.values(), **settings)
    names = found.names
    print(f'compared in {time.perf_counter() - started:.1f} s')
    print(found.table())
    for topic, lines in summarize(found.results, names, found.notes).items():
        for line in lines:
            print(f'{topic}: {line}')
    resolved = {
        which: str(pathlib.Path(path).expanduser().resolve()) for which, path in paths.items()
    }
    settings = {'paths': resolved, **settings}
    place = choose_folder(workdir, 'evaluation', settings)
    write_whole(place / SETTINGS, json.dumps(settings, indent=2) + '\n')
    scores = [found.folders[which].scores for which in reversed(SETS)]
    pairs = find_pairs(found.results['similarity'], None, *map(find_in, scores))
    write_report(place, found.results, found.sets, names, found.notes, pairs)
    print(place)
