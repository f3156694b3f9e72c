"""The lines that an evaluation prints last: its main figures, each beside its reference points, in
about ten lines.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.wording import count, estimate

MOST_NOTES = 3


def headline(comparison: Mapping, names: Mapping[str, str], notes: Sequence[str]) -> list[str]:
    """The lines for a `comparison` of `--mode=evaluate`; `names` and `notes` as in a report."""
    draws = comparison['draws']['model']
    rows = [
        ('nats per step', _nats(comparison)),
        ('overall overlap', _overlap(comparison)),
        ('pitch, rhythm', _groups(comparison)),
        *_critics(comparison.get('critic') or {}),
        ('copied runs', _copied(comparison)),
        ('similarity', _similarity(comparison['similarity'])),
        ('repeated bars', _repeated(comparison['structure'])),
    ]
    head = (
        f'{names["generated"]} beside {names["reference"]}: means over'
        f' {count(draws["num_draws"], "draw")} of {draws["size"]}, 95 % intervals, protocol'
        f' {comparison["protocol"]}'
    )
    lines = [head, *(f'  {about:<16}{text}' for about, text in rows if text)]
    if worse := worse_than_base_rate(comparison):
        lines.append(f'  {worse}')
    more = len(notes) - MOST_NOTES
    lines += [f'  {note}' for note in notes[:MOST_NOTES]]
    return lines + [f'  and {more} more remarks in report.md'] * (more > 0)


def worse_than_base_rate(comparison: Mapping) -> str:
    """A warning that the model predicts no better than the class frequencies; '' where it does, or
    where nothing was held out.
    """
    nats = comparison.get('nats_per_step')
    if not nats or nats['model'] < nats['base_rate']:
        return ''
    return 'worse than the base rate: the class frequencies alone predict unseen tunes no worse'


def best_markov(values: Mapping[str, float | None], *, largest: bool) -> tuple[str, float] | None:
    """The order and value of the best Markov model, from values by name."""
    known = {
        name: value
        for name, value in values.items()
        if name.startswith('markov_') and value is not None
    }
    if not known:
        return None
    name = (max if largest else min)(known, key=known.get)
    return name.rpartition('_')[2], known[name]


def _nats(comparison: Mapping) -> str:
    nats = comparison['nats_per_step']
    if nats is None:
        return 'none: split by window, no tune is unseen'
    bounds = comparison['nats_intervals']['per_step']['model'] or (None, None)
    text = f'{estimate(nats["model"], *bounds)} on {comparison["part"]} tunes; base rate'
    text += f' {nats["base_rate"]:.3f}'
    if best := best_markov(nats, largest=False):
        text += f', Markov model of order {best[0]} {best[1]:.3f}'
    return text + '; less is better'


def _overlap(comparison: Mapping) -> str:
    levels = {name: each['overall_oa'] for name, each in comparison['draws'].items()}
    model = levels['model']
    text = estimate(model['mean'], model['low'], model['high'])
    means = {name: cells['mean'] for name, cells in levels.items()}
    if best := best_markov(means, largest=True):
        text += f'; floor {best[1]:.3f} (Markov model of order {best[0]})'
    text += f', ceiling {estimate(means["second_draw"])} (other excerpts)'
    if 'real_continuations' in means:
        text += f', real continuations {estimate(means["real_continuations"])}'
    return text


def _groups(comparison: Mapping) -> str:
    averages = comparison['model']['averages']
    pitch, rhythm = (estimate(averages[group]['oa']) for group in ('pitch', 'rhythm'))
    return f'{pitch}, {rhythm} (overlap areas)'


def _critics(critic: Mapping) -> list[tuple[str, str]]:
    known = {
        kind: critic[kind]
        for kind in ('features', 'tokens')
        if critic.get(kind) and critic[kind]['auc'] is not None
    }
    if not known:
        return [('critics', f'none: {critic["note"]}' if critic.get('note') else '')]
    cells = ', '.join(
        f'{kind} {estimate(each["auc"], each["low"], each["high"])}' for kind, each in known.items()
    )
    invalid = [kind for kind, is_valid in critic.get('is_valid', {}).items() if not is_valid]
    text = f'AUC by {cells}; 0.5 where they cannot tell'
    return [('critics', text + f'; not valid: {", ".join(invalid)}' * bool(invalid))]


def _copied(comparison: Mapping) -> str:
    run = comparison.get('copies', {}).get('longest_run')
    if not run:
        return ''
    scores = [piece['score'] for piece in run['pieces'].values()]
    text = f'{np.mean(scores):.1f} notes on average'
    if run['level'] is None:
        return text
    return (
        f'{text}; {len(run["flagged"])} of {len(scores)} pieces copy more than 95 % of unseen tunes'
        f' do ({run["level"]:g} notes)'
    )


def _similarity(similarity: Mapping) -> str:
    text = f'{estimate(similarity["mean"])} to the nearest training tune'
    if unseen := similarity.get('unseen'):
        text += f', unseen tunes {estimate(unseen["mean"])}'
    return text


def _repeated(blocks: Mapping) -> str:
    def share(name):
        mean = blocks[name]['repeated_bars']['mean']
        return 'none' if mean is None else f'{100 * mean:.0f} %'

    real = (
        f', real continuations {share("real_continuations")}'
        if 'real_continuations' in blocks
        else ''
    )
    return f'{share("model")} equal an earlier one{real}'
