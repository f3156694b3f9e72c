"""Turns results into the content of `comparison.json`; the only module that knows the file's
format.

It is one object. Every comparison has:

- `protocol`, `num_reference`, `num_generated`, `features`, `averages`:
  `feature_table.FeatureTable`; undefined cells are null, with a `note`
- `similarity`: `plagiarism.Similarity`, of `compare` with `left_out` and `note`
- `lengths`, `num_bars`, `left_out` (of `compare`): `folders.Folders`

`--mode=evaluate` adds the following; its sets are those of the first draw, and a set's name is
`model`, `second_draw`, `real_continuations`, `count_model`, `markov_N` or `shuffled`:

- `draws`: `{set: {'num_draws', 'size', 'overall_oa': {'mean', 'low', 'high', 'num'}, 'more'}}`;
  `more`, here and below, is the set's value minus that of the real continuations, with an interval
- `model`, and `scale` by set: the means over draws of each KLD and OA
- `nats_per_step`, `nats_per_note`: `{model: nats}`, of `model`, `count_model`,
  `model_with_count_model`, `base_rate` and `markov_N`; `nats_by_position`: `{model: numbers}` by
  the step of the first metre's bar; `nats_intervals`: `{'per_step' | 'per_note': {model: [low,
  high]}}`; `nats_more`: nats per step of each other model minus those of the first
- `likelihood`: what those were measured on. Split by window no tunes are held out: the nats are
  null, `likelihood` has only a `note`, and there is neither `unseen` nor any `level`
- `contexts`: `contexts.Contexts`
- `critic`: for each critic its AUC for the model's pieces, in the context in which it is reported
  first; `markov_3` and `real_vs_real` of the tokens critic; `validity` and `is_valid` of each;
  `context`: the AUCs with the prompt and without; `strongest`, the valid critic and context that
  tell most; `discrepancies`; the rest as in `findings.CriticResults`. Without critics: nulls and
  a `note`
- `copies` (`corrected` only): `plagiarism.Copies`; its and the similarity's `means`:
  `families.Beside`
- `planted_copies` (`corrected`, with unseen tunes): `planted.Planted`; `endings`: `endings.Endings`
- `structure`: `{set: {'lag_1', ..., 'repeated_bars', 'difference', 'more'}}`, of the sets that
  continue the prompts
- `baselines`: `registry.Chosen`
- `prompts`, `prompt`, `part`, `num_redraws`, `num_empty`, `epoch`, `replica`: `registry.Drawing`;
  of all replicas together `replica` is 'all' and `epoch` a list
- `published`: `published.Published`; `infilling`: `gaps.Infilling`, else null

The result of any other measure is stored under its name, with its fields unchanged.
"""

import dataclasses
import functools
from collections.abc import Mapping

from symmusic.critics.findings import CriticResults, NoCritics
from symmusic.measures.estimate import Estimate
from symmusic.measures.feature_table import Average, FeatureTable, Row
from symmusic.measures.folders import Folders
from symmusic.measures.gaps import GapNats, Infilling
from symmusic.measures.held_out import Likelihood
from symmusic.measures.likelihood import Nats
from symmusic.measures.overlap import Overlap
from symmusic.measures.registry import Drawing
from symmusic.measures.structure import Repetition
from symmusic.originality.plagiarism import Copies, Copy, Similarity

OPTIONAL = ('copies', 'planted_copies')  # absent where copies are not looked for


def as_json(results: Mapping[str, object]) -> dict:
    """The object of `comparison.json`, from the results keyed by the name of the measure."""
    found: dict = {}
    for name, result in results.items():
        if result is not None or name not in OPTIONAL:
            found |= _form(result, name)
    return found


@functools.singledispatch
def _form(result: object, name: str) -> dict:
    """The entries of `comparison.json` that a result gives."""
    return {name: _plain(result)}


def _plain(value: object) -> object:
    """A value in the types of JSON: dataclasses become objects with their fields."""
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [*map(_plain, value)] if isinstance(value, list | tuple) else value


def _renamed(cells: Estimate, name: str) -> dict:
    """An estimate with its value under another name."""
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
    names = ('targets', 'num_tunes', 'steps_per_quarter')
    found[name] |= {each: getattr(result, each) for each in names}
    found[name]['overlap'] = result.overlap and _plain(result.overlap)
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
def _(result: CriticResults, name: str) -> dict:
    def auc(cells: Estimate) -> dict:
        return _renamed(cells, 'auc')

    firsts = {critic: result.first(critic) for critic in result.aucs}
    strongest = None
    if result.strongest:
        critic, context = result.strongest
        cells = auc(result.aucs[critic][context].model)
        strongest = {'critic': critic, 'context': context, **cells}
    found = {'likelihood_ratio': None}
    found |= {critic: auc(aucs.model) for critic, aucs in firsts.items()}
    checks = ('markov_3', 'real_vs_real')
    found |= {check: auc(getattr(firsts['tokens'], check)) for check in checks}
    return {
        name: found
        | {
            'validity': {
                critic: {check: auc(getattr(aucs, check)) for check in checks}
                for critic, aucs in firsts.items()
            },
            'is_valid': {critic: aucs.is_valid for critic, aucs in firsts.items()},
            'context': {
                critic: {
                    context: auc(aucs.model) | {'is_valid': aucs.is_valid}
                    for context, aucs in contexts.items()
                }
                for critic, contexts in result.aucs.items()
            },
            'strongest': strongest,
            'is_aim_met': result.is_aim_met,
            **{key: value for key, value in _plain(result).items() if key != 'aucs'},
        }
    }


@_form.register
def _(result: NoCritics, name: str) -> dict:
    critics = ('features', 'tokens', 'likelihood_ratio', 'real_vs_real', 'markov_3')
    return {name: dict.fromkeys(critics) | {'note': result.note}}


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
