"""From the replicas' measures to effects and answers: `results.json`.

It is one object with `experiment`, `quick`, `variant`, `question`; `arms` by name with `variant`,
`replicas`, `num_parameters`, `num_windows`, `num_distinct_windows`, `num_notes` (in the training
tunes), `config`, `versions`, `device`, `measures` (by name `mean`, `low`, `high` and `values`, one
per replica, null where undefined) and `real_continuations`, the same measures of the real
continuations of the prompts, null where these are not known; `num_epochs` of each replica,
`num_cut_off` (replicas that early stopping did not end), `count_model` (its nats per step on the
same targets) and `beats_count_model`, null where not known; `failed`, the reasons by name;
`contrasts` of every measure between any two arms of a variant, where `difference` is the first
arm's mean minus the second's, as in `highlights`; `over`, one of `contrasts.OVER`, says what an
interval is over; `highlights`; `common_tunes`, by variant and measure of the module of this name
the number of `families` that the arms are measured on and of those `left_out`; and `splits`, by
`data.split_seed` the `highlights`, `measures` of the arms, `common_tunes` and `failed` on other
splits. Where both variants were run, the arms of `source` are named `<arm>_source`.
"""

from collections.abc import Mapping

from symmusic.config.arms import Experiment
from symmusic.experiment.common_tunes import on_common
from symmusic.experiment.contrasts import cells, compare_arms, pairs_of
from symmusic.experiment.highlights import highlights
from symmusic.experiment.measures import MEASURES
from symmusic.experiment.outcome import Outcome, label


def make_results(
    name: str,
    experiment: Experiment,
    outcomes: Mapping[tuple[str, str], Outcome],
    failures: Mapping[tuple[str, str], str],
) -> dict:
    """`results.json` of an experiment.

    Args:
      name: the name of the experiment.
      experiment: its question, arms and claims.
      outcomes: results of the finished arms, by variant and name.
      failures: reasons for the arms that failed.
    """
    outcomes, common = on_common(outcomes)
    naming = {place: label(experiment, *place) for place in (*outcomes, *failures)}
    families = {naming[place]: outcome.by_family for place, outcome in outcomes.items()}
    arms, contrasts, claims = {}, [], []
    for place, outcome in outcomes.items():
        arms[naming[place]] = {
            'variant': place[0],
            'replicas': len(outcome.replicas),
            'num_parameters': outcome.num_parameters,
            **outcome.sizes,
            'config': outcome.config,
            'versions': outcome.versions,
            'device': outcome.device,
            'measures': cells(outcome.replicas, outcome.by_family),
            'real_continuations': None if outcome.real is None else cells(outcome.real),
            'num_epochs': list(outcome.num_epochs),
            'num_cut_off': _count_cut_off(outcome),
            'count_model': outcome.count_model,
        }
        arms[naming[place]]['beats_count_model'] = _beats(arms[naming[place]])
    for variant, configs in experiment.configs.items():
        own = [arm for arm in configs if (variant, arm) in outcomes]
        for pair in pairs_of(own, experiment.hypothesis.primaries):
            names = [label(experiment, variant, arm) for arm in pair]
            contrasts += [
                {'variant': variant} | compare_arms(arms, families, names, measure)
                for measure in MEASURES
                if all(measure in arms[arm]['measures'] for arm in names)
            ]
        claims += highlights(experiment, variant, arms, families)
    return {
        'experiment': name,
        'quick': experiment.quick,
        'variant': 'both' if len(experiment.configs) > 1 else next(iter(experiment.configs)),
        'question': experiment.hypothesis.question,
        'arms': arms,
        'failed': {naming[place]: reason for place, reason in failures.items()},
        'contrasts': contrasts,
        'highlights': claims,
        'common_tunes': common,
        'splits': {},
    }


def _count_cut_off(outcome: Outcome) -> int:
    """How many replicas used up all epochs, so that their loss may still have been falling."""
    allowed = outcome.config.get('train', {}).get('num_epochs')
    return sum(num == allowed for num in outcome.num_epochs)


def _beats(arm: Mapping) -> bool | None:
    """Whether an arm predicts better than its count model, judged by the upper end of its interval;
    None if not known.
    """
    cells = arm['measures']['nats_per_step']
    most = cells['mean'] if cells['high'] is None else cells['high']
    return None if most is None or arm['count_model'] is None else most < arm['count_model']
