"""Remarks on folders that were compared: what was left out, and whether lengths differ."""

from collections.abc import Mapping, Sequence

from symmusic.measures.folders import Folder
from symmusic.wording import count

MOST_NAMES = 10  # listed in one remark
MOST_UNLIKE = 1.25  # ratio of the sets' lengths above which a remark is made


def unlike_lengths(lengths: Mapping[str, float], num_bars: int = 0) -> str:
    """A remark that the pieces of two sets differ in length; '' if they do not. `lengths` are the
    median lengths in quarters, keyed by set; `num_bars` is the length that pieces were cut to, 0 =
    whole.
    """
    (longer, most), (shorter, least) = sorted(lengths.items(), key=lambda item: -item[1])
    if most <= MOST_UNLIKE * least:
        return ''
    text = (
        f'the {longer} pieces are longer than the {shorter} ones (medians of {most:g} and {least:g}'
        ' quarters), which alone makes features differ; '
    )
    if num_bars:
        return (
            text + f'cut to {count(num_bars, "bar")}, they are of different metres, or end sooner'
        )
    bars = max(1, int(least // 4))
    return text + f'--config.evaluate.num_bars={bars} compares excerpts of {count(bars, "bar")}'


def remarks(which: str, folder: Folder) -> list[str]:
    """Remarks on a folder: which files were left out, how many and why, and what was left out of
    others.
    """
    found = []
    if folder.left_out:
        num_pieces = len(folder.scores) + len(folder.left_out)
        found.append(
            f'{which}: {len(folder.left_out)} of {count(num_pieces, "piece")} left out:'
            f' {listed_reasons(folder.left_out)}'
        )
    if len(folder.pieces) < len(folder.scores):
        found.append(
            f'{which}: features are of {len(folder.pieces)} of its {len(folder.scores)} pieces,'
            ' drawn by config.seed'
        )
    if folder.others:
        found.append(
            f'{which}: files of other kinds, not read ({len(folder.others)}):'
            f' {_listed(folder.others)}'
        )
    if folder.doubles:
        found.append(
            f'{which}: files of a piece that is there in another format, not read'
            f' ({len(folder.doubles)}): {_listed(folder.doubles)}'
        )
    if folder.polyphonic:
        found.append(
            f'{which}: pieces in which notes sound together, measured as they are'
            f' ({len(folder.polyphonic)}): {_listed(folder.polyphonic)}'
        )
    found += [
        f'{which}: {notice} ({len(names)}): {_listed(names)}'
        for notice, names in folder.notices.items()
    ]
    return found


def listed_reasons(left_out: dict[str, str]) -> str:
    """The first `MOST_NAMES` files that were left out, with the reasons."""
    return _listed([f'{name} ({reason})' for name, reason in left_out.items()])


def _listed(names: Sequence[str]) -> str:
    return ', '.join(names[:MOST_NAMES]) + (
        f' and {len(names) - MOST_NAMES} more' if len(names) > MOST_NAMES else ''
    )
