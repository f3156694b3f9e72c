"""A small study made by hand, and answers to it."""

import json

import numpy as np

from symmusic.experiment.answers import FORMAT
from symmusic.experiment.study import Study, assemble

NUM_STEPS = 16


def make_study(num=2, seed=0, origins='tune') -> Study:
    """A study of different pieces of one bar each."""

    def events(pitch):
        row = np.full(NUM_STEPS, -2, np.int8)
        row[::4] = pitch
        return row

    sources = {
        'training': [(f'{origins}, bar {index}', events(60 + index)) for index in range(num)],
        'generated': [
            (f'after {origins}, bar {index}', events(80 + index)) for index in range(num)
        ],
    }
    return assemble(sources, NUM_STEPS, 400.0, seed, {'model': 'toy, epoch 1', 'corpus': 'toys'})


def make_answers(
    of, listener='a', saved='2026-01-01T00:00:00.000Z', rating=lambda piece, question: 3, **changes
) -> dict:
    """The answers that a page saves."""
    rows = [
        {
            'piece': piece,
            'plays': 1,
            **{question: rating(piece, question) for question in ('rhythm', 'melody')},
        }
        for piece in range(1, len(of.excerpts) + 1)
    ]
    whole = {
        'format': FORMAT,
        'study': of.id,
        'listener': listener,
        'saved': saved,
        'complete': True,
        'experience': 2,
        'ratings': rows,
    }
    return whole | changes


def write_answers(folder, **files):
    """Files of answers by their stem: objects as JSON, text as it is."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f'{name}.json').write_text(
            content if isinstance(content, str) else json.dumps(content)
        )
    return folder
