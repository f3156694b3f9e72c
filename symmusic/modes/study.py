"""`--mode=study`: builds a listening study, or with `--answers` analyses the answers."""

import json
import pathlib
import re

from symmusic.api import commands, door
from symmusic.api.load import load_of_command
from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.experiment.answers import check_files, count_studies, read_files
from symmusic.experiment.study import KEY, PAGE, Study, read_key, write_key
from symmusic.experiment.study_pieces import draw_study
from symmusic.experiment.study_results import make_study_results
from symmusic.files import SETTINGS, choose_folder, write_whole
from symmusic.report.questionnaire import questionnaire
from symmusic.report.study import summary_lines, write_study_report
from symmusic.training import corpora
from symmusic.wording import count

MOST_NAMED = 3  # most files listed in one message


def run(command: Command) -> None:
    """Builds the questionnaire and its key, or analyses the answers."""
    if 'answers' in command.options:
        analyse(command, pathlib.Path(command.options['answers']).expanduser())
    else:
        build_study(command)


def build_study(command: Command) -> None:
    """Draws the pieces; an existing study is kept, so that answers to it stay valid."""
    config, model, workdir = load_of_command(command)
    door.check(config, workdir)
    made_with = {
        'study': runs.to_dict(config.study),
        'sample': {
            name: value
            for name, value in runs.to_dict(config.sample).items()
            if name not in ('num_samples', 'keep_distributions')
        },
        'evaluate': {'prompts': config.evaluate.prompts, 'part': config.evaluate.part},
        'seed': config.seed,
        **model.made_with,
    }
    folder = choose_folder(workdir, 'study', made_with)
    if (folder / KEY).exists() and (folder / PAGE).exists():
        study = read_key(folder)
        print(
            f'study {study.id} exists already with these settings and is kept; another'
            ' --config.seed draws another one'
        )
    else:
        corpus = corpora.corpus_of(config, model.card, is_shipped=model.workdir is None)
        study = draw_study(config, model.params, model.card, corpus, model.name)
        write_whole(folder / SETTINGS, json.dumps(made_with, indent=2) + '\n')
        write_key(folder, study)
        write_whole(folder / PAGE, questionnaire(study))
    _print_study(command, study)
    print(folder)


def _print_study(command: Command, study: Study) -> None:
    """Prints what a study consists of and the next steps."""
    num, about = len(study.excerpts) // 2, study.about
    print(
        f'study {study.id}: {count(num, "piece")} by {about["model"]} among'
        f' {count(num, "training excerpt")} of'
        f' {about["corpus"]}, {study.seconds:.0f} s each'
    )
    print(f'give listeners {PAGE} alone: {KEY} states which piece is which')
    print(
        f'to analyse the files that they save: {commands.command_line(command, "study")}'
        ' --answers=FOLDER'
    )


def analyse(command: Command, answers: pathlib.Path) -> None:
    """Reads the answer files of a folder and reports on the study of this workdir that most of them
    answer.
    """
    workdir = commands.workdir(command)
    folders = sorted(
        path.parent
        for path in workdir.glob(f'study*/{KEY}')
        if re.fullmatch(r'study(-\d+)?', path.parent.name)
    )
    if not folders:
        raise UserError(
            f'{workdir} holds no study; build one with: {commands.command_line(command, "study")}'
        )
    files = read_files(answers)
    studies = {folder: read_key(folder) for folder in folders}
    named = count_studies(files)
    folder = max(studies, key=lambda each: (named[studies[each].id], (each / KEY).stat().st_mtime))
    study = studies[folder]
    usable, left_out = check_files(files, study)
    if not usable:
        some = '; '.join(
            f'{name}: {reason}' for name, reason in list(left_out.items())[:MOST_NAMED]
        )
        more = f'; and {len(left_out) - MOST_NAMED} more' if len(left_out) > MOST_NAMED else ''
        raise UserError(
            f'--answers={answers}: no file there can be used for study {study.id} in {folder}:'
            f' {some}{more}'
        )
    for name, reason in left_out.items():
        print(f'left out {name}: {reason}')
    found = make_study_results(study, usable, left_out, command.config.seed)
    write_study_report(folder, found)
    for line in summary_lines(found):
        print(line)
    print(folder)
