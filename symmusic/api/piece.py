"""`Piece`: a generated piece, its notes and its files."""

import dataclasses
import pathlib

import numpy as np

from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.generate.pieces import Piece as DrawnPiece
from symmusic.generate.prompt import Prompt
from symmusic.generate.sound import Sound
from symmusic.generate.structure import Structure
from symmusic.generate.whole import put_together
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import from_events
from symmusic.report.forms import title_of, written_forms


@dataclasses.dataclass(frozen=True)
class Piece:
    """A generated piece: the new bars, alone and with the given ones around them.

    Attributes:
      drawn: what was sampled, with its probabilities.
      prompt: the tune that it continues, or whose bars it replaces.
      vocabulary: vocabulary of its tokens.
      nearest: where its longest copied run comes from, as in `samples.json`; None if no training
        tune is known or none has a run in common with it.
      structure: the structure of a whole tune, in which the given bars count as the piece's own;
        None for a continuation.
    """

    drawn: DrawnPiece
    prompt: Prompt
    vocabulary: Vocabulary
    nearest: dict | None = None
    structure: Structure | None = None

    @property
    def nats_per_step(self) -> float:
        """The mean negative log-likelihood of the drawn steps, in nats."""
        return self.drawn.surprise

    @property
    def notes(self) -> list[tuple[float, float, int]]:
        """Onset and length in quarters, and MIDI pitch, of each note of the new bars; onsets count
        from their start.
        """
        grid = self.prompt.steps_per_quarter
        return [
            (note.onset / grid, (note.end - note.onset) / grid, note.pitch)
            for note in from_events(self._events(joined=False))
        ]

    @property
    def abc(self) -> str:
        """The new bars as a tune in ABC."""
        return self._forms(joined=False)['.abc']

    @property
    def joined_abc(self) -> str:
        """The new bars with the given ones around them, as a tune in ABC."""
        return self._forms(joined=True)['.abc']

    def save(self, path: str | pathlib.Path, *, joined: bool = False) -> None:
        """Writes the new bars, or with `joined` the whole tune, in the format that the suffix
        names: .mid, .abc, .musicxml or .wav.

        Raises:
          UserError: the suffix is none of these, or the file cannot be written.
        """
        path = pathlib.Path(path).expanduser()
        forms = self._forms(joined=joined)
        if path.suffix not in (*forms, '.wav'):
            raise UserError(f'{path}: the suffix must be one of {", ".join([*forms, ".wav"])}')
        if path.suffix == '.wav':
            # the silence before a pickup is not played
            events = self._events(joined=joined)
            is_all = joined or self.structure is not None
            silent = -self.prompt.pickup_of(events) % self.prompt.bar.steps if is_all else 0
            notes, num_steps = from_events(events[silent:]), len(events) - silent
            how = self.prompt.qpm, num_steps, self.prompt.steps_per_quarter
            write_whole(path, Sound(None)(notes, forms['.mid'], *how))
        else:
            write_whole(path, forms[path.suffix])

    def _events(self, *, joined: bool) -> np.ndarray:
        if not joined and self.structure is None:
            return self.drawn.events
        return put_together(self.prompt, self.drawn, self.vocabulary).events

    def _forms(self, *, joined: bool) -> dict[str, bytes | str]:
        first = 0 if joined or self.structure else len(self.prompt.events)
        sections = self.structure.sections if self.structure else ()
        title = title_of(self.prompt)
        return written_forms(self._events(joined=joined), self.prompt, first, title, sections)
