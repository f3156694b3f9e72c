"""The result of a comparison in plain words."""

from collections.abc import Sequence

import numpy as np

from symmusic.measures.features import FEATURES
from symmusic.report.headline import best_markov, worse_than_base_rate
from symmusic.wording import count, estimate, sentence

LEVEL = 0.05  # of p, below which a feature is said to distinguish the sets


def summarize(
    comparison: dict, names: dict[str, str], notes: Sequence[str]
) -> dict[str, list[str]]:
    """Short paragraphs by topic; `notes` list what was left out. Works with and without a model's
    scale.
    """
    own, others = names['generated'], names['reference']
    found = {'What was compared': [_what(comparison, own, others)]}
    found['How alike'] = [_overlap(comparison)]
    if told := _told(comparison):
        found['Told apart'] = [told]
    if comparison.get('nats_per_step'):
        found['Predicting unseen tunes'] = [_nats(comparison)]
    if 'structure' in comparison:
        found['Repeated bars'] = [_structure(comparison['structure'])]
    found['Copied'] = [_copied(comparison)]
    found['Left out or undefined'] = [*notes, *group_remarks(comparison)] or ['nothing']
    return {about: [sentence(text) for text in texts] for about, texts in found.items()}


def _what(comparison: dict, own: str, others: str) -> str:
    sizes = [count(comparison[f'num_{which}'], 'piece') for which in ('generated', 'reference')]
    protocol = (
        "by the thesis's definitions to the letter"
        if comparison['protocol'] == 'thesis'
        else 'by the corrected definitions'
    )
    if 'draws' not in comparison:
        return (
            f'{sizes[0]} of {own} beside {sizes[1]} of {others}, {protocol} (protocol'
            f' {comparison["protocol"]})'
        )
    draws = comparison['draws']['model']
    prompts = (
        f'all continue the one prompt {comparison["prompt"]}'
        if comparison['prompts'] == 'fixed'
        else (
            f'each continues four bars of a {comparison["part"]} tune, which the model was not'
            ' trained on'
        )
    )
    text = (
        f'{sizes[0]} drawn from {own} beside {sizes[1]} from {others}; {prompts}. What is said of'
        ' the overall overlap is the mean of '
    )
    return (
        text
        + f'{count(draws["num_draws"], "such draw")} of {draws["size"]}, all else is of the first.'
        f' Measured {protocol}'
    )


def _overlap(comparison: dict) -> str:
    if 'draws' not in comparison:
        cells = comparison['averages']['overall']
        if cells['oa'] is None:
            return (
                'the overlap area is undefined, as no feature has a density of distances in both'
                ' sets'
            )
        text = (
            'the overall overlap area is'
            f' {estimate(cells["oa"], cells.get("oa_low"), cells.get("oa_high"))}'
        )
        text += (
            ', where 1 means that the pieces of one set differ among themselves just as those of'
            ' the other do'
        )
        return text + f'; {cells["note"]}' * bool(cells['note'])
    levels = {name: each['overall_oa'] for name, each in comparison['draws'].items()}
    model = levels['model']
    if model['mean'] is None:
        return 'the overlap area is undefined in every draw'
    text = (
        f'the overall overlap area is {estimate(model["mean"], model["low"], model["high"])}, where'
        ' 1 would be just as varied. '
    )
    floors = {
        name: each['mean']
        for name, each in levels.items()
        if name.startswith('markov_') and each['mean'] is not None
    }
    ceiling = levels['second_draw']['mean']
    if floors and ceiling is not None:
        best = max(floors, key=floors.get)
        text += (
            f'The floor is the best Markov model (order {best.rpartition("_")[2]}) with'
            f' {floors[best]:.3f}, '
        )
        text += f'the ceiling are other excerpts of the same tunes with {ceiling:.3f}: '
        if ceiling > floors[best]:
            share = (model['mean'] - floors[best]) / (ceiling - floors[best])
            place = (
                'below the floor'
                if share < 0
                else 'above the ceiling'
                if share > 1
                else f'{100 * share:.0f} % of the way up'
            )
            text += f'this is {place}. '
        else:
            text += 'the floor is above the ceiling, so that the scale says nothing. '
    shuffled = levels.get('shuffled', {}).get('mean')
    if shuffled is not None:
        text += (
            f'Real notes in random order reach {shuffled:.3f}: this measure sees how varied a set'
            ' is, not whether its melodies make sense'
        )
    return text.strip()


def _told(comparison: dict) -> str:
    texts = []
    tests = {name: comparison['features'][name].get('p_holm') for name in FEATURES}
    known = {name: p for name, p in tests.items() if p is not None}
    if known:
        small = [name for name, p in known.items() if p < LEVEL]
        text = (
            f'in {len(small)} of {len(known)} features a permutation test distinguishes the sets (p'
            f' below {LEVEL:g}, corrected for nine)'
        )
        texts.append(text + (f': {", ".join(small)}' if small else ''))
    critics = comparison.get('critic') or {}
    kinds = {'features': 'the features critic', 'tokens': 'the tokens critic'}
    found = {
        kind: critics[kind] for kind in kinds if (critics.get(kind) or {}).get('auc') is not None
    }
    if found:
        told = [
            f'{estimate(cells["auc"], cells["low"], cells["high"])} ({kinds[kind]})'
            for kind, cells in found.items()
        ]
        texts.append(
            'trained critics distinguish the pieces from real ones with an AUC of'
            f' {" and ".join(told)},'
            ' where 0.5 is chance'
        )
        invalid = [
            kinds[kind] for kind, is_valid in critics.get('is_valid', {}).items() if not is_valid
        ]
        texts += [f'not valid is {" and ".join(invalid)}'] * bool(invalid)
    return '; '.join(texts)


def _nats(comparison: dict) -> str:
    nats = comparison['nats_per_step']
    text = f'a sixteenth of a tune that it has not seen costs the model {nats["model"]:.3f} nats'
    if best := best_markov(nats, largest=False):
        text += f', the best Markov model (order {best[0]}) {best[1]:.3f}'
    text += f', the constant answer {nats["base_rate"]:.3f}; less is better'
    worse = worse_than_base_rate(comparison)
    return text + f'. {worse[:1].upper()}{worse[1:]}' * bool(worse)


def _structure(blocks: dict) -> str:
    shares = {
        name: blocks[name]['repeated_bars']['mean']
        for name in ('model', 'real_continuations')
        if name in blocks
    }
    told = {
        name: 'none' if share is None else f'{100 * share:.0f} %' for name, share in shares.items()
    }
    text = f'{told["model"]} of the bars equal an earlier bar of the prompt or the piece'
    return text + (
        f', of the real continuations {told["real_continuations"]}'
        if 'real_continuations' in told
        else ''
    )


def _copied(comparison: dict) -> str:
    similarity = comparison['similarity']
    if similarity['mean'] is None:
        return 'no piece could be measured against a tune'
    tunes = 'training tune' if 'draws' in comparison else 'reference piece'
    text = (
        f'the {tunes} nearest to a piece is similar to it by {similarity["mean"]:.3f} on average'
        ' (0: nothing alike, 1: all alike)'
    )
    if unseen := similarity.get('unseen'):
        text += (
            f'; unseen real tunes have {unseen["mean"]:.3f}' if unseen['mean'] is not None else ''
        )
    if run := comparison.get('copies', {}).get('longest_run'):
        mean, num = np.mean([each['score'] for each in run['pieces'].values()]), len(run['pieces'])
        text += f'. The longest passage copied note for note has {mean:.1f} notes on average'
        if run['level'] is not None:
            text += (
                f'; in {len(run["flagged"])} of {num} it is longer than in 95 % of real unseen'
                f' tunes ({run["level"]:g} notes)'
            )
    if similarity['unusable']:
        text += f'. {count(similarity["unusable"], "piece")} without a score of its own'
    return text


def group_remarks(comparison: dict) -> list[str]:
    """The notes of features and averages, each once, after the names of all that it concerns."""
    named = {name: row['note'] for name, row in comparison['features'].items()}
    named |= {f'{group} average': cells['note'] for group, cells in comparison['averages'].items()}
    about: dict[str, list[str]] = {}
    for name, note in named.items():
        for part in filter(None, note.split('; ')):
            about.setdefault(part, []).append(name)
    return [f'{", ".join(names)}: {part}' for part, names in about.items()]
