"""The results of comparing two sets of pieces feature by feature."""

import dataclasses

import numpy as np

from symmusic.measures.estimate import Estimate


@dataclasses.dataclass(frozen=True)
class Pieces:
    """The features of a set of N pieces: for each named feature an array [N, ...], with the pieces
    in the order of `names`.
    """

    names: tuple[str, ...]
    features: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.names)


@dataclasses.dataclass(frozen=True)
class Pair:
    """KL divergence (nats) and overlap area of two sets; None where not defined."""

    kld: float | None
    oa: float | None


@dataclasses.dataclass(frozen=True)
class Briefly:
    """KLD and OA of each feature, and their averages over `pitch`, `rhythm` and `overall`."""

    features: dict[str, Pair]
    averages: dict[str, Pair]


@dataclasses.dataclass(frozen=True)
class Spread:
    """A feature in one set: mean and SD of its values (None for histograms and matrices), and of
    the distances between pieces.
    """

    mean: float | None
    sd: float | None
    intra_mean: float | None
    intra_sd: float | None


@dataclasses.dataclass(frozen=True)
class Row:
    """A feature in both sets.

    Attributes:
      reference, generated: the feature in each set.
      kld, oa: of the distances within the sets.
      inter_mean, inter_sd: of the distances between the sets.
      kld_inter, oa_inter: of the distances within the generated set against those between the sets.
      note: which values are undefined, and why.
      p, p_holm: of the permutation test, alone and corrected for all features; None with `thesis`.
    """

    reference: Spread
    generated: Spread
    kld: Estimate
    oa: Estimate
    inter_mean: float | None
    inter_sd: float | None
    kld_inter: float | None
    oa_inter: float | None
    note: str
    p: float | None = None
    p_holm: float | None = None


@dataclasses.dataclass(frozen=True)
class Average:
    """KLD and OA averaged over features; `note` says which are left out."""

    kld: Estimate
    oa: Estimate
    note: str


@dataclasses.dataclass(frozen=True)
class FeatureTable:
    """The nine features of two sets and their averages, by name."""

    protocol: str
    num_reference: int
    num_generated: int
    features: dict[str, Row]
    averages: dict[str, Average]
