"""The result of a comparison in plain words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symmusic.critics.findings import CriticResults, NoCritics
from symmusic.measures.feature_table import FeatureTable
from symmusic.measures.held_out import Likelihood
from symmusic.measures.overlap import Overlap
from symmusic.measures.registry import Drawing
from symmusic.measures.structure import Repetition
from symmusic.originality.plagiarism import Copies, Similarity
from symmusic.report.critics import strongest
from symmusic.report.headline import baselines, worse_than_base_rate
from symmusic.score.bar import name_of
from symmusic.wording import count, interval, percent, sentence

LEVEL = 0.05  # of p, below which a feature distinguishes the sets


def summarize(
    results: Mapping[str, Any], names: Mapping[str, str], notes: Sequence[str]
) -> dict[str, list[str]]:
    """Short paragraphs keyed by topic, from the results of each measure; `notes` list what was left
    out. Works for `--mode=compare` and `--mode=evaluate`.
    """
    features, overlap = results['features'], results.get('scale')
    own, others = names['generated'], names['reference']
    what = _what(features, overlap, results.get('drawing'), own, others)
    found = {'What was compared': [what]}
    found['How alike'] = [_on_scale(overlap, baselines(results)) if overlap else _alike(features)]
    if text := _told_apart(features, results.get('critic')):
        found['Told apart'] = [text]
    if 'likelihood' in results and results['likelihood'].nats:
        found['Predicting unseen tunes'] = [_nats(results['likelihood'], baselines(results))]
    if 'structure' in results:
        found['Repeated bars'] = [_structure(results['structure'])]
    tunes = 'training tune' if overlap else 'reference piece'
    found['Copied'] = [_copied(results['similarity'], results.get('copies'), tunes)]
    found['Left out or undefined'] = [*notes, *group_remarks(features)] or ['nothing']
    return {about: [sentence(text) for text in texts] for about, texts in found.items()}


def _what(
    features: FeatureTable, overlap: Overlap | None, drawing: Drawing | None, own: str, others: str
) -> str:
    sizes = [count(num, 'piece') for num in (features.num_generated, features.num_reference)]
    protocol = (
        "exactly by the thesis's definitions"
        if features.protocol == 'thesis'
        else 'by the corrected definitions'
    )
    if overlap is None or drawing is None:
        return (
            f'{sizes[0]} of {own} beside {sizes[1]} of {others}, {protocol} (protocol'
            f' {features.protocol})'
        )
    prompts = (
        f'all continue the one prompt {drawing.prompt}'
        if drawing.prompts == 'fixed'
        else (
            f'each continues four bars of a {drawing.part} tune, which the model was not trained on'
        )
    )
    return (
        f'{sizes[0]} drawn from {own} beside {sizes[1]} from {others}; {prompts}. The overall'
        f' overlap is the mean over {count(overlap.num_draws, "such draw")} of {overlap.size}'
        f' pieces, everything else is of the first draw. Measured {protocol}'
    )


def _alike(features: FeatureTable) -> str:
    average = features.averages['overall']
    if average.oa.value is None:
        return (
            'the overlap area is undefined, as no feature has a density of distances in both sets'
        )
    text = (
        f'the overall overlap area is {interval(average.oa)}, where 1 means that the pieces of both'
        ' sets differ among themselves by the same amounts'
    )
    return text + f'; {average.note}' * bool(average.note)


def _on_scale(overlap: Overlap, beside: Mapping[str, str]) -> str:
    levels = {name: each.overall_oa for name, each in overlap.sets.items()}
    model = levels['model']
    if model.value is None:
        return 'the overlap area is undefined in every draw'
    text = f'the overall overlap area is {interval(model)}, where 1 would be just as varied. '
    name, title = next(iter(beside.items()))
    floor, ceiling = levels[name].value, levels['second_draw'].value
    if floor is not None and ceiling is not None:
        text += f'The floor is the {title} with {floor:.3f}, '
        text += f'the ceiling is other excerpts of the same tunes with {ceiling:.3f}: '
        text += _place(model.value, floor, ceiling)
    if 'shuffled' in levels and levels['shuffled'].value is not None:
        text += (
            f'Real notes in random order reach {levels["shuffled"].value:.3f}: the measure sees'
            ' how varied a set is, not whether its melodies make sense'
        )
    return text.strip()


def _place(value: float, floor: float, ceiling: float) -> str:
    if ceiling <= floor:
        return 'the floor is above the ceiling, so the scale is meaningless. '
    share = (value - floor) / (ceiling - floor)
    if share < 0:
        return 'this is below the floor. '
    return f'this is {"above the ceiling" if share > 1 else f"{100 * share:.0f} % of the way up"}. '


def _told_apart(features: FeatureTable, results: CriticResults | NoCritics | None) -> str:
    texts = []
    tests = {name: row.p_holm for name, row in features.features.items()}
    known = {name: p for name, p in tests.items() if p is not None}
    if known:
        small = [name for name, p in known.items() if p < LEVEL]
        text = (
            f'in {len(small)} of {len(known)} features a permutation test distinguishes the sets (p'
            f' below {LEVEL:g}, corrected for nine)'
        )
        texts.append(text + (f': {", ".join(small)}' if small else ''))
    if isinstance(results, CriticResults):
        text = strongest(results)
        texts.append(text[:1].lower() + text[1:].removesuffix('.'))
    return '; '.join(texts)


def _nats(likelihood: Likelihood, beside: Mapping[str, str]) -> str:
    nats = {name: each.per_step.value for name, each in likelihood.nats.models.items()}
    step = name_of(likelihood.steps_per_quarter, 1)
    text = f'a {step} of a tune that it has not seen costs the model {nats["model"]:.3f} nats'
    for name, title in beside.items():
        text += f', the {title} {nats[name]:.3f}'
    text += f', the constant answer {nats["base_rate"]:.3f}; less is better'
    if joint := nats.get('model_with_count_model'):
        text += (
            f'. Mixed with the count model it costs {joint:.3f}: the model misses'
            f' {nats["model"] - joint:.3f} nats that counting sees'
        )
    worse = worse_than_base_rate(likelihood)
    return text + f'. {worse[:1].upper()}{worse[1:]}' * bool(worse)


def _structure(repetition: Repetition) -> str:
    sets, real = repetition.sets, 'real_continuations'
    own = percent(sets['model'].repeated_bars)
    text = f'{own} of the bars equal an earlier bar of the prompt or the piece'
    if real in sets:
        text += f', of the real continuations {percent(sets[real].repeated_bars)}'
    if more := sets['model'].more:
        text += f' (difference {percent(more)})'
    return text


def _copied(similarity: Similarity, copies: Copies | None, tunes: str) -> str:
    if similarity.mean is None:
        return 'no piece could be measured against a tune'
    text = (
        f'the similarity of a piece to the nearest {tunes} is {similarity.mean:.3f} on average (at'
        ' most 1, for a copy; below 0 where little is alike)'
    )
    if similarity.unseen and similarity.unseen.mean is not None:
        text += f'; unseen real tunes have {similarity.unseen.mean:.3f}'
    if copies:
        run = copies.longest_run
        mean, num = np.mean([copy.passage.score for copy in run.pieces.values()]), len(run.pieces)
        text += f'. The longest passage copied note for note has {mean:.1f} notes on average'
        if run.level is not None:
            text += (
                f'; in {len(run.flagged)} of {num} it is longer than in 95 % of real unseen'
                f' tunes ({run.level:g} notes)'
            )
    if similarity.unusable:
        text += f'. {count(similarity.unusable, "piece")} without a score of its own'
    return text


def group_remarks(features: FeatureTable) -> list[str]:
    """The notes of features and averages without duplicates, each after the names of all features
    that it concerns.
    """
    named = {name: row.note for name, row in features.features.items()}
    named |= {f'{group} average': cells.note for group, cells in features.averages.items()}
    about: dict[str, list[str]] = {}
    for name, note in named.items():
        for part in filter(None, note.split('; ')):
            about.setdefault(part, []).append(name)
    return [f'{", ".join(names)}: {part}' for part, names in about.items()]
