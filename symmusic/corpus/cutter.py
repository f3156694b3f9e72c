"""Cuts the tunes of a corpus into windows."""

import dataclasses
from collections.abc import Callable, Sequence

from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import Windows, cut_windows
from symmusic.errors import UserError
from symmusic.melody.encodings import Vocabulary


@dataclasses.dataclass(frozen=True)
class Cutter:
    """Cuts tunes of the corpus `name` into windows.

    Attributes:
      name: the corpus's name in messages.
      styles: of the corpus.
      vocabulary: of the windows.
      window_steps, hop_steps, keep_last, cover_end: of training, as in `windows.cut_windows`.
      held_out_steps: length of the windows of held-out tunes, in which each step counts once; 0 =
        the same windows as in training.
      grid: the metres and the steps per quarter, as in `cut_windows`.
    """

    name: str
    styles: tuple[str, ...]
    vocabulary: Vocabulary
    window_steps: int
    hop_steps: int
    keep_last: bool
    cover_end: bool
    held_out_steps: int
    grid: dict

    def cut(self, tunes: Sequence[Tune]) -> Windows:
        """The windows for training."""
        return cut_windows(
            tunes,
            self.vocabulary,
            self.window_steps,
            self.hop_steps,
            keep_last=self.keep_last,
            cover_end=self.cover_end,
            **self.grid,
        )

    def cut_held_out(self, tunes: Sequence[Tune]) -> Windows:
        """The windows of held-out tunes."""
        steps = self.held_out_steps
        if not steps:
            return self.cut(tunes)
        return cut_windows(
            tunes,
            self.vocabulary,
            steps,
            steps // 2,
            cover_end=True,
            count_once=True,
            **self.grid,
        )

    def by_style(
        self, cut: Callable[[Sequence[Tune]], Windows], tunes: Sequence[Tune]
    ) -> list[Windows]:
        """The windows of each style."""
        return [cut([tune for tune in tunes if tune.style == style]) for style in self.styles]

    def require(
        self, part: str, of_styles: Sequence[Windows], before: Sequence[Windows] | None = None
    ) -> None:
        """Checks that a part has a window of each style; `before` are the windows before copies of
        training windows were removed.

        Raises:
          UserError: it has none of a style.
        """
        for style, windows, cut in zip(self.styles, of_styles, before or of_styles, strict=True):
            if len(windows):
                continue
            where = f'the {part} part of corpus {self.name}'
            of = f'of {self.window_steps} steps'
            of += f' in the style {style!r}' if len(self.styles) > 1 else ''
            if len(cut):
                raise UserError(
                    f'{where} has only windows {of} that are copies of training windows; use more'
                    ' tunes or a larger config.data.window_steps'
                )
            raise UserError(
                f'{where} gives no window {of}; use more tunes, a smaller'
                ' config.data.window_steps or config.data.keep_last_window = True'
            )
