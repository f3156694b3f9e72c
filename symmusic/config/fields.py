"""The allowed values of each config field. Defaults and units are in configs/base.py."""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ml_collections import ConfigDict

from symmusic.config.protocol import PROTOCOLS
from symmusic.errors import UserError

Rule = Callable[[Any], str | None]  # None if the value is allowed, else what is allowed


def whole(least: int, most: int) -> Rule:
    """A whole number from `least` to `most`."""
    allowed = f'a whole number from {least} to {most}'
    return lambda value: None if type(value) is int and least <= value <= most else allowed


def real(least: float, most: float, *, above: bool = False, below: bool = False) -> Rule:
    """A finite number from `least` to `most`; `above` and `below` exclude these two."""
    allowed = (
        f'a number {"above" if above else "of at least"} {least:g} and'
        f' {"below" if below else "at most"} {most:g}'
    )

    def rule(value):
        if type(value) not in (int, float) or not math.isfinite(value):
            return allowed
        fits = (value > least if above else value >= least) and (
            value < most if below else value <= most
        )
        return None if fits else allowed

    return rule


def choice(*values: str) -> Rule:
    """One of some words."""
    allowed = f'one of {", ".join(map(repr, values))}'
    return lambda value: (
        None if type(value) is str and value in values else allowed + nearest(value, values)
    )


def flag() -> Rule:
    """True or False."""
    return lambda value: None if type(value) is bool else 'True or False'


def text(*, empty: bool = False) -> Rule:
    """Words on one line, such as a path; `empty` ones too."""
    # Surrogates stand for bytes that are not UTF-8: such a path could be opened, but not printed or
    # stored.
    fits = re.compile(r'[^\0\n\r\ud800-\udfff]' + ('*' if empty else '+'))
    return lambda value: (
        None
        if type(value) is str and fits.fullmatch(value)
        else 'a name or path on one line, in UTF-8'
    )


def some_of(*values: str) -> Rule:
    """A tuple of one or more of some words, each once."""
    allowed = f'a tuple of one or more of {", ".join(map(repr, values))}, each once'

    def rule(value):
        fits = (
            type(value) is tuple
            and value
            and all(type(item) is str and item in values for item in value)
        )
        return None if fits and len(set(value)) == len(value) else allowed

    return rule


def steps(least: int, most: int) -> Rule:
    """A tuple of different whole numbers, or an empty one."""
    each = whole(least, most)

    def rule(value):
        fits = (
            type(value) is tuple
            and all(each(item) is None for item in value)
            and len(set(value)) == len(value)
        )
        return (
            None
            if fits
            else (
                f'a tuple of different whole numbers from {least} to {most}, such as (16, 32),'
                ' or ()'
            )
        )

    return rule


# Each field is declared once, in the group that says what another value does to a run that goes on.

# it is another run, and refused
FIXED: dict[str, Rule] = {
    'seed': whole(0, 2**32 - 1),
    'init_from': text(empty=True),
    'replicas': whole(1, 4096),
    'data.corpus': text(),
    'data.encoding': choice('melody', 'pianoroll', 'pianoroll_faithful'),
    'data.protocol': choice(*PROTOCOLS),  # before the fields that it fills
    'data.meters': some_of('4/4', '2/2'),
    'data.align_pickups': flag(),
    'data.rests': choice('phrase', 'end'),
    'data.window_steps': whole(2, 4096),
    'data.hop_steps': whole(1, 4096),
    'data.keep_last_window': flag(),
    'data.max_windows': whole(0, 2**31 - 1),
    'data.max_tunes': whole(0, 2**31 - 1),
    'data.train_share': real(0, 1, above=True),
    'data.split': choice('tune', 'window'),
    'data.split_seed': whole(0, 2**32 - 1),
    'model.num_layers': whole(1, 64),
    'model.num_cells': whole(1, 8192),
    'model.bidirectional': flag(),
    'model.attention': choice('none', 'bahdanau', 'weighted'),
    'model.attention_size': whole(1, 8192),
    'model.dropout_rate': real(0, 1, below=True),
    'model.metric_position': flag(),
    'model.lookback': steps(1, 1024),
    'train.targets': choice('last', 'all', 'gap'),
    'train.sequence_steps': whole(2, 4096),
    'train.sequence_hop_steps': whole(1, 4096),
    'train.held_out_steps': whole(2, 4096),
    'train.batch_size': whole(1, 65536),
    'train.learning_rate': real(0, 10, above=True),
    'train.clip_norm': real(0, 1e9),
    'train.warmup_updates': whole(0, 1_000_000),
    'train.cosine_epochs': whole(0, 1_000_000),
    'train.augment_keys': flag(),
    'train.label_smoothing': real(0, 1, below=True),
    'train.weight_decay': real(0, 100),
    'train.average_decay': real(0, 1, below=True),
    'train.plateau_factor': real(0, 1, above=True, below=True),
    'train.plateau_patience': whole(1, 1_000_000),
    'train.plateau_threshold': real(0, 100, above=True),
    'train.early_stopping_epochs': whole(0, 1_000_000),
    'train.product_dtype': choice('float32', 'bfloat16'),
}
# a larger value goes on with a run, a finished one too
LARGER: dict[str, Rule] = {
    'train.num_epochs': whole(1, 1_000_000),
}
# the run computes the same to rounding
ROUNDING: dict[str, Rule] = {
    'train.cpu_devices': whole(0, 4096),
    'train.deterministic': flag(),
    'train.kernel': choice('scan', 'fused'),
    'train.updates_per_dispatch': whole(0, 65536),
}
# training computes the same
FREE: dict[str, Rule] = {
    'train.tensorboard': flag(),
    'train.checkpoint_minutes': real(0, 1e6, above=True),
    'sample.prompt': text(empty=True),
    'sample.part': whole(1, 256),
    'sample.replica': whole(-1, 4095),
    'sample.num_samples': whole(1, 100_000),
    'sample.num_bars': whole(1, 1024),
    'sample.temperature': real(0, 100),
    'sample.top_k': whole(0, 1024),
    'sample.top_p': real(0, 1, above=True),
    'sample.form': choice('auto', 'stateful', 'window'),
    'sample.memory_steps': whole(1, 16384),
    'sample.max_redraws': whole(0, 10_000),
    'sample.redraw_stuck': flag(),
    'sample.transpose': flag(),
    'sample.scale': text(empty=True),
    'sample.lowest': whole(0, 127),
    'sample.highest': whole(0, 127),
    'sample.min_notes_per_bar': whole(0, 16),
    'sample.max_notes_per_bar': whole(0, 16),
    'sample.rests': flag(),
    'sample.end_on_tonic': flag(),
    'sample.rhythm': text(empty=True),
    'sample.pitches': text(empty=True),
    'sample.fixed': text(empty=True),
    'sample.regenerate': text(empty=True),
    'sample.num_candidates': whole(1, 10_000),
    'sample.rank': choice('likelihood', 'originality', 'both'),
    'sample.max_copied_run': whole(0, 256),
    'sample.redraw_copies': flag(),
    'sample.keep_distributions': flag(),
    'sample.instrument': text(empty=True),
    'sample.wav': flag(),
    'sample.sound_font': text(empty=True),
    'evaluate.part': choice('test', 'validation'),
    'evaluate.prompts': choice('held_out', 'fixed'),
    'evaluate.num_pieces': whole(2, 100_000),
    'evaluate.num_bars': whole(0, 10_000),
    'evaluate.num_draws': whole(1, 10_000),
    'evaluate.critic_pieces': whole(0, 100_000),
    'evaluate.left_to_right': text(empty=True),
    'evaluate.protocol': choice('corrected', 'thesis'),
    'study.num_pieces': whole(1, 100),
    'study.qpm': real(20, 400),
}
FIELDS: dict[str, Rule] = FIXED | LARGER | ROUNDING | FREE


def check(config: ConfigDict) -> None:
    """Checks that every field of a config is allowed and that the fields fit together.

    Raises:
      UserError: the field, its value and what is allowed.
    """
    values = dict(walk(config))
    for name in values:
        if name not in FIELDS:
            raise UserError(f'config.{name}: no such field{nearest(name, FIELDS)}')
    for name, rule in FIELDS.items():
        if name not in values:
            raise UserError(
                f'config.{name} is missing; a config begins with base.get_config() of'
                ' configs/base.py'
            )
        if allowed := rule(values[name]):
            raise UserError(f'config.{name} = {values[name]!r}: must be {allowed}')
    if values['seed'] + values['replicas'] > 2**32:
        raise UserError(
            f'config.seed = {values["seed"]}: with config.replicas = {values["replicas"]} the last'
            f' seed exceeds {2**32 - 1}'
        )
    if 0 < values['train.cosine_epochs'] < values['train.num_epochs']:
        raise UserError(
            f'config.train.cosine_epochs = {values["train.cosine_epochs"]}: the learning rate would'
            f' be 0 before config.train.num_epochs = {values["train.num_epochs"]}; must be 0 or at'
            ' least as many'
        )
    if values['train.targets'] == 'all' and values['model.bidirectional']:
        raise UserError(
            "config.train.targets = 'all' with config.model.bidirectional = True: a bidirectional"
            " model sees the steps it would predict; must be config.train.targets = 'last' or"
            " 'gap', or config.model.bidirectional = False"
        )
    if values['train.targets'] == 'gap' and not values['model.bidirectional']:
        raise UserError(
            "config.train.targets = 'gap' with config.model.bidirectional = False: a gap is filled"
            " by what stands on both sides; must be config.train.targets = 'all' or"
            ' config.model.bidirectional = True'
        )
    if values['train.targets'] == 'gap' and values['sample.form'] == 'window':
        raise UserError(
            "config.sample.form = 'window' with config.train.targets = 'gap': a model for infilling"
            " carries its state; must be config.sample.form = 'stateful' or 'auto'"
        )
    if (
        values['sample.form'] == 'stateful'
        and values['model.bidirectional']
        and values['train.targets'] != 'gap'
    ):
        raise UserError(
            "config.sample.form = 'stateful' with config.model.bidirectional = True: a"
            " bidirectional model reads its window anew; must be config.sample.form = 'window' or"
            " 'auto', or config.model.bidirectional = False"
        )
    if values['sample.max_copied_run'] == 1:
        raise UserError(
            'config.sample.max_copied_run = 1: a run has two notes or more; must be 0 (any) or from'
            ' 2 on'
        )
    for least, most in (
        ('sample.lowest', 'sample.highest'),
        ('sample.min_notes_per_bar', 'sample.max_notes_per_bar'),
    ):
        if values[least] > values[most]:
            raise UserError(
                f'config.{least} = {values[least]}: must be at most config.{most} = {values[most]}'
            )


def walk(config: ConfigDict, prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Every field by its dotted name, with its value."""
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from walk(value, f'{prefix}{name}.')
        else:
            yield prefix + name, value


def nearest(name: object, names: Iterable[str]) -> str:
    """'; did you mean ...?' with the name that is nearest as a whole or in its last part, or '' if
    none is near.
    """
    whole_names = {other: other for other in names}
    last_parts = {other.rpartition('.')[2]: other for other in whole_names}
    for word, others in ((str(name), whole_names), (str(name).rpartition('.')[2], last_parts)):
        if near := difflib.get_close_matches(word, list(others), n=1):
            return f'; did you mean {others[near[0]]}?'
    return ''
