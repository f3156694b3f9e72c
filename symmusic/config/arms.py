"""The arms of an experiment: from its hypothesis to one config for each. Pure functions over
configs.
"""

import dataclasses
from collections.abc import Callable, Mapping

from ml_collections import ConfigDict

from symmusic.config.check import check, check_training
from symmusic.config.experiments import Diff, Hypothesis, check_stated
from symmusic.config.fields import SWITCHES, walk
from symmusic.config.fields.run import VARIANTS
from symmusic.config.protocol import resolve
from symmusic.errors import UserError
from symmusic.wording import nearest

Override = Callable[[ConfigDict, Mapping[str, str | None]], ConfigDict]


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A hypothesis with the resolved config of every arm, by variant and name, and the further
    splits on which it is to be repeated.
    """

    hypothesis: Hypothesis
    quick: bool
    configs: dict[str, dict[str, ConfigDict]]
    split_seeds: tuple[int, ...] = ()


def read(loaded: ConfigDict, overrides: Mapping[str, str | None], override: Override) -> Experiment:
    """The experiment that a config file states, with the command line's fields; every arm's config
    is resolved and checked.

    Args:
      loaded: the config that the file returns.
      overrides: the values of the command line by their dotted names.
      override: a function that sets such values in a config.

    Raises:
      UserError: a field is wrong, or the arms differ in an undeclared field.
    """
    plain = loaded.copy_and_resolve_references().unlock()
    hypothesis = plain.experiment
    if not isinstance(hypothesis, Hypothesis):
        raise UserError(
            'config.experiment: must be a Hypothesis of symmusic/config/experiments.py, as in'
            ' configs/exp3.py'
        )
    switches = _read_switches(plain, overrides, override)
    for name in ('experiment', *SWITCHES):
        del plain[name]
    others = {name: value for name, value in overrides.items() if name not in SWITCHES}
    for name in others:
        if setting := [arm for arm, diff in hypothesis.arms.items() if name in diff]:
            raise UserError(
                f'--config.{name}: the arms {", ".join(setting)} set it themselves; leave it out,'
                ' or write another experiment'
            )

    def compose(variant: str, arm: str) -> ConfigDict:
        config = override(_state(plain, hypothesis, variant, arm, quick=switches.quick), others)
        config = resolve(config).lock()
        try:
            check(config)
            check_training(config)
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


def _read_switches(
    plain: ConfigDict, overrides: Mapping[str, str | None], override: Override
) -> ConfigDict:
    """The checked values of `SWITCHES`."""
    if missing := [name for name in SWITCHES if name not in plain]:
        raise UserError(
            f'config.{missing[0]} is missing; an experiment begins with base.get_experiment() of'
            ' configs/base.py'
        )
    check_stated(plain.experiment)
    switches = override(
        ConfigDict({name: plain[name] for name in SWITCHES}),
        {name: value for name, value in overrides.items() if name in SWITCHES},
    )
    if switches.quick and 'split_seeds' not in overrides:
        switches.split_seeds = ()
    for name, field in SWITCHES.items():
        if allowed := field.rule(switches[name]):
            raise UserError(f'config.{name} = {switches[name]!r}: must be {allowed}')
    return switches


def _state(
    plain: ConfigDict, hypothesis: Hypothesis, variant: str, arm: str, *, quick: bool
) -> ConfigDict:
    """The config of an arm as the hypothesis states it."""
    config, own = plain.copy_and_resolve_references(), hypothesis.arms[arm]
    _apply(config, getattr(hypothesis, variant), variant)
    _apply(config, own, f'arms[{arm!r}]')
    if variant == 'sound':
        _apply(config, hypothesis.sound_arms.get(arm, {}), f'sound_arms[{arm!r}]')
    if quick:
        quickly = {name: value for name, value in hypothesis.quickly.items() if name not in own}
        _apply(config, quickly, 'quickly')
    return config


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
    values = {arm: dict(walk(config)) for arm, config in configs.items()}
    first = next(iter(values.values()))
    unlike = [name for name in first if any(each[name] != first[name] for each in values.values())]
    for name in unlike:
        if name not in hypothesis.variable and name not in hypothesis.also:
            found = ', '.join(f'{arm} {each[name]!r}' for arm, each in values.items())
            raise UserError(
                f'variant {variant}: the arms differ in config.{name} ({found}) and not only in'
                f' {", ".join(hypothesis.variable)}; make it the same in all, or state it in the'
                " hypothesis's `also` with the reason"
            )
    if not any(name in unlike for name in hypothesis.variable):
        raise UserError(
            f'variant {variant}: the arms do not differ in {", ".join(hypothesis.variable)}, the'
            ' stated variable'
        )


def _apply(config: ConfigDict, diff: Diff, where: str) -> None:
    known = dict(walk(config))
    for name, value in diff.items():
        if name not in known:
            raise UserError(
                f'config.experiment, {where}: {name} is not a field{nearest(name, known)}'
            )
        group, _, leaf = name.rpartition('.')
        section = config[group] if group else config
        with section.ignore_type():
            section[leaf] = value
