"""The statistics of a corpus as a table for the terminal."""

from symmusic.corpus.overlap import Overlap, as_words
from symmusic.pitches import pitch_name
from symmusic.score.bar import name_of
from symmusic.wording import count

# kinds of notices that are printed; stats.json has all of them
MOST_NOTICES = 10


def as_text(statistics: dict) -> str:
    """The statistics as a short table for the terminal."""
    rows = _rows_of_counts(statistics)
    if statistics['num_kept']:
        rows += _rows_of_classes(statistics) + _rows_of_music(statistics)
    return '\n'.join(f'{name:<14}{value}' for name, value in rows)


def _rows_of_counts(statistics: dict) -> list[tuple[str, str]]:
    """Files, tunes and windows."""
    dropped, kept_meters = sum(statistics['dropped'].values()), statistics['kept_meters']
    return [
        ('files', f'{statistics["num_files"]}'),
        (
            'tunes',
            f'{statistics["num_tunes"]}: {statistics["num_kept"]} kept in'
            f' {count(statistics["num_families"], "family")} (the largest has'
            f' {statistics["largest_family"]}), {dropped} dropped',
        ),
        *(
            [('  overlap', as_words(Overlap(**statistics['overlap'])))]
            if statistics['overlap']
            else []
        ),
        ('  metres', ', '.join(f'{count} {meter}' for meter, count in kept_meters.items()) or '-'),
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
            (
                '  style',
                f'{style}: {count(counts["num_windows"], "window")} of'
                f' {count(counts["num_kept"], "tune")}',
            )
            for style, counts in statistics['styles'].items()
            if len(statistics['styles']) > 1
        ),
        *_rows_of_grid(statistics),
    ]


def _rows_of_grid(statistics: dict) -> list[tuple[str, str]]:
    """Steps and notes, and how many notes are off the grid."""
    steps = name_of(statistics['steps_per_quarter'])
    moved, num_read = statistics['num_notes_moved'], statistics['num_notes_read']
    return [
        (
            'steps, notes',
            f'{statistics["num_steps"]} {steps}, {count(statistics["num_notes"], "note")}',
        ),
        *(
            [('  moved', f'{moved} of {num_read} ({moved / num_read:.1%}) to the nearest step')]
            if moved
            else []
        ),
    ]


def _rows_of_classes(statistics: dict) -> list[tuple[str, str]]:
    """The classes of the encoding, and how many notes it can distinguish."""
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
    steps = name_of(statistics['steps_per_quarter'])
    return [
        ('pitches', f'{_name(statistics["min_pitch"])} to {_name(statistics["max_pitch"])}'),
        ('events', ', '.join([*events, f'onsets {sum(pitches.values()):.1%}'])),
        ('  commonest', _commonest(pitches)),
        ('note lengths', f'{_commonest(statistics["note_lengths"])}  ({steps})'),
        ('keys', f'{_commonest_keys(statistics["keys"])}  (detected, not as stated)'),
    ]


def _commonest_keys(num_tunes: dict[str, int]) -> str:
    """The six commonest keys with the number of their tunes, and how many others there are."""
    first, others = list(num_tunes.items())[:6], list(num_tunes.values())[6:]
    rest = f', and {count(len(others), "other")} with {count(sum(others), "tune")}'
    return ', '.join(f'{key} {num}' for key, num in first) + rest * bool(others)


def _commonest(shares: dict[str, float]) -> str:
    """The six largest shares."""
    largest = sorted(shares.items(), key=lambda item: -item[1])[:6]
    return ', '.join(f'{name} {share:.1%}' for name, share in largest)


def _name(pitch: int) -> str:
    return f'{pitch_name(pitch)} ({pitch})'
