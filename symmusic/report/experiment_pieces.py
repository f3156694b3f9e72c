"""The report's sections on the pieces and heat maps of an experiment's arms."""

import pathlib
from collections.abc import Mapping

from symmusic.report.blocks import Code, Items, Link, Section, Text, picture

NUM_PIECES = 3  # pieces of an arm that are listed


def _newest(folder: pathlib.Path) -> pathlib.Path | None:
    """The folder with a run's latest pieces."""
    folders = [path.parent for path in (folder / 'samples').glob('*/samples.json')]
    return max(folders, key=lambda path: (path / 'samples.json').stat().st_mtime, default=None)


def heatmaps_sections(folders: Mapping[str, pathlib.Path]) -> list[Section]:
    """The heat maps of each arm, given the arms' folders; no section if there are none."""
    found = []
    for name, folder in folders.items():
        maps = folder / 'heatmaps'
        kinds = {
            'attention': 'attention weights',
            'attention_masked': 'attention weights without the positions that hold no event',
            'softmax': 'softmax outputs',
        }
        found += [
            (maps / f'{kind}.png', f'{name}: {what}, mean of the measured pieces')
            for kind, what in kinds.items()
        ]
    found = [(path, text) for path, text in found if path.exists()]
    text = (
        "Of each arm's best replica: means over the pieces of its first draw, which are measured"
        ' above. Rows are the generated steps, and weights are those of the network, not'
        ' renormalised where positions are left out.'
    )
    if not found:
        return []
    pictures = [picture(path, what) for path, what in found]
    return [Section('What the models look at and draw from', (Text(text), *pictures))]


def pieces_sections(folders: Mapping[str, pathlib.Path]) -> list[Section]:
    """The latest pieces of each arm, given the arms' folders; no section if there are none."""
    pictures, links, items = [], [], []
    for name, folder in folders.items():
        drawn = _newest(folder)
        if drawn is None:
            continue
        some = ', '.join(sorted(path.name for path in drawn.glob('*.mid'))[:NUM_PIECES])
        where = Code(f'{folder.name}/samples/{drawn.name}')
        items.append(
            (f'{name}: {some} and more in ', where, ', with the prompt in ', Code('joined'))
        )
        what = f'{name}: continuations of the prompt {drawn.name}, not selected'
        pictures.append(picture(drawn / 'all.png', what))
        if (drawn / 'index.html').exists():
            links.append(Link(f'{name}: listen', drawn / 'index.html'))
    if not items:
        return []
    listen = [Items(tuple(links))] if links else []
    about = Text("Of each arm's best replica, MIDI files.")
    return [Section('Pieces', (about, Items(tuple(items)), *listen, *pictures))]
