"""`--mode=sample`: draws pieces from the best parameters of the workdir's run."""

import dataclasses
import pathlib
import time
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.corpus.originals import Originals
from symmusic.evaluate.copies import Passage, find_longest_runs
from symmusic.files import choose_folder
from symmusic.generate.compose import Manner, Piece, compose, fitting, ranked
from symmusic.generate.control import Masks
from symmusic.generate.gallery import write_gallery
from symmusic.generate.looks import may_keep, without_probabilities
from symmusic.generate.masks import make_masks
from symmusic.generate.originality import Index
from symmusic.generate.playback import page_sound
from symmusic.generate.prompt import Prompt, around, read_prompt, stated_at
from symmusic.generate.sound import Sound, find_font
from symmusic.generate.wishes import (
    OTHER_DEFAULTS,
    as_stated,
    echoed,
    keep,
    parse_bars,
    parse_instrument,
    read_wishes,
)
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import from_events
from symmusic.modes import copying, trained
from symmusic.progress import bar
from symmusic.score.instruments import INSTRUMENTS
from symmusic.score.meter import STEPS_PER_BAR
from symmusic.streams import Stream, generator, random_key
from symmusic.wording import count

DEFAULT_BARS = 4
GREEDY = {'temperature': 0, 'top_k': 1}  # with which every piece of a prompt is the same


def run(command: Command) -> None:
    """Draws pieces; needs nothing but the workdir."""
    print(draw(*trained.load(command)))


@dataclasses.dataclass(frozen=True)
class Task:
    """What is to be drawn: `num_bars` with `prompt` around them, within `masks` (None: anything),
    of which those of the first `num_new` steps are new.

    The tokens that a model for infilling is told in advance are `known`, blanks elsewhere; None
    where it is told none. `given` are events [num_new] that stand among the new steps, `FREE`
    elsewhere; `notices` what the user should know of how the wishes were read.
    """

    prompt: Prompt
    num_bars: int
    num_new: int
    masks: Masks | None = None
    known: np.ndarray | None = None
    given: np.ndarray | None = None
    notices: tuple[str, ...] = ()


def prepare(config: ConfigDict, vocabulary: Vocabulary) -> Task:
    """Reads the prompt and the wishes.

    Raises:
      UserError: a file or a wish is none, or the wishes contradict one another.
    """
    settings = config.sample
    copying.check(config, vocabulary)
    if settings.wav or settings.sound_font:
        find_font(settings.sound_font)
    prompt = read_prompt(
        settings.prompt, vocabulary, transpose=settings.transpose, part=settings.part
    )
    if settings.instrument:
        prompt = dataclasses.replace(prompt, program=parse_instrument(settings.instrument))
    num_new, pickup, kept, known = settings.num_bars * STEPS_PER_BAR, 0, None, None
    if settings.regenerate:
        num_given = len(prompt.events) // STEPS_PER_BAR
        first, end = parse_bars(settings.regenerate, num_given, prompt.first_bar)
        prompt = stated_at(prompt, end * STEPS_PER_BAR, vocabulary)
        num_new, kept = (end - first) * STEPS_PER_BAR, keep(prompt, first, end)
        pickup = prompt.pickup if first == 0 else 0
        if config.train.targets == 'gap' and end < num_given:
            blanks = np.full(num_new, vocabulary.num_classes, np.uint8)
            known = np.concatenate([blanks, prompt.tokens[end * STEPS_PER_BAR :]])
        prompt = dataclasses.replace(
            around(prompt, first, end, vocabulary.padding), redrawn=settings.regenerate
        )
    wishes, notices = read_wishes(settings, prompt, num_new, pickup=pickup)
    num_bars = (num_new if kept is None else len(kept)) // STEPS_PER_BAR
    masks = None
    if wishes.stated() or kept is not None:
        masks = make_masks(
            wishes,
            vocabulary,
            prompt.tokens,
            prompt.transposed_by,
            num_bars,
            kept_N=kept,
            stated=as_stated(settings, wishes),
        )
    notices += _without_effect(settings)
    return Task(prompt, num_bars, num_new, masks, known, wishes.fixed, tuple(notices))


def _without_effect(settings: ConfigDict) -> list[str]:
    """Fields that others leave nothing to say."""
    found = []
    if settings.regenerate and settings.num_bars != DEFAULT_BARS:
        found.append(('num_bars', 'regenerate'))
    if settings.rank != OTHER_DEFAULTS['rank'] and settings.num_candidates == 1:
        found.append(('rank', 'num_candidates'))
    return [
        f'config.sample.{one} = {settings[one]!r} has no effect with config.sample.{other} ='
        f' {settings[other]!r}'
        for one, other in found
    ]


def draw(config: ConfigDict, model: trained.Model, workdir: pathlib.Path) -> pathlib.Path:
    """Composes pieces after the prompt and writes them; the folder where they are."""
    settings, vocabulary = config.sample, model.card.vocabulary
    task = prepare(config, vocabulary)
    font = find_font(settings.sound_font) if settings.wav else None
    for notice in (*task.prompt.notices, *task.notices, *_of_instrument(settings, task.prompt)):
        print(notice)
    originals = copying.find_originals(config, model, workdir)
    index = copying.index_runs(settings, vocabulary, originals)
    near = copying.Near(originals, vocabulary, task.num_new) if settings.redraw_copies else None
    if task.given is not None:
        copying.check_given(settings, task.prompt.events, task.given, originals, near)
    manner, num_samples = _manner(config, model, task)
    started = time.perf_counter()
    drawn = compose(
        model.params,
        model.card.architecture,
        vocabulary,
        task.prompt,
        manner,
        random_key(config.seed, Stream.SAMPLED_PIECES),
        task.masks,
        index,
        near,
        task.known,
    )
    pieces, passages = _choose(config, task, drawn, num_samples, originals)
    seconds = time.perf_counter() - started
    _say(settings, model, task, manner, pieces, seconds)
    _say_of_copies(settings, task, pieces, passages, index, near)
    if settings.wav:
        print(_of_wav(task.prompt, font))
    made_with = {
        'sample': runs.to_dict(settings),
        'seed': config.seed,
        **model.made_with,
        'prompt_events': [*task.prompt.events.tolist(), *task.prompt.after.tolist()],
    }
    # whoever opens a run's pieces must not meet those of another model
    name = task.prompt.name + '-shipped' * ('shipped' in model.made_with)
    folder = choose_folder(workdir / 'samples', name, made_with)
    write_gallery(
        folder,
        task.prompt,
        pieces,
        vocabulary,
        is_window=manner.window_steps is not None,
        temperature=manner.temperature,
        seed=config.seed,
        settings=made_with,
        model=model.name,
        nearest=passages and [copying.as_nearest(passage, originals) for passage in passages],
        sound=Sound(font) if settings.wav else None,
        progress=bar,
    )
    return folder


def _manner(config: ConfigDict, model: trained.Model, task: Task) -> tuple[Manner, int]:
    """How the candidates are drawn, and how many pieces are kept of them: where chance has no part,
    one.
    """
    settings = config.sample
    num_samples, num_drawn = settings.num_samples, settings.num_samples * settings.num_candidates
    greedy = [f'{name} = {value}' for name, value in GREEDY.items() if settings[name] == value]
    if greedy and num_drawn > 1:
        print(
            f'config.sample.{greedy[0]}: always the likeliest, so that all {num_drawn} pieces would'
            ' be the same: one is drawn'
        )
        num_samples = num_drawn = 1
    size = (
        num_drawn,
        task.num_bars * STEPS_PER_BAR,
        settings.memory_steps,
        model.card.vocabulary.num_classes,
    )
    manner = dataclasses.replace(
        trained.manner(config, model.card, may_wish=True),
        num_bars=task.num_bars,
        num_samples=num_drawn,
        keep_distributions=settings.keep_distributions or may_keep(*size),
    )
    return manner, num_samples


def _choose(
    config: ConfigDict,
    task: Task,
    drawn: Sequence[Piece],
    num_samples: int,
    originals: Originals | None,
) -> tuple[list[Piece], list[Passage] | None]:
    """The new bars of the pieces that are kept, with their longest copied runs where the training
    tunes are known.
    """
    pieces, settings = [piece.up_to(task.num_new) for piece in drawn], config.sample
    passages = None
    if originals:
        melodies = [from_events(piece.events) for piece in pieces]
        passages = find_longest_runs(melodies, originals.melodies)
    if len(pieces) > num_samples:
        if _is_between(task):
            rng = generator(config.seed, Stream.FITTING_CANDIDATES)
            kept = fitting(drawn, num_samples, task.num_new, rng)
        else:
            copied = [passage.score for passage in passages] if passages else [0] * len(pieces)
            kept = ranked(pieces, copied, settings.rank)[:num_samples]
        pieces = [pieces[place] for place in kept]
        passages = passages and [passages[place] for place in kept]
    if not settings.keep_distributions:
        pieces = without_probabilities(pieces)
    return pieces, passages


def _is_between(task: Task) -> bool:
    """Whether bars follow that the model is not told of, so that candidates are chosen by them."""
    return len(task.prompt.after) > 0 and task.known is None


def _say(
    settings: ConfigDict,
    model: trained.Model,
    task: Task,
    manner: Manner,
    pieces: Sequence[Piece],
    seconds: float,
) -> None:
    redrawn, name = task.prompt.redrawn, task.prompt.name
    what = (
        f'of {name} with bar{"s" * ("-" in redrawn)} {redrawn} redrawn'
        if redrawn
        else f'of {count(manner.num_bars, "bar")} after {name}'
    )
    form = (
        f'reading {manner.window_steps} steps anew for each'
        if manner.window_steps
        else 'carrying the state'
    )
    num_redraws = sum(piece.num_redraws for piece in pieces)
    num_empty = sum(piece.is_empty for piece in pieces)
    fields = echoed(settings)
    print(
        f'{count(len(pieces), "piece")} {what} by {model.name}, temperature {manner.temperature:g},'
        f' {form}: {seconds:.1f} s with compilation, {num_redraws} drawn again, {num_empty} still'
        f' empty{"; " * bool(fields)}{fields}'
    )
    num_alike = len(pieces) - len({piece.events.tobytes() for piece in pieces})
    if num_alike:
        print(f'{num_alike} of {len(pieces)} pieces are the same as another one')


def _say_of_copies(
    settings: ConfigDict,
    task: Task,
    pieces: Sequence[Piece],
    passages: Sequence[Passage] | None,
    index: Index | None,
    near: copying.Near | None,
) -> None:
    if index is not None:
        num_refused = sum(piece.num_refused for piece in pieces)
        print(
            f'at {num_refused} of {len(pieces) * task.num_new} steps a note was refused that would'
            f' have copied more than {settings.max_copied_run}'
        )
    if near is not None:
        num_near = sum(passage.score > near.level for passage in passages)
        print(
            f'{near.num_refused} times a piece was drawn again that copied more than {near.level:g}'
            f' notes in a row, which 95 % of unseen tunes do not; {num_near} still do'
        )


def _of_instrument(settings: ConfigDict, prompt: Prompt) -> list[str]:
    """What to say of an instrument that the page has no sound of."""
    sound, is_own = page_sound(prompt.program)
    if is_own or not (settings.instrument or prompt.program):
        return []
    return [
        f'{INSTRUMENTS[prompt.program]}: the page has no sound of its own for it and plays'
        f' {sound!r}; the files name the instrument'
    ]


def _of_wav(prompt: Prompt, font: pathlib.Path | None) -> str:
    if font:
        return f'sound by FluidSynth with {font.name}'
    named = f', which plays {INSTRUMENTS[prompt.program]} as plucked strings'
    return 'sound by the built-in synthesiser' + named * (prompt.program > 0)
