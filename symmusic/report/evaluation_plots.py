"""The data of a comparison's charts: densities of distances, and transitions."""

import dataclasses

import numpy as np

from symmusic.measures.densities import FINE_STEPS, TAILS, binned, fit_density
from symmusic.measures.distances import inter_distances, intra_distances
from symmusic.measures.feature_table import Pieces
from symmusic.measures.features import FEATURES, LENGTHS
from symmusic.pitches import NOTE_NAMES

TITLES = {
    'PC': 'pitch count',
    'PR': 'pitch range (semitones)',
    'PI': 'mean interval (semitones)',
    'PCH': 'pitch-class histogram',
    'PCTM': 'pitch-class transitions',
    'NC': 'note count',
    'IOI': 'mean inter-onset interval (s)',
    'NLH': 'note-length histogram',
    'NLTM': 'note-length transitions',
}
Densities = dict[str, dict[str, tuple[np.ndarray, np.ndarray] | None]]
KINDS = {'reference': 'within reference', 'generated': 'within generated', 'inter': 'between them'}


@dataclasses.dataclass(frozen=True)
class Transitions:
    """The mean transitions of both sets, from row to column, in counts per piece: {set: [K, K]},
    with K labels.
    """

    name: str
    labels: tuple[str, ...]
    means: dict[str, np.ndarray]

    @property
    def most(self) -> float:
        """The largest value in both sets; above 0."""
        return max(1e-9, *(float(mean.max(initial=0)) for mean in self.means.values()))


def find_densities(sets: dict[str, Pieces], protocol: str) -> Densities:
    """For each feature and each of `KINDS` the density of its distances: points from 0 on and
    heights; None where all distances are equal.
    """
    reference, generated = sets.values()
    found: Densities = {}
    for name in FEATURES:
        one, other = reference.features[name], generated.features[name]
        distances = (
            intra_distances(one, protocol),
            intra_distances(other, protocol),
            inter_distances(one, other, protocol),
        )
        found[name] = {
            kind: _density(values) for kind, values in zip(KINDS, distances, strict=True)
        }
    return found


def _density(values: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    density = fit_density(values)
    if density is None:
        return None
    tail = TAILS * density.bandwidth
    points = np.linspace(density.values[0] - tail, density.values[-1] + tail, FINE_STEPS)
    heights = binned(density, points)
    return points[points >= 0], heights[points >= 0]


def mean_transitions(sets: dict[str, Pieces]) -> tuple[Transitions, Transitions]:
    """The mean transitions of pitch classes, and of note lengths in descending order, with only the
    lengths that occur in a transition.
    """
    pitch, length = (
        {which: pieces.features[name].mean(axis=0) for which, pieces in sets.items()}
        for name in ('PCTM', 'NLTM')
    )
    lengths = sorted(LENGTHS, key=lambda label: -LENGTHS[label])
    places = np.array([list(LENGTHS).index(label) for label in lengths])
    used = sum(mean.sum(axis=0) + mean.sum(axis=1) for mean in length.values())[places] > 0
    kept = places[used]
    labels = tuple(label for label, is_used in zip(lengths, used, strict=True) if is_used)
    return (
        Transitions('PCTM', NOTE_NAMES, pitch),
        Transitions(
            'NLTM', labels, {which: mean[np.ix_(kept, kept)] for which, mean in length.items()}
        ),
    )
