"""`--mode=compare`: the features of two folders of MIDI files beside one another; no model is needed."""

import json
import pathlib
import time

from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.evaluate.comparison import SETS, compare
from symmusic.evaluate.folders import Folder, read_folder
from symmusic.evaluate.plagiarism import index_folder, measure_similarity
from symmusic.evaluate.report import report_md, write_report
from symmusic.files import SETTINGS, choose_folder, write_whole
from symmusic.modes import build
from symmusic.progress import bar


def run(command: Command) -> None:
    """Prints the table and writes the report."""
    paths = {which: command.options.get(which) for which in SETS}
    for which, path in paths.items():
        if not path:
            raise UserError(f'--mode=compare needs --{which}=FOLDER, a folder of MIDI files')
    protocol = command.config.evaluate.protocol
    names = {which: pathlib.Path(path).expanduser().resolve().name or 'root' for which, path in paths.items()}
    workdir = build.workdir(command, f'compare-{names["reference"]}-{names["generated"]}')
    folders = {which: read_folder(which, path, protocol, bar) for which, path in paths.items()}
    notes = [note for which, folder in folders.items() for note in _notes(which, folder)]
    for note in notes:
        print(note)
    sets = {which: folder.pieces for which, folder in folders.items()}
    begun = time.perf_counter()
    comparison = compare(*sets.values(), protocol, command.config.seed)
    tunes, _ = index_folder(pathlib.Path(paths['reference']).expanduser())
    comparison['similarity'] = measure_similarity(pathlib.Path(paths['generated']).expanduser(), tunes, progress=bar)
    comparison['left_out'] = {which: folder.left_out for which, folder in folders.items()}
    print(f'compared in {time.perf_counter() - begun:.1f} s')
    print(report_md(comparison, names, []).rstrip())
    settings = {'paths': {which: str(pathlib.Path(path).expanduser().resolve()) for which, path in paths.items()}}
    settings |= {'protocol': protocol, 'seed': command.config.seed}
    place = choose_folder(workdir, 'evaluation', settings)
    write_whole(place / SETTINGS, json.dumps(settings, indent=2) + '\n')
    write_report(place, comparison, sets, names, notes)
    print(place)


def _notes(which: str, folder: Folder) -> list[str]:
    notes = [f'{which}: {name} left out: {reason}' for name, reason in folder.left_out.items()]
    if folder.polyphonic:
        more = f' and {len(folder.polyphonic) - 3} more' if len(folder.polyphonic) > 3 else ''
        notes.append(f'{which}: notes sound together in {", ".join(folder.polyphonic[:3])}{more}; measured as they are')
    return notes
