"""The results of the critics: the AUC of each, whether it is valid, and which is the
strongest.
"""

import dataclasses

from symmusic.critics.two_sample import Discrepancy
from symmusic.measures.estimate import Estimate

# each critic, with the context of its main result
CRITICS = {
    'features': 'without',
    'tokens': 'with',
    'likelihood_ratio': 'with',
    'second_network': 'with',
}
CONTEXTS = ('with', 'without')


LEAST_FLOOR = 0.99  # AUC that a critic must reach on Markov models of order 3
# largest half width of the interval for real against real, which must contain 0.5
MOST_HALF_WIDTH = 0.05
AIM = 0.6  # the project's aim: no critic's upper bound for the model is above this


@dataclasses.dataclass(frozen=True)
class CriticAucs:
    """A critic's AUCs against real pieces: for the model's pieces, for those of the Markov model of
    order 3, and for one half of the real pieces against the other.
    """

    model: Estimate
    markov_3: Estimate
    real_vs_real: Estimate

    @property
    def is_valid(self) -> bool:
        """Whether the critic detects Markov pieces, and finds no difference between halves of real
        ones.
        """
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the critic is not valid."""
        found, null = [], self.real_vs_real
        if self.markov_3.value is None or self.markov_3.value < LEAST_FLOOR:
            found.append(f'its AUC on Markov pieces of order 3 is below {LEAST_FLOOR}')
        if null.low is None or not null.low <= 0.5 <= null.high:
            found.append('its interval for real against real does not contain 0.5')
        elif null.high - null.low > 2 * MOST_HALF_WIDTH:
            found.append(
                f'its interval for real against real is wider than 0.5 +- {MOST_HALF_WIDTH}'
            )
        return tuple(found)


@dataclasses.dataclass(frozen=True)
class CriticResults:
    """The results of all critics.

    Attributes:
      aucs: the AUCs, keyed by critic and context: 'with' the prompt or 'without'.
      discrepancies: of the model's pieces and of the Markov model's from the real ones, in the nine
        `features` and in the `embedding` of the tokens critic with context.
      num_pieces, num_families: pieces of each class, and tune families that they are from.
      num_tunes, num_places: tunes of the prompts, and possible prompts in the held-out tunes.
      notes: why critics are missing, if any are.
    """

    aucs: dict[str, dict[str, CriticAucs]]
    discrepancies: dict[str, dict[str, Discrepancy]]
    num_pieces: int
    num_families: int
    num_tunes: int = 0
    num_places: int = 0
    notes: tuple[str, ...] = ()

    def first(self, critic: str) -> CriticAucs:
        """A critic's main result."""
        return self.aucs[critic][CRITICS[critic]]

    @property
    def strongest(self) -> tuple[str, str] | None:
        """The valid critic and context with the highest AUC for the model; None if none is
        valid.
        """
        valid = [
            (critic, context)
            for critic, contexts in self.aucs.items()
            for context, aucs in contexts.items()
            if aucs.is_valid
        ]
        return max(valid, key=lambda each: self.aucs[each[0]][each[1]].model.value, default=None)

    @property
    def is_aim_met(self) -> bool:
        """Whether the main result of every critic is valid and has an upper bound for the model of
        at most `AIM`.
        """
        firsts = [self.first(critic) for critic in self.aucs]
        return all(each.is_valid and each.model.high <= AIM for each in firsts)


@dataclasses.dataclass(frozen=True)
class NoCritics:
    """Stands for critics that could not be trained; `note` says why."""

    note: str
