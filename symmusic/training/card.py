"""What a checkpoint says of itself, beside the arrays."""

import dataclasses
import typing
from collections.abc import Mapping

import jax

from symmusic.errors import UserError
from symmusic.melody.encodings import Vocabulary, vocabulary_from_json
from symmusic.model.model import Architecture
from symmusic.score.bar import SIXTEENTHS
from symmusic.training.provenance import versions
from symmusic.training.state import Recipe

FORMAT = 5
# Format 2 had no digests. Before format 4 agreement was not available at the first step of a lag,
# in format 4 it was 0 there.
READABLE = (2, 3, 4, FORMAT)


@dataclasses.dataclass(frozen=True)
class Card:
    """A checkpoint's description of itself, beside the arrays: enough to rebuild the model without
    its corpus.

    `rows` are those of metrics.csv so far; `dataset` describes what the model was trained on
    (corpus, fingerprint, tunes, windows); `config` is the run's whole config as JSON; `versions`
    and `device` are those of the process that wrote it; `seconds` is the saved training time of all
    sessions of the run. `meters` are the metres that it knows, in the order of their indices.
    """

    architecture: Architecture
    recipe: Recipe
    vocabulary: Vocabulary
    config: dict
    dataset: dict
    rows: tuple[dict, ...] = ()
    num_replicas: int = 1
    seconds: float = 0.0
    meters: tuple[str, ...] = ('4/4',)
    versions: dict = dataclasses.field(default_factory=versions)
    device: str = dataclasses.field(default_factory=lambda: jax.devices()[0].device_kind)

    @property
    def steps_per_quarter(self) -> int:
        """The grid of its steps; older runs have sixteenths."""
        return self.config.get('data', {}).get('steps_per_quarter', SIXTEENTHS)

    def to_json(self) -> dict:
        """What is stored with a checkpoint."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        replaced = {name: dataclasses.asdict(fields[name]) for name in ('architecture', 'recipe')}
        return {
            'format': FORMAT,
            **fields,
            **replaced,
            'vocabulary': self.vocabulary.to_json(),
            'rows': list(self.rows),
        }

    @classmethod
    def from_json(cls, fields: Mapping) -> 'Card':
        """The inverse of `to_json`.

        Raises:
          ValueError: the fields are not those of a card, or the version is another one.
        """
        try:
            fields = dict(fields)
            version = fields.pop('format', None)
            if version not in READABLE:
                raise ValueError(
                    f'it is of format {version!r}; this version of symmusic reads'
                    f' {", ".join(map(str, READABLE))}'
                )
            for name, kind in (('architecture', Architecture), ('recipe', Recipe)):
                fields[name] = _typed(kind, fields[name])
            if version < FORMAT and fields['architecture'].agreement:
                raise ValueError(
                    f'it is of format {version}, whose model.agreement had another meaning; train'
                    ' it again, or use the version of symmusic that trained it'
                )
            fields['vocabulary'] = vocabulary_from_json(fields['vocabulary'])
            return _typed(cls, {**fields, 'rows': tuple(fields['rows'])})
        except (KeyError, TypeError, AttributeError, UserError) as error:
            raise ValueError(f'its card is not one of symmusic: {first_line(error)}') from error


def _typed(kind: type, values: Mapping) -> typing.Any:
    """An instance of a dataclass from JSON values, with lists made tuples where it has tuples.

    Raises:
      TypeError: a value is of another type than the field's.
    """
    given = {}
    for name, hint in typing.get_type_hints(kind).items():
        if name not in values:
            continue
        value, expected = values[name], typing.get_origin(hint) or hint
        # JSON turns tuples into lists, and a list is not hashable
        if expected is tuple and type(value) in (tuple, list):
            value, entry = tuple(value), typing.get_args(hint)[0]
            if not all(isinstance(each, entry) and type(each) is not bool for each in value):
                raise TypeError(f'{name} is {value!r}')
        elif not (
            isinstance(value, expected) and (type(value) is not bool or expected is bool)
        ) and (expected, type(value)) != (
            float,
            int,
        ):
            raise TypeError(f'{name} is {value!r}')
        given[name] = value
    return kind(**{**values, **given})


def first_line(error: Exception) -> str:
    """An error in at most 200 characters."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
