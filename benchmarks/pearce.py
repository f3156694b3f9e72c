"""Writes docs/results/pearce.json, docs/pearce.md and the benchmark's section of docs/results.md.

python launch.py --mode=experiment --config=configs/pearce.py --workdir=A
python benchmarks/pearce.py A/experiment/results.json

Without an argument the page and the section are written again from the stored results.
"""

import json
import pathlib
import sys
from collections.abc import Mapping

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from benchmarks.results import RESULTS, replaced
from symmusic.files import write_whole
from symmusic.report.benchmark import benchmark_report
from symmusic.report.markdown import to_markdown
from symmusic.wording import count

DOCS = pathlib.Path(__file__).resolve().parent.parent / 'docs'
PAGE, STORED = DOCS / 'pearce.md', DOCS / 'results' / 'pearce.json'
HEADING = '## Predicting melodies: the public benchmark'
DIGITS = 4
FORMS = '', '_adaptive', '_with_short_term'
# Rows of the section: the model, its title, and what is published.
ROWS = {
    'count_model': ('count model', '2.878, 2.614, 2.479'),
    'network': ('network, trained within a set', 'fixed about 2.71 (Cherla et al., 2015)'),
    'network_of_all_sets': ('trained on the other sets as well', ''),
    'transformer': ('Transformer, trained within a set', ''),
}
CHORALES = {
    'network_given': ('chorales, given onsets, metre and phrase ends', '1.953'),
    'network_given_ensemble': ('the same, five networks of all sets', ''),
}
METHOD = """
## How it is measured
- `python launch.py --mode=experiment --config=configs/pearce.py`, after the package of the
  melodies is installed as the config file says. A stopped run resumes, and `--config.quick=True`
  takes minutes. Four partitions took 63 minutes of one core, the Transformer and the five
  networks of one partition about 35. This page is written by `benchmarks/pearce.py` from
  `docs/results/pearce.json`.
- **Count models**: prediction by partial matching without a bound on the context, with
  interpolated smoothing, on pitches alone. LTM is trained on the other folds (escape C), LTM+
  also counts the notes that it has predicted, STM counts those of the melody alone (escape AX,
  update exclusion). LTM+ and STM are joined by a mean that is weighted by their entropies, with a
  bias of 2, which was chosen among 1, 2, 4 and 7 on test notes of the sets 3 and 4.
- **Network**: one LSTM layer of 128 cells that reads the last pitch, the last interval and what
  followed the longest match of up to five last notes earlier in the melody. It scores pitches,
  intervals and the recalled pitch. Dropout has one mask for all steps; half of the training
  melodies, drawn again in each epoch, are transposed by up to 5 semitones. A tenth of the training
  melodies decides when training ends and how the network is mixed with STM. The recall lets the
  fixed network follow the repetition within the melody that it reads, as STM does; its parameters
  do not change.
- **Adaptive**: after every eight notes a gradient step on them (dynamic evaluation), through the
  test melodies in the order of their files, as LTM+.
- Settings of the network were chosen on validation melodies of two folds of set 3 in another draw
  of folds, those of the adaptation on validation melodies of a fold of set 3. Test figures of these
  folds were seen in the same trials. Figures of the other sets were seen while runs went on, but
  nothing was chosen by them.
- The best published network that we know of, a recurrent temporal discriminative RBM (Cherla et
  al., 2015), has about 2.71 as a fixed model.
- **Of all sets**: the network is trained on the melodies of the other seven sets first, for at most
  30 epochs. The validation melodies of the own set decide, as before, when training ends.
"""

TRANSFORMER = """\
- **Transformer**: decoder-only, two layers of 64 cells with four heads, normalised before each
  sublayer, with rotary positions: 132,000 parameters (the LSTM has 145,000). Inputs, outputs,
  training, early stopping and adaptation are those of the network; a note attends to the notes of
  its own melody. Learning rate (0.001, 0.002 or 0.004), weight decay, dropout, transposition and
  layers (one to four) were compared on validation melodies of two folds of set 3 in another draw of
  folds, where it has 2.583 bits per note and the LSTM 2.464; three layers of 56 cells, which take
  longer, had 2.578.
"""
NO_TRANSFORMER = """\
- A Transformer by the same protocol is not there yet.
"""
FIVE = """\
- **Five networks for the chorales**: LSTMs from different random parameters, whose probabilities
  are averaged. They also read the times to the next note of the three notes that follow, and are
  trained first on the other sets, of which they are given the onsets. This was chosen on validation
  melodies of two folds of set 2 in another draw of folds: 1.904 bits per note as the single network
  above, 1.892 with the notes that follow, 1.836 with the other sets as well, 1.765 with three such
  networks.
"""


def rounded(found: object) -> object:
    """Results with numbers of `DIGITS` decimals."""
    if isinstance(found, float):
        return round(found, DIGITS)
    if isinstance(found, Mapping):
        return {name: rounded(value) for name, value in found.items()}
    return [rounded(value) for value in found] if isinstance(found, list) else found


def page(found: Mapping) -> str:
    """The text of docs/pearce.md; only networks with results are described."""
    text = to_markdown(benchmark_report(found), PAGE.parent).rstrip('\n') + '\n' + METHOD
    text += TRANSFORMER if 'transformer' in found['mean'] else NO_TRANSFORMER
    has_five = any('network_given_ensemble' in values for values in found['sets'].values())
    return text + FIVE * has_five


def section(found: Mapping) -> str:
    """The section of docs/results.md."""
    lines = [
        HEADING,
        f'Bits per note in {count(found["partitions"], "partition")} of eight sets into ten folds,'
        ' means over sets and folds, with 95 % intervals',
        'over melodies. Each set, and what differs from the published protocol:'
        ' [pearce.md](pearce.md).',
        '',
        '| model | fixed | adaptive | adaptive and STM | published |',
        '|---|---|---|---|---|',
    ]
    fewer = found['fewer_partitions']
    for rows, values in ((ROWS, found['mean']), (CHORALES, found['sets']['2 chor'])):
        for model, (title, published) in rows.items():
            if model not in values:
                continue
            cells = [estimated(found, values, model + form) for form in FORMS]
            title += f' ({count(fewer[model], "partition")})' if model in fewer else ''
            lines.append(f'| {" | ".join([title, *cells, published])} |'.replace('|  |', '| |'))
    return '\n'.join(lines) + '\n\n'


def estimated(found: Mapping, values: Mapping[str, float], model: str) -> str:
    """A mean, with its interval if it is one over the sets."""
    if model not in found['mean']:
        return f'{values[model]:.3f}'
    low, high = found['mean_interval'][model]
    return f'{values[model]:.3f} [{low:.3f}, {high:.3f}]'


def main(paths: list[str]) -> None:
    """Stores the results of a run, if one is named, and writes the page."""
    if paths:
        found = rounded(json.loads(pathlib.Path(paths[0]).read_text()))
        write_whole(STORED, json.dumps(found, indent=1) + '\n')
    found = json.loads(STORED.read_text())
    write_whole(PAGE, page(found))
    write_whole(RESULTS, replaced(RESULTS.read_text(), HEADING, section(found)))


if __name__ == '__main__':
    main(sys.argv[1:])
