"""`--mode=compare`: the features of two folders of music beside one another; no model is needed."""

import json
import pathlib
import time
from collections.abc import Mapping

from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.evaluate.comparison import SETS, compare
from symmusic.evaluate.folders import listed_reasons, read_folder, remarks, unlike_lengths
from symmusic.evaluate.plagiarism import index_folder, measure_similarity
from symmusic.files import SETTINGS, choose_folder, write_whole
from symmusic.modes import build
from symmusic.progress import bar
from symmusic.report.evaluation import write_report
from symmusic.report.features import features_section
from symmusic.report.markdown import render
from symmusic.report.pairs import find_in, find_pairs
from symmusic.report.summary import summarize
from symmusic.score.notes import Score
from symmusic.streams import Stream, generator
from symmusic.wording import count


def run(command: Command) -> None:
    """Prints the table and writes the report."""
    paths = {which: command.options.get(which) for which in SETS}
    for which, path in paths.items():
        if not path:
            raise UserError(
                f'--mode=compare needs --{which}=FOLDER, a folder of MIDI, ABC or MusicXML files'
            )
    protocol = command.config.evaluate.protocol
    names = {
        which: pathlib.Path(path).expanduser().resolve().name or 'root'
        for which, path in paths.items()
    }
    workdir = build.workdir(command, f'compare-{names["reference"]}-{names["generated"]}')
    num_bars, seed = command.config.evaluate.num_bars, command.config.seed
    folders = {
        which: read_folder(
            which,
            path,
            protocol,
            bar,
            generator(seed, Stream.COMPARED_EXCERPTS, number),
            num_bars,
        )
        for number, (which, path) in enumerate(paths.items())
    }
    notes = [remark for which, folder in folders.items() for remark in remarks(which, folder)]
    sets = {which: folder.pieces for which, folder in folders.items()}
    begun = time.perf_counter()
    comparison = compare(*sets.values(), protocol, seed)
    similarity = comparison['similarity'] = _similarity(
        *((pathlib.Path(paths[which]).expanduser(), folders[which].scores) for which in SETS)
    )
    notes += [f'similarity: {similarity["note"]}'] if similarity['note'] else []
    same = (
        pathlib.Path(paths['reference'])
        .expanduser()
        .samefile(pathlib.Path(paths['generated']).expanduser())
    )
    notes += ['both sets are the same folder'] if same else []
    comparison['lengths'] = {which: folder.length for which, folder in folders.items()}
    comparison['num_bars'] = num_bars
    if line := unlike_lengths(comparison['lengths'], num_bars):
        notes.insert(0, line)
    if num_bars:
        notes.append(
            f'features are of an excerpt of {num_bars} bars of each longer piece, drawn by'
            ' config.seed; similarity is of whole pieces'
        )
    comparison['left_out'] = {which: folder.left_out for which, folder in folders.items()}
    print(f'compared in {time.perf_counter() - begun:.1f} s')
    print(render(features_section(comparison, '').blocks[0], workdir))
    for topic, lines in summarize(comparison, names, notes).items():
        for line in lines:
            print(f'{topic}: {line}')
    settings = {
        'paths': {
            which: str(pathlib.Path(path).expanduser().resolve()) for which, path in paths.items()
        }
    }
    settings |= {'protocol': protocol, 'seed': seed, 'num_bars': num_bars}
    place = choose_folder(workdir, 'evaluation', settings)
    write_whole(place / SETTINGS, json.dumps(settings, indent=2) + '\n')
    found = find_pairs(comparison, *(find_in(folders[which].scores) for which in reversed(SETS)))
    write_report(place, comparison, sets, names, notes, found)
    print(place)


def _similarity(
    reference: tuple[pathlib.Path, Mapping[str, Score]],
    generated: tuple[pathlib.Path, Mapping[str, Score]],
) -> dict:
    """How near each generated piece is to a reference piece, and in `note` what could not be
    measured; each set is a folder with the scores that were read in it.
    """
    collection, no_tunes = index_folder(*reference)
    folder, scores = generated
    similarity = measure_similarity(folder, collection, scores, progress=bar)
    notes = [
        f'{which} files that are no melody ({len(left_out)}): {listed_reasons(left_out)}'
        for which, left_out in zip(SETS, (no_tunes, similarity['left_out']), strict=True)
        if left_out
    ]
    if similarity['unusable']:
        notes.append(
            f'null for {count(similarity["unusable"], "piece")}: fewer than 3 notes, or no'
            ' reference piece has as many'
        )
    if similarity['mean'] is None and not similarity['unusable']:
        notes.append('no generated file is a melody')
    return similarity | {'note': '; '.join(notes)}
