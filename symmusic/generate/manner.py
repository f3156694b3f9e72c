"""`Manner`: the sampling settings, as read from a config."""

import dataclasses

from ml_collections import ConfigDict

from symmusic.config.protocol import AUTO
from symmusic.errors import UserError
from symmusic.generate.control import Masks
from symmusic.generate.wishes import stated
from symmusic.training.card import Card


@dataclasses.dataclass(frozen=True)
class Manner:
    """How to sample; the fields are those of `config.sample` with the same names.

    Attributes:
      window_steps: None if the state is carried.
      particles: number of particles that draw a piece whose steps are constrained by masks.
      reads_all: whether the whole prompt is read. The thesis leaves out its last step, redraws it
        and discards the result.
      num_notes: how many notes to draw, for a model whose tokens are notes, instead of bars.
    """

    num_samples: int
    num_bars: int
    temperature: float
    top_k: int
    top_p: float
    window_steps: int | None
    memory_steps: int
    max_redraws: int
    redraw_stuck: bool
    keep_distributions: bool
    reads_all: bool = True
    particles: int = 1
    num_notes: int = 0

    def num_particles(self, masks: Masks | None) -> int:
        """The rows that draw a piece within masks."""
        may_gain = masks is not None and masks.binds and self.temperature > 0 and self.top_k != 1
        return self.particles if may_gain else 1


def refuse_wishes(config: ConfigDict) -> None:
    """Checks that a config states no wishes.

    Raises:
      UserError: it states one.
    """
    if names := stated(config.sample) + ['structure'] * bool(config.sample.structure):
        raise UserError(
            f'config.sample.{names[0]} = {config.sample[names[0]]!r}: a wish that holds for'
            ' --mode=sample alone; leave it out here'
        )


def settle(config: ConfigDict, calibrated: float | None) -> ConfigDict:
    """The config with `sample.temperature = 'auto'` replaced by the temperature from the model's
    calibration `calibrated`; by 1 if it has none, or if `data.protocol = 'thesis'`.
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
