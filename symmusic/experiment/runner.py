"""Runs the arms of an experiment in this process; others may run some of them at the same time."""

import traceback
from collections.abc import Callable, Sequence

from symmusic.errors import Interrupted, UserError
from symmusic.experiment.arm import Arm, finish
from symmusic.experiment.claims import Claims
from symmusic.experiment.clock import Clock
from symmusic.experiment.ground import Grounds
from symmusic.experiment.outcome import label
from symmusic.experiment.repetition import Repetition
from symmusic.experiment.workers import is_done, shard_of, work
from symmusic.files import write_whole
from symmusic.wording import count


class Runner:
    """Runs the arms of an experiment and of its repetitions, and fills their `outcomes` and
    `failures`.

    Attributes:
      failed: the reasons for the arms that failed here, by name and split.
    """

    def __init__(
        self, repetitions: Sequence[Repetition], grounds: Grounds, show: Callable[[Arm], None]
    ):
        """`show` is called after each arm, and draws its pieces."""
        self.grounds, self.show = grounds, show
        self.arms = [arm for each in repetitions for arm in each.arms]
        self.own = repetitions[0]
        self.repetition_of = {arm.folder: each for each in repetitions for arm in each.arms}
        self.failed: dict[str, str] = {}
        self.clock = Clock(len(self.arms))

    def run(self, claims: Claims, shard: tuple[int, int] | None) -> bool:
        """Runs every arm that no other worker runs, or those of the shard; returns whether all arms
        of the experiment have then been run.
        """
        if shard is None:
            work(self.arms, claims, self.run_arm)
            return True
        own = shard_of(self.arms, *shard)
        for arm in own:
            self.run_arm(arm)
        folders = {arm.folder for arm in own}
        others = [arm for arm in self.arms if arm.folder not in folders]
        left = [arm for arm in others if not (self._is_left_out(arm) or is_done(arm))]
        if left:
            print(
                f'shard {shard[0]}/{shard[1]} has no arm left; of the other shards'
                f' {count(len(left), "arm")} {"is" if len(left) == 1 else "are"} not finished, and'
                ' the last shard reports'
            )
            return False
        for arm in others:
            self.run_arm(arm)
        return True

    def run_arm(self, arm: Arm) -> None:
        """Runs the missing parts of an arm, or reads its results; records why it failed, if
        it did.
        """
        if self._is_left_out(arm):
            self.clock.end_arm()
            return
        repetition = self.repetition_of[arm.folder]
        name = label(repetition.experiment, *arm.place)
        where = f', split {repetition.split_seed}' * (repetition is not self.own)
        print(
            f'arm {self.clock.arm()}: {name}{where},'
            f' {count(arm.config.replicas, "replica")}{self.clock.left()}'
        )
        try:
            outcome = finish(arm, repetition.sizes[arm.place], self.grounds)
            self.show(arm)
            repetition.outcomes[arm.place] = outcome
        except (Interrupted, BrokenPipeError):
            raise
        except Exception as error:  # any error: the other arms can continue
            reason = _reason(arm, error)
            repetition.failures[arm.place] = self.failed[name + where] = reason
            print(f'arm {name} failed: {reason}')
        self.clock.end_arm()

    def check_failures(self) -> None:
        """Checks that no arm failed.

        Raises:
          Interrupted: one did; with the reasons.
        """
        if self.failed:
            reasons = '; '.join(f'{name}: {why}' for name, why in self.failed.items())
            raise Interrupted(
                f'{len(self.failed)} of {count(len(self.arms), "arm")} failed: {reasons}; the'
                f' same command tries {"them" if len(self.failed) > 1 else "it"} again'
            )

    def _is_left_out(self, arm: Arm) -> bool:
        return arm.place in self.repetition_of[arm.folder].failures


def _reason(arm: Arm, error: Exception) -> str:
    """Why an arm failed, in one line; unless it is a user's mistake, the traceback is written to
    the arm's folder.
    """
    reason = ' '.join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, UserError):
        return reason
    write_whole(arm.folder / 'failure.txt', ''.join(traceback.format_exception(error)))
    return f'{reason} (more in {arm.folder / "failure.txt"})'
