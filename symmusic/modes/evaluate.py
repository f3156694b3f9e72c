"""`--mode=evaluate`: pieces of the workdir's run beside excerpts of its corpus, with a scale for
every number.
"""

import dataclasses
import json
import time
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.api import build, door, material
from symmusic.api import model as models
from symmusic.config.fields import walk
from symmusic.config.flags import Command
from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import Dataset, target_counts
from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import Split
from symmusic.corpus.windows import tune_indices
from symmusic.errors import UserError
from symmusic.files import SETTINGS, choose_folder, write_whole
from symmusic.generate.compose import draw_continuations
from symmusic.measures.comparison import compare
from symmusic.measures.excerpts import draw_rows, shuffle_notes
from symmusic.measures.likelihood import (
    base_losses,
    find_targets,
    markov_losses,
    model_losses,
    summarize,
)
from symmusic.measures.markov import Markov, fit_markov, sample_markov
from symmusic.measures.scale import interval, measure, measure_draws, select
from symmusic.measures.structure import measure_structure
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import from_events
from symmusic.model.model import Params
from symmusic.modes import critic, infilling
from symmusic.originality.plagiarism import index_corpus, measure_copies, similarity_of
from symmusic.progress import bar
from symmusic.report.evaluation import write_report
from symmusic.report.headline import headline
from symmusic.report.pairs import find_pairs
from symmusic.streams import Stream, generator, random_key
from symmusic.thesis.published import find_published
from symmusic.training import loop
from symmusic.training.checkpoint import Card
from symmusic.wording import count

ORDERS = (1, 2, 3, 4, 5)
CHUNK = 250  # pieces drawn at once


def run(command: Command) -> None:
    """Draws, measures and writes the report."""
    config, model, workdir = models.load_of_command(command)
    params, card = model.params, model.card
    door.check(config, workdir)
    rival = infilling.find_rival(config, card)
    if 'sample.prompt' in command.given and config.evaluate.prompts == 'held_out':
        print(
            "config.sample.prompt is without effect here: config.evaluate.prompts = 'fixed'"
            ' continues it'
        )
    if 'evaluate.num_bars' in command.given:
        print(
            'config.evaluate.num_bars is without effect here: pieces and excerpts are of'
            f' config.sample.num_bars = {config.sample.num_bars} bars'
        )
    settings, protocol = config.evaluate, config.evaluate.protocol
    corpus = build.corpus_of(config, card, is_shipped=model.workdir is None)
    data = build.dataset(config, corpus, (card.vocabulary.min_pitch, card.vocabulary.max_pitch))
    rng = generator(config.seed, Stream.EVALUATION)
    music = material.gather(config, corpus, card.vocabulary, rng)
    size, num_draws, num_steps = (
        settings.num_pieces,
        settings.num_draws,
        music.excerpts.events_NT.shape[1],
    )
    begun = time.perf_counter()
    made, num_redraws, num_empty = _continue(
        params, card, config, music.prompts, Stream.EVALUATED_PIECES
    )
    print(
        f'{len(made)} pieces drawn in {time.perf_counter() - begun:.1f} s, {num_redraws} drawn'
        f' again, {num_empty} still empty'
    )
    if not (made[:size] >= 0).any():
        raise UserError(
            f'none of the {size} pieces that the model drew holds a note, so there is nothing to'
            f' measure ({model.name}, config.sample.temperature = {config.sample.temperature:g});'
            ' train on, or draw at a higher temperature'
        )
    markovs = _fit_markovs(card.vocabulary, music.tunes.train)
    sets = {'model': made}
    if music.continuations is not None:
        sets['real_continuations'] = music.continuations
    prompts_BT = np.array([card.vocabulary.encode(each) for each in music.prompts])
    for order, markov in markovs.items():
        tokens_BN = sample_markov(
            markov, prompts_BT, num_steps, generator(config.seed, Stream.MARKOV_PIECES, order)
        )
        sets[f'markov_{order}'] = np.array([card.vocabulary.decode(tokens) for tokens in tokens_BN])
    sets['shuffled'] = np.array(
        [shuffle_notes(each, rng) for each in _real(music, size, num_draws, rng)]
    )

    after_prompts = {
        name: events
        for name, events in sets.items()
        if name != 'shuffled' or music.continuations is not None
    }

    excerpts = music.excerpts.events_NT
    reference = measure(
        excerpts[draw_rows(len(excerpts), min(len(excerpts), 40 * size), 1, rng)[0]], protocol
    )
    drawn = {
        name: [measure(each, protocol) for each in events.reshape(num_draws, size, -1)]
        for name, events in bar(list(sets.items()), 'set')
    }
    drawn['second_draw'] = [
        select(reference, each) for each in draw_rows(len(reference), size, num_draws, rng)
    ]
    results = measure_draws(reference, drawn, size, protocol, rng, bar)
    first = select(reference, draw_rows(len(reference), size, 1, rng)[0])
    comparison = compare(first, drawn['model'][0], protocol, config.seed)
    comparison['scale'] = {
        name: _mean_draw(each) for name, each in results.items() if name != 'model'
    }
    comparison['model'] = _mean_draw(results['model'])
    comparison['draws'] = {
        name: {
            'num_draws': num_draws,
            'size': size,
            'overall_oa': interval(each['averages']['overall']['oa'] for each in draws),
        }
        for name, draws in results.items()
    }
    comparison['structure'] = measure_structure(music.prompts, after_prompts, num_draws)
    comparison |= {
        'prompts': settings.prompts,
        'prompt': music.prompt,
        'part': settings.part if music.tunes.test else None,
    }
    comparison['published'] = find_published(dict(walk(config)))
    comparison |= _likelihood(params, card, config, corpus, data, music.tunes, markovs)
    comparison['infilling'] = infilling.measure(
        config, corpus, data, music.tunes, model, markovs[5], rival
    )
    comparison['critic'] = critic.judge(
        config,
        corpus,
        music.tunes,
        card.vocabulary,
        markovs[3],
        lambda prompts: _continue(params, card, config, prompts, Stream.CRITIC_PIECES)[0],
    )
    comparison |= _similarity(made[:size], music.unseen, music.tunes.train, protocol)
    comparison |= {'num_redraws': num_redraws, 'num_empty': num_empty, **model.made_with}

    made_with = {
        'evaluate': settings.to_dict(),
        'sample': json.loads(config.sample.to_json()),
        'seed': config.seed,
        **model.made_with,
    }
    folder = choose_folder(workdir, 'evaluation', made_with)
    names = {'reference': f'excerpts of {corpus.name}', 'generated': model.name}
    notes = (
        [
            f'of the {count(len(made), "piece")} drawn {num_empty} without a note, left out of the'
            ' features'
        ]
        if num_empty
        else []
    )
    notes += (
        [
            f'{count(num_redraws, "time")} a piece was drawn again, as config.sample.max_redraws'
            ' allows'
        ]
        if num_redraws
        else []
    )
    write_whole(folder / SETTINGS, json.dumps(made_with, indent=2) + '\n')
    tunes = {tune.file: tune for tune in music.tunes.train}
    found = find_pairs(
        comparison,
        lambda name: (name, from_events(made[int(name)])),
        lambda name: (
            f'{name} ({tunes[name].title})' if tunes[name].title else name,
            from_events(tunes[name].events),
        ),
    )
    write_report(
        folder,
        comparison,
        {'reference': first, 'generated': drawn['model'][0]},
        names,
        notes,
        found,
    )
    for line in headline(comparison, names, notes):
        print(line)
    print(f'everything else: {folder / "index.html"} and report.md beside it')
    print(folder)


def _real(
    music: material.Material, size: int, num_draws: int, rng: np.random.Generator
) -> np.ndarray:
    """The real pieces whose notes are shuffled: the prompts' continuations, or else excerpts."""
    if music.continuations is not None:
        return music.continuations
    return music.excerpts.events_NT[draw_rows(len(music.excerpts), size, num_draws, rng).ravel()]


def _similarity(
    made: np.ndarray, unseen: np.ndarray | None, tunes: Sequence[Tune], protocol: str
) -> dict:
    """How near the pieces of the first draw, and as many real unseen ones, come to the training
    tunes.
    """
    collection = index_corpus(tunes)
    melodies = [
        {f'{index:05}': from_events(events) for index, events in enumerate(each)}
        for each in (made, () if unseen is None else unseen)
    ]
    pitches = [
        {name: [note.pitch for note in notes] for name, notes in each.items()} for each in melodies
    ]
    similarity = similarity_of(pitches[0], collection, progress=bar)
    if unseen is not None:
        level = similarity_of(pitches[1], collection, progress=bar)
        similarity['unseen'] = {name: level[name] for name in ('mean', 'sd', 'unusable')}
        similarity['unseen']['scores'] = [each['score'] for each in level['pieces'].values()]
    if protocol != 'corrected':
        return {'similarity': similarity}
    return {
        'similarity': similarity,
        'copies': measure_copies(melodies[0], list(melodies[1].values()), tunes, progress=bar),
    }


def _continue(
    params: Params, card: Card, config: ConfigDict, prompts_NT: np.ndarray, stream: Stream
) -> tuple[np.ndarray, int, int]:
    """The model's continuation of each prompt as events [N, T], how many were drawn again and how
    many are still empty.
    """
    manner = models.manner_of(config, card)
    tokens_NT = np.array([card.vocabulary.encode(prompt) for prompt in prompts_NT])
    continued, num_redraws = [], 0
    for begin in bar(range(0, len(tokens_NT), CHUNK), 'chunk'):
        chunk = tokens_NT[begin : begin + CHUNK]
        # one shape, one compilation
        filled = np.concatenate([chunk, np.repeat(chunk[-1:], CHUNK - len(chunk), axis=0)])
        part = dataclasses.replace(manner, num_samples=CHUNK, keep_distributions=False)
        drawn, redraws = draw_continuations(
            params,
            card.architecture,
            card.vocabulary,
            filled,
            part,
            random_key(config.seed, stream, begin // CHUNK),
        )
        continued += [
            card.vocabulary.decode(tokens) for tokens in drawn.tokens_BN[: len(chunk), 1:]
        ]
        num_redraws += int(redraws[: len(chunk)].sum())
    events = np.array(continued)
    return events, num_redraws, int((~(events >= 0).any(axis=1)).sum())


def _fit_markovs(vocabulary: Vocabulary, tunes: Sequence[Tune]) -> dict[int, Markov]:
    sequences = [vocabulary.encode(phrase) for tune in tunes for phrase in tune.phrases]
    num_tokens = max(vocabulary.num_classes, vocabulary.padding + 1)
    return {order: fit_markov(sequences, num_tokens, order) for order in ORDERS}


def _likelihood(
    params: Params,
    card: Card,
    config: ConfigDict,
    corpus: Corpus,
    data: Dataset,
    tunes: Split,
    markovs: dict[int, Markov],
) -> dict:
    """What the held-out steps cost each model, and on what targets; without unseen tunes a note
    that says so.
    """
    if data.test is None:
        note = (
            'No tune is unseen: split by window, all were trained on. There is no held-out'
            ' likelihood.'
        )
        return {
            'nats_per_step': None,
            'nats_per_note': None,
            'nats_by_position': None,
            'likelihood': {'note': note},
        }
    part, num_classes = config.evaluate.part, card.architecture.num_classes
    # of an infilling model: left to right, told nothing in advance
    kind = 'last' if card.recipe.targets == 'last' else 'all'
    windows = getattr(data, part)
    targets = find_targets(windows, card.vocabulary, all_steps=kind == 'all')
    losses = {
        'model': model_losses(
            params, loop.put(windows), targets, architecture=card.architecture, kind=kind
        )
    }
    losses['base_rate'] = base_losses(
        target_counts(data.train, num_classes, all_steps=kind == 'all'), targets
    )
    for order, markov in bar(list(markovs.items()), 'Markov model'):
        losses[f'markov_{order}'] = markov_losses(markov, windows, targets, num_classes)
    families = {
        tune.file: int(family) for tune, family in zip(corpus.kept, corpus.families, strict=True)
    }
    files = [
        getattr(tunes, part)[index].file
        for index in tune_indices(windows, getattr(tunes, part), card.vocabulary)
    ]
    found = summarize(losses, targets, [families[file] for file in files], config.seed)
    found['likelihood'] |= {'targets': card.recipe.targets, 'num_tunes': len(set(files))}
    return found


def _mean_draw(draws: list[dict]) -> dict:
    """The means over draws of every KLD and OA."""

    def mean(cells):
        known = {
            measure: [cell[measure] for cell in cells if cell[measure] is not None]
            for measure in ('kld', 'oa')
        }
        return {
            measure: float(np.mean(values)) if values else None for measure, values in known.items()
        }

    return {
        group: {name: mean([draw[group][name] for draw in draws]) for name in draws[0][group]}
        for group in ('features', 'averages')
    }
