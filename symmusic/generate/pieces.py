"""`Piece`: a drawn continuation, with the probabilities of its steps."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from symmusic.generate.draw import Continuations
from symmusic.melody.encodings import Vocabulary


@dataclasses.dataclass(frozen=True)
class Piece:
    """A continuation.

    Attributes:
      tokens: [N] uint8, in the model's key.
      events: [N] int8, in the prompt's key.
      log_probability: log probability of the drawn tokens under the model at temperature 1, in
        nats.
      num_redraws: how often it was drawn again.
      probabilities: [N, V] the distribution that each token was drawn from, if kept.
      weights: [N, T] attention weights, if kept and the model has attention; the last column is the
        step right before the row's own.
      read: [P] uint8 tokens that the model read before the piece, if distributions are kept.
      log_probabilities: [N] of each token, including given ones.
      num_refused: keyed by limit, the number of steps at which the limit excluded a note.
      is_given: [N] bool, the steps that were known before sampling; None = none.
    """

    tokens: np.ndarray
    events: np.ndarray
    log_probability: float
    num_redraws: int
    probabilities: np.ndarray | None = None
    weights: np.ndarray | None = None
    read: np.ndarray | None = None
    log_probabilities: np.ndarray | None = None
    num_refused: Mapping[str, int] = dataclasses.field(default_factory=dict)
    is_given: np.ndarray | None = None

    @property
    def is_drawn(self) -> np.ndarray:
        """[N] bool, the steps that were drawn."""
        return np.full(len(self.tokens), True) if self.is_given is None else ~self.is_given

    @property
    def surprise(self) -> float:
        """The mean negative log-likelihood of the drawn steps in nats; 0 if none was drawn."""
        return -self.log_probability / max(int(self.is_drawn.sum()), 1)

    @property
    def is_empty(self) -> bool:
        """Whether it has no note."""
        return not (self.events >= 0).any()

    def up_to(self, num_steps: int) -> 'Piece':
        """The piece cut to its first steps."""
        arrays = {
            field.name: value[:num_steps]
            for field in dataclasses.fields(self)
            if field.name != 'read' and isinstance(value := getattr(self, field.name), np.ndarray)
        }
        return counted(dataclasses.replace(self, **arrays))


def counted(piece: Piece) -> Piece:
    """The piece with `log_probability` computed from the log probabilities of its drawn tokens."""
    drawn = piece.log_probabilities[piece.is_drawn]
    return dataclasses.replace(piece, log_probability=float(drawn.sum(dtype=np.float64)))


def as_pieces(found: Continuations, vocabulary: Vocabulary) -> list[Piece]:
    """Continuations as single pieces, in the model's key."""
    drawn = found.drawn
    return [
        Piece(
            tokens=drawn.tokens_BN[index].astype(np.uint8),
            events=vocabulary.decode(drawn.tokens_BN[index]),
            log_probability=float(drawn.log_probabilities_BN[index].sum(dtype=np.float64)),
            num_redraws=int(found.num_redraws_B[index]),
            log_probabilities=drawn.log_probabilities_BN[index],
            num_refused={field: int(num_B[index]) for field, num_B in found.num_refused_B.items()},
            probabilities=(
                None if drawn.probabilities_BNV is None else drawn.probabilities_BNV[index]
            ),
            weights=None if drawn.weights_BNT is None else drawn.weights_BNT[index],
            read=None if drawn.probabilities_BNV is None else found.read_BT[index],
        )
        for index in range(len(drawn.tokens_BN))
    ]
