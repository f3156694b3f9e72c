"""The progress of an experiment over its arms, and an estimate of the time left."""

import time

from symmusic.progress import open_bar


class Clock:
    """Counts arms, and estimates the time left from those that took any work.

    How long an arm trains is not known in advance, so each remaining arm counts as the mean of
    those before it.
    """

    def __init__(self, num_arms: int):
        self.num_arms, self.num_done = num_arms, 0
        self.num_steps, self.begun = 0, time.perf_counter()
        self.seconds: list[float] = []  # of each arm that took any work
        self.bar = open_bar('arm', total=num_arms)
        self.bar.set_description('experiment')

    def tick(self) -> None:
        """Counts an epoch of all replicas, or a measured replica, of the current arm."""
        self.num_steps += 1

    def end_arm(self) -> None:
        """Marks the current arm as finished; it took work if it had a step."""
        now = time.perf_counter()
        if self.num_steps:
            self.seconds.append(now - self.begun)
        self.num_done, self.num_steps, self.begun = self.num_done + 1, 0, now
        self.bar.update()
        if self.num_done == self.num_arms:
            self.bar.close()

    def arm(self) -> str:
        """The number of the current arm, 'N of M'."""
        return f'{self.num_done + 1} of {self.num_arms}'

    def left(self) -> str:
        """'; about N min left for all', if there is an estimate."""
        if not self.seconds:
            return ''
        mean = sum(self.seconds) / len(self.seconds)
        minutes = max(1, round(mean * (self.num_arms - self.num_done) / 60))
        return f'; about {minutes} min left for all'
