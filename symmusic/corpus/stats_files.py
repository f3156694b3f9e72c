"""The files of a corpus's statistics: `stats.json`, `tunes.jsonl`, `split.json` and the plots."""

import json
import pathlib

from symmusic.corpus.cache import Corpus
from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import TEST, TRAIN, VALIDATION, Split
from symmusic.corpus.windows import count_windows
from symmusic.files import SETTINGS, write_whole
from symmusic.melody.encodings import VOCABULARIES
from symmusic.score.bar import SIXTEENTHS, name_of
from symmusic.wording import count

PARTS = (TRAIN, VALIDATION, TEST)


def tune_line(
    tune: Tune, *, encoding: str, window_steps: int, hop_steps: int, keep_last: bool
) -> str:
    """A tune's line in `tunes.jsonl`."""
    events = tune.events.tolist()
    return json.dumps(
        {
            'file': tune.file,
            'title': tune.title,
            'meter': tune.meter,
            'kept': tune.kept,
            'reason': tune.reason,
            'key': tune.key,
            'transposed_by': tune.transposed_by,
            'num_steps': len(events),
            'num_windows': count_windows(
                tune, window_steps, hop_steps, keep_last, VOCABULARIES[encoding]
            ),
            'events': events,
        },
        ensure_ascii=False,
    )


def write_stats(
    folder: pathlib.Path,
    corpus: Corpus,
    statistics: dict,
    output_settings: dict,
    *,
    keep_last: bool,
    split: Split | None = None,
) -> None:
    """Writes `stats.json` and `tunes.jsonl`; the plots, if any tune is kept; and, with a `split`,
    `split.json` with the files of each part's tunes.
    """
    settings = {name: statistics[name] for name in ('encoding', 'window_steps', 'hop_steps')} | {
        'keep_last': keep_last
    }
    write_whole(
        folder / 'tunes.jsonl', ''.join(tune_line(tune, **settings) + '\n' for tune in corpus.tunes)
    )
    if split is not None:
        files = {part: [tune.file for tune in getattr(split, part)] for part in PARTS}
        write_whole(folder / 'split.json', json.dumps(files, indent=2, ensure_ascii=False) + '\n')
    if statistics['num_kept']:
        _plot(folder / 'distributions.png', statistics)
    write_whole(folder / SETTINGS, json.dumps(output_settings, indent=2) + '\n')
    write_whole(folder / 'stats.json', json.dumps(statistics, indent=2, ensure_ascii=False) + '\n')


def _plot(path: pathlib.Path, statistics: dict) -> None:
    # imported here: it takes a second, and few commands draw a plot
    from matplotlib.figure import Figure

    from symmusic.plots import write_figure

    figure = Figure(figsize=(10, 6), layout='constrained')
    (pitch_axes, event_axes), (length_axes, key_axes) = figure.subplots(2, 2, width_ratios=(3, 1))
    pitches = {
        int(name): share
        for name, share in statistics['event_frequencies'].items()
        if name.isdecimal()
    }
    _plot_pitches(pitch_axes, pitches)
    events = {
        name: statistics['event_frequencies'].get(name, 0) for name in ('no event', 'note off')
    } | {'onset': sum(pitches.values())}
    event_axes.bar(events.keys(), [100 * share for share in events.values()], color='tab:orange')
    event_axes.set(ylabel='% of steps', title='events')
    _plot_lengths(length_axes, statistics['note_lengths'], statistics['steps_per_quarter'])
    keys = dict(list(statistics['keys'].items())[:10])
    key_axes.barh(list(keys)[::-1], list(keys.values())[::-1], color='tab:grey')
    key_axes.set(xlabel='tunes', title='keys before transposition')
    for axes in (pitch_axes, event_axes, length_axes, key_axes):
        axes.spines[['top', 'right']].set_visible(False)
    figure.suptitle(
        f'{statistics["corpus"]}: {count(statistics["num_kept"], "tune")},'
        f' {count(statistics["num_windows"], "window")}',
        parse_math=False,
    )
    write_figure(path, figure)


def _plot_pitches(axes, pitches: dict[int, float]) -> None:
    axes.bar(pitches.keys(), [100 * share for share in pitches.values()], color='tab:blue')
    ticks = [
        pitch
        for pitch in range(128)
        if pitch % 12 == 0 and min(pitches) - 6 <= pitch <= max(pitches) + 6
    ]
    axes.set(
        xlabel='pitch',
        ylabel='% of steps',
        xticks=ticks,
        xticklabels=[f'C{pitch // 12 - 1}' for pitch in ticks],
        title='onsets by pitch',
    )


def _plot_lengths(axes, lengths: dict[str, float], steps_per_quarter: int) -> None:
    most = 4 * steps_per_quarter
    axes.bar(
        [int(name.removesuffix('+')) for name in lengths],
        [100 * share for share in lengths.values()],
        color='tab:green',
    )
    axes.set(
        xlabel=name_of(steps_per_quarter),
        ylabel='% of notes',
        title='note lengths',
        xlim=(0, most + 1),
    )
    every = steps_per_quarter // SIXTEENTHS
    steps = range(every, most + 1, every)
    axes.set_xticks(list(steps), [str(step) for step in steps[:-1]] + [f'{most}+'])
