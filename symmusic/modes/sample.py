"""`--mode=sample`: draws pieces from the best parameters of the workdir's run."""

import dataclasses
import pathlib
import time

from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.files import choose_folder
from symmusic.generate.compose import compose, fitting, likeliest
from symmusic.generate.control import Masks
from symmusic.generate.gallery import write_gallery
from symmusic.generate.masks import make_masks
from symmusic.generate.prompt import Prompt, begin_of, read_prompt
from symmusic.generate.sound import Sound, find_font
from symmusic.generate.wishes import fix, parse_bars, read_wishes, stated
from symmusic.melody.encodings import Vocabulary
from symmusic.modes import trained
from symmusic.progress import bar
from symmusic.score.meter import STEPS_PER_BAR


def run(command: Command) -> None:
    """Draws pieces; needs nothing but the workdir."""
    print(draw(*trained.load(command)))


@dataclasses.dataclass(frozen=True)
class Task:
    """What is to be drawn: `num_bars` after `prompt` within `masks` (None: anything), the steps from `first_kept` on fixed (None: none)."""

    prompt: Prompt
    num_bars: int
    masks: Masks | None = None
    first_kept: int | None = None


def prepare(config: ConfigDict, vocabulary: Vocabulary) -> Task:
    """Reads the prompt and the wishes.

    Raises:
      UserError: a file or a wish is none, or the wishes contradict one another.
    """
    settings = config.sample
    prompt, num_bars, first_kept = read_prompt(settings.prompt, vocabulary, transpose=settings.transpose), settings.num_bars, None
    wishes = read_wishes(settings, prompt)
    if settings.regenerate:
        first, end = parse_bars(settings.regenerate, len(prompt.events) // STEPS_PER_BAR)
        wishes = dataclasses.replace(wishes, fixed=fix(prompt.events, first, end))
        num_bars, first_kept = len(wishes.fixed) // STEPS_PER_BAR, (end - first) * STEPS_PER_BAR
        prompt = begin_of(prompt, first, vocabulary.padding)
    masks = make_masks(wishes, vocabulary, prompt.tokens, prompt.transposed_by, num_bars) if wishes.stated() else None
    return Task(prompt, num_bars, masks, first_kept)


def draw(config: ConfigDict, model: trained.Model, workdir: pathlib.Path) -> pathlib.Path:
    """Composes pieces after the prompt and writes them; the folder where they are."""
    settings, card = config.sample, model.card
    task = prepare(config, card.vocabulary)
    prompt, num_candidates = task.prompt, settings.num_samples * settings.num_candidates
    manner = dataclasses.replace(trained.manner(config, card, may_wish=True), num_bars=task.num_bars, num_samples=num_candidates)
    font = find_font(settings.sound_font) if settings.wav else None
    for notice in prompt.notices:
        print(notice)
    begun = time.perf_counter()
    pieces = compose(model.params, card.architecture, card.vocabulary, prompt, manner, config.seed, task.masks)
    if settings.num_candidates > 1:
        if task.first_kept is None:
            pieces = likeliest(pieces, settings.num_samples)
        else:
            pieces = fitting(pieces, settings.num_samples, task.first_kept, config.seed)
    seconds = time.perf_counter() - begun
    form = f'reading {manner.window_steps} steps anew for each' if manner.window_steps else 'carrying the state'
    wished = ', '.join(f'{name} = {settings[name]!r}' for name in stated(settings))
    redraws, num_empty = sum(piece.num_redraws for piece in pieces), sum(piece.is_empty for piece in pieces)
    what = (
        f'of {manner.num_bars} bars after {prompt.name}'
        if task.first_kept is None
        else f'{prompt.name} with bars {settings.regenerate} anew'
    )
    print(
        f'{len(pieces)} pieces {what} by {model.name}, temperature {manner.temperature:g}, {form}: '
        f'{seconds:.1f} s with compilation, {redraws} drawn again, {num_empty} still empty' + f'; {wished}' * bool(wished)
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
        sound=Sound(font) if settings.wav else None,
        progress=bar,
    )
    return folder
