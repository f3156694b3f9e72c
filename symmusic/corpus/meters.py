"""The metres of a corpus, which a model identifies by their indices, and its grid."""

from collections import Counter
from collections.abc import Iterable, Sequence

from symmusic.corpus.prepare import Tune
from symmusic.score.bar import SIXTEENTHS, Bar, bar_of


def find_meters(tunes: Iterable[Tune]) -> tuple[str, ...]:
    """The metres of some tunes, the commonest first. Metres whose bars are divided alike, such as
    2/2 and 4/4, are one, named 4/4 or as the commonest of them.
    """
    counts = Counter(tune.counted_in for tune in tunes if tune.kept)
    names: dict[Bar, str] = {}
    totals: Counter[str] = Counter()
    for name, count in sorted(counts.items(), key=_rank):
        totals[names.setdefault(bar_of(name), name)] += count
    return tuple(sorted(totals, key=lambda name: (-totals[name], name)))


def _rank(named: tuple[str, int]) -> tuple:
    name, count = named
    return name != '4/4', -count, name


def find_index(meter: str, meters: Sequence[str]) -> int | None:
    """The index in `meters` of the metre whose bars are divided like those of `meter`; None if
    there is none.
    """
    bars = [bar_of(each) for each in meters]
    return bars.index(bar_of(meter)) if bar_of(meter) in bars else None


def bars_of(meters: Sequence[str], steps_per_quarter: int = SIXTEENTHS) -> tuple[int, ...]:
    """The steps in a bar of each metre on a grid, as `model.places` takes them."""
    return tuple(bar_of(meter, steps_per_quarter).steps for meter in meters)


def check_grid(tunes: Iterable[Tune], steps_per_quarter: int) -> None:
    """Checks that tunes are on a grid.

    Raises:
      ValueError: a tune is on another grid.
    """
    for tune in tunes:
        if tune.steps_per_quarter != steps_per_quarter:
            raise ValueError(
                f'{tune.file} has {tune.steps_per_quarter} steps per quarter, not'
                f' {steps_per_quarter}'
            )


def bars_on_grid(
    tunes: Iterable[Tune], meters: Sequence[str], steps_per_quarter: int
) -> tuple[int, ...]:
    """`bars_of` for tunes that are all on the grid, checked as by `check_grid`."""
    check_grid(tunes, steps_per_quarter)
    return bars_of(meters, steps_per_quarter)


def in_own_bars(steps: int, bar: Bar) -> int:
    """Steps that are n whole bars of 4/4 become n bars of `bar`; other numbers of steps are
    unchanged.
    """
    num_bars, rest = divmod(steps, 4 * bar.steps_per_quarter)
    return steps if rest else num_bars * bar.steps
