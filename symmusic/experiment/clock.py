"""The progress of an experiment, and how long it still takes."""

import time
from collections.abc import Sequence

import numpy as np

from symmusic.experiment.arm import Arm
from symmusic.progress import bar


class Clock:
    """The progress over all arms, in epochs and measured replicas, and an estimate of the time
    left.
    """

    def __init__(self, arms: Sequence[Arm]):
        self.ends = np.cumsum(
            [arm.config.train.num_epochs + arm.config.replicas for arm in arms]
        ).tolist()
        self.num_arms, self.done, self.paid, self.begun = len(arms), 0, 0, time.perf_counter()
        self.bar = bar(None, 'step', total=self.ends[-1])
        self.bar.set_description('experiment')

    def tick(self) -> None:
        """Counts an epoch of all replicas, or a measured replica."""
        self._move(min(self.done + 1, self.ends[0]), paid=1)

    def end_arm(self) -> None:
        """Marks the arm as finished, even if it stopped early."""
        self._move(self.ends.pop(0), paid=0)
        if not self.ends:
            self.bar.close()

    def _move(self, done: int, paid: int) -> None:
        self.bar.update(done - self.done)
        self.done, self.paid = done, self.paid + paid

    def arm(self) -> str:
        """The number of the current arm, 'N of M'."""
        return f'{self.num_arms - len(self.ends) + 1} of {self.num_arms}'

    def left(self) -> str:
        """'; about N minutes left', where there is an estimate."""
        if not self.paid:
            return ''
        seconds = (time.perf_counter() - self.begun) / self.paid * (self.ends[-1] - self.done)
        return f'; about {max(1, round(seconds / 60))} min left for all, at most'
