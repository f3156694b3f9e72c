"""The parts of an experiment's config file: a question, arms that differ in one variable, claims.

An experiment's config is that of a training (`configs/base.py`) with `quick`, `variant`,
`split_seeds` and `experiment`, a `Hypothesis`.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from symmusic.config.fields import FIELDS
from symmusic.errors import UserError
from symmusic.wording import count, nearest

DIRECTIONS = ('higher', 'lower')
LISTENERS = 'listeners'  # the measure of a claim that only listeners can judge

Diff = Mapping[str, Any]  # values of fields by their dotted names


@dataclasses.dataclass(frozen=True)
class Primary:
    """A claim of the thesis and how it is tested, fixed before any run.

    Attributes:
      claim: a sentence, without a full stop.
      measure: the measure that is compared; `LISTENERS` if no measure can decide the claim.
      arms: the arm that the claim is about, and the arm that it is compared with.
      direction: 'higher' or 'lower', the claimed direction of the first arm's measure.
      smallest: the smallest difference of interest, above 0, in the measure's unit.
    """

    claim: str
    measure: str
    arms: tuple[str, str]
    direction: str
    smallest: float


@dataclasses.dataclass(frozen=True)
class Hypothesis:
    """The hypothesis that an experiment's config file states.

    A field's value comes from the first of these that sets it: the arm (`sound_arms`, then `arms`),
    the command line, `quickly`, the variant. But the command line and `quickly` override fields
    that only `sound_arms` sets. A field that an arm sets in `arms` cannot be set on the command
    line.

    Attributes:
      question: a sentence.
      variable: the fields in which the arms differ.
      arms: the fields that each named arm sets, in the order of reports.
      sound: the fields that the variant 'sound' sets in all arms.
      source: the fields that the variant 'source' sets in all arms.
      quickly: the fields that `quick` sets.
      primaries: the claims that are tested; everything else in a report is descriptive.
      sound_arms: the fields that the variant 'sound' sets in single arms only.
      may_miss: whether an arm that needs more windows than its corpus gives is left out and listed;
        otherwise it is an error.
      also: further fields in which the arms differ, and why.
      tables: the thesis's table with the published figures of each arm.
    """

    question: str
    variable: tuple[str, ...]
    arms: Mapping[str, Diff]
    sound: Diff
    source: Diff
    quickly: Diff
    primaries: tuple[Primary, ...]
    sound_arms: Mapping[str, Diff] = dataclasses.field(default_factory=dict)
    may_miss: bool = False
    also: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tables: Mapping[str, str] = dataclasses.field(default_factory=dict)


def is_experiment(config: ConfigDict) -> bool:
    """Whether a config file's config is one of several arms."""
    return 'experiment' in config


def check_stated(hypothesis: Hypothesis) -> None:
    """Checks that arms, fields and claims of a hypothesis exist and fit together.

    Raises:
      UserError: they do not; the message says which.
    """
    for name in hypothesis.arms:
        if not re.fullmatch('[a-z0-9_]+', name):
            raise UserError(
                f'config.experiment: {name!r} is not the name of an arm; must consist of lowercase'
                ' letters, digits and underscores'
            )
    if len(hypothesis.arms) < 2:
        raise UserError(
            f'config.experiment: {count(len(hypothesis.arms), "arm")}; an experiment compares two'
            ' or more'
        )
    if unknown := [
        name for name in (*hypothesis.sound_arms, *hypothesis.tables) if name not in hypothesis.arms
    ]:
        raise UserError(
            f'config.experiment: {unknown[0]} is not an arm; arms are {", ".join(hypothesis.arms)}'
        )
    for name in (*hypothesis.variable, *hypothesis.also):
        if name not in FIELDS:
            raise UserError(f'config.experiment: {name} is not a field{nearest(name, FIELDS)}')
    measured = [primary for primary in hypothesis.primaries if primary.measure != LISTENERS]
    ordered = {primary.arms for primary in measured}
    for primary in hypothesis.primaries:
        where = f"config.experiment, the primary '{primary.claim}'"
        if len(primary.arms) != 2 or not set(primary.arms) <= set(hypothesis.arms):
            raise UserError(
                f'{where}: arms = {primary.arms}; must be two of {", ".join(hypothesis.arms)}'
            )
        if primary in measured and primary.arms[::-1] in ordered:
            raise UserError(
                f'{where}: arms = {primary.arms}, which another primary names the other way round;'
                " must be in one order, with direction = 'lower' where that is claimed"
            )
        if primary.direction not in DIRECTIONS:
            raise UserError(
                f'{where}: direction = {primary.direction!r}; must be one of'
                f' {", ".join(map(repr, DIRECTIONS))}'
            )
        if primary.measure != LISTENERS and not primary.smallest > 0:
            raise UserError(f'{where}: smallest = {primary.smallest}; must be above 0')
