"""Writes the figures of the shipped model into docs/results.md, from evaluations of it.

python launch.py --mode=evaluate --workdir=A
python launch.py --mode=evaluate --config.evaluate.meter=6/8 --workdir=B
python benchmarks/results.py A/evaluation B/evaluation

The sections `The shipped model` and `Filling gaps` are replaced; the others stay as they are. The
workdirs hold no run, so that the parameters are measured as they are stored.
"""

import datetime
import json
import pathlib
import re
import sys
from collections.abc import Iterable, Mapping

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from symmusic.corpus.overlap import Overlap, as_words
from symmusic.files import write_whole
from symmusic.wording import estimate, number, sentence

RESULTS = pathlib.Path(__file__).resolve().parent.parent / 'docs' / 'results.md'
HEADING, GAPS = '## The shipped model', '## Filling gaps'
CRITICS = {
    'likelihood_ratio': 'likelihood ratio, count model to network',
    'features': 'nine features',
    'tokens': 'a small LSTM on tokens',
}
Cells = Mapping[str, float]


def estimated(cells: Cells, digits: int = 3) -> str:
    """A value with its interval, from comparison.json."""
    mean = next(cells[name] for name in ('value', 'mean', 'auc') if name in cells)
    return estimate(mean, cells['low'], cells['high'], digits)


def percent(cells: Cells) -> str:
    """A share with its interval, in percent."""
    shares = {name: 100 * cells[name] for name in ('value', 'low', 'high')}
    return f'{shares["value"]:.1f} % [{shares["low"]:.1f}, {shares["high"]:.1f}]'


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    first, *others = ([*map(str, row)] for row in (head, *rows))
    lines = [first, ['---'] * len(first), *others]
    text = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
    return text.replace('| --- ', '|---').replace('  |', ' |')


def sets(found: Mapping) -> str:
    """Every set and model: overlap area, likelihood, repetition."""
    order = found['baselines']['markov_order']
    names = {
        'second_draw': 'other excerpts',
        'real_continuations': 'real continuations',
        'model': '**the shipped model**',
        'shuffled': 'notes shuffled',
        'count_model': 'count model',
        'model_with_count_model': 'both mixed',
        f'markov_{order}': f'Markov, order {order}',
    }
    rows = []
    for key, title in names.items():
        row = [title, estimated(found['draws'][key]['overall_oa']) if key in found['draws'] else '']
        for unit in ('per_step', 'per_note'):
            nats, ends = found[f'nats_{unit}'].get(key), found['nats_intervals'][unit].get(key)
            row.append('' if nats is None else estimate(nats, *(ends or ())))
        cells = found['structure'].get(key)
        row += [number(cells[f'lag_{lag}']['mean']) if cells else '' for lag in (1, 2, 4)]
        rows.append([*row, estimated(cells['repeated_bars']) if cells else ''])
    lags = ['1 bar', '2 bars', '4 bars', 'repeated bars']
    return table(['set', 'overall OA', 'nats per step', 'nats per note', *lags], rows)


def meters(found: Mapping) -> str:
    """Nats per note by metre."""
    by_meter = found['likelihood']['by_meter']
    rows = [['test notes', *(f'{each["num_notes"]:,}' for each in by_meter.values())]]
    models = {'model': '**the shipped model**', 'count_model': 'count model'}
    for key, title in (models | {'model_with_count_model': 'both mixed'}).items():
        rows.append([title, *(number(each['per_note'][key]) for each in by_meter.values())])
    return table(['nats per note', *by_meter], rows)


def critics(found: Mapping) -> str:
    """The AUC of every critic, and its validity."""
    critic, rows = found['critic'], []
    for key, title in CRITICS.items():
        contexts = critic['context'][key]
        cells = [
            estimated(contexts[where]) + ', not valid' * (not contexts[where]['is_valid'])
            for where in ('with', 'without')
        ]
        checks = critic['validity'][key]
        floor, real = number(checks['markov_3']['auc']), estimated(checks['real_vs_real'])
        rows.append([title, *cells, floor, real])
    head = ['critic', 'with the prompt', 'without', 'Markov, order 3', 'real against real']
    return table(head, rows)


def contexts(found: Mapping) -> str:
    """Nats per step by the length of the prompt."""
    lengths = found['contexts']['lengths']
    keys = {'by_prompt': 'key found in the prompt', 'by_tune': 'key of the whole tune'}
    rows = [
        [title, *(estimated(each[key]) for each in lengths.values())] for key, title in keys.items()
    ]
    head = [f'{length} bar{"s" * (length != "1")}' for length in lengths]
    return table(['nats per step after a prompt of', *head], rows)


def likelihood_items(found: Mapping) -> list[str]:
    """What the network predicts better than counting, and what it misses."""
    more, repeated = found['nats_more'], found['structure']['model']['more']
    return [
        f'- The count model minus the network: {estimated(more["count_model"])} nats per step. Both'
        f' mixed minus the network, which is what the network misses:'
        f' {estimated(more["model_with_count_model"])}. Repeated bars minus the real ones:'
        f' {estimated(repeated)}.',
        f'- Critics, {found["critic"]["num_pieces"]:,} pieces of each kind, an AUC as a lower bound'
        ' on how well they can be told apart. A critic is valid if the interval of real against'
        ' real holds 0.5 with a half-width of at most 0.05, and Markov pieces are told at 0.99 or'
        ' more.',
    ]


def further_items(found: Mapping) -> list[str]:
    """Calibration, originality, endings and planted copies."""
    plain, *others = found['contexts']['sureness']
    warmer = ''.join(
        f'; at temperature {each["temperature"]:g} {each["cost"]["value"]:.3f},'
        f' {each["entropy"]["value"]:.3f} and {each["error"]:.3f}'
        for each in others
    )
    similar, copied = found['similarity']['means'], found['copies']['longest_run']['means']
    ends, planted = found['endings']['sets'], found['planted_copies']
    recall = ', '.join(
        f'{kind} {max(each[kind] for each in planted["recall"].values()):.2f}'
        for kind in planted['recall']['longest_run']
    )
    return [
        f'- These are the same steps for all lengths. Of all places after 4 bars: cost'
        f' {estimated(plain["cost"])}, entropy {plain["entropy"]["value"]:.3f}, calibration error'
        f' {plain["error"]:.3f}{warmer}.'
        f' Similarity to the nearest training tune {estimated(similar["own"])}, unseen tunes'
        f' {estimated(similar["real"])}; longest copied run {estimated(copied["own"], 1)} notes,'
        f' unseen {estimated(copied["real"], 1)}.',
        f'- Endings: the last note is a chord tone of the tonic, long and on a strong beat in'
        f' {percent(ends["model"]["all"])} of pieces, {percent(ends["real_continuations"]["all"])}'
        f' of real excerpts. Recall of {planted["num_planted"]} planted copies at 1 % false'
        f' alarms, by the best measure: {recall}.',
    ]


def in_another_meter(found: Mapping, meter: str) -> str:
    """The main figures of the pieces in another metre."""
    oa = {name: estimated(found['draws'][name]['overall_oa']) for name in found['draws']}
    bars = {name: cells['repeated_bars'] for name, cells in found['structure'].items()}
    plain, ends = found['contexts']['sureness'][0], found['endings']['sets']
    return (
        f'- In {meter} (`--config.evaluate.meter={meter}`): overall OA {oa["model"]}, real'
        f' continuations {oa["real_continuations"]}; repeated bars {estimated(bars["model"])},'
        f' real {estimated(bars["real_continuations"])}, difference'
        f' {estimated(found["structure"]["model"]["more"])}; cost after 4 bars'
        f' {plain["cost"]["value"]:.3f}, entropy {plain["entropy"]["value"]:.3f}; strongest critic'
        f' {estimated(found["critic"]["strongest"])}; endings {percent(ends["model"]["all"])} of'
        f' pieces, {percent(ends["real_continuations"]["all"])} of real excerpts.'
    )


def gap_rows(found: Mapping, meter: str) -> Iterable[Iterable[str]]:
    """The likelihood of gaps of each length in a metre, and of their notes how many are hit."""
    names = {
        'model': f'**both sides given**, {meter}',
        'right_hidden': f'left side given, {meter}',
        'saved_hidden': 'what the right side saves',
        'count_model': 'count model, left side given',
    }
    drawn = found['infilling']['drawn']
    shares = {'model': 'model', 'right_hidden': 'untold'}
    for name, title in names.items():
        cells = [
            estimate(each['nats_per_step'][name], *each['nats_intervals']['per_step'][name])
            for each in found['infilling']['gaps'].values()
        ]
        yield [title, *cells, number(drawn['overlap'][shares[name]]) if name in shares else '']


def gaps(by_meter: Mapping[str, Mapping]) -> str:
    """The section on filling gaps."""
    found = next(iter(by_meter.values()))['infilling']
    drawn, lengths = (
        found['drawn'],
        [f'{length} bar{"s" * (length != "1")}' for length in found['gaps']],
    )
    most = max(each['num_gaps'] for each in found['gaps'].values())
    introduction = (
        f'The shipped model ({datetime.date.today()}) in at most {most} gaps of each length in test'
        ' tunes of a metre, with at least eight bars before and up to eight after them, given both'
        ' sides or the left side only; the same steps for all. Repeats are written out, so that the'
        ' bars of a gap often stand in what follows. F1 is of notes with the same step'
        f' and pitch as in the tune, {drawn["num_candidates"]} pieces for each of'
        f' {drawn["num_gaps"]} gaps. Written by `benchmarks/results.py`.'
    )
    rows = [row for meter, each in by_meter.items() for row in gap_rows(each, meter)]
    head = ['nats per step', *lengths, f'F1 of notes, {drawn["num_bars"]} bars']
    return f'{GAPS}\n{wrapped(introduction)}\n\n{table(head, rows)}\n\n'


def section(found: Mapping, others: Mapping[str, Mapping]) -> str:
    """The section on the shipped model."""
    likelihood, temperature = found['likelihood'], found['contexts']['sureness'][-1]['temperature']
    overlap = sentence(as_words(Overlap(**likelihood['overlap'])))
    introduction = (
        f'`--mode=evaluate` of the parameters as stored, {datetime.date.today()}, likelihood on'
        f' {likelihood["num_tunes"]} test tunes in every metre, pieces after 4-bar prompts in 4/4,'
        f' at the calibrated temperature of {temperature:g}; the [card](../symmusic/pretrained/'
        f'card.md) has the same figures. {overlap} Repetition: share of onsets at which the same'
        ' pitch starts 1, 2 and 4 bars later, and of bars equal to an earlier one. Written by'
        ' `benchmarks/results.py`.'
    )
    last = [*further_items(found), *(in_another_meter(each, name) for name, each in others.items())]
    parts = [
        f'{HEADING}\n{wrapped(introduction)}',
        sets(found),
        meters(found),
        '\n'.join(map(wrapped, likelihood_items(found))),
        critics(found),
        contexts(found),
        '\n'.join(map(wrapped, last)),
    ]
    return '\n\n'.join(parts) + '\n\n'


def wrapped(text: str) -> str:
    """A paragraph or an item of a list in lines of at most 120 columns."""
    lines, indent = [''], '  ' * text.startswith('- ')
    for word in text.split(' '):
        if len(lines[-1]) + len(word) + 1 > 120:
            lines.append(indent + word)
        else:
            lines[-1] += f' {word}' if lines[-1] else word
    return '\n'.join(lines)


def read(folder: str, name: str) -> Mapping:
    """A JSON file of an evaluation."""
    return json.loads((pathlib.Path(folder) / name).read_text())


def replaced(text: str, heading: str, new: str) -> str:
    """The document with another text in place of a section that is not the last one."""
    text, num = re.subn(
        rf'{re.escape(heading)}\n.*?(?=^## )', lambda _: new, text, flags=re.DOTALL | re.MULTILINE
    )
    if num != 1:
        sys.exit(f'{RESULTS}: has no section {heading!r} before another one')
    return text


def main(*folders: str) -> None:
    """Replaces the sections; the first folder is of the evaluation in 4/4."""
    by_meter = {
        read(each, 'settings.json')['evaluate']['meter'] or '4/4': read(each, 'comparison.json')
        for each in folders
    }
    first, *others = by_meter
    text = replaced(
        RESULTS.read_text(),
        HEADING,
        section(by_meter[first], {meter: by_meter[meter] for meter in others}),
    )
    write_whole(RESULTS, replaced(text, GAPS, gaps(by_meter)))


if __name__ == '__main__':
    main(*sys.argv[1:])
