"""The section on the critics: whether the pieces of an evaluation can be told apart from real
ones.
"""

from symmusic.critics.auc import NUM_FOLDS, WIDENING
from symmusic.critics.trial import AIM, ARMS, CRITICS, LEAST_FLOOR, NoTrial, Trial
from symmusic.report.blocks import Chart, Section, Text, table
from symmusic.report.scale import interval_chart
from symmusic.wording import interval

HEADING = 'Can it be told apart from real music?'
TITLES = {
    'features': 'features critic',
    'tokens': 'tokens critic',
    'real_vs_real': 'real against real',
    'markov_3': 'Markov of order 3',
}


def critics_section(trial: Trial | NoTrial, part: str | None) -> Section:
    """The AUC of both critics with their validity checks, or the reason why there is none."""
    if isinstance(trial, NoTrial):
        return Section(HEADING, (Text(f'No critic: {trial.note}.'),))
    rows = [
        [title, *(interval(trial.aucs[critic][name]) for critic in CRITICS)]
        for name, title in ARMS.items()
    ]
    found = table(['AUC', 'by features', 'by tokens'], rows, 'AUC of both critics')
    return Section(
        HEADING, (_chart(trial), found, Text(_about(trial, part)), Text(_verdict(trial)))
    )


def _chart(trial: Trial) -> Chart:
    found = {critic: trial.aucs[critic]['model'] for critic in CRITICS}
    found |= {name: trial.aucs['tokens'][name] for name in ('real_vs_real', 'markov_3')}
    rows = [(TITLES[name], name, cells) for name, cells in found.items()]
    return interval_chart(rows, 'Area under the ROC curve (AUC), 0.5 is chance', low=0.4)


def _about(trial: Trial, part: str | None) -> str:
    return (
        'AUC: the probability that a critic gives a real piece a higher score than a generated one;'
        ' 0.5 is chance. '
        f'{trial.num_pieces:,} pieces of each class after the same prompts, at different places'
        f' of {trial.num_tunes} {part} tunes '
        '(real against real: halves of the tunes). One critic is logistic regression on the nine'
        ' features of the continuation, the other an LSTM that reads prompt and continuation; each'
        f' piece is scored by critics that have seen nothing of its tune family ({NUM_FOLDS}'
        ' folds, means over them). In brackets 95 % intervals, from resamples of the'
        f' {trial.num_families} families, wider than '
        f'these by a factor of {WIDENING:.2f}, as the critics of different folds share training'
        ' tunes.'
    )


def _verdict(trial: Trial) -> str:
    """Whether the critics are valid and the aim is met, as a sentence."""
    faults = []
    for critic, valid in trial.is_valid.items():
        if valid:
            continue
        floor, ceiling = (trial.aucs[critic][name] for name in ('markov_3', 'real_vs_real'))
        why = []
        if floor.value is None or floor.value < LEAST_FLOOR:
            why.append(f'its AUC on Markov pieces of order 3 is below {LEAST_FLOOR}')
        if ceiling.value is None or not ceiling.low <= 0.5 <= ceiling.high:
            why.append('its interval for real against real does not contain 0.5')
        faults.append(f'the {critic} critic is not valid: {" and ".join(why)}')
    text = '; '.join(faults) or (
        f'Both critics are valid: their AUC on Markov pieces of order 3 is {LEAST_FLOOR} or more,'
        ' and their intervals for real against real contain 0.5'
    )
    aim = f'upper bounds of both critics of at most {AIM:.2f}'
    met = 'is met' if trial.is_aim_met else 'is not met'
    return f'{text[0].upper()}{text[1:]}. The aim, {aim}, {met}.'
