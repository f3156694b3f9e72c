"""One arm of an experiment: trains its replicas, then measures the pieces of each. Files are
written atomically, so that a file that exists is complete, and a stopped run resumes with what is
missing.
"""

import dataclasses
import functools
import json
import pathlib
import shutil
from collections.abc import Callable, Mapping

import numpy as np
from ml_collections import ConfigDict

from symmusic.api import model as models
from symmusic.config import runs
from symmusic.config.field import Change
from symmusic.config.fields import names_of
from symmusic.config.flags import Command
from symmusic.config.load import DEFAULT_CONFIG
from symmusic.config.protocol import base_config
from symmusic.corpus.cache import Corpus
from symmusic.errors import UserError
from symmusic.experiment.measures import Originals, index_originals, measure_pieces
from symmusic.experiment.results import Outcome
from symmusic.files import SETTINGS, read_digested, write_digested, write_whole
from symmusic.generate.draw import Continuations, draw_continuations
from symmusic.generate.manner import manner_of, settle
from symmusic.generate.pieces import as_pieces
from symmusic.measures import material
from symmusic.measures.comparison import Pieces
from symmusic.measures.excerpts import draw_rows
from symmusic.measures.scale import measure
from symmusic.modes import train
from symmusic.progress import bar
from symmusic.report.heatmaps import write_heatmaps
from symmusic.streams import Stream, generator, random_key
from symmusic.training.checkpoint import Card, Checkpoints

MEASURED = 1  # version of the stored measures of a replica: increased with any change of a measure
# free fields that do not affect an arm's pieces or their measures
UNMEASURED = (
    *(name for name in names_of(Change.FREE) if not name.startswith(('sample.', 'evaluate.'))),
    'sample.keep_distributions',
    'sample.wav',
    'sample.sound_font',
)


@dataclasses.dataclass(frozen=True)
class Arm:
    """An arm and its workdir."""

    variant: str
    name: str
    config: ConfigDict
    folder: pathlib.Path
    # the folder of an earlier arm with the same training, which samples or is measured differently
    twin: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class Ground:
    """The prompts and references for all arms of one corpus, by replica.

    Attributes:
      prompts_RNT: events of the prompts of each replica, the same for all arms.
      references: reference excerpts for each draw of each replica.
      originals: the training tunes, in which copies are searched.
      protocol: of the measures.
      continuations_RNT: events of the real continuations of the prompts; None where not known.
    """

    prompts_RNT: np.ndarray
    references: tuple[tuple[Pieces, ...], ...]
    originals: Originals
    protocol: str
    continuations_RNT: np.ndarray | None = None

    @functools.cached_property
    def levels(self) -> list[dict] | None:
        """The measures of the real continuations of each replica's prompts, as if they were its
        pieces; None where they are not known.
        """
        if self.continuations_RNT is None:
            return None
        sets = list(zip(self.prompts_RNT, self.continuations_RNT, self.references, strict=True))
        return [measure_pieces(*each, self.originals, self.protocol) for each in bar(sets, 'level')]


def finish(
    command: Command,
    arm: Arm,
    sizes: Mapping[str, int],
    grounds: 'Grounds',
    tick: Callable[[], None],
) -> Outcome:
    """Trains and measures what is not finished yet of an arm.

    Args:
      command: the command of the experiment.
      arm: which one.
      sizes: sizes of its training data.
      grounds: the grounds of the experiment.
      tick: called after each epoch and each replica measured.
    """
    done, key = arm.folder / 'arm.json', {'version': MEASURED, 'config': runs.to_dict(arm.config)}
    stored = _stored(done, key, command)
    if not stored:
        _train(command, arm, tick)
        stored = _measure(command, arm, grounds, key, tick)
        write_digested(done, stored)
    elif 'real' not in stored:  # written by a version that did not measure it
        stored['real'] = grounds(arm.config, Checkpoints(arm.folder).restore_card()).levels
        write_digested(done, stored)
    _draw_maps(command, arm, grounds, key)
    return _outcome(stored, sizes)


def _train(command: Command, arm: Arm, tick: Callable[[], None]) -> None:
    """Trains an arm, or goes on with its training."""
    own = dataclasses.replace(
        command,
        config=arm.config,
        config_name=arm.name,
        config_path=str(command.root / DEFAULT_CONFIG),
        workdir=arm.folder,
        given=(),
        changed=(),
    )

    def say(line: str) -> None:
        print(line)
        tick()

    summary_path = arm.folder / 'summary.json'
    try:
        read_digested(summary_path)
    except FileNotFoundError:
        pass
    except (ValueError, RecursionError) as error:
        _say_damaged(summary_path, error)
        summary_path.unlink()  # training writes one where there is none
    _take_over(arm)
    train.run(own, say)


def _measure(
    command: Command, arm: Arm, grounds: 'Grounds', key: dict, tick: Callable[[], None]
) -> dict:
    """What `arm.json` holds of a trained arm; a replica that is measured is not measured again."""
    states, card = Checkpoints(arm.folder).restore()
    summary = read_digested(arm.folder / 'summary.json')
    found = []
    for index in range(card.num_replicas):
        path = arm.folder / 'measures' / f'{index:04}.json'
        of = key | {
            'replica': index,
            'num_updates': int(states.step[index]),
            'best_epoch': int(states.best_epoch[index]),
        }
        if not (kept := _stored(path, of, command)):
            model = models.choose(index, card, states, arm.folder)
            measures = _measure_replica(model, arm.config, grounds(arm.config, card), index)
            nats = summary['replicas'][index]['nats_per_step']
            measures['nats_per_step'] = nats['validation'] if nats['test'] is None else nats['test']
            kept = json.loads(json.dumps({'of': of, 'measures': measures}))  # as it is read back
            write_digested(path, kept)
        found.append(kept['measures'])
        tick()
    return {
        'of': key,
        'num_parameters': summary['num_parameters'],
        'versions': card.versions,
        'device': card.device,
        'replicas': found,
        'real': grounds(arm.config, card).levels,
    }


def _measure_replica(model: models.Model, config: ConfigDict, ground: Ground, index: int) -> dict:
    """What a replica's pieces measure."""
    prompts_NT = ground.prompts_RNT[index]
    return measure_pieces(
        prompts_NT,
        _draw(model, config, prompts_NT, index),
        ground.references[index],
        ground.originals,
        config.evaluate.protocol,
    )


def _stored(path: pathlib.Path, wanted: dict, command: Command) -> dict | None:
    """The stored measures of an arm with the same settings; None where there are none. The stored
    config may lack newer fields, or differ in `UNMEASURED` ones. A damaged file is reported and
    made again.
    """
    try:
        stored = read_digested(path)
        of = stored.get('of', stored)
        base = base_config()
        known, now = (runs.from_dict(each['config'], base) for each in (of, wanted))
        is_same = not runs.differences(known, now, UNMEASURED)
        return stored if is_same and of | {'config': wanted['config']} == wanted else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UserError) as error:
        _say_damaged(path, error)
        return None


def _say_damaged(path: pathlib.Path, error: Exception) -> None:
    print(f'{path} is damaged ({" ".join(str(error).split())[:200]}); made again')


def _take_over(arm: Arm) -> None:
    """Starts from the finished training of the arm's twin, if there is one; everything about the
    pieces is made again.
    """
    if (
        arm.twin is None
        or not (arm.twin / 'arm.json').exists()
        or (arm.folder / 'checkpoints').exists()
    ):
        return
    arm.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(arm.twin / 'metrics.csv', arm.folder)
    aside = arm.folder / '.checkpoints'
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(arm.twin / 'checkpoints', aside)
    aside.rename(arm.folder / 'checkpoints')


def _outcome(stored: dict, sizes: Mapping[str, int]) -> Outcome:
    of, names = stored['of'], ('versions', 'device', 'real')
    return Outcome(
        tuple(stored['replicas']),
        stored['num_parameters'],
        sizes,
        of['config'],
        **{name: stored[name] for name in names if name in stored},
    )


def _draw(
    model: models.Model, config: ConfigDict, prompts_NT: np.ndarray, index: int
) -> np.ndarray:
    """A replica's continuation of each prompt, events [N, T]; one draw at a time, so that all use
    one compiled program.
    """
    vocabulary, events = model.card.vocabulary, []
    for draw, prompts in enumerate(np.split(prompts_NT, config.evaluate.num_draws)):
        tokens_BT = np.array([vocabulary.encode(prompt) for prompt in prompts])
        found = _draw_once(model, config, tokens_BT, index, draw)
        events += [vocabulary.decode(tokens) for tokens in found.drawn.tokens_BN]
    return np.array(events)


def _draw_once(
    model: models.Model,
    config: ConfigDict,
    tokens_BT: np.ndarray,
    index: int,
    draw: int,
    *,
    keep: bool = False,
) -> Continuations:
    card = model.card
    manner = dataclasses.replace(
        manner_of(settle(config, model.temperature), card),
        num_samples=len(tokens_BT),
        keep_distributions=keep,
    )
    drawing = random_key(config.seed, Stream.ARM_PIECES, index, draw)
    return draw_continuations(
        model.params, card.architecture, card.vocabulary, tokens_BT, manner, drawing
    )


def _draw_maps(command: Command, arm: Arm, grounds: 'Grounds', key: dict) -> None:
    """Draws the heat maps of the best replica, means over the measured pieces of its first draw.
    Nothing is done where they exist, or where `config.sample.keep_distributions` is off.
    """
    mark = arm.folder / 'heatmaps' / SETTINGS  # written last
    if not arm.config.sample.keep_distributions or _stored(mark, key, command):
        return
    states, card = Checkpoints(arm.folder).restore()
    model = models.choose(arm.config.sample.replica, card, states, arm.folder)
    index = model.made_with['replica']
    prompts_NT = grounds(arm.config, card).prompts_RNT[index][: arm.config.evaluate.num_pieces]
    tokens_BT = np.array([card.vocabulary.encode(prompt) for prompt in prompts_NT])
    found = _draw_once(model, arm.config, tokens_BT, index, 0, keep=True)
    is_window = manner_of(settle(arm.config, None), card).window_steps is not None
    pieces = as_pieces(found, card.vocabulary)
    write_heatmaps(
        mark.parent,
        pieces,
        card.vocabulary,
        is_window=is_window,
        title=model.name,
        progress=bar,
        num_singles=0,
    )
    write_whole(mark, json.dumps(key, indent=2) + '\n')


class Grounds:
    """The grounds of an experiment's arms, each made once, when it is first needed."""

    def __init__(self, load_corpus: Callable[[ConfigDict], Corpus]):
        self.load_corpus = load_corpus
        self.made: dict[str, Ground] = {}

    def __call__(self, config: ConfigDict, card: Card) -> Ground:
        """The ground of an arm: prompts and excerpts drawn with `config.seed`, different for each
        replica.
        """
        wider = ConfigDict(config.to_dict())
        num_draws, size = config.evaluate.num_draws, config.evaluate.num_pieces
        wider.evaluate.num_draws = config.replicas * num_draws
        parts = [wider.data, wider.evaluate, wider.sample, wider.seed]
        name = json.dumps(
            [part.to_dict() if isinstance(part, ConfigDict) else part for part in parts]
        )
        if name not in self.made:
            rng = generator(config.seed, Stream.ARM)
            music = material.gather(wider, self.load_corpus(config), card.vocabulary, rng)
            prompts_RNT = np.reshape(music.prompts, (config.replicas, num_draws * size, -1))
            rows = draw_rows(len(music.excerpts), size, config.replicas * num_draws, rng)
            pieces = [
                measure(music.excerpts.events_NT[each], config.evaluate.protocol) for each in rows
            ]
            references = tuple(
                tuple(pieces[index * num_draws : (index + 1) * num_draws])
                for index in range(config.replicas)
            )
            real = (
                None
                if music.continuations is None
                else np.reshape(music.continuations, (config.replicas, num_draws * size, -1))
            )
            self.made[name] = Ground(
                prompts_RNT,
                references,
                index_originals(music.tunes.train),
                config.evaluate.protocol,
                real,
            )
        return self.made[name]
