"""Likelihoods that models of different encodings can be compared by."""

import numpy as np
import pytest

from symmusic.experiment.likelihood import sounding_losses
from symmusic.melody.encodings import VOCABULARIES
from symmusic.melody.events import NO_EVENT, NOTE_OFF, sounding

PITCHES = (60, 61, 62)


def logs(*rows):
    return np.log(np.array(rows, np.float32))


def vocabulary(encoding):
    return VOCABULARIES[encoding](PITCHES[0], PITCHES[-1])


def test_what_sounds():
    events = np.array([NO_EVENT, 60, NO_EVENT, NOTE_OFF, NO_EVENT, 62, 62])
    assert [pitch if pitch >= 0 else None for pitch in sounding(events)] == [
        None,
        60,
        60,
        None,
        None,
        62,
        62,
    ]


def test_a_melody_of_events():
    """A held note sounds if nothing happens or if it is repeated; a silence leaves only onsets."""
    row = [0.5, 0.2, 0.1, 0.15, 0.05]  # no event, note off, three pitches
    losses = sounding_losses(
        logs(row, row, row), np.array([61, 61, -1]), np.array([61, 60, 62]), vocabulary('melody')
    )
    assert losses == pytest.approx(-np.log([0.65 / 0.8, 0.1 / 0.8, 0.05 / 0.3]), rel=1e-6)


@pytest.mark.parametrize(
    ('encoding', 'row'),
    [('pianoroll', [0.2, 0.1, 0.65, 0.05]), ('pianoroll_faithful', [0.125, 0.8125, 0.0625])],
)
def test_rolls_that_say_the_same_cost_the_same(encoding, row):
    """The classes are the pitches; a class for silence has no part in it."""
    losses = sounding_losses(
        logs(row, row), np.array([61, 61]), np.array([61, 60]), vocabulary(encoding)
    )
    assert losses == pytest.approx(-np.log([0.65 / 0.8, 0.1 / 0.8]), rel=1e-6)
