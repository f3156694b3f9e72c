"""A benchmark under `--mode=experiment`: runs the folds that are not finished yet, and reports."""

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from symmusic.api import commands
from symmusic.benchmark import stages
from symmusic.benchmark.adapting import Adaptation
from symmusic.benchmark.fitting import Recipe, TransformerRecipe
from symmusic.benchmark.folds import NUM_FOLDS, Job, draw_fold, hold_out
from symmusic.benchmark.melodies import SETS, MelodySet, find_folder, read_set
from symmusic.benchmark.plans import Ensemble, Plan, make_plans
from symmusic.benchmark.results import FoldBits, bits_of_fold, summarise
from symmusic.config.benchmarks import Benchmark
from symmusic.config.flags import Command
from symmusic.errors import Interrupted, UserError
from symmusic.files import write_whole
from symmusic.locks import alone_in
from symmusic.report.benchmark import benchmark_report
from symmusic.report.html import to_html
from symmusic.report.markdown import to_markdown
from symmusic.streams import Stream, generator
from symmusic.wording import count

Folds = dict[str, list[list[FoldBits]]]  # by set, partition and fold
SETTINGS = 'settings.json'
NOTICE = 'the sets 3 to 8 are from the Essen folk song collection: for non-commercial use only'


def run_benchmark(command: Command) -> None:
    """Computes the missing folds, the same fold of all sets before the next fold, and writes the
    report.

    Raises:
      UserError: the melodies are missing, or the folder holds a benchmark with other settings.
    """
    benchmark = command.benchmark
    folder = commands.workdir(command) / 'experiment'
    found = find_folder()
    every = [read_set(name, found) for name in SETS]
    chosen = [each for each in every if not benchmark.sets or int(each.name[0]) in benchmark.sets]
    print(NOTICE)
    recipe = Recipe(num_epochs=benchmark.num_epochs)
    transformer = TransformerRecipe(num_epochs=benchmark.num_epochs)
    sets = {each.name: each for each in chosen}
    plans = {each.name: make_plans(each, every, found, recipe, transformer) for each in chosen}
    with alone_in(folder):
        _claim(folder, benchmark, recipe, transformer)
        try:
            done, counted = _compute(benchmark, sets, plans, folder / 'folds')
        except KeyboardInterrupt:
            raise Interrupted('stopped; the same command continues') from None
        _report(folder, benchmark, done, counted)
    print(folder)


def _compute(
    benchmark: Benchmark,
    sets: Mapping[str, MelodySet],
    plans: Mapping[str, Sequence[Plan | Ensemble]],
    folder: pathlib.Path,
) -> tuple[Folds, Folds]:
    """The bits per note of the chosen folds, and those of the count models on all folds; a quick
    benchmark computes the chosen folds only.
    """
    done: Folds = {name: [[] for _ in range(benchmark.partitions)] for name in sets}
    counted: Folds = {name: [[] for _ in range(benchmark.partitions)] for name in sets}
    chosen = _folds(benchmark)
    jobs = list(_jobs(benchmark, chosen, sets))
    for number, job in enumerate(jobs, 1):
        is_slow_run = job.partition < benchmark.slow_partitions
        own = [plan for plan in plans[job.set_name] if is_slow_run or not plan.is_slow]
        bits = _finish(sets[job.set_name], own, job, folder)
        done[job.set_name][job.partition].append(bits)
        counted[job.set_name][job.partition].append(bits)
        figures = ', '.join(
            f'{name} {bits.bits[name].mean():.3f}'
            for name in ('count_model', 'network', 'network_with_short_term')
        )
        print(f'{number} of {len(jobs)}: {job.name}: {figures} bits per note')
    others = () if benchmark.quick else sorted({*range(NUM_FOLDS)} - {*chosen})
    for job in _jobs(benchmark, others, sets):
        counts = stages.count_models(sets[job.set_name], job, folder / f'counts-{job.name}.npz')
        counted[job.set_name][job.partition].append(bits_of_fold(counts, {}, ()))
    return done, counted


def _jobs(benchmark: Benchmark, folds: Sequence[int], sets: Iterable[str]) -> Iterator[Job]:
    for partition in range(benchmark.partitions):
        for fold in folds:
            for name in sets:
                yield Job(name, [*SETS].index(name), partition, fold, benchmark.seed)


def _folds(benchmark: Benchmark) -> tuple[int, ...]:
    return tuple(benchmark.folds) or tuple(range(NUM_FOLDS))


def _finish(
    melodies: MelodySet, plans: Sequence[Plan | Ensemble], job: Job, folder: pathlib.Path
) -> FoldBits:
    counts = stages.count_models(melodies, job, folder / f'counts-{job.name}.npz')
    predicted = {}
    for plan in plans:
        predicted[plan.name] = plan.run(job, Adaptation(), folder)
    fold = draw_fold(len(melodies.melodies), job)
    _, validation = hold_out(fold, job.generator())
    return bits_of_fold(counts, predicted, [melodies.melodies[index] for index in validation])


def _claim(
    folder: pathlib.Path, benchmark: Benchmark, recipe: Recipe, transformer: TransformerRecipe
) -> None:
    """Checks that a folder holds no folds with other settings, and stores this run's settings in
    it. A folder of a run without slow networks has no settings of theirs.
    """
    own = {
        'seed': benchmark.seed,
        'network': dataclasses.asdict(recipe),
        'adaptation': dataclasses.asdict(Adaptation()),
    }
    if benchmark.slow_partitions:
        own['transformer'] = dataclasses.asdict(transformer)
    path = folder / SETTINGS
    if path.exists():
        stored = json.loads(path.read_text())
        if differing := _differing(own | stored, stored | own):
            raise UserError(
                f'{folder} holds a benchmark with other settings ({", ".join(differing)}); choose'
                ' another --workdir'
            )
        own = stored | own
    write_whole(path, json.dumps(own, indent=2) + '\n')


def _differing(stored: Mapping, own: Mapping) -> list[str]:
    """The names of values that differ, those of a group as `group.name`."""
    flat: list[dict] = [{}, {}]
    for settings, values in zip((stored, own), flat, strict=True):
        for group, value in settings.items():
            members = value.items() if isinstance(value, Mapping) else [('', value)]
            values |= {f'{group}.{name}'.rstrip('.'): each for name, each in members}
    return [name for name in sorted({*flat[0], *flat[1]}) if flat[0].get(name) != flat[1].get(name)]


def _report(folder: pathlib.Path, benchmark: Benchmark, done: Folds, counted: Folds) -> None:
    rng = generator(benchmark.seed, Stream.BENCHMARK_RESAMPLES)
    found = summarise(done, rng) | {
        'count_models_on_all_folds': summarise(counted, rng)['mean'],
        'partitions': benchmark.partitions,
        'folds': _folds(benchmark),
        'seeds': [benchmark.seed],
        'quick': benchmark.quick,
    }
    report = benchmark_report(found)
    write_whole(folder / 'results.json', json.dumps(found, indent=2) + '\n')
    write_whole(folder / 'report.md', to_markdown(report, folder))
    write_whole(folder / 'index.html', to_html(report, folder))
    means = ', '.join(f'{name} {value:.3f}' for name, value in found['mean'].items())
    print(f'mean bits per note over {count(len(done), "set")}: {means}')
