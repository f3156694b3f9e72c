"""How a config samples from a trained model."""

from ml_collections import ConfigDict

from symmusic.config.protocol import AUTO
from symmusic.errors import UserError
from symmusic.generate.draw import Manner
from symmusic.generate.wishes import stated
from symmusic.training.card import Card


def refuse_wishes(config: ConfigDict) -> None:
    """Checks that a config states no wishes.

    Raises:
      UserError: it does.
    """
    if names := stated(config.sample) + ['structure'] * bool(config.sample.structure):
        raise UserError(
            f'config.sample.{names[0]} = {config.sample[names[0]]!r}: a wish that holds for'
            ' --mode=sample alone; leave it out here'
        )


def settle(config: ConfigDict, calibrated: float | None) -> ConfigDict:
    """The config with a number in place of `sample.temperature = 'auto'`: the temperature that a
    model was `calibrated` to; 1 for one that was not, and under `data.protocol = 'thesis'`.
    """
    if config.sample.temperature != AUTO:
        return config
    settled = config.copy_and_resolve_references()
    is_known = calibrated is not None and config.data.protocol != 'thesis'
    with settled.sample.unlocked(), settled.sample.ignore_type():
        settled.sample.temperature = calibrated if is_known else 1.0
    return settled.lock()


def manner_of(config: ConfigDict, card: Card, *, may_wish: bool = False) -> Manner:
    """The sampling settings of a config, whose temperature is settled, for a run.

    Raises:
      UserError: the config states wishes where none are allowed.
    """
    settings = config.sample
    if not may_wish:
        refuse_wishes(config)
    return Manner(
        num_samples=settings.num_samples,
        num_bars=settings.num_bars,
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        window_steps=_window_steps(config, card),
        memory_steps=settings.memory_steps,
        max_redraws=settings.max_redraws,
        redraw_stuck=settings.redraw_stuck,
        keep_distributions=settings.keep_distributions,
        particles=-(-settings.particles // settings.num_candidates),  # of each candidate
        reads_all=config.data.protocol != 'thesis',
    )


def _window_steps(config: ConfigDict, card: Card) -> int | None:
    """The steps of the sampling window; None where the state is carried.

    A model trained on the last step of windows has never seen a state older than its window, so
    'auto' does not carry the state.
    """
    form = config.sample.form
    is_stateful = form == 'stateful' or (form == 'auto' and card.recipe.targets != 'last')
    return None if is_stateful else config.data.window_steps - 1
