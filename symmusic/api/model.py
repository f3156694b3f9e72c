"""`Model`: a trained model, the library's main class."""

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ml_collections import ConfigDict

import symmusic
from symmusic.config import runs
from symmusic.config.check import check
from symmusic.config.fields import FIELDS, default
from symmusic.config.protocol import UNTYPED, base_config
from symmusic.errors import UserError
from symmusic.generate.manner import settle
from symmusic.measures.temperature import Calibration
from symmusic.model.model import Params
from symmusic.training.card import Card
from symmusic.wording import nearest

if TYPE_CHECKING:
    from symmusic.api.piece import Piece

ROOT = pathlib.Path(symmusic.__file__).parents[1]  # the configs are beside the package
Tune = str | pathlib.Path | Iterable[tuple[float, float, int]]


@dataclasses.dataclass(frozen=True)
class Model:
    """A trained network: the shipped one, or the best parameters of one replica of a run or of all.

    Attributes:
      params: the network's parameters; of all replicas an `Ensemble`.
      card: its architecture, vocabulary, config and data.
      name: its name for users.
      made_with: which of the run's parameters these are: the replica and its best epoch, or for all
        replicas a list of epochs.
      workdir: the run's folder; None = the shipped model.
      calibration: measured on validation tunes, after 4-bar prompts; None = not known.
    """

    params: Params
    card: Card
    name: str
    made_with: dict
    workdir: pathlib.Path | None = None
    calibration: Calibration | None = None

    @property
    def temperature(self) -> float | None:
        """The temperature at which the model predicts validation tunes best; None = not known."""
        return self.calibration and self.calibration.temperature

    def continue_tune(
        self,
        prompt: Tune = '',
        *,
        num_bars: int = default('sample.num_bars'),
        num_samples: int = default('sample.num_samples'),
        seed: int = 0,
        **sample_fields: object,
    ) -> list['Piece']:
        """Draws continuations of a tune.

        Args:
          prompt: the path of a MIDI, ABC or MusicXML file, ABC text, or notes (onset and length in
            quarters, MIDI pitch); '' = the built-in one.
          num_bars: new bars in each piece.
          num_samples: number of pieces.
          seed: another seed gives other pieces.
          **sample_fields: any other field of `config.sample`, such as `scale='prompt'`.

        Raises:
          UserError: the prompt or a field cannot be met.
        """
        fields = {'num_bars': num_bars, 'num_samples': num_samples, **sample_fields}
        return self._draw(prompt, seed, fields)

    def redraw_bars(
        self,
        prompt: Tune,
        bars: str,
        *,
        num_samples: int = default('sample.num_samples'),
        seed: int = 0,
        **sample_fields: object,
    ) -> list['Piece']:
        """Redraws some bars of a tune, such as '2-3'; all others stay. Arguments and errors as for
        `continue_tune`.
        """
        fields = {'regenerate': str(bars), 'num_samples': num_samples, **sample_fields}
        return self._draw(prompt, seed, fields, f'bars = {bars!r}')

    def config(self, seed: int = 0, **sample_fields: object) -> ConfigDict:
        """The run's config with default values of `config.sample`, except for the fields given here
        and for `memory_steps`, which must match the run's training.

        Raises:
          UserError: a field does not exist, or its value is not allowed.
        """
        base = base_config()
        config = ConfigDict(runs.from_dict(self.card.config, base).to_dict())
        memory_steps = config.sample.memory_steps
        config.sample = ConfigDict(base.sample.to_dict() | {'memory_steps': memory_steps})
        with config.ignore_type():
            config.seed = seed
        if 'replica' in sample_fields:
            raise UserError('replica: symmusic.load chooses which replica a model is')
        for name, value in sample_fields.items():
            if name not in config.sample:
                raise UserError(
                    f'{name}: not a field of config.sample{nearest(name, config.sample)}'
                )
            value = FIELDS[f'sample.{name}'].value_of(value)
            usual = UNTYPED.get(f'sample.{name}', config.sample[name])
            if isinstance(usual, float) and type(value) is int:
                value = float(value)
            with config.sample.ignore_type():  # `check` tests the types
                config.sample[name] = value
        check(config)
        return settle(config.lock(), self.temperature)

    def _draw(
        self, prompt: Tune, seed: int, fields: Mapping[str, object], bars_stated: str = ''
    ) -> list['Piece']:
        from symmusic.api.sampling import draw_pieces  # imports this module

        return draw_pieces(self, prompt, self.config(seed, **fields), bars_stated)
