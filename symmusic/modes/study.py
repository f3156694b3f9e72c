"""`--mode=study`: builds a listening study, or with `--answers` analyses the answers."""

import dataclasses
import json
import pathlib
import re

import numpy as np
from ml_collections import ConfigDict

from symmusic.api import commands, door
from symmusic.api.load import load_of_command
from symmusic.api.model import Model
from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.corpus.cache import Corpus
from symmusic.errors import UserError
from symmusic.experiment.answers import check_files, count_studies, read_files
from symmusic.experiment.study import KEY, PAGE, Study, assemble, read_key, write_key
from symmusic.experiment.study_results import make_study_results
from symmusic.files import SETTINGS, choose_folder, write_whole
from symmusic.generate.draw import Conditions, draw_continuations
from symmusic.generate.manner import manner_of
from symmusic.measures import material
from symmusic.measures.excerpts import Excerpts, cut_excerpts
from symmusic.melody.encodings import Vocabulary
from symmusic.report.questionnaire import questionnaire
from symmusic.report.study import summary_lines, write_study_report
from symmusic.score.bar import bar_of
from symmusic.streams import Stream, generator, random_key
from symmusic.training import build, corpora
from symmusic.wording import count

MOST_NAMED = 3  # most files listed in one message


def run(command: Command) -> None:
    """Builds the questionnaire and its key, or reports on the answers."""
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
        study = _draw(config, model)
        write_whole(folder / SETTINGS, json.dumps(made_with, indent=2) + '\n')
        write_key(folder, study)
        write_whole(folder / PAGE, questionnaire(study))
    num, about, seconds = (
        len(study.excerpts) // 2,
        study.about,
        study.seconds,
    )
    print(
        f'study {study.id}: {count(num, "piece")} by {about["model"]} among'
        f' {count(num, "training excerpt")} of'
        f' {about["corpus"]}, {seconds:.0f} s each'
    )
    print(f'give listeners {PAGE} alone: {KEY} says which piece is what')
    print(
        f'to analyse the files that they save: {commands.command_line(command, "study")}'
        ' --answers=FOLDER'
    )
    print(folder)


def _draw(config: ConfigDict, model: Model) -> Study:
    """Builds a study of training excerpts and the model's pieces, all in C major or A minor and
    passed through the model's encoding.
    """
    card, num = model.card, config.study.num_pieces
    meter = material.evaluated_meter(config, card.meters)
    bar = bar_of(meter, card.steps_per_quarter)
    num_steps = config.sample.num_bars * bar.steps
    vocabulary = card.vocabulary
    corpus = corpora.corpus_of(config, card, is_shipped=model.workdir is None)
    rng = generator(config.seed, Stream.STUDY)
    tunes = build.split_as_trained(config, corpus)
    excerpts = cut_excerpts(material.in_meter(tunes.train, bar), num_steps)
    # As the model would write them: an encoding that cannot represent repeated notes must not
    # reveal which pieces are real.
    heard = np.array(
        [vocabulary.decode(vocabulary.encode(events)) for events in excerpts.events_NT]
    ).reshape(-1, num_steps)
    rows = _draw_rows(
        heard,
        excerpts,
        corpus,
        num,
        rng,
        f'excerpts of {count(config.sample.num_bars, "bar")} of training tunes',
    )
    training = [(_place(excerpts, row), heard[row]) for row in rows]
    if config.evaluate.prompts == 'fixed':
        prompt = material.fixed_prompt(config, vocabulary, meter)
        prompts_BT, origins = (
            np.broadcast_to(prompt.tokens, (num, len(prompt.tokens))),
            [f'after {prompt.name}'] * num,
        )
    else:
        part = config.evaluate.part
        held_out = material.in_meter(getattr(tunes, part), bar)
        found = cut_excerpts(held_out, material.PROMPT_BARS * bar.steps)
        rows = _draw_rows(found.events_NT, found, corpus, num, rng, f'prompts of {part} tunes')
        num_given = found.events_NT.shape[1]
        prompts = material.as_given(config, found.events_NT[rows], num_given, vocabulary)
        prompts_BT = np.array([vocabulary.encode(prompt) for prompt in prompts])
        origins = [f'after {_place(found, row)}' for row in rows]
    made = _continue(config, model, vocabulary, prompts_BT)
    sources = {'training': training, 'generated': list(zip(origins, made, strict=True))}
    return assemble(
        sources,
        num_steps,
        config.study.qpm,
        config.seed,
        {
            'model': model.name,
            'corpus': corpus.name,
            'steps_per_quarter': card.steps_per_quarter,
        },
    )


def _continue(
    config: ConfigDict, model: Model, vocabulary: Vocabulary, prompts_BT: np.ndarray
) -> np.ndarray:
    manner = dataclasses.replace(
        manner_of(config, model.card), num_samples=len(prompts_BT), keep_distributions=False
    )
    found = draw_continuations(
        model.params,
        model.card.architecture,
        vocabulary,
        prompts_BT,
        manner,
        random_key(config.seed, Stream.STUDY_PIECES),
        Conditions(meter=material.evaluated_index(config, model.card.meters)),
    )
    made = np.array([vocabulary.decode(tokens) for tokens in found.drawn.tokens_BN])
    redraws = found.num_redraws_B
    if redraws.sum():
        print(
            f'{count(int(redraws.sum()), "time")} a piece was drawn again, as'
            ' config.sample.max_redraws allows'
        )
    if num_empty := int((~(made >= 0).any(axis=1)).sum()):
        raise UserError(
            f'{num_empty} of the {count(len(made), "piece")} that {model.name} drew hold no note;'
            ' train on, or draw with another --config.seed, at a higher config.sample.temperature'
            ' or with more config.sample.max_redraws'
        )
    return made


def _draw_rows(
    events_NT: np.ndarray,
    excerpts: Excerpts,
    corpus: Corpus,
    num: int,
    rng: np.random.Generator,
    what: str,
) -> list[int]:
    """Random rows of excerpts in which a note starts, each from a different tune family."""
    family_of = {
        tune.file: int(family) for tune, family in zip(corpus.kept, corpus.families, strict=True)
    }
    chosen: dict[int, int] = {}
    for row in rng.permutation(len(excerpts)).tolist():
        if (events_NT[row] >= 0).any():
            chosen.setdefault(family_of[excerpts.places[row][0]], row)
        if len(chosen) == num:
            return list(chosen.values())
    raise UserError(
        f'config.study.num_pieces = {num}: corpus {corpus.name} gives {what} in {len(chosen)}'
        ' different melodies; ask for no more'
    )


def _place(excerpts: Excerpts, row: int) -> str:
    file, bar = excerpts.places[row]
    return f'{file}, bar {bar}'


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
