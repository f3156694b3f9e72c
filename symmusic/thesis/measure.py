"""The thesis's published figures, for runs that match one of its arms."""

from symmusic.config.fields import walk
from symmusic.measures.registry import Ground, Sets
from symmusic.thesis.published import Published, find_published


class PublishedMeasure:
    """The published figures of the arms of the thesis that match the run."""

    name = 'published'
    unit = ''

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Published:
        """Looks up the figures by the fields of the config; nothing is measured."""
        return find_published(dict(walk(ground.config)))
