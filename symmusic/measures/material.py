"""The music that an evaluation uses: prompts, their real continuations, reference excerpts, and
unseen excerpts.
"""

import dataclasses
import logging
from collections.abc import Iterable, Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.cache import Corpus
from symmusic.corpus.meters import find_index
from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import Split
from symmusic.errors import UserError
from symmusic.generate.keys import find_distance, place
from symmusic.generate.prompt import Prompt
from symmusic.generate.prompt_files import read_prompt
from symmusic.measures.excerpts import Excerpts, cut_excerpts, draw_rows
from symmusic.melody.encodings import Vocabulary
from symmusic.score.bar import SIXTEENTHS, Bar, bar_of
from symmusic.training.build import split_as_trained
from symmusic.wording import count

PROMPT_BARS = 4
log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Material:
    """The prompts of N pieces of T steps, and the music that the pieces are compared with.

    Attributes:
      tunes: the tunes of each part; split by window all are training tunes, and the other parts are
        empty.
      excerpts: excerpts of training tunes, as long as the pieces.
      prompts: events [N, P] before each piece, in the key that they suggest.
      continuations: events [N, T] of the real continuations of the prompts; None where not known.
      unseen: events [num_pieces, T] of excerpts of tunes not trained on; None if there are none.
      prompt: the name of the single prompt; None where there are many.
      meter: the metre of all this music.
      steps_per_quarter: its grid.
      files: the tune [N] that each prompt is from; empty where there is a single one.
    """

    tunes: Split
    excerpts: Excerpts
    prompts: np.ndarray
    continuations: np.ndarray | None
    unseen: np.ndarray | None
    prompt: str | None
    meter: str = '4/4'
    files: tuple[str, ...] = ()
    steps_per_quarter: int = SIXTEENTHS

    @property
    def bar(self) -> Bar:
        """The bar of all of it."""
        return bar_of(self.meter, self.steps_per_quarter)


def evaluated_meter(config: ConfigDict, meters: Sequence[str]) -> str:
    """The metre in which a model's pieces are evaluated.

    Raises:
      UserError: the model does not know the metre that the config names.
    """
    wanted = config.evaluate.meter
    if not wanted:
        return meters[0]
    index = find_index(wanted, meters)
    if index is None:
        raise UserError(
            f'config.evaluate.meter = {wanted!r}: the model knows {", ".join(meters)}; must be one'
            " of them, or '' = the first"
        )
    return meters[index]


def evaluated_index(config: ConfigDict, meters: Sequence[str]) -> int:
    """The index of the metre in which a model's pieces are evaluated; as `evaluated_meter`."""
    return meters.index(evaluated_meter(config, meters))


def in_meter(tunes: Iterable[Tune], bar: Bar) -> list[Tune]:
    """The tunes whose metre has bars like `bar`, on its grid."""
    return [tune for tune in tunes if tune.bar == bar]


def gather(
    config: ConfigDict,
    corpus: Corpus,
    vocabulary: Vocabulary,
    rng: np.random.Generator,
    meters: Sequence[str],
) -> Material:
    """Gathers the material that `config.evaluate.prompts` asks for: a prompt for each piece from
    unseen tunes ('held_out'), or the same one for all ('fixed', as in the thesis:
    `config.sample.prompt` or the built-in one, in the model's key); all in one of the `meters` that
    the model knows.

    Raises:
      UserError: the prompt cannot be read, or the corpus gives too few excerpts or prompts.
    """
    settings, meter = config.evaluate, evaluated_meter(config, meters)
    bar = bar_of(meter, config.data.steps_per_quarter)
    num_steps = config.sample.num_bars * bar.steps
    tunes = split_as_trained(config, corpus)
    trained = in_meter(tunes.train, bar)
    excerpts = _require(cut_excerpts(trained, num_steps), 'excerpts', 'training', config, corpus)
    num = settings.num_pieces * settings.num_draws
    held_out = in_meter(getattr(tunes, settings.part), bar)
    if settings.prompts == 'fixed':
        prompt = fixed_prompt(config, vocabulary, meter)
        for notice in prompt.notices:
            log.info(notice)
        unseen = cut_excerpts(held_out, num_steps)
        rows = draw_rows(len(unseen), settings.num_pieces, 1, rng)[0] if len(unseen) else []
        prompts = np.broadcast_to(vocabulary.decode(prompt.tokens), (num, len(prompt.tokens)))
        return Material(
            tunes,
            excerpts,
            prompts,
            None,
            unseen.events_NT[rows] if len(rows) else None,
            prompt.name,
            meter,
            steps_per_quarter=bar.steps_per_quarter,
        )
    prompt_steps = PROMPT_BARS * bar.steps
    found = cut_excerpts(held_out, prompt_steps, continued=num_steps)
    found = _require(found, 'prompts with a continuation', settings.part, config, corpus)
    rows_N = draw_rows(len(found), settings.num_pieces, settings.num_draws, rng).ravel()
    events_NT = as_given(config, found.events_NT[rows_N], prompt_steps, vocabulary)
    continuations = events_NT[:, prompt_steps:]
    return Material(
        tunes,
        excerpts,
        events_NT[:, :prompt_steps],
        continuations,
        continuations[: settings.num_pieces],
        None,
        meter,
        tuple(found.places[row][0] for row in rows_N),
        bar.steps_per_quarter,
    )


def fixed_prompt(config: ConfigDict, vocabulary: Vocabulary, meter: str) -> Prompt:
    """The one prompt of all pieces: `config.sample.prompt` or the built-in one.

    Raises:
      UserError: it cannot be read, or is in another metre.
    """
    return read_prompt(
        config.sample.prompt,
        vocabulary,
        transpose=config.sample.transpose,
        part=config.sample.part,
        tune=config.sample.tune,
        meters=[meter],
        steps_per_quarter=config.data.steps_per_quarter,
    )


def as_given(
    config: ConfigDict, events_NT: np.ndarray, num_given: int, vocabulary: Vocabulary
) -> np.ndarray:
    """Excerpts of tunes, transposed by the key that their first `num_given` steps suggest, as these
    are all that a model is given; under `data.protocol = 'thesis'` by the key of the whole tune.
    """
    if config.data.protocol == 'thesis':
        return events_NT
    distances = [find_distance(events[:num_given], vocabulary) for events in events_NT]
    moved = [place(*each, vocabulary) for each in zip(events_NT, distances, strict=True)]
    return np.array(moved, np.int8).reshape(events_NT.shape)


def check(config: ConfigDict, workdir: object) -> None:
    """Checks that a run has tunes for its kind of prompts.

    Raises:
      UserError: the prompts must be from unseen tunes, but the run was trained on all.
    """
    if config.data.split != 'tune' and config.evaluate.prompts == 'held_out':
        raise UserError(
            f"config.data.split = '{config.data.split}': the run in {workdir} has no test tunes to"
            " prompt it with; must be config.evaluate.prompts = 'fixed'"
        )


def _require(
    excerpts: Excerpts, what: str, part: str, config: ConfigDict, corpus: Corpus
) -> Excerpts:
    if len(excerpts) < 2:
        raise UserError(
            f'corpus {corpus.name}: its {part} tunes give {len(excerpts)} {what} of'
            f' {count(config.sample.num_bars, "bar")}; 2 are needed'
        )
    return excerpts
