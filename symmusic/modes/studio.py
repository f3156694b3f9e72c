"""`--mode=studio`: writes the page in which a musician composes with the network."""

import logging
import pathlib

from ml_collections import ConfigDict

from symmusic.api.copying import find_originals
from symmusic.api.load import load_of_command
from symmusic.api.model import Model
from symmusic.config.flags import Command
from symmusic.corpus.originals import Originals
from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.melody.events import from_events
from symmusic.model.ensemble import Ensemble
from symmusic.originality.sketch import NUM_NOTES, Sketch, levels_by_size, make_sketch
from symmusic.streams import Stream, generator
from symmusic.studio.engine import client_script, engine_script
from symmusic.studio.network import export_network
from symmusic.studio.page import MAX_BYTES, studio_page

log = logging.getLogger(__name__)

USED = ('sample.temperature', 'sample.memory_steps', 'sample.replica')
SHIPPED_DATA = (
    'fiddle tunes of Ireland, Scotland and America from books of the 18th and 19th century, in the'
    ' public domain'
)


def run(command: Command) -> None:
    """Writes `studio/index.html` into the workdir and prints its path."""
    config, model, workdir = load_of_command(command)
    unused = [name for name in command.given if name.startswith('sample.') and name not in USED]
    if unused:
        log.info(f'without effect, as they are chosen on the page: {", ".join(unused)}')
    path = workdir / 'studio' / 'index.html'
    write_page(path, model, config.sample, find_originals(config, model))
    print(f'open this file in a browser, or send it to a phone: it needs nothing else\n{path}')


def write_page(
    path: pathlib.Path,
    model: Model,
    settings: ConfigDict,
    originals: Originals | None = None,
) -> None:
    """Writes the page of a model. It uses the temperature and memory of `settings`, a config's
    `sample`, and compares tunes with `originals` if they are given.

    Raises:
      UserError: the page cannot run the model, would be too large, or cannot be written.
    """
    if isinstance(model.params, Ensemble):
        raise UserError(
            "config.sample.replica = 'all': the studio runs one network; choose one replica, or -1"
            ' for the best'
        )
    html = _page(model, settings, originals)
    size = len(html.encode())
    if size > MAX_BYTES:
        raise UserError(
            f'the studio of {model.name} would have {size:,} bytes; at most {MAX_BYTES:,}, about'
            ' 540,000 parameters: train one with fewer config.model.num_cells'
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, html)
    except OSError as error:
        raise UserError(
            f'cannot write {path}: {error.strerror or error}; free the disk or choose another'
            ' --workdir'
        ) from error


def _page(model: Model, settings: ConfigDict, originals: Originals | None) -> str:
    network = export_network(
        model.params,
        model.card,
        name=model.name,
        temperature=settings.temperature,
        usual_nats=model.calibration and model.calibration.entropy,
        memory_steps=settings.memory_steps,
    )
    sketch = originals and make_sketch(originals.melodies)
    return studio_page(
        network,
        engine_script(),
        client_script(),
        f'{about(model)} {_compared(sketch)}',
        sketch and _with_levels(sketch, originals),
    )


def about(model: Model) -> str:
    """The page's text on its model: its name, its data and their licence."""
    card = model.card
    num_tunes, corpus = card.dataset['num_tunes']['train'], card.dataset['corpus']
    data = SHIPPED_DATA if model.workdir is None else f'the corpus {corpus}'
    return (
        f'The network in this page: {model.name} of symmusic, trained on {num_tunes:,} tunes'
        f' ({data}). It knows the metres {", ".join(card.meters)}. What you write and keep is'
        ' yours and stays on this device: the page makes no request.'
    )


def _with_levels(sketch: Sketch, originals: Originals) -> dict[str, object]:
    """The sketch as JSON, with the copying levels of tunes that were not trained on."""
    unseen = [from_events(events) for events in originals.unseen]
    levels = levels_by_size(sketch, unseen, generator(0, Stream.COPY_LEVEL))
    return sketch.to_json() | {'levels': list(levels.items())}


def _compared(sketch: Sketch | None) -> str:
    """The page's text on how it compares a tune with the training tunes."""
    if sketch is None:
        return 'It does not compare what is drawn with the training tunes.'
    return (
        f'It holds none of these tunes, but a hash of each of their {sketch.num_runs:,} runs of'
        f' {NUM_NOTES} notes, in any key, and finds with them how many notes in a row are as in a'
        f' training tune. {100 * sketch.false_rate:.0f} % of other runs are taken for one of these,'
        f' so fewer than {sketch.least} notes in a row are not reported.'
    )
