"""`--mode=sample`: draws pieces from the best parameters of the workdir's run."""

import pathlib
import time

from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.files import choose_folder
from symmusic.generate.compose import compose
from symmusic.generate.gallery import write_gallery
from symmusic.generate.prompt import read_prompt
from symmusic.generate.sound import Sound, find_font
from symmusic.modes import trained
from symmusic.progress import bar


def run(command: Command) -> None:
    """Draws pieces; needs nothing but the workdir."""
    print(draw(*trained.load(command)))


def draw(config: ConfigDict, model: trained.Model, workdir: pathlib.Path) -> pathlib.Path:
    """Composes pieces after the prompt and writes them; the folder where they are."""
    settings, card = config.sample, model.card
    manner = trained.manner(config, card)
    prompt = read_prompt(settings.prompt, card.vocabulary, transpose=settings.transpose)
    font = find_font(settings.sound_font) if settings.wav else None
    for notice in prompt.notices:
        print(notice)
    begun = time.perf_counter()
    pieces = compose(model.params, card.architecture, card.vocabulary, prompt, manner, config.seed)
    seconds = time.perf_counter() - begun
    form = f'reading {manner.window_steps} steps anew for each' if manner.window_steps else 'carrying the state'
    redraws, num_empty = sum(piece.num_redraws for piece in pieces), sum(piece.is_empty for piece in pieces)
    print(
        f'{len(pieces)} pieces of {manner.num_bars} bars after {prompt.name} by {model.name}, temperature {manner.temperature:g}, {form}: '
        f'{seconds:.1f} s with compilation, {redraws} drawn again, {num_empty} still empty'
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
