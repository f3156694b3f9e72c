"""Writes docs/listening.md: what a listening study can find, and a rehearsal of its analysis.

python benchmarks/listening.py --simulate
python benchmarks/listening.py --rehearse STUDY ANSWERS
python launch.py --mode=study --answers=ANSWERS

The first command simulates studies of 10 to 60 listeners and stores the figures in
docs/results/listening.json; without arguments the page is written again from them. The second one
writes the answers of 20 simulated listeners of a study (its folder with key.json) into a folder, as
a trial of the third; its report says that they are simulated.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
from collections.abc import Mapping, Sequence

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from symmusic.experiment.rehearsal import (
    ARMS,
    POWER,
    Spread,
    compare_arms,
    simulate,
    simulated_answers,
    smallest_difference,
)
from symmusic.experiment.study import read_key
from symmusic.files import write_whole
from symmusic.report.blocks import Code, Report, Section, Strong, Text, table
from symmusic.report.markdown import to_markdown
from symmusic.streams import Stream, generator
from symmusic.wording import estimate

DOCS = pathlib.Path(__file__).resolve().parent.parent / 'docs'
LISTENERS, PIECES = (10, 20, 30, 40, 50, 60), (5, 10)
NUM_STUDIES, SEED = 400, 0
NUM_REHEARSED = 20
# assumed, about as far apart as in the thesis's study: rhythm 4.2 and 3.9, melody 3.6 and 3.0
MEANS = {'real': 3.8, 'shipped': 3.6, 'count_model': 3.2, 'thesis': 2.8}
TITLES = {
    'real': 'excerpts of tunes',
    'shipped': 'the shipped model',
    'count_model': 'the count model',
    'thesis': "the thesis's model (`configs/study.py`)",
}


def simulated() -> dict:
    """The smallest differences by listeners and pieces, and the comparison of the four arms."""
    smallest = {
        str(pieces): {
            str(num): smallest_difference(num, pieces, NUM_STUDIES, SEED) for num in LISTENERS
        }
        for pieces in PIECES
    }
    ratings_LP, arms_P = simulate(MEANS, NUM_REHEARSED, 5, generator(SEED, Stream.REHEARSAL, 0))
    return {
        'smallest': smallest,
        'num_studies': NUM_STUDIES,
        'spread': dataclasses.asdict(Spread()),
        'means': MEANS,
        'rehearsed': compare_arms(ratings_LP, arms_P, SEED),
    }


def power_section(found: Mapping) -> Section:
    """The smallest difference by the number of listeners."""
    rows = [
        [
            f'{pieces} pieces of each arm',
            *('more' if each is None else f'{each:.2f}' for each in cells.values()),
        ]
        for pieces, cells in found['smallest'].items()
    ]
    sds = ', '.join(f'{name} {sd:g}' for name, sd in found['spread'].items())
    text = (
        f'The smallest difference in the mean rating (1 to 5) of an arm and of real excerpts that'
        f' is found in {100 * POWER:.0f} % of {found["num_studies"]} simulated studies: its 95 %'
        ' interval, which holds for other listeners and other pieces, excludes 0. Assumed standard'
        f' deviations: {sds}. The differences are before rounding. In the thesis, 33'
        ' listeners rated generated pieces 0.33 (rhythm) and 0.58 (melody) lower.'
    )
    head = ['listeners', *next(iter(found['smallest'].values()))]
    return Section('How many listeners', (table(head, rows, 'smallest difference'), Text(text)))


def rehearsal_section(found: Mapping) -> Section:
    """The comparison of the four arms on simulated ratings."""
    rows = [
        [
            f'{arm} minus real',
            f'{found["means"][arm] - found["means"]["real"]:.2f}',
            estimate(each['difference'], each['low'], each['high'], 2),
            f'{each["p"]:.2g}',
            f'{each["p_holm"]:.2g}',
        ]
        for arm, each in found['rehearsed'].items()
    ]
    head = ['simulated ratings', 'assumed', 'difference', 'p', 'p after Holm']
    text = (
        Strong('Simulated: nobody has listened.'),
        f' The analysis of the four arms, rehearsed on {NUM_REHEARSED} simulated listeners who rate'
        ' 5 pieces of each arm. p is of a paired t-test over listeners, for these pieces'
        ' only; the interval also holds for others.',
    )
    return Section('Rehearsed analysis', (Text(text), table(head, rows, 'rehearsal')))


def design_section() -> Section:
    """The arms and what the page asks and stores."""
    rows = [[arm, TITLES[arm].replace('`', '')] for arm in ARMS]
    text = (
        'One piece on a screen, two questions about each (rhythm and melody), 1 to 5; the order is'
        ' random and the same for all. All pieces have the same length, key, tempo and sound, and'
        ' generated ones continue bars of test tunes. The primary comparison is the mean melody'
        ' rating of each arm and of real excerpts, with a correction after Holm over the three.'
    )
    consent = (
        'The page states it before the first piece: taking part is voluntary, and nothing is sent'
        ' by itself. A file of answers holds ratings, numbers of plays, experience, the time of'
        ' saving and a random number, but no name, address or recording. Keep the files apart from'
        ' the e-mails that brought them, delete a file if its listener asks, and publish no'
        ' more than the page states. Whoever holds the study gives listeners a name and an address'
        ' for questions, and asks their own institution whether it needs a vote on ethics.'
    )
    state = (
        Code('--mode=study'),
        ' builds and analyses studies of one model beside real excerpts. A page with all four arms'
        ' cannot be built yet; the comparison of four arms is ',
        Code('symmusic/experiment/rehearsal.py'),
        '.',
    )
    return Section(
        'Design',
        (table(['arm', 'pieces'], rows, 'arms'), Text(text), Text(state), Text(consent)),
    )


def page(found: Mapping) -> str:
    """The text of docs/listening.md."""
    sections = design_section(), power_section(found), rehearsal_section(found)
    about = Text(
        (
            'Not held yet. How to build and send a study is in guide.md; this page is written by ',
            Code('benchmarks/listening.py'),
            '.',
        )
    )
    report = Report('The listening study', (Section('', (about,)), *sections))
    return to_markdown(report, DOCS).rstrip('\n') + '\n'


def rehearse(study: pathlib.Path, answers: pathlib.Path) -> None:
    """Writes the answers of simulated listeners of a study with real and generated pieces."""
    means = {'training': MEANS['real'], 'generated': MEANS['shipped']}
    answers.mkdir(parents=True, exist_ok=True)
    for each in simulated_answers(read_key(study), means, NUM_REHEARSED, SEED):
        write_whole(answers / f'{each["listener"]}.json', json.dumps(each, indent=1) + '\n')


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulates, writes answers, or writes the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--simulate', action='store_true', help='simulate the studies again')
    parser.add_argument('--rehearse', nargs=2, type=pathlib.Path, metavar=('STUDY', 'ANSWERS'))
    given = parser.parse_args(arguments)
    if given.rehearse:
        rehearse(*given.rehearse)
        return
    stored = DOCS / 'results' / 'listening.json'
    if given.simulate:
        write_whole(stored, json.dumps(simulated(), indent=1) + '\n')
    write_whole(DOCS / 'listening.md', page(json.loads(stored.read_text())))


if __name__ == '__main__':
    main()
