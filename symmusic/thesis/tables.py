"""The tables of the thesis.

C. Mitroi, Symbolic Music Generation using Recurrent Neural Networks, master thesis, University of
Copenhagen, 2019, tables 5.1 to 5.15. Each table is from one run with one seed: 100 pieces after one
prompt, compared with 100 excerpts of the training set.
"""

import dataclasses

SOURCE = 'Mitroi, master thesis, University of Copenhagen, 2019'
GROUPS = ('pitch', 'rhythm', 'overall')
# Table 5.6: mean similarity of the pieces of experiment 1's folk model to the nearest training
# tune, by the number of windows in the data set.
SIMILARITY_BY_WINDOWS = {15_000: 0.683, 30_000: 0.573, 45_000: 0.278, 60_000: 0.126, 100_000: 0.138}


@dataclasses.dataclass(frozen=True)
class ThesisTable:
    """A table of the thesis.

    Attributes:
      table: its number.
      title: the experiment and the arm.
      corpus: 'folk', Irish traditional tunes, or 'hook', pop of many genres; 100,000 windows each.
      encoding: 'melody' or 'pianoroll'.
      attention: whether the model has attention.
      bidirectional: whether both layers are bidirectional.
      temperature: sampling temperature.
      num_cells: cells of each of the two layers, per direction.
      features: KL divergence and overlap area of each of `FEATURES`.
      averages: the same for each of `GROUPS`.
      similarity: mean and SD of MelodyShape's scores, the thesis's measure of plagiarism, and the
        number of unusable pieces.
    """

    table: str
    title: str
    corpus: str
    encoding: str
    attention: bool
    bidirectional: bool
    temperature: float
    num_cells: int
    features: tuple[tuple[float, float], ...]
    averages: tuple[tuple[float, float], ...]
    similarity: tuple[float, float, int]


ARMS = (
    ThesisTable(
        '5.1',
        'experiment 1, folk',
        'folk',
        'melody',
        True,
        True,
        1.0,
        64,
        (
            (0.149, 0.863),
            (0.086, 0.75),
            (0.007, 0.847),
            (0.031, 0.888),
            (0.048, 0.761),
            (0.466, 0.438),
            (0.401, 0.459),
            (0.801, 0.205),
            (0.196, 0.377),
        ),
        ((0.064, 0.822), (0.466, 0.37), (0.265, 0.596)),
        (0.138, 0.064, 0),
    ),
    ThesisTable(
        '5.2',
        'experiment 1, hook',
        'hook',
        'melody',
        True,
        True,
        1.0,
        64,
        (
            (0.16, 0.748),
            (0.043, 0.804),
            (1.425, 0.453),
            (1.395, 0.199),
            (1.683, 0.191),
            (0.385, 0.508),
            (0.891, 0.294),
            (0.682, 0.506),
            (0.849, 0.199),
        ),
        ((0.941, 0.479), (0.702, 0.377), (0.821, 0.428)),
        (0.812, 0.154, 62),
    ),
    ThesisTable(
        '5.3',
        'experiment 1, hook at temperature 1.5',
        'hook',
        'melody',
        True,
        True,
        1.5,
        64,
        (
            (0.114, 0.585),
            (0.069, 0.562),
            (0.092, 0.757),
            (0.04, 0.838),
            (0.169, 0.856),
            (0.212, 0.721),
            (0.303, 0.671),
            (0.02, 0.919),
            (0.279, 0.758),
        ),
        ((0.097, 0.72), (0.204, 0.767), (0.15, 0.743)),
        (0.55, 0.351, 5),
    ),
    ThesisTable(
        '5.7',
        'experiment 2, melody',
        'folk',
        'melody',
        True,
        True,
        1.0,
        64,
        (
            (0.101, 0.697),
            (0.032, 0.603),
            (0.653, 0.826),
            (0.061, 0.865),
            (0.033, 0.915),
            (0.948, 0.544),
            (4.736, 0.609),
            (0.965, 0.266),
            (0.87, 0.389),
        ),
        ((0.176, 0.781), (1.88, 0.452), (1.028, 0.617)),
        (0.113, 0.057, 0),
    ),
    ThesisTable(
        '5.8',
        'experiment 2, pianoroll',
        'folk',
        'pianoroll',
        True,
        True,
        1.0,
        64,
        (
            (0.151, 0.85),
            (0.024, 0.822),
            (0.03, 0.843),
            (0.069, 0.904),
            (0.328, 0.551),
            (0.052, 0.902),
            (0.104, 0.817),
            (0.326, 0.648),
            (0.076, 0.617),
        ),
        ((0.12, 0.794), (0.139, 0.746), (0.13, 0.77)),
        (0.14, 0.06, 0),
    ),
    ThesisTable(
        '5.10',
        'experiment 3, without attention',
        'folk',
        'melody',
        False,
        False,
        1.0,
        32,
        (
            (0.08, 0.761),
            (0.061, 0.846),
            (0.005, 0.825),
            (0.02, 0.787),
            (0.095, 0.764),
            (0.185, 0.626),
            (0.299, 0.658),
            (0.237, 0.345),
            (0.169, 0.497),
        ),
        ((0.052, 0.797), (0.223, 0.531), (0.137, 0.664)),
        (0.098, 0.04, 0),
    ),
    ThesisTable(
        '5.11',
        'experiment 3, with attention',
        'folk',
        'melody',
        True,
        False,
        1.0,
        32,
        (
            (0.032, 0.832),
            (0.088, 0.739),
            (0.009, 0.669),
            (0.005, 0.84),
            (0.378, 0.504),
            (0.221, 0.545),
            (0.123, 0.75),
            (0.184, 0.468),
            (0.232, 0.315),
        ),
        ((0.102, 0.717), (0.19, 0.519), (0.146, 0.618)),
        (0.061, 0.048, 0),
    ),
    ThesisTable(
        '5.13',
        'experiment 4, bidirectional',
        'folk',
        'melody',
        False,
        True,
        1.0,
        32,
        (
            (0.155, 0.885),
            (0.062, 0.789),
            (0.063, 0.895),
            (0.031, 0.954),
            (0.32, 0.802),
            (0.041, 0.915),
            (0.088, 0.875),
            (0.112, 0.574),
            (0.04, 0.687),
        ),
        ((0.126, 0.865), (0.07, 0.763), (0.098, 0.814)),
        (0.121, 0.042, 0),
    ),
    ThesisTable(
        '5.14',
        'experiment 4, unidirectional',
        'folk',
        'melody',
        False,
        False,
        1.0,
        64,
        (
            (0.234, 0.894),
            (0.028, 0.78),
            (0.003, 0.891),
            (0.04, 0.709),
            (0.092, 0.727),
            (0.08, 0.667),
            (0.256, 0.693),
            (0.247, 0.38),
            (0.059, 0.55),
        ),
        ((0.079, 0.8), (0.16, 0.573), (0.12, 0.686)),
        (0.091, 0.048, 0),
    ),
)


def find_table(table: str) -> ThesisTable | None:
    """The thesis's table with this number; None if there is none."""
    return next((arm for arm in ARMS if arm.table == table), None)
