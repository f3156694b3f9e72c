"""Makes the best parameters of a trained and evaluated run the model that is shipped: symmusic/pretrained/.

python launch.py --config=configs/pretrained.py
python launch.py --config=configs/pretrained.py --mode=evaluate
python benchmarks/ship.py runs/pretrained
"""

import datetime
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from symmusic.files import write_whole
from symmusic.train.checkpoint import Checkpoints
from symmusic.train.replicas import best_replica, replica
from symmusic.train.shipped import FOLDER, write_shipped

CARD = """# The shipped model

{describes}, trained by `python launch.py --config=configs/pretrained.py` on {date}; parameters stored in half precision.

- **Data**: `{corpus}`, {tunes} training tunes: Irish, Scottish and American fiddle tunes from books of the 18th and 19th
  century, in the public domain; the files come with the package music21 (BSD licence) and are not part of symmusic.
  Transposed to C major or A minor, 4/4 and 2/2 only.
- **Held-out loss**, tunes never used before: {model:.3f} nats per step; base rate {base:.3f}, the best Markov model {markov:.3f}.
- **Overall overlap area**, {draws} draws of 100 continuations against 100 excerpts: {overlap};
  other excerpts reach {ceiling:.3f}, the real continuations {real:.3f}.
- **Nearest training tune** (MelodyShape 2015-shapeh, 1 = a copy): {plagiarism:.3f} on the mean (SD {sd:.3f});
  real unseen tunes {unseen:.3f}.
- **Limits**: one voice on a grid of sixteenths in 4/4; knows fiddle tunes and nothing else.

Measured by one run, seed 0, before rounding to half precision. The figures again, of the parameters as they are stored:
`python launch.py --config=configs/pretrained.py --mode=evaluate` in a folder without `runs/pretrained`.
"""


def main(workdir: pathlib.Path) -> None:
    """Writes parameters, card.json and card.md."""
    states, card = Checkpoints(workdir).restore()
    best = replica(states, best_replica(states))
    comparison = json.loads((workdir / 'evaluation' / 'comparison.json').read_text())
    figures = {'date': datetime.date.today().isoformat(), 'best_epoch': int(best.best_epoch)}
    figures |= {name: comparison[name] for name in ('nats_per_step', 'nats_per_note')}
    shown = ('model', 'second_draw', 'real_continuations', 'markov_4', 'shuffled')
    figures['overall_oa'] = {name: comparison['draws'][name]['overall_oa'] for name in shown}
    figures |= {'similarity': {name: comparison['similarity'][name] for name in ('mean', 'sd', 'unusable')}}
    figures['similarity']['unseen'] = comparison['similarity']['unseen']['mean']
    write_shipped(best.best_params, card, figures)
    layers, oa, nats = card.architecture, figures['overall_oa'], figures['nats_per_step']
    text = CARD.format(
        describes=f'{layers.num_layers} LSTM layers of {layers.num_cells} cells with {layers.attention.capitalize()} attention',
        date=figures['date'], corpus=card.dataset['corpus'], tunes=card.dataset['num_tunes']['train'],
        model=nats['model'], base=nats['base_rate'], markov=min(nats[name] for name in nats if name.startswith('markov')),
        draws=oa['model']['num'], overlap=f'{oa["model"]["mean"]:.3f} [{oa["model"]["low"]:.3f}, {oa["model"]["high"]:.3f}]',
        ceiling=oa['second_draw']['mean'], real=oa['real_continuations']['mean'],
        plagiarism=figures['similarity']['mean'], sd=figures['similarity']['sd'], unseen=figures['similarity']['unseen'],
    )  # fmt: skip
    write_whole(FOLDER / 'card.md', text)
    print(text)


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]))
