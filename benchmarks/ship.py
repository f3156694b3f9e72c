"""Makes the best parameters of a trained and evaluated run the shipped model, in
symmusic/pretrained/.

python launch.py
python launch.py --mode=evaluate
python benchmarks/ship.py runs/attn

If the folder holds no run but an evaluation of the shipped model itself, the parameters stay and
only the figures of the card are updated.
"""

import dataclasses
import datetime
import json
import pathlib
import sys
from collections.abc import Iterable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import jax
import numpy as np

from symmusic.config.fields import constraints, default
from symmusic.config.protocol import base_config
from symmusic.config.runs import from_dict
from symmusic.files import write_whole
from symmusic.generate.compose import compose
from symmusic.generate.manner import Manner, manner_of, settle
from symmusic.generate.pieces import Piece
from symmusic.generate.prompt_files import read_prompt
from symmusic.measures.given import calibrate_model
from symmusic.model.model import Params
from symmusic.streams import Stream, random_key
from symmusic.training import build, corpora
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.replicas import best_replica, replica
from symmusic.training.shipped import FOLDER, read_shipped, write_held_out, write_shipped

CARD = """# The shipped model

{describes}, {parameters:,} parameters stored in half precision, trained by
`python launch.py` on {date}: {settings}; one seed,
best epoch {best_epoch}.

- **Data**: `{corpus}`, {tunes} training tunes: Irish, Scottish and American fiddle tunes from books
  of the 18th and 19th century, in the public domain. The files come with the package music21 (BSD
  licence) and are not part of symmusic. Transposed to C major or A minor.
- **Metres**, with nats per note on test tunes (the count model's in brackets): {meters}.
- **Held-out loss** on tunes of other families: {model:.3f} nats per step; base rate {base:.3f}, the
  best Markov model {markov:.3f}, the count model {count:.3f}, the model mixed with it {mixed:.3f}.
- **Gaps** of {lengths} bars in test tunes in 4/4: {both} nats per step given both sides, {left}
  given the left side only.
- **Calibration** after 4-bar prompts of validation tunes: {at_one:.3f} nats per step, entropy
  {entropy:.3f}. It samples at the temperature at which it predicts best, {temperature:g}
  ({at_best:.3f}).
- **Overall overlap area**, {draws} draws of 100 continuations against 100 excerpts: {overlap};
  other excerpts reach {ceiling:.3f} (the ceiling), the real continuations {real:.3f}, the best
  Markov model {floor:.3f}.
- **Plagiarism**: similarity to the nearest training tune (MelodyShape 2015-shapeh, 1 = a copy)
  {plagiarism:.3f} on average (SD {sd:.3f}), of unseen real tunes {unseen:.3f}; longest copied run
  {run:.1f} notes on average, in {flagged} of 100 pieces longer than in 95 % of unseen tunes
  ({level:.3g} notes).
- **Told from real continuations** of the same prompts by the strongest of {num_critics} critics
  with an AUC of at least {auc:.3f} [{low:.3f}, {high:.3f}].
- **Repetition**: {repeated} of the bars equal an earlier one, {repeated_real} of those of the real
  continuations.
- **Limits**: one voice on a grid of sixteenths; knows fiddle tunes and nothing else.

Measured on {measured}{of}. To measure the stored parameters again:
`python launch.py --mode=evaluate`, in a folder without `runs/attn`.
"""


def main(workdir: pathlib.Path) -> None:
    """Writes parameters, card.json and card.md."""
    comparison = json.loads((workdir / 'evaluation' / 'comparison.json').read_text())
    if Checkpoints(workdir).latest_step() is None:
        params, card, old = read_shipped()
        when, of = {'date': old['date'], 'best_epoch': old['best_epoch']}, ''
    else:
        states, card = Checkpoints(workdir).restore()
        best = replica(states, best_replica(states))
        params, of = best.best_params, ' before rounding to half precision'
        when = {'date': datetime.date.today().isoformat(), 'best_epoch': int(best.best_epoch)}
        config = from_dict(card.config, base_config())
        write_held_out(build.split_as_trained(config, corpora.corpus(config)))
    figures = when | measured_figures(comparison) | {'measured': datetime.date.today().isoformat()}
    write_shipped(params, card, figures)
    params = read_shipped()[0]
    figures['calibration'] = calibration_of(params, card)
    figures['piece'] = {
        'tokens': (piece := short_piece(params, card)).tokens.tolist(),
        'log_probability': piece.log_probability,
    }
    write_shipped(params, card, figures)
    text = card_md(params, card, figures, of)
    write_whole(FOLDER / 'card.md', text)
    print(text)


def calibration_of(params: Params, card: Card) -> dict:
    """How sure the model is on validation tunes, with the temperature that it samples at."""
    config = settle(from_dict(card.config, base_config()), None).unlock()
    for name in constraints.FIELDS:  # a run of an earlier version states earlier defaults
        config.sample[name.removeprefix('sample.')] = default(name)
    corpus = corpora.corpus_of(config, card, is_shipped=True)
    manner = manner_of(config, card)
    tunes = build.split_as_trained(config, corpus).validation
    return dataclasses.asdict(calibrate_model(params, card, tunes, manner))


def measured_figures(comparison: dict) -> dict:
    """The figures of an evaluation that the card contains."""
    shown = ('model', 'second_draw', 'real_continuations', 'markov_4', 'markov_5', 'shuffled')
    figures = {name: comparison[name] for name in ('nats_per_step', 'nats_per_note')}
    figures['nats_per_note_by_meter'] = {
        meter: each['per_note'] for meter, each in comparison['likelihood']['by_meter'].items()
    }
    figures['gaps'] = {
        length: {name: each['nats_per_step'][name] for name in ('model', 'right_hidden')}
        for length, each in comparison['infilling']['gaps'].items()
    }
    figures['overall_oa'] = {name: comparison['draws'][name]['overall_oa'] for name in shown}
    figures['similarity'] = {
        name: comparison['similarity'][name] for name in ('mean', 'sd', 'unusable')
    }
    figures['similarity']['unseen'] = comparison['similarity']['unseen']['mean']
    figures['critics'] = comparison['critic']['strongest'] | {
        'num': len(comparison['critic']['is_valid'])
    }
    run = comparison['copies']['longest_run']
    mean = float(np.mean([each['score'] for each in run['pieces'].values()]))
    figures['longest_run'] = {'mean': mean, 'level': run['level'], 'flagged': len(run['flagged'])}
    figures['structure'] = {
        name: comparison['structure'][name] for name in ('model', 'real_continuations')
    }
    return figures


def short_piece(params: Params, card: Card) -> Piece:
    """Two bars after the built-in prompt, drawn greedily."""
    manner = Manner(
        1,
        2,
        0.0,
        0,
        1.0,
        None,
        card.config['train']['sequence_steps'],
        0,
        redraw_stuck=False,
        keep_distributions=False,
    )
    return compose(
        params,
        card.architecture,
        card.vocabulary,
        read_prompt('', card.vocabulary, transpose=True),
        manner,
        random_key(0, Stream.SAMPLED_PIECES),
    )[0]


def card_md(params: Params, card: Card, figures: dict, of: str = '') -> str:
    """The card as a person reads it."""
    layers, oa, nats, train = (
        card.architecture,
        figures['overall_oa'],
        figures['nats_per_step'],
        card.config['train'],
    )
    return CARD.format(
        describes=(
            f'{layers.num_layers} LSTM layers of {layers.num_cells} cells with'
            f' {layers.attention.capitalize()} attention, and a backward layer of'
            f' {layers.backward_cells} that reads what follows a gap'
        ),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params)),
        date=figures['date'],
        best_epoch=figures['best_epoch'],
        settings=(
            f'dropout {layers.dropout_rate:g}, Adam at {train["learning_rate"]:g} with weight decay'
            f' {train["weight_decay"]:g}, sequences of {train["sequence_steps"]} steps,'
            f' {train["batch_size"]} in an update, {train["gap_share"]:.0%} with a gap, lookback of'
            ' 1, 2, 4 and 8 bars'
        ),
        corpus=card.dataset['corpus'],
        tunes=card.dataset['num_tunes']['train'],
        meters=', '.join(
            f'{meter} {each["model"]:.3f} ({each["count_model"]:.3f})'
            for meter, each in figures['nats_per_note_by_meter'].items()
            if each['model'] is not None
        ),
        model=nats['model'],
        base=nats['base_rate'],
        markov=min(nats[name] for name in nats if name.startswith('markov')),
        count=nats['count_model'],
        mixed=nats['model_with_count_model'],
        lengths=_listed(figures['gaps']),
        both=_listed(f'{each["model"]:.3f}' for each in figures['gaps'].values()),
        left=_listed(f'{each["right_hidden"]:.3f}' for each in figures['gaps'].values()),
        num_critics=figures['critics']['num'],
        **{name: figures['critics'][name] for name in ('auc', 'low', 'high')},
        **figures['calibration'],
        draws=oa['model']['num'],
        overlap=f'{oa["model"]["mean"]:.3f} [{oa["model"]["low"]:.3f}, {oa["model"]["high"]:.3f}]',
        ceiling=oa['second_draw']['mean'],
        real=oa['real_continuations']['mean'],
        floor=max(oa[name]['mean'] for name in oa if name.startswith('markov')),
        plagiarism=figures['similarity']['mean'],
        sd=figures['similarity']['sd'],
        unseen=figures['similarity']['unseen'],
        run=figures['longest_run']['mean'],
        level=figures['longest_run']['level'],
        flagged=figures['longest_run']['flagged'],
        repeated=_share(figures['structure']['model']),
        repeated_real=_share(figures['structure']['real_continuations']),
        measured=figures['measured'],
        of=of,
    )


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f'{", ".join(first)} and {last}'


def _share(structure: dict) -> str:
    return f'{100 * structure["repeated_bars"]["mean"]:.0f} %'


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]))
