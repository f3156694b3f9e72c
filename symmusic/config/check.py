"""Checks a config against the declarations of its fields."""

from collections.abc import Iterator, Mapping
from typing import Any

from ml_collections import ConfigDict

from symmusic.config.fields import FIELDS, walk
from symmusic.errors import UserError
from symmusic.pitches import pitch_name
from symmusic.wording import nearest


def check(config: ConfigDict) -> None:
    """Checks that every field of a config is allowed and that the fields fit together.

    Raises:
      UserError: the field, its value and what is allowed.
    """
    values = dict(walk(config))
    for faults in (
        _faults_alone,
        _faults_of_data,
        _faults_of_kind,
        _faults_of_inputs,
        _faults_of_training,
        _faults_of_sampling,
    ):
        for fault in faults(values):
            raise UserError(fault)


def check_training(config: ConfigDict) -> None:
    """Checks the further requirements that training has of a config that passes `check`.

    Raises:
      UserError: a lookback is not a whole number of 4/4 bars on a grid other than sixteenths; or a
        model of notes has fields that refer to steps.
    """
    for fault in _faults_of_notes(dict(walk(config))):
        raise UserError(fault)
    grid, lookback = config.data.steps_per_quarter, config.model.lookback
    bar_steps = 4 * grid
    if grid != 4 and any(steps % bar_steps for steps in lookback):
        raise UserError(
            f'config.model.lookback = {lookback!r}: with config.data.steps_per_quarter = {grid} a'
            f' bar of 4/4 has {bar_steps} steps; must be multiples of {bar_steps}, as all lengths'
            ' in configs/triplets.py, three times those of configs/attn.py'
        )


def _faults_of_notes(values: Mapping[str, Any]) -> Iterator[str]:
    """Faults of models whose tokens are notes: fields that refer to steps or to intervals between
    classes.
    """
    if values['data.encoding'] != 'pitches':
        return
    for name, allowed in (
        ('train.targets', 'all'),
        ('train.augment_keys', False),
        ('train.originality_pieces', 0),
        ('model.metric_position', False),
        ('model.bars_left', False),
        ('model.lookback', ()),
        ('model.agreement', False),
        ('model.last_notes', False),
    ):
        if values[name] != allowed:
            yield (
                f"config.{name} = {values[name]!r} with config.data.encoding = 'pitches': a token"
                f' is the pitch of a note, without steps or key; must be {allowed!r}, as in'
                ' configs/pitches.py'
            )


def _faults_alone(values: Mapping[str, Any]) -> Iterator[str]:
    """Fields that do not exist or are missing, and values that no field may have."""
    for name in values:
        if name not in FIELDS:
            yield f'config.{name}: no such field{nearest(name, FIELDS)}'
    for name, field in FIELDS.items():
        if name not in values:
            yield (
                f'config.{name} is missing; a config begins with base.get_config() of'
                ' configs/base.py'
            )
        elif allowed := field.rule(values[name]):
            yield f'config.{name} = {values[name]!r}: must be {allowed}'


def _faults_of_data(values: Mapping[str, Any]) -> Iterator[str]:
    grid = values['data.steps_per_quarter']
    for name, value in (('data.protocol', 'thesis'), ('data.encoding', 'pianoroll_faithful')):
        if values[name] == value and grid != 4:
            yield (
                f'config.data.steps_per_quarter = {grid}: with config.{name} = {value!r} a step is'
                ' a sixteenth, as in the thesis; must be 4'
            )
    for name in ('data.split_as', 'evaluate.common_corpus'):
        if values[name] and values['data.split'] == 'window':
            yield (
                f"config.{name} = {values[name]!r} with config.data.split = 'window': no tune is"
                " held out; must be '', or config.data.split = 'tune'"
            )


def _faults_of_kind(values: Mapping[str, Any]) -> Iterator[str]:
    """Fields that do not fit a Transformer or a hybrid."""
    kind, targets, bidirectional = (
        values[name] for name in ('model.kind', 'train.targets', 'model.bidirectional')
    )
    if kind == 'lstm':
        return
    with_kind = f'with config.model.kind = {kind!r}:'
    if (attention := values['model.attention']) != 'none':
        yield (
            f'config.model.attention = {attention!r} {with_kind} it has attention of its own; must'
            " be config.model.attention = 'none' or config.model.kind = 'lstm'"
        )
    num_cells, num_heads = values['model.num_cells'], values['model.num_heads']
    if num_cells % (2 * num_heads):
        yield (
            f'config.model.num_cells = {num_cells} {with_kind} each head of config.model.num_heads'
            f' = {num_heads} has an even number of cells; must be a multiple of {2 * num_heads}'
        )
    if kind == 'transformer' and targets == 'gap':
        yield (
            f"config.train.targets = 'gap' {with_kind} it does not read what follows a gap; must be"
            " config.train.targets = 'all', or config.model.kind = 'lstm' or 'hybrid'"
        )
    if bidirectional and targets != 'gap':
        yield (
            f'config.model.bidirectional = True {with_kind} its attention sees only earlier steps;'
            " must be False, or config.model.kind = 'lstm'"
        )
    if kind == 'transformer' and values['train.kernel'] == 'fused':
        yield (
            f"config.train.kernel = 'fused' {with_kind} it is a kernel of LSTM layers; must be"
            " 'scan'"
        )


def _faults_of_inputs(values: Mapping[str, Any]) -> Iterator[str]:
    """Inputs and scores that lack the input that they are computed from."""
    for name in ('model.recall', 'model.relative_scores'):
        if values[name] and not values['model.last_notes']:
            yield (
                f'config.{name} = True with config.model.last_notes = False: it goes by the last'
                ' notes; must be False, or config.model.last_notes = True'
            )
    agrees = values['model.agreement'] and len(values['model.lookback'])
    if values['model.copying'] and not (agrees or values['model.recall']):
        yield (
            'config.model.copying = True: nothing is read that it could copy; must be False, or'
            ' config.model.recall = True, or config.model.agreement = True with a'
            ' config.model.lookback'
        )


def _faults_of_training(values: Mapping[str, Any]) -> Iterator[str]:
    if values['seed'] + values['replicas'] > 2**32:
        yield (
            f'config.seed = {values["seed"]}: with config.replicas = {values["replicas"]} the last'
            f' seed exceeds {2**32 - 1}'
        )
    if 0 < values['train.cosine_epochs'] < values['train.num_epochs']:
        yield (
            f'config.train.cosine_epochs = {values["train.cosine_epochs"]}: the learning rate would'
            f' be 0 before config.train.num_epochs = {values["train.num_epochs"]}; must be 0 or at'
            ' least as many'
        )
    if values['train.originality_pieces'] and values['data.split'] == 'window':
        yield (
            f'config.train.originality_pieces = {values["train.originality_pieces"]}: with'
            " config.data.split = 'window' there are no validation tunes to continue; must be 0"
        )
    if values['data.max_windows'] == 1 and values['data.split'] == 'window':
        yield (
            "config.data.max_windows = 1: with config.data.split = 'window' one window cannot be"
            ' divided into training and validation; must be 0 or at least 2'
        )
    if values['train.targets'] == 'all' and values['model.bidirectional']:
        yield (
            "config.train.targets = 'all' with config.model.bidirectional = True: a bidirectional"
            " model sees the steps it would predict; must be config.train.targets = 'last' or"
            " 'gap', or config.model.bidirectional = False"
        )
    yield from _faults_of_gaps(values)


def _faults_of_gaps(values: Mapping[str, Any]) -> Iterator[str]:
    if values['train.targets'] != 'gap':
        return
    num_layers = values['model.num_layers']
    if (num_backward := values['model.backward_layers']) > num_layers:
        yield (
            f'config.model.backward_layers = {num_backward}: must be at most'
            f' config.model.num_layers = {num_layers}'
        )
    if not values['model.bidirectional']:
        yield (
            "config.train.targets = 'gap' with config.model.bidirectional = False: a gap is filled"
            " from both sides; must be config.train.targets = 'all' or"
            ' config.model.bidirectional = True'
        )


def _faults_of_sampling(values: Mapping[str, Any]) -> Iterator[str]:
    form, is_infilling = values['sample.form'], values['train.targets'] == 'gap'
    if is_infilling and form == 'window':
        yield (
            "config.sample.form = 'window' with config.train.targets = 'gap': a model for infilling"
            " carries its state; must be config.sample.form = 'stateful' or 'auto'"
        )
    if form == 'stateful' and values['model.bidirectional'] and not is_infilling:
        yield (
            "config.sample.form = 'stateful' with config.model.bidirectional = True: a"
            " bidirectional model reads its window again; must be config.sample.form = 'window' or"
            " 'auto', or config.model.bidirectional = False"
        )
    for name in ('sample.max_copied_run', 'sample.max_copied_from_prompt'):
        if values[name] == 1:
            yield f'config.{name} = 1: a run has two notes or more; must be 0 (any) or from 2 on'
    for least, most in (
        ('sample.lowest', 'sample.highest'),
        ('sample.min_notes_per_bar', 'sample.max_notes_per_bar'),
    ):
        if values[least] > values[most]:
            low, high = values[least], values[most]
            if least == 'sample.lowest':
                low, high = (f'{pitch} ({pitch_name(pitch)})' for pitch in (low, high))
            yield f'config.{least} = {low}: must be at most config.{most} = {high}'
