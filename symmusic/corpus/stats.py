"""Statistics of a corpus: counts, ranges and distributions as numbers, text, JSON lines, plots."""

import json
import pathlib
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.cache import Corpus
from symmusic.corpus.prepare import Tune, count_dropped_meters, count_drops, count_notices
from symmusic.corpus.windows import count_windows, cut_windows, distinct
from symmusic.files import SETTINGS, write_whole
from symmusic.melody.encodings import VOCABULARIES, Vocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF, from_events
from symmusic.score.meter import STEPS_PER_BAR
from symmusic.score.notes import pitch_name

# kinds of notices that are printed; stats.json has all of them
MOST_NOTICES = 10


def describe(
    corpus: Corpus, *, encoding: str, window_steps: int, hop_steps: int, keep_last: bool
) -> dict:
    """The numbers of `stats.json`; a corpus that keeps nothing has zeros, and null where nothing is
    to be measured.

    `event_frequencies` are shares of all steps of the kept tunes (each pitch by its number);
    `note_lengths` are shares of all notes by length in steps, those of a bar or more together;
    `dropped_meters` are those of the tunes that `dropped` counts under 'meter'; `keys` count kept
    tunes; `styles` are those of named corpora. Of the encoding are windows, classes,
    `class_frequencies` (shares of all tokens; 'blank' is no class) and `num_encoded_notes`, those
    that tokens tell apart.
    """
    kept = corpus.kept
    statistics = {
        'corpus': corpus.name,
        'fingerprint': corpus.fingerprint,
        'num_files': corpus.num_files,
        'num_tunes': len(corpus.tunes),
        'num_kept': len(kept),
        'num_families': len(set(corpus.families.tolist())),
        'dropped': count_drops(corpus.tunes),
        'notices': count_notices(corpus.tunes),
        'dropped_meters': count_dropped_meters(corpus.tunes),
        'encoding': encoding,
        'window_steps': window_steps,
        'hop_steps': hop_steps,
        'num_windows': 0,
        'num_distinct_windows': 0,
        'num_classes': 0,
        'min_pitch': None,
        'max_pitch': None,
        'num_steps': 0,
        'num_notes': 0,
        'num_encoded_notes': 0,
        'class_frequencies': {},
        'event_frequencies': {},
        'note_lengths': {},
        'keys': {},
        'styles': {},
    }
    if not kept:
        return statistics
    cut = {
        'window_steps': window_steps,
        'hop_steps': hop_steps,
        'keep_last': keep_last,
        'encoding': VOCABULARIES[encoding],
    }
    phrases = [phrase for tune in kept for phrase in tune.phrases]
    vocabulary = VOCABULARIES[encoding].fit(phrases)
    windows = cut_windows(kept, vocabulary, window_steps, hop_steps, keep_last=keep_last)
    return (
        statistics
        | {'num_windows': len(windows), 'num_distinct_windows': distinct(windows)}
        | _of_classes(vocabulary, phrases)
        | _of_events(np.concatenate([tune.events for tune in kept]))
        | _of_notes(phrases)
        | {'keys': _count_keys(kept), 'styles': _count_styles(kept, cut)}
    )


def _of_classes(vocabulary: Vocabulary, phrases: Sequence[np.ndarray]) -> dict:
    """The classes of the encoding, and how often each is met."""
    tokens = [vocabulary.encode(phrase) for phrase in phrases]
    counts = np.bincount(np.concatenate(tokens), minlength=vocabulary.num_classes + 1)
    return {
        'num_classes': vocabulary.num_classes,
        'min_pitch': vocabulary.min_pitch,
        'max_pitch': vocabulary.max_pitch,
        'num_encoded_notes': sum(int((vocabulary.decode(each) >= 0).sum()) for each in tokens),
        'class_frequencies': {
            name: float(count / counts.sum())
            for name, count in zip([*vocabulary.class_names, 'blank'], counts, strict=True)
            if count
        },
    }


def _of_events(events: np.ndarray) -> dict:
    """How many steps there are, and the share of each event."""
    names = {NO_EVENT: 'no event', NOTE_OFF: 'note off'}
    return {
        'num_steps': len(events),
        'event_frequencies': {
            names.get(int(event), str(event)): count / len(events)
            for event, count in zip(*np.unique(events, return_counts=True), strict=True)
        },
    }


def _of_notes(phrases: Sequence[np.ndarray]) -> dict:
    """How many notes there are, and the share of each length."""
    notes = [note for phrase in phrases for note in from_events(phrase)]
    lengths = np.bincount(
        [min(note.end - note.onset, STEPS_PER_BAR) for note in notes], minlength=STEPS_PER_BAR + 1
    )[1:] / len(notes)
    return {
        'num_notes': len(notes),
        'note_lengths': {
            f'{length}{"+" if length == STEPS_PER_BAR else ""}': float(share)
            for length, share in enumerate(lengths, 1)
            if share > 0
        },
    }


def _count_keys(tunes: Sequence[Tune]) -> dict[str, int]:
    """How many tunes are in each key, the commonest first."""
    keys, counts = np.unique([tune.key for tune in tunes], return_counts=True)
    return dict(sorted(zip(keys.tolist(), counts.tolist(), strict=True), key=lambda item: -item[1]))


def _count_styles(tunes: Sequence[Tune], cut: dict) -> dict[str, dict[str, int]]:
    """How many tunes and windows there are of each style; `cut` as `count_windows` takes it."""
    return {
        style: {
            'num_kept': sum(tune.style == style for tune in tunes),
            'num_windows': sum(count_windows(tune, **cut) for tune in tunes if tune.style == style),
        }
        for style in sorted({tune.style for tune in tunes if tune.style})
    }


def as_text(statistics: dict) -> str:
    """The statistics as a short table for the terminal."""
    rows = _rows_of_counts(statistics)
    if statistics['num_kept']:
        rows += _rows_of_classes(statistics) + _rows_of_music(statistics)
    return '\n'.join(f'{name:<14}{value}' for name, value in rows)


def _rows_of_counts(statistics: dict) -> list[tuple[str, str]]:
    """Files, tunes and windows."""
    dropped = sum(statistics['dropped'].values())
    return [
        ('files', f'{statistics["num_files"]}'),
        (
            'tunes',
            f'{statistics["num_tunes"]}: {statistics["num_kept"]} kept in'
            f' {statistics["num_families"]} families, {dropped} dropped',
        ),
        *(('  dropped', f'{count}  {reason}') for reason, count in statistics['dropped'].items()),
        *(
            ('    metre', f'{count}  {meter}')
            for meter, count in statistics['dropped_meters'].items()
        ),
        *(
            ('  notice', f'{notice}, in {count} of the tunes kept')
            for notice, count in list(statistics['notices'].items())[:MOST_NOTICES]
        ),
        (
            'windows',
            f'{statistics["num_windows"]} of {statistics["window_steps"]} steps at hop'
            f' {statistics["hop_steps"]}',
        ),
        ('  distinct', f'{statistics["num_distinct_windows"]}'),
        *(
            ('  style', f'{style}: {counts["num_windows"]} windows of {counts["num_kept"]} tunes')
            for style, counts in statistics['styles'].items()
            if len(statistics['styles']) > 1
        ),
        ('steps, notes', f'{statistics["num_steps"]} sixteenths, {statistics["num_notes"]} notes'),
    ]


def _rows_of_classes(statistics: dict) -> list[tuple[str, str]]:
    """What the encoding makes of the tunes."""
    share_kept = statistics['num_encoded_notes'] / statistics['num_notes']
    named = {
        _name(int(name)) if name.isdecimal() else name: share
        for name, share in statistics['class_frequencies'].items()
    }
    return [
        ('encoding', f'{statistics["encoding"]}: {share_kept:.1%} of the notes kept apart'),
        ('classes', f'{statistics["num_classes"]}: {_commonest(named)}'),
    ]


def _rows_of_music(statistics: dict) -> list[tuple[str, str]]:
    """Pitches, events, lengths and keys."""
    frequencies = statistics['event_frequencies']
    pitches = {_name(int(name)): frequencies[name] for name in frequencies if name.isdecimal()}
    events = [f'{name} {frequencies.get(name, 0):.1%}' for name in ('no event', 'note off')]
    keys = list(statistics['keys'].items())[:6]
    return [
        ('pitches', f'{_name(statistics["min_pitch"])} to {_name(statistics["max_pitch"])}'),
        ('events', ', '.join([*events, f'onsets {sum(pitches.values()):.1%}'])),
        ('  commonest', _commonest(pitches)),
        ('note lengths', f'{_commonest(statistics["note_lengths"])}  (sixteenths)'),
        ('keys', ', '.join(f'{key} {count}' for key, count in keys)),
    ]


def _commonest(shares: dict[str, float]) -> str:
    """The six largest shares."""
    largest = sorted(shares.items(), key=lambda item: -item[1])[:6]
    return ', '.join(f'{name} {share:.1%}' for name, share in largest)


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
) -> None:
    """Writes `stats.json`, `tunes.jsonl` and, for a corpus that keeps something, the plots."""
    settings = {name: statistics[name] for name in ('encoding', 'window_steps', 'hop_steps')} | {
        'keep_last': keep_last
    }
    write_whole(
        folder / 'tunes.jsonl', ''.join(tune_line(tune, **settings) + '\n' for tune in corpus.tunes)
    )
    if statistics['num_kept']:
        _plot(folder / 'distributions.png', statistics)
    write_whole(folder / SETTINGS, json.dumps(output_settings, indent=2) + '\n')
    write_whole(folder / 'stats.json', json.dumps(statistics, indent=2, ensure_ascii=False) + '\n')


def _name(pitch: int) -> str:
    return f'{pitch_name(pitch)} ({pitch})'


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
    pitch_axes.bar(pitches.keys(), [100 * share for share in pitches.values()], color='tab:blue')
    ticks = [
        pitch
        for pitch in range(128)
        if pitch % 12 == 0 and min(pitches) - 6 <= pitch <= max(pitches) + 6
    ]
    pitch_axes.set(
        xlabel='pitch',
        ylabel='% of steps',
        xticks=ticks,
        xticklabels=[f'C{pitch // 12 - 1}' for pitch in ticks],
        title='onsets by pitch',
    )
    events = {
        'no event': statistics['event_frequencies'].get('no event', 0),
        'note off': statistics['event_frequencies'].get('note off', 0),
    }
    events['onset'] = sum(pitches.values())
    event_axes.bar(events.keys(), [100 * share for share in events.values()], color='tab:orange')
    event_axes.set(ylabel='% of steps', title='events')
    lengths = statistics['note_lengths']
    length_axes.bar(
        [int(name.removesuffix('+')) for name in lengths],
        [100 * share for share in lengths.values()],
        color='tab:green',
    )
    steps = range(1, STEPS_PER_BAR + 1)
    length_axes.set(
        xlabel='sixteenths', ylabel='% of notes', title='note lengths', xlim=(0, STEPS_PER_BAR + 1)
    )
    length_axes.set_xticks(list(steps), [str(step) for step in steps[:-1]] + [f'{STEPS_PER_BAR}+'])
    keys = dict(list(statistics['keys'].items())[:10])
    key_axes.barh(list(keys)[::-1], list(keys.values())[::-1], color='tab:grey')
    key_axes.set(xlabel='tunes', title='keys before transposition')
    for axes in (pitch_axes, event_axes, length_axes, key_axes):
        axes.spines[['top', 'right']].set_visible(False)
    figure.suptitle(
        f'{statistics["corpus"]}: {statistics["num_kept"]} tunes, {statistics["num_windows"]}'
        ' windows',
        parse_math=False,
    )
    write_figure(path, figure)
