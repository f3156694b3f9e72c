"""The split of a corpus that holds out the tunes that another corpus holds out, so that models of
both can be measured on the same unseen tunes.
"""

from collections.abc import Sequence

import numpy as np

from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import TEST, TRAIN, VALIDATION, Split, find_families, split_styles

PARTS = (TRAIN, VALIDATION, TEST)  # a family of tunes of several parts goes to the last of these


def hold_out_as(
    tunes: Sequence[Tune],
    families: np.ndarray,
    others: Sequence[Tune],
    other_families: np.ndarray,
    parts: Split,
    seed: int,
) -> dict[str, frozenset[str]]:
    """The files of the validation and test tunes of a corpus, by part.

    A family with tunes of the other corpus goes to the part that these are in. If they are in
    several, it goes to the test part, or else to the validation part, so that no setting of a tune
    that the other corpus holds out is a training tune. Families without such tunes are split as by
    `split_styles`. The result depends only on the seed and the tunes.

    Args:
      tunes: the kept tunes of the corpus; those of both corpora have the same file names.
      families: of these tunes.
      others: the kept tunes of the other corpus.
      other_families: of these tunes.
      parts: the split of the other corpus.
      seed: of the split of the remaining families.

    Raises:
      UserError: a style of the remaining families has fewer than three of them.
    """
    rows = {tune.file: row for row, tune in enumerate(tunes)}
    more = [tune for tune in others if tune.file not in rows]
    joint = [*tunes, *more]
    rows = {tune.file: row for row, tune in enumerate(joint)}
    own_rows, other_rows = np.arange(len(tunes)), np.array([rows[tune.file] for tune in others])
    relations = [(own_rows, families), (other_rows, other_families)]
    if more and len(joint) > len(others):  # neither corpus contains the other
        relations.append((np.arange(len(joint)), find_families(joint)))
    joined = _join(len(joint), relations)
    ranks = {tune.file: rank for rank, part in enumerate(PARTS) for tune in getattr(parts, part)}
    rank_of: dict[int, int] = {}
    for tune in others:
        family = int(joined[rows[tune.file]])
        rank_of[family] = max(rank_of.get(family, 0), ranks[tune.file])
    found = {part: set() for part in PARTS}
    left = []
    for row, tune in enumerate(tunes):
        if (rank := rank_of.get(int(joined[row]))) is None:
            left.append(row)
        else:
            found[PARTS[rank]].add(tune.file)
    if left:
        drawn = split_styles([tunes[row] for row in left], joined[left], seed)
        for part in PARTS:
            found[part] |= {tune.file for tune in getattr(drawn, part)}
    return {part: frozenset(found[part]) for part in (VALIDATION, TEST)}


def _join(num: int, relations: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The families [num] of tunes that are joined by any of several divisions into families, each
    given as the rows of its tunes and their families; numbered by the first tune.
    """
    joined = np.arange(num)
    while True:
        before = joined.copy()
        for rows, families in relations:
            first = np.full(int(families.max(initial=0)) + 1, num)
            np.minimum.at(first, families, joined[rows])
            joined[rows] = first[families]
        if (joined == before).all():
            return joined
