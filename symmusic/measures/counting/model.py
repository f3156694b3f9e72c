"""A strong model of melodies based only on counts: the baseline that a network must beat.

Tables count what followed each context of `contexts.CHAIN` and `contexts.REPEATS` in the training
tunes (`tables`), each smoothed by a simpler one, and a log-linear mixture, fitted on validation
tunes, joins them (`mixture`). It uses what is known to predict melodies: metre, the last notes
(multiple viewpoints; Pearce, 2005, "The construction and evaluation of statistical models of
melodic structure in music perception and composition") and their own repetition.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from symmusic.corpus.meters import bars_of, bars_on_grid, find_index
from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import Windows
from symmusic.errors import UserError
from symmusic.measures.counting.contexts import (
    AGREEMENTS,
    BASE,
    CHAIN,
    REPEATS,
    Stream,
    code,
    find_features,
    join,
)
from symmusic.measures.counting.fitting import fit_mixture
from symmusic.measures.counting.mixture import Mixture, Predictions, count_class
from symmusic.measures.counting.tables import Table, count, look_up, smooth
from symmusic.measures.likelihood import Targets
from symmusic.melody.encodings import Vocabulary
from symmusic.model.places import Bars, first_place, later
from symmusic.score.bar import COMMON, SIXTEENTHS

CONTEXTS = (*CHAIN, *REPEATS)
FIRST_MIXED = 2  # tables before it only smooth the others
LEAST_STEPS = 500  # validation steps that the weights are fitted on
MOST_CELLS = 10**8  # probabilities held at once while they are fitted, 4 bytes each
CHUNK = 1024  # steps predicted at once


@dataclasses.dataclass(frozen=True, eq=False)
class CountModel:
    """A fitted model of the tokens of a vocabulary: the table of each of `CONTEXTS`, and their
    mixture. The mixture of a `joined` model includes another model's predictions, `others_LV`.
    `bars` are the steps in a bar of each metre that it knows, on the grid of `steps_per_quarter`.
    """

    vocabulary: Vocabulary
    tables: tuple[Table, ...]
    mixture: Mixture
    bars: Bars = (COMMON.steps,)
    steps_per_quarter: int = SIXTEENTHS

    def log_probabilities(
        self, stream: Stream, steps: np.ndarray, others_LV: np.ndarray | None = None
    ) -> np.ndarray:
        """The log probabilities [L, V] float32 of the classes at L steps of a stream on the model's
        grid.
        """
        parts = [self._no_steps()]
        for rows, predictions in self._predictions(stream, steps):
            if others_LV is not None:
                predictions = predictions.beside(others_LV[rows])
            parts.append(self.mixture.mix(predictions))
        return np.concatenate(parts)

    def with_joined(
        self, joint: 'CountModel', stream: Stream, steps: np.ndarray, others_LV: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The `log_probabilities` of this model, and those of a model that was `joined` to it; both
        look up the steps in the same tables.
        """
        own, both = [self._no_steps()], [self._no_steps()]
        for rows, predictions in self._predictions(stream, steps):
            own.append(self.mixture.mix(predictions))
            both.append(joint.mixture.mix(predictions.beside(others_LV[rows])))
        return np.concatenate(own), np.concatenate(both)

    def _predictions(
        self, stream: Stream, steps: np.ndarray
    ) -> Iterator[tuple[slice, Predictions]]:
        """What the tables predict, `CHUNK` steps at a time."""
        if stream.steps_per_quarter != self.steps_per_quarter:
            raise ValueError(f'{stream.steps_per_quarter} steps per quarter are another grid')
        features = find_features(stream, steps)
        for begin in range(0, len(steps), CHUNK):
            rows = slice(begin, begin + CHUNK)
            part = {name: values[rows] for name, values in features.items()}
            yield rows, _predict(self.tables, part, self.vocabulary)

    def _no_steps(self) -> np.ndarray:
        return np.zeros((0, self.vocabulary.num_classes), np.float32)

    def join(self, sequences: Sequence[np.ndarray], positions: Sequence[int]) -> Stream:
        """Sequences of tokens as `contexts.join` joins them, on the model's grid."""
        return join(sequences, self.vocabulary, positions, self.bars, self.steps_per_quarter)

    def joined(self, stream: Stream, steps: np.ndarray, others_LV: np.ndarray) -> 'CountModel':
        """This model mixed with another one. The other model's log probabilities are given at these
        steps, which must be from the tunes that this model's mixture was fitted on.
        """
        mixture = _fit_mixture(self.tables, stream, steps, self.vocabulary, others_LV)
        return dataclasses.replace(self, mixture=mixture)

    def nats(self, tokens_BT: np.ndarray, start: int, position: int = 0) -> np.ndarray:
        """The loss [B, T - start] of each token of B pieces from step `start` on, given all tokens
        before it; `position` is the place in the bar of the first step. Blanks, which are not
        targets, cost 0.
        """
        num_pieces, num_steps = np.shape(tokens_BT)
        stream = self.join(list(tokens_BT), [position] * num_pieces)
        steps = (np.arange(num_pieces)[:, None] * num_steps + np.arange(start, num_steps)).ravel()
        logs_LV = self.log_probabilities(stream, steps)
        labels_L, num_classes = stream.tokens[steps], self.vocabulary.num_classes
        costs_L = -logs_LV[np.arange(len(steps)), np.minimum(labels_L, num_classes - 1)]
        losses_L = np.where(labels_L < num_classes, costs_L, 0.0)
        return losses_L.reshape(num_pieces, num_steps - start).astype(np.float64)

    def next_log_probabilities(self, tokens_BT: np.ndarray, positions_B: np.ndarray) -> np.ndarray:
        """The log probabilities [B, V] float32 of the token after each of B pieces, whose first
        steps are at these places in the bar.
        """
        num_pieces, num_steps = np.shape(tokens_BT)
        room_B1 = np.full((num_pieces, 1), self.vocabulary.padding)
        pieces = list(np.concatenate([tokens_BT, room_B1], axis=1))
        last_B = np.arange(1, num_pieces + 1) * (num_steps + 1) - 1
        stream = self.join(pieces, positions_B)
        return self.log_probabilities(stream, last_B)


def fit(
    train: Sequence[Tune],
    validation: Sequence[Tune],
    vocabulary: Vocabulary,
    meters: Sequence[str] = ('4/4',),
    steps_per_quarter: int = SIXTEENTHS,
) -> CountModel:
    """Counts in the training tunes and fits the mixture on the validation tunes; all are in one of
    `meters` and on one grid.

    Raises:
      UserError: there is too little to count or to fit on.
    """
    counted, fitted_on = (
        _join_tunes(tunes, vocabulary, meters, steps_per_quarter) for tunes in (train, validation)
    )
    # blanks are not targets
    known, steps = (
        np.flatnonzero(each.tokens < vocabulary.num_classes) for each in (counted, fitted_on)
    )
    if not len(known) or len(steps) < LEAST_STEPS:
        raise UserError(
            f'a count model needs a training step and {LEAST_STEPS} validation steps; there are'
            f' {len(known)} and {len(steps)}'
        )
    features = find_features(counted, known)
    tables = tuple(
        count(code(features, names), counted.tokens[known], vocabulary.num_classes)
        for names in CONTEXTS
    )
    mixture = _fit_mixture(tables, fitted_on, steps, vocabulary)
    return CountModel(
        vocabulary, tables, mixture, bars_of(meters, steps_per_quarter), steps_per_quarter
    )


def _join_tunes(
    tunes: Sequence[Tune], vocabulary: Vocabulary, meters: Sequence[str], steps_per_quarter: int
) -> Stream:
    """The tunes' phrases as a stream; each phrase starts at a bar line of its tune's metre."""
    bars = bars_on_grid(tunes, meters, steps_per_quarter)
    phrases = [(tune, phrase) for tune in tunes for phrase in tune.phrases]
    places = [first_place(find_index(tune.counted_in, meters), bars) for tune, _ in phrases]
    tokens = [vocabulary.encode(phrase) for _, phrase in phrases]
    return join(tokens, vocabulary, places, bars, steps_per_quarter)


def _fit_mixture(
    tables: Sequence[Table],
    stream: Stream,
    steps: np.ndarray,
    vocabulary: Vocabulary,
    others_LV: np.ndarray | None = None,
) -> Mixture:
    """The mixture fitted on these steps, or on evenly spaced ones if there are too many."""
    most = MOST_CELLS // ((len(CONTEXTS) - FIRST_MIXED + 1) * vocabulary.num_classes)
    thinned = np.linspace(0, len(steps) - 1, min(len(steps), most)).astype(int)
    steps = steps[thinned]
    others_LV = None if others_LV is None else others_LV[thinned]
    predictions = _predict(tables, find_features(stream, steps), vocabulary, others_LV)
    return fit_mixture(predictions, stream.tokens[steps])


def _predict(
    tables: Sequence[Table],
    features: dict[str, np.ndarray],
    vocabulary: Vocabulary,
    others_LV: np.ndarray | None = None,
) -> Predictions:
    """What the tables from `FIRST_MIXED` on predict at steps of these features, and `beside` them
    another model where there is one, without a copy.
    """
    num_classes, num_steps = vocabulary.num_classes, len(features['position'])
    num_models = len(CONTEXTS) - FIRST_MIXED + (others_LV is not None)
    logs_LKV = np.empty((num_steps, num_models, num_classes), np.float32)
    counted_LK = np.zeros((num_steps, num_models), np.uint8)
    if others_LV is not None:
        logs_LKV[:, -1] = others_LV
    lower_LV = base_LV = np.full((num_steps, num_classes), 1 / num_classes, np.float32)
    for index, (table, names) in enumerate(zip(tables, CONTEXTS, strict=True)):
        counts_LV = look_up(table, code(features, names), num_classes)
        found_LV = smooth(counts_LV, lower_LV if index < len(CHAIN) else base_LV)
        lower_LV = found_LV
        if index == BASE:
            base_LV = found_LV
        if index >= FIRST_MIXED:
            logs_LKV[:, index - FIRST_MIXED] = np.log(found_LV)
            counted_LK[:, index - FIRST_MIXED] = count_class(counts_LV.sum(axis=1))
    agreements = [features[name] for name in AGREEMENTS]
    return Predictions(logs_LKV, counted_LK, np.stack(agreements, axis=1))


def of_windows(
    windows: Windows, targets: Targets, vocabulary: Vocabulary
) -> tuple[Stream, np.ndarray]:
    """Windows without their padding as a stream, and the index in it of each target."""
    padding = windows.num_padding.astype(int)
    own = [tokens[num:] for tokens, num in zip(windows.tokens(), padding, strict=True)]
    firsts = np.asarray(later(windows.positions.astype(int), padding, windows.bars))
    stream = join(own, vocabulary, firsts, windows.bars, windows.steps_per_quarter)
    lengths = windows.num_steps - padding
    return stream, (np.cumsum(lengths) - lengths - padding)[targets.rows] + targets.steps
