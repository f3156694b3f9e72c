"""The summary that an evaluation prints last: about ten lines with its main figures and their
reference points.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symmusic.critics.findings import CriticResults, NoCritics
from symmusic.measures.contexts import Contexts
from symmusic.measures.estimate import Estimate
from symmusic.measures.families import Beside
from symmusic.measures.gaps import Infilling
from symmusic.measures.held_out import Likelihood
from symmusic.measures.overlap import Overlap
from symmusic.measures.structure import Repetition
from symmusic.originality.plagiarism import Copied, Copies, Similarity
from symmusic.report.critics import TITLES, title
from symmusic.wording import count, interval, number, percent

MOST_NOTES = 3


def headline(
    results: Mapping[str, Any], names: Mapping[str, str], notes: Sequence[str]
) -> list[str]:
    """The lines for the results of `--mode=evaluate`, keyed by measure; `names` and `notes` as in a
    report.
    """
    overlap, likelihood, beside = results['scale'], results['likelihood'], baselines(results)
    rows = [
        ('nats per step', _nats(likelihood, results['drawing'].part, beside)),
        ('after prompts', _after_prompts(results['contexts'])),
        ('gaps', _gaps(results['infilling'])),
        ('overall overlap', _overlap(overlap, beside)),
        ('pitch, rhythm', _groups(overlap)),
        ('critics', _critics(results['critic'])),
        ('copied runs', _copied(results['copies'])),
        ('similarity', _similarity(results['similarity'])),
        ('repeated bars', _repeated(results['structure'])),
    ]
    head = (
        f'{names["generated"]} beside {names["reference"]}: means over'
        f' {count(overlap.num_draws, "draw")} of {overlap.size}, 95 % intervals, protocol'
        f' {results["features"].protocol}'
    )
    lines = [head, *(f'  {about:<16}{text}' for about, text in rows if text)]
    if worse := worse_than_base_rate(likelihood):
        lines.append(f'  {worse}')
    more = len(notes) - MOST_NOTES
    lines += [f'  {note}' for note in notes[:MOST_NOTES]]
    return lines + [f'  and {more} more remarks in report.md'] * (more > 0)


def worse_than_base_rate(likelihood: Likelihood | None) -> str:
    """A warning that the model predicts no better than the class frequencies; '' if it predicts
    better or nothing was held out.
    """
    if likelihood is None or likelihood.nats is None:
        return ''
    models = likelihood.nats.models
    if models['model'].per_step.value < models['base_rate'].per_step.value:
        return ''
    return 'worse than the base rate: the class frequencies alone predict unseen tunes no worse'


def baselines(results: Mapping[str, Any]) -> dict[str, str]:
    """The baselines that a model must beat, keyed by name, with their names in reports: the count
    model, if there is one, and the Markov model of the order chosen on validation tunes.
    """
    order, sets = results['baselines'].markov_order, results['scale'].sets
    found = {'count_model': 'count model', f'markov_{order}': f'Markov model of order {order}'}
    return {name: title for name, title in found.items() if name in sets}


def _nats(likelihood: Likelihood, part: str | None, beside: Mapping[str, str]) -> str:
    if likelihood.nats is None:
        return 'none: split by window, no tune is unseen'
    nats = {name: each.per_step for name, each in likelihood.nats.models.items()}
    text = f'{interval(nats["model"])} on {part} tunes'
    if joint := nats.get('model_with_count_model'):
        text += f', {joint.value:.3f} mixed with the count model'
    others = {'base_rate': 'base rate', **beside}
    text += '; ' + ', '.join(f'{title} {nats[name].value:.3f}' for name, title in others.items())
    return text + '; less is better'


def _after_prompts(contexts: Contexts) -> str:
    if not contexts.sureness:
        return ''
    first, *others = contexts.sureness
    text = f'{interval(first.cost)} nats per step, entropy {first.entropy.value:.3f}'
    for level in others:
        text += (
            f'; at temperature {level.temperature:g} {level.cost.value:.3f}, entropy'
            f' {level.entropy.value:.3f}'
        )
    return text


def _gaps(infilling: Infilling | None) -> str:
    if infilling is None:
        return ''
    found = []
    for length, gap in infilling.gaps.items():
        both, left = (gap.nats.models[name].per_step.value for name in ('model', 'right_hidden'))
        found.append(f'{both:.3f} in {count(length, "bar")} (left side given: {left:.3f})')
    return f'{", ".join(found)}; nats per step'


def _overlap(overlap: Overlap, beside: Mapping[str, str]) -> str:
    levels = {name: each.overall_oa for name, each in overlap.sets.items()}
    text = interval(levels['model']) + '; floor '
    text += ', '.join(f'{number(levels[name].value)} ({title})' for name, title in beside.items())
    text += f', ceiling {number(levels["second_draw"].value)} (other excerpts)'
    if 'real_continuations' in levels:
        text += f', real continuations {number(levels["real_continuations"].value)}'
    return text


def _groups(overlap: Overlap) -> str:
    averages = overlap.sets['model'].means.averages
    pitch, rhythm = (number(averages[group].oa) for group in ('pitch', 'rhythm'))
    return f'{pitch}, {rhythm} (overlap areas)'


def _critics(results: CriticResults | NoCritics) -> str:
    if isinstance(results, NoCritics):
        return f'none: {results.note}'
    others = ', '.join(
        f'{TITLES[critic]} {interval(results.first(critic).model)}'
        + ' (not valid)' * (not results.first(critic).is_valid)
        for critic in results.aucs
        if results.strongest is None or critic != results.strongest[0]
    )
    if results.strongest is None:
        return f'none is valid; AUC by {others}'
    critic, context = results.strongest
    text = (
        f'AUC at least {interval(results.aucs[critic][context].model)} ({title(critic, context)})'
    )
    return f'{text}; by {others}; 0.5 is chance'


def _copied(copies: Copies | None) -> str:
    if copies is None:
        return ''
    run = copies.longest_run
    text = f'{_mean_run(run)} notes on average'
    if run.level is None:
        return text
    return (
        f'{text}; {len(run.flagged)} of {count(len(run.scores), "piece")} copy more than 95 % of'
        f' unseen tunes do ({run.level:g} notes)'
    )


def _mean_run(run: Copied) -> str:
    if run.means is None:
        return f'{np.mean(run.scores):.1f}'
    own = interval(run.means.own, 1)
    return f'{own}, unseen tunes {interval(run.means.real, 1)}' if run.means.real else own


def _similarity(similarity: Similarity) -> str:
    means = similarity.means or Beside(Estimate(similarity.mean))
    text = f'{interval(means.own)} to the nearest training tune'
    if similarity.unseen:
        text += f', unseen tunes {interval(means.real or Estimate(similarity.unseen.mean))}'
    return text


def _repeated(repetition: Repetition) -> str:
    sets, real = repetition.sets, 'real_continuations'
    text = f'{percent(sets["model"].repeated_bars)} equal an earlier one'
    if real in sets:
        text += f', real continuations {percent(sets[real].repeated_bars)}'
    if more := sets['model'].more:
        text += f'; difference {percent(more)}'
    return text
