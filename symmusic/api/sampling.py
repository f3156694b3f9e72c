"""Draws the pieces of a task according to `config.sample`."""

import dataclasses
import logging
import os
import time
from collections.abc import Mapping, Sequence

from ml_collections import ConfigDict

from symmusic.api import copying
from symmusic.api.model import Model, Tune
from symmusic.api.piece import Piece
from symmusic.api.task import Task, prepare, read_given
from symmusic.corpus.meters import find_index
from symmusic.corpus.originals import Originals
from symmusic.generate.choose import Alike, fitting, ranked
from symmusic.generate.compose import compose
from symmusic.generate.draw import Conditions
from symmusic.generate.in_rhythm import lay
from symmusic.generate.judges import NamedJudge, judges_of
from symmusic.generate.looks import may_keep, without_probabilities
from symmusic.generate.manner import Manner, manner_of
from symmusic.generate.pieces import Piece as DrawnPiece
from symmusic.generate.prompt_text import make_prompt
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import Melody, from_events
from symmusic.originality.copies import Passage, find_longest_runs
from symmusic.originality.limit import RunIndex
from symmusic.originality.repeats import repeated_share
from symmusic.streams import Stream, generator, random_key
from symmusic.wording import count

GREEDY = {'temperature': 0, 'top_k': 1}  # with these values every piece after a prompt is the same
log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Drawing:
    """The pieces drawn for a task.

    Attributes:
      task: the task.
      manner: the sampling settings.
      pieces: the pieces kept, the new bars only.
      passages: their longest copied runs; None where the training tunes are not known.
      originals: the training tunes, where they are known.
      limits: the runs that must not be copied, keyed by the field that limits them.
      near: rejects pieces that copy too much; None without `redraw_copies`.
      num_redraws: how often a piece or candidate was drawn again.
      num_alike: how many of these redraws were because it was the same as another.
      seconds: time taken, including compilation.
    """

    task: Task
    manner: Manner
    pieces: list[DrawnPiece]
    passages: list[Passage] | None
    originals: Originals | None
    limits: Mapping[str, RunIndex]
    near: copying.Near | None
    num_redraws: int
    num_alike: int
    seconds: float

    @property
    def nearest(self) -> list[dict | None] | None:
        """Where each piece's longest copied run comes from, as in `samples.json`."""
        if self.passages is None:
            return None
        return [copying.as_nearest(passage, self.originals) for passage in self.passages]

    @property
    def repeated(self) -> list[float]:
        """The share of each piece's notes that repeat the prompt. In a whole tune only drawn notes
        count, not those that its structure repeats.
        """
        sources, is_whole = copying.melodies_of(self.task.prompt), self.task.structure is not None
        events = [
            piece.events[piece.is_drawn] if is_whole else piece.events for piece in self.pieces
        ]
        return [repeated_share(from_events(each), sources) for each in events]


def draw_pieces(
    model: Model, prompt: Tune, config: ConfigDict, bars_stated: str = ''
) -> list[Piece]:
    """The pieces that `config.sample` asks for, after `prompt` instead of the prompt that the
    config names. Logs notices. `bars_stated` as in `prepare`.

    Raises:
      UserError: the prompt or a field cannot be met.
    """
    vocabulary, meters = model.card.vocabulary, model.card.meters
    settings, grid = config.sample, model.card.steps_per_quarter
    if isinstance(prompt, str | os.PathLike) and '\n' not in str(prompt):
        given = read_given(str(prompt), settings, vocabulary, meters, grid, bars_stated)
    else:
        given = make_prompt(
            prompt,
            vocabulary,
            transpose=settings.transpose and vocabulary.of_steps,
            number=settings.tune,
            meters=meters,
            steps_per_quarter=grid,
        )
    task = prepare(config, vocabulary, meters, given, bars_stated)
    for notice in (*task.prompt.notices, *task.notices):
        log.info(notice)
    drawing = draw(config, model, task)
    nearest = drawing.nearest or [None] * len(drawing.pieces)
    return [
        Piece(piece, task.prompt, vocabulary, run, task.structure)
        for piece, run in zip(drawing.pieces, nearest, strict=True)
    ]


def draw(config: ConfigDict, model: Model, task: Task) -> Drawing:
    """Composes the pieces of a task.

    Raises:
      UserError: the config needs the training tunes and they are not available, or the given notes
        copy more than is allowed.
    """
    settings, vocabulary = config.sample, model.card.vocabulary
    originals = copying.find_originals(config, model)
    limits = copying.index_runs(settings, vocabulary, task.prompt, originals)
    near = None
    if settings.redraw_copies:
        near = copying.Near(originals, vocabulary, task.num_new, task.prompt.meter)
    if task.given is not None:
        copying.check_given(settings, task.prompt, task.given, originals, near)
    manner, num_samples = _manner(config, model, task)
    # Candidates for bars between others may be duplicates: how often each is drawn is the weight
    # that `fitting` needs.
    alike = None if _is_between(task) and settings.num_candidates > 1 else Alike()
    own = judges_of(task.prompt, task.structure, vocabulary)
    started = time.perf_counter()
    drawn = compose(
        model.params,
        model.card.architecture,
        vocabulary,
        task.prompt,
        manner,
        random_key(config.seed, Stream.SAMPLED_PIECES),
        Conditions(
            task.masks,
            limits,
            [judge for judge in (near, alike, *own) if judge is not None],
            task.known,
            find_index(task.prompt.meter, model.card.meters),
            task.plan,
        ),
    )
    if task.rhythm is not None:
        drawn = [lay(piece, task.rhythm, vocabulary.padding) for piece in drawn]
    _log_unwanted(own, drawn, vocabulary)
    pieces, passages = _choose(config, task, drawn, num_samples, originals)
    seconds = time.perf_counter() - started
    num_alike = alike.num_refused if alike else 0
    num_redraws = sum(piece.num_redraws for piece in drawn)
    return Drawing(
        task,
        manner,
        pieces,
        passages,
        originals,
        limits,
        near,
        num_redraws,
        num_alike,
        seconds,
    )


def _log_unwanted(
    judges: Sequence[NamedJudge], pieces: Sequence[DrawnPiece], vocabulary: Vocabulary
) -> None:
    """Logs the faults that remain after the last redraw."""
    events = [vocabulary.decode(piece.tokens[piece.is_drawn]) for piece in pieces]
    for judge in judges:
        if num := int(judge(events).sum()):
            log.info(f'{num} of {count(len(pieces), "piece")} still {judge.fault}')


def _manner(config: ConfigDict, model: Model, task: Task) -> tuple[Manner, int]:
    """The sampling settings for drawing candidates, and how many pieces are kept of them: one if
    sampling is deterministic.
    """
    settings = config.sample
    num_samples, num_drawn = settings.num_samples, settings.num_samples * settings.num_candidates
    greedy = [f'{name} = {value}' for name, value in GREEDY.items() if settings[name] == value]
    if greedy and num_drawn > 1:
        log.info(
            f'config.sample.{greedy[0]} always draws the likeliest token, so all {num_drawn} pieces'
            ' would be the same; one is drawn'
        )
        num_samples = num_drawn = 1
    manner = dataclasses.replace(
        manner_of(config, model.card, may_wish=True),
        num_bars=task.num_bars,
        num_samples=num_drawn,
        num_notes=0 if task.rhythm is None else int((task.rhythm >= 0).sum()),
    )
    size = (
        num_drawn * manner.num_particles(task.masks),
        task.num_bars * task.prompt.bar.steps,
        settings.memory_steps,
        model.card.vocabulary.num_classes,
    )
    keeps = settings.keep_distributions or (task.rhythm is None and may_keep(*size))
    manner = dataclasses.replace(manner, keep_distributions=keeps)
    return manner, num_samples


def _choose(
    config: ConfigDict,
    task: Task,
    drawn: Sequence[DrawnPiece],
    num_samples: int,
    originals: Originals | None,
) -> tuple[list[DrawnPiece], list[Passage] | None]:
    """The new bars of the pieces that are kept, with their longest copied runs where the training
    tunes are known.
    """
    pieces, settings = [piece.up_to(task.num_new) for piece in drawn], config.sample
    bar_steps = task.prompt.bar.steps
    melodies = [Melody(from_events(piece.events), bar_steps) for piece in pieces]
    passages = find_longest_runs(melodies, originals.melodies) if originals else None
    if len(pieces) > num_samples:
        if _is_between(task):
            rng = generator(config.seed, Stream.FITTING_CANDIDATES)
            kept = fitting(drawn, num_samples, task.num_new, rng)
        else:
            own = find_longest_runs(melodies, copying.melodies_of(task.prompt))
            copied = [
                max(one.score, other.score) for one, other in zip(own, passages or own, strict=True)
            ]
            kept = ranked(pieces, copied, settings.rank)[:num_samples]
        pieces = [pieces[place] for place in kept]
        passages = passages and [passages[place] for place in kept]
    if not settings.keep_distributions:
        pieces = without_probabilities(pieces)
    return pieces, passages


def _is_between(task: Task) -> bool:
    """Whether bars follow that the model cannot see, so that candidates must be chosen by how well
    they fit with these bars.
    """
    return len(task.prompt.after) > 0 and task.known is None
