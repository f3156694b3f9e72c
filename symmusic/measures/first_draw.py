"""The nine features of the first draw, compared with those of excerpts of training tunes."""

from symmusic.measures.comparison import compare
from symmusic.measures.feature_table import FeatureTable
from symmusic.measures.registry import Ground, Sets


class FirstDraw:
    """The nine features of the first draw of the model's pieces and of as many excerpts: means,
    distances, KLD, OA and a permutation test.
    """

    name = 'features'
    unit = ''

    def measure(self, ground: Ground, pieces: Sets, key: int) -> FeatureTable:
        """The table of both sets."""
        return compare(pieces.reference, pieces.features['model'][0], pieces.protocol, key)
