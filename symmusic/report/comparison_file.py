"""The content of `comparison.json`, from what was measured: the only place that knows its form.

It is one object. Every comparison has:

- `protocol`, `num_reference`, `num_generated`, `features`, `averages`: `comparison.FeatureTable`;
  undefined cells are null, with a `note`
- `similarity`: `plagiarism.Similarity`, of `compare` with `left_out` and `note`
- `lengths`, `num_bars`, `left_out` (of `compare`): `folders.Folders`

`--mode=evaluate` adds the following; its sets are those of the first draw, and a set's name is
`model`, `second_draw`, `real_continuations`, `count_model`, `markov_N` or `shuffled`:

- `draws`: `{set: {'num_draws', 'size', 'overall_oa': {'mean', 'low', 'high', 'num'}, 'more'}}`;
  `more`, here and below, is what the set has more than the real continuations, with an interval
- `model`, and `scale` by set: the means over draws of each KLD and OA
- `nats_per_step`, `nats_per_note`: `{model: nats}`, of `model`, `count_model`,
  `model_with_count_model`, `base_rate` and `markov_N`;
  `nats_by_position`: `{model: numbers}` by the step of the first metre's bar;
  `nats_intervals`: `{'per_step' | 'per_note': {model: [low, high]}}`; `nats_more`: per step, what
  each other model costs more than the first
- `likelihood`: what those were measured on. Split by window no tunes are held out: the nats are
  null, `likelihood` has only a `note`, and there is neither `unseen` nor any `level`
- `contexts`: `contexts.Contexts`
- `critic`: `trial.Trial`; where there is no trial, nulls and a `note`
- `copies` (`corrected` only): `plagiarism.Copies`; its and the similarity's `means`:
  `families.Beside`
- `structure`: `{set: {'lag_1', ..., 'repeated_bars', 'difference', 'more'}}`, of the sets that
  continue the prompts
- `baselines`: `registry.Chosen`
- `prompts`, `prompt`, `part`, `num_redraws`, `num_empty`, `epoch`, `replica`: `registry.Drawing`
- `published`: `published.Published`; `infilling`: `gaps.Infilling`, else null

The result of any other measure stands under its name, its fields as they are.
"""

import dataclasses
import functools
from collections.abc import Mapping

from symmusic.critics.trial import CRITICS, NoTrial, Trial
from symmusic.measures.comparison import Average, FeatureTable, Row
from symmusic.measures.estimate import Estimate
from symmusic.measures.folders import Folders
from symmusic.measures.gaps import GapNats, Infilling
from symmusic.measures.held_out import Likelihood
from symmusic.measures.likelihood import Nats
from symmusic.measures.overlap import Overlap
from symmusic.measures.registry import Drawing
from symmusic.measures.structure import Repetition
from symmusic.originality.plagiarism import Copies, Copy, Similarity


def as_json(results: Mapping[str, object]) -> dict:
    """The object of `comparison.json`, from results by the name of the measure."""
    found: dict = {}
    for name, result in results.items():
        if result is not None or name != 'copies':  # absent where they are not looked for
            found |= _form(result, name)
    return found


@functools.singledispatch
def _form(result: object, name: str) -> dict:
    """The keys that a result gives."""
    return {name: _plain(result)}


def _plain(value: object) -> object:
    """A value as JSON has it: dataclasses as objects of their fields."""
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [*map(_plain, value)] if isinstance(value, list | tuple) else value


def _renamed(cells: Estimate, name: str) -> dict:
    """An estimate whose value has a name of its own."""
    return {name if key == 'value' else key: each for key, each in _plain(cells).items()}


@_form.register
def _(result: FeatureTable, name: str) -> dict:
    with_intervals = result.protocol == 'corrected'

    def flat(cells: Row | Average) -> dict:
        found = {}
        for key, value in _plain(cells).items():
            if key in ('kld', 'oa'):
                found |= {key: value['value']}
                if with_intervals:
                    found |= {f'{key}_{end}': value[end] for end in ('low', 'high')}
            elif key not in ('p', 'p_holm') or with_intervals:
                found[key] = value
        return found

    groups = {'features': result.features, 'averages': result.averages}
    return {
        'protocol': result.protocol,
        'num_reference': result.num_reference,
        'num_generated': result.num_generated,
    } | {group: {key: flat(cells) for key, cells in rows.items()} for group, rows in groups.items()}


@_form.register
def _(result: Overlap, name: str) -> dict:
    means = {key: _plain(each.means) for key, each in result.sets.items()}
    draws = {
        key: {
            'num_draws': result.num_draws,
            'size': result.size,
            'overall_oa': _renamed(each.overall_oa, 'mean'),
            'more': _plain(each.more),
        }
        for key, each in result.sets.items()
    }
    return {'model': means.pop('model'), name: means, 'draws': draws}


@_form.register
def _(result: Repetition, name: str) -> dict:
    found = {}
    for key, each in result.sets.items():
        cells = {f'lag_{lag}': mean for lag, mean in each.lags.items()}
        cells |= {'repeated_bars': each.repeated_bars}
        cells |= {'difference': each.difference} if each.difference else {}
        cells |= {'more': each.more} if each.more else {}
        found[key] = {column: _renamed(mean, 'mean') for column, mean in cells.items()}
    return {name: found}


@_form.register
def _(result: Likelihood, name: str) -> dict:
    if result.nats is None:
        blocks = ('nats_per_step', 'nats_per_note', 'nats_by_position')
        return dict.fromkeys(blocks) | {name: {'note': result.note}}
    found = _nats(result.nats)
    found[name] |= {'targets': result.targets, 'num_tunes': result.num_tunes}
    return found


def _nats(nats: Nats) -> dict:
    def ends(cells: Estimate) -> list | None:
        return None if cells.low is None else [cells.low, cells.high]

    models = nats.models.items()
    return {
        'nats_per_step': {name: each.per_step.value for name, each in models},
        'nats_per_note': {name: each.per_note.value for name, each in models},
        'nats_by_position': {name: list(each.by_position) for name, each in models},
        'nats_intervals': {
            'per_step': {name: ends(each.per_step) for name, each in models},
            'per_note': {name: ends(each.per_note) for name, each in models},
        },
        'nats_more': {name: _plain(each.more) for name, each in models if each.more},
        'likelihood': {key: value for key, value in _plain(nats).items() if key != 'models'},
    }


@_form.register
def _(result: Infilling, name: str) -> dict:
    def gap(each: GapNats) -> dict:
        return _nats(each.nats) | {'num_gaps': each.num_gaps}

    gaps = {str(length): gap(each) for length, each in result.gaps.items()}
    return {name: _plain(dataclasses.replace(result, gaps={})) | {'gaps': gaps}}


@_form.register
def _(result: Trial, name: str) -> dict:
    aucs = {
        critic: {arm: _renamed(cells, 'auc') for arm, cells in arms.items()}
        for critic, arms in result.aucs.items()
    }
    found = {critic: arms.pop('model') for critic, arms in aucs.items()}
    others = {key: value for key, value in _plain(result).items() if key != 'aucs'}
    return {name: found | aucs['tokens'] | {'validity': aucs} | others}


@_form.register
def _(result: NoTrial, name: str) -> dict:
    return {name: dict.fromkeys((*CRITICS, 'real_vs_real', 'markov_3')) | {'note': result.note}}


@_form.register
def _(result: Similarity, name: str) -> dict:
    found = _plain(result)
    if result.unseen is None:
        del found['unseen']
    if result.left_out is None:
        del found['left_out'], found['note']
    if result.means is None:
        del found['means']
    return {name: found}


@_form.register
def _(result: Copies, name: str) -> dict:
    def passage(copy: Copy) -> dict:
        return _plain(copy.passage) | {'tune': copy.tune}

    found = {}
    for block, copied in result.by_measure.items():
        pieces = {piece: passage(copy) for piece, copy in copied.pieces.items()}
        found[block] = {'level': copied.level, 'flagged': list(copied.flagged), 'pieces': pieces}
        found[block] |= {'means': _plain(copied.means)} if copied.means else {}
    return {name: found}


@_form.register
def _(result: Drawing, name: str) -> dict:
    found = _plain(result)
    return found | found.pop('made_with')


@_form.register
def _(result: Folders, name: str) -> dict:
    return _plain(result)
