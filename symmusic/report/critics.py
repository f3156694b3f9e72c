"""The section on the critics: whether the pieces of an evaluation can be distinguished from real
ones.
"""

from symmusic.critics.auc import NUM_FOLDS, WIDENING
from symmusic.critics.classify import NUM_HALVINGS, NUM_OF_FEATURES
from symmusic.critics.findings import (
    AIM,
    CRITICS,
    LEAST_FLOOR,
    MOST_HALF_WIDTH,
    CriticResults,
    NoCritics,
)
from symmusic.report.blocks import Block, Chart, Section, Table, Text, table
from symmusic.report.scale import interval_chart
from symmusic.wording import count, interval, number, sentence

HEADING = 'Can it be told apart from real music?'
TITLES = {
    'features': 'features',
    'tokens': 'tokens',
    'likelihood_ratio': 'likelihood ratio with the count model',
    'second_network': 'likelihood ratio with a second network',
}
IN_CONTEXT = {'with': 'with the prompt', 'without': 'without the prompt'}


def critics_section(results: CriticResults | NoCritics, part: str | None) -> Section:
    """The AUC of every critic with its validity checks, or the reason why there is none."""
    if isinstance(results, NoCritics):
        return Section(HEADING, (Text(f'No critic: {results.note}.'),))
    blocks: list[Block] = [
        _chart(results),
        Text(strongest(results)),
        _table(results),
        Text(_about(results, part)),
        Text(_verdict(results)),
        _discrepancies(results),
        Text(
            'MMD: maximum mean discrepancy with a Gaussian kernel as wide as the median distance,'
            ' unbiased, 0 for equal distributions; p of a permutation test that swaps whole'
            ' families. The embedding is that of the tokens critic.',
            quiet=True,
        ),
        *(Text(sentence(note)) for note in results.notes),
    ]
    return Section(HEADING, tuple(blocks))


def title(critic: str, context: str) -> str:
    """The name of a critic in reports."""
    return f'{TITLES[critic]}, {IN_CONTEXT[context]}'


def strongest(results: CriticResults) -> str:
    """The result of the strongest valid critic, as a sentence."""
    if results.strongest is None:
        return 'No critic is valid; no conclusion can be drawn.'
    critic, context = results.strongest
    cells = results.aucs[critic][context].model
    return (
        f'The strongest valid critic ({title(critic, context)}) has an AUC of {interval(cells)},'
        ' a lower bound on how well they can be distinguished from real ones; 0.5 is chance.'
    )


def _chart(results: CriticResults) -> Chart:
    found = {TITLES[critic]: (critic, results.first(critic).model) for critic in results.aucs}
    tokens = results.first('tokens')
    found |= {
        'tokens, real against real': ('real', tokens.real_vs_real),
        'tokens, Markov of order 3': ('markov', tokens.markov_3),
    }
    rows = [(label, name, cells) for label, (name, cells) in found.items()]
    return interval_chart(
        rows, 'Area under the ROC curve (AUC), 0.5 is chance', low=0.4, ours=tuple(CRITICS)
    )


def _table(results: CriticResults) -> Table:
    rows = [
        [
            title(critic, context),
            interval(aucs.model),
            interval(aucs.markov_3),
            interval(aucs.real_vs_real),
            'yes' if aucs.is_valid else 'no',
        ]
        for critic, contexts in results.aucs.items()
        for context, aucs in contexts.items()
    ]
    head = ['AUC by', 'the model', 'Markov of order 3', 'real against real', 'valid']
    return table(head, rows, 'AUC of all critics')


def _discrepancies(results: CriticResults) -> Table:
    rows = [
        [where, *(f'{number(each.squared_mmd, 4)} (p {each.p:.3f})' for each in sets.values())]
        for where, sets in (
            ('the nine features', results.discrepancies['features']),
            ('the embedding', results.discrepancies['embedding']),
        )
    ]
    return table(['squared MMD in', 'the model', 'Markov of order 3'], rows, 'discrepancies')


def _about(results: CriticResults, part: str | None) -> str:
    return (
        'AUC: the probability that a critic gives a real piece a higher score than a generated one.'
        f' {results.num_pieces:,} pieces of each class after the same prompts, at different places'
        f' of {count(results.num_tunes, f"{part} tune")}. Features: least squares with a Gaussian'
        ' kernel on the nine features of the continuation and, with the prompt, on how far they'
        ' are from those of the prompt. Tokens: an LSTM; with the prompt it reads that first, but'
        ' only its states in the continuation count. A piece is scored by critics that have seen'
        f' nothing of its tune family ({NUM_FOLDS} folds, means over them). Likelihood ratio: the'
        ' loss of the continuation under the model that drew it minus that under another model of'
        ' the training tunes; nothing is learnt from the pieces. In brackets 95 % intervals, from'
        f' resamples of the {count(results.num_families, "family")}; those of features and tokens'
        f' are wider by a factor of {WIDENING:.2f}, as critics of different folds share training'
        f' tunes. Real against real: means over {NUM_HALVINGS} random halvings of the tunes'
        f' ({NUM_OF_FEATURES} for the critic of features).'
    )


def _verdict(results: CriticResults) -> str:
    """Whether the critics are valid and the aim is met, as sentences."""
    faults = [
        f'{title(critic, context)}: {" and ".join(aucs.faults)}'
        for critic, contexts in results.aucs.items()
        for context, aucs in contexts.items()
        if not aucs.is_valid
    ]
    rule = (
        f'A critic is valid if its AUC on Markov pieces of order 3 is {LEAST_FLOOR} or more and its'
        f' interval for real against real contains 0.5 and is at most {MOST_HALF_WIDTH} wide on'
        ' either side.'
    )
    found = f'Not valid: {"; ".join(faults)}.' if faults else 'All are valid.'
    met = 'is met' if results.is_aim_met else 'is not met'
    return f'{rule} {found} The aim, all upper bounds at most {AIM:.2f}, {met}.'
