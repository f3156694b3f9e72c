"""The split by tune family: settings of one tune stay together, so that validation and test tunes
are unseen.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from symmusic.corpus.beats import compare_beats
from symmusic.corpus.overlap import share_passages
from symmusic.corpus.prepare import Tune
from symmusic.corpus.runs import read_melodies
from symmusic.errors import UserError
from symmusic.score.voices import SUFFIXES as VOICE_SUFFIXES
from symmusic.streams import SplitStream, split_generator
from symmusic.wording import count

# two tunes are of one family if at least this share of one's notes lie in passages of the other, or
# if their beats agree at least this much beyond chance; found by hand in folk (docs/decisions.md)
FAMILY_NOTES = 0.2
FAMILY_BEATS = 0.5
LEAST_FAMILIES = 3  # one family for each part
MAX_TITLE = 200  # number of characters of a title that are compared
TRAIN, VALIDATION, TEST = 'train', 'validation', 'test'


def title_key(title: str) -> str:
    """The part of a title that settings of one tune share: letters and digits, without articles,
    brackets and the name of the dance.
    """
    title = unicodedata.normalize('NFKD', title[:MAX_TITLE])
    title = title.encode('ascii', 'ignore').decode().casefold()
    title = re.sub(r'\([^)]*\)|\[[^\]]*\]|\s--\s.*|,\s{0,9}(the|a)\b|"', ' ', title)
    title = re.sub(r"'s\b|'", lambda match: 's' if len(match[0]) > 1 else '', title)
    words = re.findall(r'[a-z0-9]+', title)
    return ' '.join(word for word in words if word not in ('the', 'a', 'an'))


def find_families(tunes: Sequence[Tune]) -> np.ndarray:
    """The family of each kept tune [num_tunes] int32, numbered by its first tune.

    Tunes are joined by their title (books of ABC; the title of a MIDI file is only its track's
    name), by the piece whose voices they are, and by the music of all their phrases in any key and
    octave: where `FAMILY_NOTES` of one's notes are passages of the other, or their beats agree by
    `FAMILY_BEATS` (see `overlap`).
    """
    parent = list(range(len(tunes)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def join(one: int, other: int) -> None:
        parent[root(one)] = parent[root(other)] = min(root(one), root(other))

    first_with: dict[object, int] = {}
    for index, tune in enumerate(tunes):
        if '.abc#' in tune.file.lower() and title_key(tune.title):
            join(index, first_with.setdefault(title_key(tune.title), index))
        piece = tune.file.rpartition('#')[0]
        if piece.lower().endswith(VOICE_SUFFIXES):
            join(index, first_with.setdefault(('piece', piece), index))
    melodies = read_melodies(tunes)
    for (pairs, shares), least in (
        (share_passages(melodies), FAMILY_NOTES),
        (compare_beats(tunes, melodies), FAMILY_BEATS),
    ):
        for one, other in np.unique(pairs[shares >= least], axis=0).tolist():
            join(one, other)
    return np.array([root(index) for index in range(len(tunes))], np.int32)


@dataclasses.dataclass(frozen=True)
class Split:
    """The tunes of each part."""

    train: tuple[Tune, ...]
    validation: tuple[Tune, ...]
    test: tuple[Tune, ...]


def split_styles(tunes: Sequence[Tune], families: np.ndarray, seed: int) -> Split:
    """`split_tunes` for each style on its own, so that each is 80/10/10; a family of several styles
    is split with the style of its first tune.

    Raises:
      UserError: a style has fewer than three families.
    """
    first_style = {
        int(family): tune.style
        for tune, family in reversed(list(zip(tunes, families, strict=True)))
    }
    styles = np.array([first_style[int(family)] for family in families])
    parts = []
    for style in sorted(set(first_style.values())):
        rows = np.flatnonzero(styles == style)
        parts.append(split_tunes([tunes[row] for row in rows], families[rows], seed))
    names = (TRAIN, VALIDATION, TEST)
    return (
        parts[0]
        if len(parts) == 1
        else Split(
            *(tuple(tune for part in parts for tune in getattr(part, name)) for name in names)
        )
    )


def split_by_names(
    tunes: Sequence[Tune], families: np.ndarray, held_out: Mapping[str, Iterable[str]]
) -> Split:
    """The split of a model whose held-out tunes are known by their files, `VALIDATION` and `TEST`;
    all other tunes are training tunes.

    A held-out tune whose family has a training tune (as it is read now) is left out.
    """
    parts = {file: part for part, files in held_out.items() for file in files}
    trained = {
        int(family) for tune, family in zip(tunes, families, strict=True) if tune.file not in parts
    }
    found: dict[str, list[Tune]] = {TRAIN: [], VALIDATION: [], TEST: []}
    for tune, family in zip(tunes, families, strict=True):
        part = parts.get(tune.file, TRAIN)
        if part == TRAIN or int(family) not in trained:
            found[part].append(tune)
    return Split(*(tuple(sorted(found[part], key=lambda tune: tune.file)) for part in found))


def find_seen(
    tunes: Sequence[Tune], families: np.ndarray, trained_on: Sequence[Tune]
) -> frozenset[int]:
    """Those families of some tunes, as `find_families` joins them, that contain a setting of a tune
    that a model was trained on.
    """
    joined = find_families([*trained_on, *tunes])
    seen = set(joined[: len(trained_on)].tolist())
    return frozenset(
        int(family)
        for family, root in zip(families, joined[len(trained_on) :].tolist(), strict=True)
        if root in seen
    )


def split_tunes(tunes: Sequence[Tune], families: np.ndarray, seed: int) -> Split:
    """Splits kept tunes 80/10/10 by family: families are drawn in random order, test and validation
    take theirs first, each until it holds a tenth of the tunes (at least one), training takes the
    rest.

    A family larger than a twentieth of the corpus goes to training, so that it cannot be most of a
    part that measures. Where that leaves a part empty (few families, each of several tunes), test
    and validation take one of the smallest families each.

    Raises:
      UserError: there are fewer than three families.
    """
    members: dict[int, list[Tune]] = {}
    for tune, family in zip(tunes, families, strict=True):
        members.setdefault(int(family), []).append(tune)
    if len(members) < LEAST_FAMILIES:
        raise UserError(
            f'the corpus keeps {count(len(tunes), "tune")} of {count(len(members), "family")},'
            f' and a split by tune needs at least {LEAST_FAMILIES}; add files, or keep more with'
            ' config.data.meters or config.data.max_tunes'
        )
    order = split_generator(seed, SplitStream.FAMILIES).permutation(list(members))
    parts: dict[str, list[Tune]] = {TEST: [], VALIDATION: [], TRAIN: []}
    for rank, family in enumerate(order):
        family = members[int(family)]
        small = len(family) <= max(len(tunes) / 20, 1)
        last = rank == len(order) - 1
        for part in (TEST, VALIDATION):
            if (
                small
                and len(parts[part]) < max(len(tunes) / 10, 1)
                and not (last and not parts[TRAIN])
            ):
                parts[part] += family
                break
        else:
            parts[TRAIN] += family
    if not all(parts.values()):
        test, validation, *rest = sorted((members[int(family)] for family in order), key=len)
        parts = {
            TEST: test,
            VALIDATION: validation,
            TRAIN: [tune for family in rest for tune in family],
        }
    return Split(
        *(
            tuple(sorted(parts[part], key=lambda tune: tune.file))
            for part in (TRAIN, VALIDATION, TEST)
        )
    )


def draw_share(tunes: Sequence[Tune], share: float, seed: int) -> tuple[Tune, ...]:
    """A random share of some tunes, at least one, in their original order. With the same seed, a
    smaller share is part of every larger one.
    """
    num = max(1, round(share * len(tunes)))
    order = split_generator(seed, SplitStream.SHARES).permutation(len(tunes))
    return tuple(tunes[index] for index in sorted(order[:num]))
