"""The meter filter: which tunes are in bars of sixteen steps."""

from collections.abc import Sequence

from symmusic.errors import ScoreError
from symmusic.score.notes import Score

STEPS_PER_QUARTER = 4
STEPS_PER_BAR = 16


def check_meter(score: Score, meters: Sequence[str]) -> None:
    """Passes a score whose every time signature is one of `meters` (as '4/4').

    A score that states none is refused as well: nothing says where its bars are.

    Raises:
      ScoreError: with the reason 'no meter' or 'meter', the detail naming the meter found.
    """
    if not score.meters:
        raise ScoreError('no meter', f'the file states none; kept are {", ".join(meters)}')
    for meter in score.meters:
        if str(meter) not in meters:
            raise ScoreError('meter', f'{meter}; kept are {", ".join(meters)}')


def check_single(score: Score) -> None:
    """Passes a score of one time signature and one instrument, as the source kept them.

    Raises:
      ScoreError: with the reason 'several time signatures' (also where they are alike) or 'several
        instruments'.
    """
    if len(score.meters) > 1:
        raise ScoreError('several time signatures', f'the file states {len(score.meters)}')
    if score.num_instruments > 1:
        raise ScoreError('several instruments', f'{score.num_instruments} play in the file')
