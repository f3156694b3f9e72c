"""What a network is made of."""

import dataclasses
import itertools
from typing import NamedTuple

from symmusic.model.scores import KINDS, Kind

LEFT = ('bars left in section', 'bars left in tune')  # names of blocks
AGREEMENT_SIZE = 10  # bins of `agreement`
NUM_NOTES = 4  # of `notes`, with the least steps of each of their bins and the widest interval
NOTE_STEPS = (*range(16), 16, 24, 32, 48, 64)
WIDEST = 13
NETWORKS = ('lstm', 'transformer', 'hybrid')  # the keys of `model.BODIES`


class Block(NamedTuple):
    """Rows of an input matrix: what they are one-hot of, the first of them, and how many."""

    name: str
    begin: int
    size: int

    @property
    def end(self) -> int:
        """The row after the last one."""
        return self.begin + self.size


@dataclasses.dataclass(frozen=True)
class Architecture:
    """What determines the shapes of the parameters and the computation; hashable, a static argument
    of `jit`.
    """

    num_classes: int  # V, of tokens in and out
    num_layers: int
    num_cells: int  # per direction of an LSTM layer, or the width of a Transformer layer
    # every layer reads in both directions, so only the token after the window can be predicted
    bidirectional: bool = False
    # bidirectional, but backward layers read only what is known in advance, so every token can be
    # predicted (`ahead`)
    infilling: bool = False
    # of one for infilling, whose backward layers feed the first forward ones; 0 = as many as these
    backward_layers: int = 0
    backward_cells: int = 0
    attention: str = 'none'  # or one of `scores.KINDS`
    attention_size: int = 0  # A; 'bahdanau' only
    dropout_rate: float = 0.0  # after each LSTM layer, or sublayer of a Transformer
    # number of steps in the longest bar, if the step in the bar and, of several, the metre are
    # further inputs; 0 = they are not
    num_positions: int = 0
    # the token before the first one; `num_classes` is the blank, which is no class: an input of
    # zeros
    padding: int = 0
    # further inputs: the tokens this many steps before the one to be predicted (1 = the current
    # token), or with several metres this many bars
    lookback: tuple[int, ...] = ()
    # steps in a bar of each metre that it knows
    bars: tuple[int, ...] = (16,)
    # If the bars left at the step to be predicted are further inputs, the number of values of each
    # count (`melody.form`): in the section and in the tune. A larger value, one that is not known,
    # is an input of zeros. () = they are not.
    left_sizes: tuple[int, ...] = ()
    # for how long each lookback has agreed with the melody, as further inputs (`agreement`)
    agreement: bool = False
    agreement_ahead: bool = False  # likewise of each look ahead, of one for infilling
    # `first_pitch` and `lowest_pitch`, if the last notes are further inputs (`notes`); () = they
    # are not
    last_notes: tuple[int, ...] = ()
    is_roll: bool = False  # of `last_notes`: a class is a pitch that sounds, not one that starts
    notes_dropout_rate: float = 0.0  # how often each of these inputs is masked in training
    # how far back what followed the last three notes is looked for, as a further input (`recall`);
    # 0 = it is not
    recall_steps: int = 0
    copying: bool = False  # scores of the tokens that lookbacks and recall predict (`output`)
    relative: bool = False  # scores of intervals and pitch classes (`output`)
    kind: str = 'lstm'  # what reads the inputs: one of `NETWORKS`
    num_heads: int = 0  # N, of self-attention; 0 of an 'lstm', which has none
    # How `apply_last` and `apply_all` compute (see `lstm.lstm`). Not part of a model, so training
    # sets them from its recipe:
    kernel: str = 'scan'
    # precision of the products of LSTM and Transformer layers; scores and head use float32
    product_dtype: str = 'float32'

    def __post_init__(self):
        if self.attention not in ('none', *KINDS):
            raise ValueError(
                f'attention is {self.attention!r}, not one of'
                f' {", ".join(map(repr, ("none", *KINDS)))}'
            )
        if self.attention == 'bahdanau' and self.attention_size < 1:
            raise ValueError(f'attention_size is {self.attention_size}; must be 1 or more')
        if self.infilling and not self.bidirectional:
            raise ValueError('infilling reads from both sides: bidirectional must be True')
        if (self.backward_layers or self.backward_cells) and not self.infilling:
            raise ValueError('only a network for infilling has backward layers of another size')
        if self.backward_layers > self.num_layers:
            raise ValueError(
                f'{self.backward_layers} backward layers, but {self.num_layers} forward ones'
            )
        if self.agreement and not self.lookback:
            raise ValueError('agreement is with what a lookback reads: there must be one')
        if self.agreement_ahead and not (self.agreement and self.infilling):
            raise ValueError('agreement ahead goes with agreement, in a network for infilling')
        if self.copying and not (self.agreement or self.recall_steps):
            raise ValueError('copying goes by agreement or recall: there must be one of them')
        if (self.recall_steps or self.relative) and not self.last_notes:
            raise ValueError('recall and relative scores go by the last notes, which must be read')
        self._check_kind()

    def _check_kind(self):
        if self.kind not in NETWORKS:
            raise ValueError(f'kind is {self.kind!r}, not one of {", ".join(map(repr, NETWORKS))}')
        if not self.has_heads:
            return
        if self.num_heads < 1 or self.num_cells % (2 * self.num_heads):
            raise ValueError(
                f'{self.num_cells} cells are no even number of cells for each of {self.num_heads}'
                ' heads'
            )
        if self.attention != 'none':
            raise ValueError(f'a {self.kind} has attention of its own: attention must be none')
        if self.bidirectional and not (self.kind == 'hybrid' and self.infilling):
            raise ValueError(f'the attention of a {self.kind} sees only earlier steps')

    @property
    def has_heads(self) -> bool:
        """Whether it attends to itself in several heads."""
        return self.kind != 'lstm'

    @property
    def attention_kind(self) -> Kind | None:
        """The kind of attention of an LSTM, None if there is none."""
        return KINDS.get(self.attention)

    @property
    def how(self) -> dict[str, str]:
        """The arguments of `lstm.lstm` that say how it computes."""
        return {'kernel': self.kernel, 'dtype': self.product_dtype}

    @property
    def first_pitch(self) -> int:
        """The class of the lowest pitch, if the last notes are inputs."""
        return self.last_notes[0]

    @property
    def lowest_pitch(self) -> int:
        """The MIDI number of the lowest pitch, if the last notes are inputs."""
        return self.last_notes[1]

    @property
    def state_size(self) -> int:
        """Size of a layer's output: the cells of both directions, or of the forward one if
        infilling.
        """
        return self.num_cells * (2 if self.bidirectional and not self.infilling else 1)

    @property
    def num_backward(self) -> int:
        """Number of backward layers."""
        return (self.backward_layers or self.num_layers) if self.bidirectional else 0

    @property
    def backward_size(self) -> int:
        """Cells of each backward layer."""
        return self.backward_cells or self.num_cells

    @property
    def num_meters(self) -> int:
        """Number of metres, if the metre is an input; 0 = it is not."""
        return len(self.bars) if self.num_positions and len(self.bars) > 1 else 0

    @property
    def needs_places(self) -> bool:
        """Whether the steps' places in the bar are read."""
        return self.num_positions > 0 or (len(self.bars) > 1 and len(self.lookback) > 0)

    @property
    def longest_lag(self) -> int:
        """The most steps that a lookback reaches back; 0 = there is none."""
        return max(self.lookback, default=0) * (max(self.bars) if len(self.bars) > 1 else 1)

    @property
    def own_blocks(self) -> tuple[Block, ...]:
        """The blocks of rows of the first layer's input matrix that are of the step itself."""
        sizes = (
            ('token', self.num_classes),
            ('step in bar', self.num_positions),
            ('metre', self.num_meters),
            *zip(LEFT, self.left_sizes, strict=False),
        )
        begins = itertools.accumulate((size for _, size in sizes), initial=0)
        return tuple(
            Block(name, begin, size)
            for (name, size), begin in zip(sizes, begins, strict=False)
            if size
        )

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of rows of the first layer's input matrix, in order: those of the step itself,
        then the tokens of each lookback and, if infilling, of each look ahead, then the agreement
        of each lookback and, likewise, of each look ahead, what is recalled with its agreement, and
        the last notes.
        """
        own, num_lags = self.own_blocks, len(self.lookback)
        others = [('token', self.num_classes)] * num_lags * (2 if self.infilling else 1)
        if self.agreement:
            others += [(f'agreement {index}', AGREEMENT_SIZE) for index in range(num_lags)]
        if self.agreement_ahead:  # one that is not available has no row
            others += [(f'agreement ahead {lag}', AGREEMENT_SIZE - 1) for lag in range(num_lags)]
        if self.recall_steps:
            others += [('recalled', self.num_classes + 1), ('agreement recall', AGREEMENT_SIZE)]
        others += self._note_sizes
        begins = itertools.accumulate((size for _, size in others), initial=own[-1].end)
        return own + tuple(
            Block(name, begin, size) for (name, size), begin in zip(others, begins, strict=False)
        )

    @property
    def copied(self) -> tuple[tuple[int, int], ...]:
        """The blocks of each token that can be copied and of its agreement, as places in `blocks`,
        if it copies.
        """
        if not self.copying:
            return ()
        names = [block.name for block in self.blocks]
        pairs = []
        if self.agreement:
            first, own = names.index('agreement 0'), len(self.own_blocks)
            num_lags = len(self.lookback) * (2 if self.agreement_ahead else 1)
            pairs = [(own + index, first + index) for index in range(num_lags)]
        if self.recall_steps:
            pairs.append((names.index('recalled'), names.index('agreement recall')))
        return tuple(pairs)

    @property
    def _note_sizes(self) -> list[tuple[str, int]]:
        """The names and sizes of the blocks of the last notes; the last row of each stands for what
        is not known.
        """
        if not self.last_notes:
            return []
        num_bins, before = len(NOTE_STEPS), range(1, NUM_NOTES)
        return [
            ('last onset', 2 * num_bins + 1),
            ('last pitch', self.num_classes - self.first_pitch + 1),
            ('last degree', 12 + 1),
            *((f'interval {index}', 2 * WIDEST + 1 + 1) for index in before),
            *((f'length {index}', num_bins + 1) for index in before),
        ]

    @property
    def has_blank(self) -> bool:
        """Whether an input can be all zeros: a blank before the first step or where a token is not
        known, or bars left that are not known.
        """
        return self.infilling or self.padding >= self.num_classes or len(self.left_sizes) > 0
