"""The published figures of the thesis, for comparison with a run of the same arm: same kind of
corpus, encoding, attention and direction.
"""

import dataclasses
from collections.abc import Mapping

from symmusic.measures.feature_table import Pair
from symmusic.measures.features import FEATURES
from symmusic.thesis.tables import ARMS, GROUPS, SOURCE, ThesisTable

# calibrated models are compared with an arm whose temperature is less than this away
NEAR = 0.25
# our corpora and those of the thesis: one style of traditional tunes, or many styles
CORPORA = {'folk': 'folk', 'mixed': 'hook'}
ENCODINGS = {'melody': 'melody', 'pianoroll': 'pianoroll', 'pianoroll_faithful': 'pianoroll'}


@dataclasses.dataclass(frozen=True)
class Plagiarism:
    """Mean and SD of the published similarity, and the number of unusable pieces."""

    mean: float
    sd: float
    unusable: int


@dataclasses.dataclass(frozen=True)
class PublishedArm:
    """The published figures of an arm.

    Attributes:
      table, title, corpus: the table's number and title, and the thesis's corpus.
      features, averages: KLD and OA, keyed by name.
      similarity: of the pieces to the tunes.
      differences: the other settings in which the run differs.
    """

    table: str
    title: str
    corpus: str
    features: dict[str, Pair]
    averages: dict[str, Pair]
    similarity: Plagiarism
    differences: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Published:
    """The arms of the thesis that match a run; if there are none, `note` says so."""

    source: str
    note: str
    arms: tuple[PublishedArm, ...]


def find_published(values: Mapping[str, object]) -> Published:
    """The published figures that match a run.

    Args:
      values: the fields of the run's resolved config by their dotted names.
    """
    corpus, encoding = values['data.corpus'], values['data.encoding']
    kind, attention = values['model.kind'], values['model.attention'] != 'none'
    # which sample left to right after prompts
    bidirectional = values['model.bidirectional'] and values['train.targets'] != 'gap'
    temperature = values['sample.temperature']
    wanted = (CORPORA.get(corpus), ENCODINGS.get(encoding), attention, bidirectional)
    arms = [
        arm
        for arm in ARMS
        if kind == 'lstm'
        and (arm.corpus, arm.encoding, arm.attention, arm.bidirectional) == wanted
        and abs(arm.temperature - temperature) < NEAR
    ]
    if not arms:
        what = (
            f'{"" if kind == "lstm" else f"{kind}, "}corpus {corpus}, encoding {encoding},'
            f' {"with" if attention else "without"} attention, '
        )
        what += (
            f'{"bidirectional" if bidirectional else "unidirectional"}, temperature {temperature:g}'
        )
        return Published(SOURCE, f'The thesis has no arm like this run ({what}).', ())
    return Published(SOURCE, '', tuple(_described(arm, values) for arm in arms))


def _described(arm: ThesisTable, values: Mapping[str, object]) -> PublishedArm:
    its_own = {
        'data.encoding': 'pianoroll_faithful' if arm.encoding == 'pianoroll' else arm.encoding,
        'data.protocol': 'thesis',
        'data.split': 'window',
        'model.num_layers': 2,
        'model.num_cells': arm.num_cells,
        'model.attention': 'weighted' if arm.attention else 'none',
        'model.metric_position': False,
        'model.lookback': (),
        'train.targets': 'last',
        'sample.temperature': arm.temperature,
        'evaluate.prompts': 'fixed',
        'evaluate.protocol': 'thesis',
    }
    return PublishedArm(
        arm.table,
        arm.title,
        arm.corpus,
        {name: Pair(*cells) for name, cells in zip(FEATURES, arm.features, strict=True)},
        {name: Pair(*cells) for name, cells in zip(GROUPS, arm.averages, strict=True)},
        Plagiarism(*arm.similarity),
        tuple(
            f'{name} = {values[name]} ({own})'
            for name, own in its_own.items()
            if values[name] != own
        ),
    )
