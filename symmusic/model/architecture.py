"""What a network is made of."""

import dataclasses

from symmusic.model.scores import KINDS, Kind


@dataclasses.dataclass(frozen=True)
class Architecture:
    """All that decides the shapes of the parameters and what is computed with them; hashable, a
    static argument of `jit`.
    """

    num_classes: int  # V, of tokens in and out
    num_layers: int = 2
    num_cells: int = 64  # per direction
    # every layer reads in both directions: only the token after the window can be predicted
    bidirectional: bool = False
    # bidirectional, but backward layers read only what is known in advance: every token can be
    # (`ahead`)
    infilling: bool = False
    attention: str = 'none'  # or one of `scores.KINDS`
    attention_size: int = 32  # A; 'bahdanau' only
    dropout_rate: float = 0.4  # after each LSTM layer
    # steps in the bar, if the position in the bar is a second input; 0 = it is not
    num_positions: int = 0
    # the token before the first; `num_classes`, the blank, is one that is no class: an input of
    # zeros
    padding: int = 0
    # further inputs: the tokens that many steps before the one to be predicted (1 = the present
    # one)
    lookback: tuple[int, ...] = ()
    # How `apply_last` and `apply_all` compute; no part of a model, so training sets them by its
    # recipe (`lstm.lstm` says what they are):
    kernel: str = 'scan'
    # of the LSTM layers' products; attention and head are in float32
    product_dtype: str = 'float32'

    def __post_init__(self):
        if self.attention not in ('none', *KINDS):
            raise ValueError(
                f'attention is {self.attention!r}, not one of'
                f' {", ".join(map(repr, ("none", *KINDS)))}'
            )
        if self.infilling and not self.bidirectional:
            raise ValueError('infilling reads from both sides: bidirectional must be True')

    @property
    def kind(self) -> Kind | None:
        """Of attention, None without."""
        return KINDS.get(self.attention)

    @property
    def how(self) -> dict[str, str]:
        """The arguments of `lstm.lstm` that say how it computes."""
        return {'kernel': self.kernel, 'dtype': self.product_dtype}

    @property
    def state_size(self) -> int:
        """Cells of a layer that the next one, attention and the head see: of both directions, or of
        the forward one where infilling.
        """
        return self.num_cells * (2 if self.bidirectional and not self.infilling else 1)

    @property
    def input_size(self) -> int:
        """Rows of the first layer's input matrix: classes, positions, classes of each lookback and,
        where infilling, of each look ahead.
        """
        return (
            self.num_classes * (1 + len(self.lookback) * (2 if self.infilling else 1))
            + self.num_positions
        )

    @property
    def has_blank(self) -> bool:
        """Whether tokens may be the blank, before the first step or where they are not known."""
        return self.infilling or self.padding >= self.num_classes
