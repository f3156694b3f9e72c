"""Pieces by models whose tokens are notes (`data.encoding = 'pitches'`): pitches are drawn and set
to a given rhythm.
"""

import dataclasses

import numpy as np
from ml_collections import ConfigDict

from symmusic.config.fields import default
from symmusic.errors import UserError
from symmusic.generate.blank import BLANK
from symmusic.generate.pieces import Piece
from symmusic.generate.prompt import Prompt
from symmusic.generate.wishes import read_wishes, stated

MET = ('rhythm', 'num_candidates')  # the constraints that apply to notes
OTHERS = ('structure', 'keep_distributions')  # fields that refer to steps but are no constraints
WITH = "with config.data.encoding = 'pitches'"


def check_settings(settings: ConfigDict) -> None:
    """Checks that `config.sample` gives a rhythm and no field that refers to steps is used.

    Raises:
      UserError: the rhythm is missing, or such a field is set.
    """
    names = [name for name in stated(settings) if name not in MET]
    names += [name for name in OTHERS if settings[name] != default(f'sample.{name}')]
    for name in names:
        raise UserError(
            f'config.sample.{name} = {settings[name]!r} {WITH}: the model draws the pitch of each'
            f' note of a given rhythm; must be {default(f"sample.{name}")!r}'
        )
    if settings.form == 'window':
        raise UserError(
            f"config.sample.form = 'window' {WITH}: the model carries its state; must be 'stateful'"
            " or 'auto'"
        )
    if settings.prompt == BLANK:
        raise UserError(
            f'config.sample.prompt = {BLANK!r} {WITH}: the key is that of the prompt; must be a'
            " file, or '' for the built-in one"
        )
    if not settings.rhythm:
        raise UserError(
            f"config.sample.rhythm = '' {WITH}: the model draws no rhythm; must be a MIDI, ABC or"
            ' MusicXML file whose rhythm the pieces take'
        )


def read_rhythm(settings: ConfigDict, prompt: Prompt) -> tuple[np.ndarray, list[str]]:
    """The events [N] of the new bars whose notes take the drawn pitches, and notices.

    Raises:
      UserError: the file of `sample.rhythm` is not valid, or no note starts in the new bars.
    """
    wishes, notices = read_wishes(settings, prompt, settings.num_bars * prompt.bar.steps)
    if not (wishes.rhythm >= 0).any():
        raise UserError(
            f'config.sample.rhythm = {settings.rhythm!r} with config.sample.num_bars ='
            f' {settings.num_bars}: no note starts in these bars; must be more bars'
        )
    return wishes.rhythm, notices


def lay(piece: Piece, rhythm_N: np.ndarray, padding: int) -> Piece:
    """A piece of notes as a piece of N steps. Steps at which no note starts count as given and have
    blanks as tokens.
    """
    is_onset_N = rhythm_N >= 0
    tokens_N = np.full(len(rhythm_N), padding, np.uint8)
    events_N = rhythm_N.astype(np.int8)
    logs_N = np.zeros(len(rhythm_N), piece.log_probabilities.dtype)
    tokens_N[is_onset_N] = piece.tokens
    events_N[is_onset_N] = piece.events
    logs_N[is_onset_N] = piece.log_probabilities
    return dataclasses.replace(
        piece,
        tokens=tokens_N,
        events=events_N,
        log_probabilities=logs_N,
        is_given=~is_onset_N,
    )
