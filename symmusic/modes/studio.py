"""`--mode=studio`: writes the page in which a musician composes with the network."""

import logging
import pathlib

from ml_collections import ConfigDict

from symmusic.api.load import load_of_command
from symmusic.api.model import Model
from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.model.ensemble import Ensemble
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
        log.info(f'without effect, as the page itself asks for them: {", ".join(unused)}')
    path = workdir / 'studio' / 'index.html'
    write_page(path, model, config.sample)
    print(f'open this file in a browser, or send it to a phone: it needs nothing else\n{path}')


def write_page(path: pathlib.Path, model: Model, settings: ConfigDict) -> None:
    """Writes the page of a model, which draws at the temperature of `settings`, a config's
    `sample`, and attends to as many steps.

    Raises:
      UserError: the page cannot run the model, would be too large, or cannot be written.
    """
    if isinstance(model.params, Ensemble):
        raise UserError(
            "config.sample.replica = 'all': the studio runs one network; choose one replica, or -1"
            ' for the best'
        )
    network = export_network(
        model.params,
        model.card,
        name=model.name,
        temperature=settings.temperature,
        memory_steps=settings.memory_steps,
    )
    html = studio_page(network, engine_script(), client_script(), about(model))
    size = len(html.encode())
    if size > MAX_BYTES:
        raise UserError(
            f'the studio of {model.name} would have {size:,} bytes; at most {MAX_BYTES:,}, about'
            ' 650,000 parameters: train one with fewer config.model.num_cells'
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, html)
    except OSError as error:
        raise UserError(
            f'cannot write {path}: {error.strerror or error}; free the disk or choose another'
            ' --workdir'
        ) from error


def about(model: Model) -> str:
    """What the page says of its model: which it is, its data and their licence."""
    card = model.card
    num_tunes, corpus = card.dataset['num_tunes']['train'], card.dataset['corpus']
    data = SHIPPED_DATA if model.workdir is None else f'the corpus {corpus}'
    return (
        f'The network in this page: {model.name} of symmusic, trained on {num_tunes:,} tunes'
        f' ({data}). It knows the metres {", ".join(card.meters)}. What you write and keep is'
        ' yours and stays on this device: the page makes no request.'
    )
