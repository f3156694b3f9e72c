"""Counts the tunes that preparation dropped, and the notices of those that it kept."""

from collections import Counter
from collections.abc import Iterable, Sequence

from symmusic.corpus.prepare import Tune
from symmusic.score.notes import kind_of

MOST_METERS, MOST_FILES = 5, 3  # numbers of metres and files that a message names


def count_drops(tunes: Iterable[Tune]) -> dict[str, int]:
    """How many tunes were dropped for each reason, the most common first."""
    return dict(Counter(tune.reason for tune in tunes if not tune.kept).most_common())


def count_dropped_meters(tunes: Sequence[Tune]) -> dict[str, int]:
    """How many tunes were dropped for their metre, keyed by their first metre, the most common
    first; '4/4 and others' counts tunes that start in a metre that is kept.
    """
    kept = {tune.meter for tune in tunes if tune.kept}
    return dict(
        Counter(
            f'{tune.meter} and others' if tune.meter in kept else tune.meter
            for tune in tunes
            if tune.reason == 'meter'
        ).most_common()
    )


def describe_drops(tunes: Sequence[Tune]) -> str:
    """How many tunes were dropped and why, such as '7 meter (4 6/8, 2 3/4, 1 9/8), 1 no notes
    (a.mid)'; 'none' if all were kept. Names the commonest metres and, for other reasons, the files
    if they are few.
    """
    meters = count_dropped_meters(tunes)
    named = [f'{count} {meter}' for meter, count in list(meters.items())[:MOST_METERS]]
    if num_others := sum(list(meters.values())[MOST_METERS:]):
        named.append(f'{num_others} other')
    parts = []
    for reason, count in count_drops(tunes).items():
        files = [tune.file for tune in tunes if tune.reason == reason]
        shown = named if reason == 'meter' else files if count <= MOST_FILES else []
        parts.append(f'{count} {reason}' + (f' ({", ".join(shown)})' if shown else ''))
    return ', '.join(parts) or 'none'


def count_notices(tunes: Iterable[Tune]) -> dict[str, int]:
    """How many kept tunes have each kind of notice of their readers, the most common first."""
    kinds = (dict.fromkeys(map(kind_of, tune.notices)) for tune in tunes)
    return dict(Counter(kind for each in kinds for kind in each).most_common())
