"""Experiments: configs of several arms, which differ in one stated variable. Pure functions over
configs.

An experiment's config is that of a training (`configs/base.py`) with `quick`, `variant`,
`split_seeds` and `experiment`, a `Hypothesis`.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

from ml_collections import ConfigDict

from symmusic.config import fields, protocol
from symmusic.errors import UserError

VARIANTS = ('sound', 'source')
SWITCHES = {
    'quick': fields.flag(),
    'variant': fields.choice(*VARIANTS, 'both'),
    'split_seeds': fields.steps(0, 2**32 - 1),
}
DIRECTIONS = ('higher', 'lower')
LISTENERS = 'listeners'  # the measure of a claim that only listeners can judge

Diff = Mapping[str, Any]  # values of fields by their dotted names
Override = Callable[[ConfigDict, Mapping[str, str | None]], ConfigDict]


@dataclasses.dataclass(frozen=True)
class Primary:
    """A claim of the thesis and how it is tested, fixed before any run.

    Attributes:
      claim: a sentence, without a full stop.
      measure: what is compared; `LISTENERS` if no measure can decide the claim.
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
    """What an experiment's config file states.

    The value of a field is the arm's (`sound_arms` before `arms`), else the command line's, else
    that of `quickly`, else the variant's. But the command line and `quickly` override what only
    `sound_arms` sets. A field that an arm sets in `arms` cannot be set on the command line.

    Attributes:
      question: a sentence.
      variable: the fields in which the arms differ.
      arms: what each sets, by its name, in the order of reports.
      sound: what the variant 'sound' sets in all arms.
      source: what the variant 'source' sets in all arms.
      quickly: what `quick` sets.
      primaries: the claims that are tested; everything else that a report says is descriptive.
      sound_arms: what the variant 'sound' sets differently in single arms.
      may_miss: whether an arm that needs more windows than its corpus gives is left out and listed;
        otherwise it is an error.
      also: further fields in which the arms differ, and why.
      tables: by arm the table of the thesis with its figures.
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


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A hypothesis with the resolved config of every arm, by variant and name, and the further
    splits on which it is to be repeated.
    """

    hypothesis: Hypothesis
    quick: bool
    configs: dict[str, dict[str, ConfigDict]]
    split_seeds: tuple[int, ...] = ()


def is_experiment(config: ConfigDict) -> bool:
    """Whether a config file's config is one of several arms."""
    return 'experiment' in config


def read(loaded: ConfigDict, overrides: Mapping[str, str | None], override: Override) -> Experiment:
    """What a config file states, with the command line's fields, every arm's config resolved and
    checked.

    Args:
      loaded: as the file gives it.
      overrides: the values of the command line by their dotted names.
      override: sets such values in a config.

    Raises:
      UserError: a field is wrong, or the arms differ in what is not said.
    """
    plain = loaded.copy_and_resolve_references().unlock()
    hypothesis = plain.experiment
    if not isinstance(hypothesis, Hypothesis):
        raise UserError(
            'config.experiment: must be a Hypothesis of symmusic/config/experiments.py, as in'
            ' configs/exp3.py'
        )
    if missing := [name for name in SWITCHES if name not in plain]:
        raise UserError(
            f'config.{missing[0]} is missing; an experiment begins with base.get_experiment() of'
            ' configs/base.py'
        )
    switches = ConfigDict({name: plain[name] for name in SWITCHES})
    for name in ('experiment', *SWITCHES):
        del plain[name]
    _check_stated(hypothesis)
    switches = override(
        switches, {name: value for name, value in overrides.items() if name in SWITCHES}
    )
    for name, rule in SWITCHES.items():
        if allowed := rule(switches[name]):
            raise UserError(f'config.{name} = {switches[name]!r}: must be {allowed}')
    others = {name: value for name, value in overrides.items() if name not in SWITCHES}
    for name in others:
        if setting := [arm for arm, diff in hypothesis.arms.items() if name in diff]:
            raise UserError(
                f'--config.{name}: the arms {", ".join(setting)} set it themselves; leave it out,'
                ' or write another experiment'
            )

    def compose(variant: str, arm: str) -> ConfigDict:
        config = plain.copy_and_resolve_references()
        own = hypothesis.arms[arm]
        _apply(config, getattr(hypothesis, variant), variant)
        _apply(config, own, f'arms[{arm!r}]')
        _apply(
            config,
            hypothesis.sound_arms.get(arm, {}) if variant == 'sound' else {},
            f'sound_arms[{arm!r}]',
        )
        quickly = {name: value for name, value in hypothesis.quickly.items() if name not in own}
        _apply(config, quickly if switches.quick else {}, 'quickly')
        config = override(config, others)
        config = protocol.resolve(config).lock()
        try:
            fields.check(config)
        except UserError as error:
            raise UserError(f'arm {arm}, variant {variant}: {error}') from error
        return config

    variants = VARIANTS if switches.variant == 'both' else (switches.variant,)
    configs = {
        variant: {arm: compose(variant, arm) for arm in hypothesis.arms} for variant in variants
    }
    for variant in variants:
        _check_alike(hypothesis, variant, configs[variant])
    own = next(iter(configs[variants[0]].values())).data.split_seed
    if own in switches.split_seeds:
        raise UserError(
            f'config.split_seeds = {switches.split_seeds!r}: {own} is config.data.split_seed, the'
            ' split of the experiment itself'
        )
    return Experiment(hypothesis, switches.quick, configs, tuple(switches.split_seeds))


def on_split(experiment: Experiment, split_seed: int) -> Experiment:
    """The same arms on another split of the tunes."""

    def moved(config: ConfigDict) -> ConfigDict:
        config = ConfigDict(config.to_dict())
        config.data.split_seed = split_seed
        return config.lock()

    configs = {
        variant: {arm: moved(config) for arm, config in arms.items()}
        for variant, arms in experiment.configs.items()
    }
    return dataclasses.replace(experiment, configs=configs, split_seeds=())


def _check_alike(hypothesis: Hypothesis, variant: str, configs: Mapping[str, ConfigDict]) -> None:
    """Checks that arms differ in the stated variable, and otherwise only in declared fields."""
    values = {arm: dict(fields.walk(config)) for arm, config in configs.items()}
    first = next(iter(values.values()))
    unlike = [name for name in first if any(each[name] != first[name] for each in values.values())]
    for name in unlike:
        if name not in hypothesis.variable and name not in hypothesis.also:
            found = ', '.join(f'{arm} {each[name]!r}' for arm, each in values.items())
            raise UserError(
                f'variant {variant}: the arms differ in config.{name} ({found}) and not only in'
                f' {", ".join(hypothesis.variable)}; make it the same in all, or say it in the'
                " hypothesis's `also` with the reason"
            )
    if not any(name in unlike for name in hypothesis.variable):
        raise UserError(
            f'variant {variant}: the arms do not differ in {", ".join(hypothesis.variable)}, the'
            ' stated variable'
        )


def _check_stated(hypothesis: Hypothesis) -> None:
    for name in hypothesis.arms:
        if not re.fullmatch('[a-z0-9_]+', name):
            raise UserError(
                f'config.experiment: {name!r} is no name of an arm; must be of small letters,'
                ' digits and underscores'
            )
    if len(hypothesis.arms) < 2:
        raise UserError(
            f'config.experiment: {len(hypothesis.arms)} arms; an experiment compares two or more'
        )
    if unknown := [
        name for name in (*hypothesis.sound_arms, *hypothesis.tables) if name not in hypothesis.arms
    ]:
        raise UserError(
            f'config.experiment: {unknown[0]} is no arm; there are {", ".join(hypothesis.arms)}'
        )
    for name in (*hypothesis.variable, *hypothesis.also):
        if name not in fields.FIELDS:
            raise UserError(
                f'config.experiment: {name} is no field{fields.nearest(name, fields.FIELDS)}'
            )
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


def _apply(config: ConfigDict, diff: Diff, where: str) -> None:
    known = dict(fields.walk(config))
    for name, value in diff.items():
        if name not in known:
            raise UserError(
                f'config.experiment, {where}: {name} is no field{fields.nearest(name, known)}'
            )
        group, _, leaf = name.rpartition('.')
        section = config[group] if group else config
        with section.ignore_type():
            section[leaf] = value
