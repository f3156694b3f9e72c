"""`--mode=sample`: draws pieces from the best parameters of the workdir's run."""

import dataclasses
import pathlib
import time

import numpy as np
from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.evaluate.copies import find_longest_runs
from symmusic.evaluate.summary import count
from symmusic.files import choose_folder
from symmusic.generate.compose import compose, fitting, ranked
from symmusic.generate.control import Masks
from symmusic.generate.gallery import write_gallery
from symmusic.generate.looks import may_keep, without_probabilities
from symmusic.generate.masks import make_masks
from symmusic.generate.prompt import Prompt, begin_of, read_prompt
from symmusic.generate.sound import Sound, find_font
from symmusic.generate.wishes import (
    fix,
    parse_bars,
    parse_instrument,
    read_given,
    read_wishes,
    stated,
)
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import from_events
from symmusic.modes import copying, trained
from symmusic.progress import bar
from symmusic.score.meter import STEPS_PER_BAR
from symmusic.streams import Stream, generator, random_key


def run(command: Command) -> None:
    """Draws pieces; needs nothing but the workdir."""
    print(draw(*trained.load(command)))


@dataclasses.dataclass(frozen=True)
class Task:
    """What is to be drawn: `num_bars` after `prompt` within `masks` (None: anything), the steps
    from `first_kept` on fixed (None: none).

    The new bars' tokens that a model for infilling is told in advance are `known`, blanks
    elsewhere; None where it is told none.
    """

    prompt: Prompt
    num_bars: int
    masks: Masks | None = None
    first_kept: int | None = None
    known: np.ndarray | None = None


def prepare(config: ConfigDict, vocabulary: Vocabulary) -> Task:
    """Reads the prompt and the wishes.

    Raises:
      UserError: a file or a wish is none, or the wishes contradict one another.
    """
    settings = config.sample
    copying.check(config, vocabulary)
    prompt = read_prompt(
        settings.prompt, vocabulary, transpose=settings.transpose, part=settings.part
    )
    if settings.instrument:
        prompt = dataclasses.replace(prompt, program=parse_instrument(settings.instrument))
    num_bars, first_kept, known = settings.num_bars, None, None
    wishes, num_new = read_wishes(settings, prompt), settings.num_bars * STEPS_PER_BAR
    if settings.regenerate:
        first, end = parse_bars(
            settings.regenerate, len(prompt.events) // STEPS_PER_BAR, has_pickup=prompt.pickup > 0
        )
        wishes = dataclasses.replace(wishes, fixed=fix(prompt.events, first, end))
        num_bars, first_kept = (
            len(wishes.fixed) // STEPS_PER_BAR,
            (num_new := (end - first) * STEPS_PER_BAR),
        )
        if config.train.targets == 'gap' and num_new < len(wishes.fixed):
            blanks = np.full(num_new, vocabulary.num_classes, np.uint8)
            known = np.concatenate([blanks, prompt.tokens[end * STEPS_PER_BAR :]])
        prompt = begin_of(prompt, first, end, vocabulary.padding)
    if settings.fixed:
        after = () if wishes.fixed is None else wishes.fixed[num_new:]
        wishes = dataclasses.replace(
            wishes, fixed=np.concatenate([read_given(settings.fixed, num_new), after])
        )
    masks = (
        make_masks(wishes, vocabulary, prompt.tokens, prompt.transposed_by, num_bars)
        if wishes.stated()
        else None
    )
    return Task(prompt, num_bars, masks, first_kept, known)


def draw(config: ConfigDict, model: trained.Model, workdir: pathlib.Path) -> pathlib.Path:
    """Composes pieces after the prompt and writes them; the folder where they are."""
    settings, card = config.sample, model.card
    task = prepare(config, card.vocabulary)
    prompt, num_candidates = task.prompt, settings.num_samples * settings.num_candidates
    manner = dataclasses.replace(
        trained.manner(config, card, may_wish=True),
        num_bars=task.num_bars,
        num_samples=num_candidates,
    )
    wanted = (
        num_candidates,
        task.num_bars * STEPS_PER_BAR,
        settings.memory_steps,
        card.vocabulary.num_classes,
    )
    manner = dataclasses.replace(
        manner, keep_distributions=settings.keep_distributions or may_keep(*wanted)
    )
    font = find_font(settings.sound_font) if settings.wav else None
    for notice in prompt.notices:
        print(notice)
    originals = copying.find_originals(config, model, workdir)
    index = copying.index_runs(settings, card.vocabulary, originals)
    near = (
        copying.Near(originals, card.vocabulary, task.num_bars * STEPS_PER_BAR)
        if settings.redraw_copies
        else None
    )
    begun = time.perf_counter()
    known = task.known
    pieces = compose(
        model.params,
        card.architecture,
        card.vocabulary,
        prompt,
        manner,
        random_key(config.seed, Stream.SAMPLED_PIECES),
        task.masks,
        index,
        near,
        known,
    )
    passages = (
        find_longest_runs([from_events(piece.events) for piece in pieces], originals.melodies)
        if originals
        else None
    )
    if settings.num_candidates > 1:
        if task.first_kept not in (None, task.num_bars * STEPS_PER_BAR) and task.known is None:
            kept = fitting(
                pieces,
                settings.num_samples,
                task.first_kept,
                generator(config.seed, Stream.FITTING_CANDIDATES),
            )
        else:
            copied = [passage.score for passage in passages] if passages else [0] * len(pieces)
            kept = ranked(pieces, copied, settings.rank)[: settings.num_samples]
        pieces, passages = (
            [pieces[place] for place in kept],
            passages and [passages[place] for place in kept],
        )
    if not settings.keep_distributions:
        pieces = without_probabilities(pieces)
    seconds = time.perf_counter() - begun
    form = (
        f'reading {manner.window_steps} steps anew for each'
        if manner.window_steps
        else 'carrying the state'
    )
    wished = ', '.join(f'{name} = {settings[name]!r}' for name in stated(settings))
    redraws, num_empty = (
        sum(piece.num_redraws for piece in pieces),
        sum(piece.is_empty for piece in pieces),
    )
    what = (
        f'of {count(manner.num_bars, "bar")} after {prompt.name}'
        if task.first_kept is None
        else f'of {prompt.name} with bars {settings.regenerate} anew'
    )
    print(
        f'{count(len(pieces), "piece")} {what} by {model.name}, temperature {manner.temperature:g},'
        f' {form}: {seconds:.1f} s with compilation, {redraws} drawn again, {num_empty} still empty'
        + f'; {wished}'
        * bool(wished)
    )
    if index is not None:
        refused, num_steps = (
            sum(piece.num_refused for piece in pieces),
            len(pieces) * manner.num_bars * STEPS_PER_BAR,
        )
        print(
            f'at {refused} of {num_steps} steps a note was refused that would have copied more than'
            f' {settings.max_copied_run}'
        )
    if near is not None:
        still = sum(passage.score > near.level for passage in passages)
        print(
            f'{near.num_refused} times a piece was drawn again that copied more than {near.level:g}'
            f' notes in a row, which 95 % of unseen tunes do not; {still} still do'
        )
    if settings.wav:
        print(f'sound by {f"FluidSynth with {font.name}" if font else "the built-in synthesiser"}')
    made_with = {
        'sample': runs.to_dict(settings),
        'seed': config.seed,
        **model.made_with,
        'prompt_events': prompt.events.tolist(),
    }
    folder = choose_folder(workdir / 'samples', prompt.name, made_with)
    write_gallery(
        folder,
        prompt,
        pieces,
        card.vocabulary,
        is_window=manner.window_steps is not None,
        temperature=manner.temperature,
        seed=config.seed,
        settings=made_with,
        model=model.name,
        nearest=(
            None
            if passages is None
            else [copying.as_nearest(passage, originals) for passage in passages]
        ),
        sound=Sound(font) if settings.wav else None,
        progress=bar,
    )
    return folder
