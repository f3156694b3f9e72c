"""`Whole`: a piece with the bars around it, and which of the steps were drawn."""

import dataclasses

import numpy as np

from symmusic.generate.pieces import Piece
from symmusic.generate.prompt import Prompt
from symmusic.generate.structure import Structure
from symmusic.melody.encodings import Vocabulary
from symmusic.score.bar import COMMON, Bar
from symmusic.score.layout import Section


@dataclasses.dataclass(frozen=True)
class Whole:
    """A piece together with the bars around it.

    Attributes:
      events: [T] in the prompt's key.
      is_drawn: [T] bool, the steps that were drawn, or that repeat such steps; the others were
        given.
      seams: the first new step, and the one after the last where given bars follow.
      first_bar: the number of the first bar: the first full bar is 1, a pickup 0.
      bar: its bar.
      sections: of a whole tune, as it is played; () = it has none.
    """

    events: np.ndarray
    is_drawn: np.ndarray
    seams: tuple[int, ...]
    first_bar: int = 1
    bar: Bar = COMMON
    sections: tuple[Section, ...] = ()

    @property
    def bar_steps(self) -> int:
        """The steps in a bar."""
        return self.bar.steps


def put_together(
    prompt: Prompt, piece: Piece, vocabulary: Vocabulary, structure: Structure | None = None
) -> Whole:
    """The piece together with the bars of the prompt before and after it."""
    events = np.concatenate([vocabulary.join(prompt.events, piece.events), prompt.after])
    seam = len(prompt.events)
    end = seam + len(piece.events)
    is_drawn = np.full(len(events), False)
    is_drawn[seam:end] = piece.is_drawn
    seams = (seam, end) if len(prompt.after) else (seam,)
    sections = ()
    if structure is not None:
        is_drawn, sections = is_drawn[structure.sources_T], structure.sections
    return Whole(events, is_drawn, seams, prompt.first_bar, prompt.bar, sections)
