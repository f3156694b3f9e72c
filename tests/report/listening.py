"""Listening pages of a few pieces for tests."""

import json
import re

import numpy as np
import pytest

from symmusic.generate.pieces import Piece
from symmusic.generate.prompt import Prompt
from symmusic.generate.whole import Whole, put_together
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.report.forms import written_forms
from symmusic.report.introduction import Origin
from symmusic.report.listening import Entry, listening_page

NASTY = '</script><b>x</b>'

PIECES = [[60, 62, 64, 65], [72], [], [60, 59]]  # pitches, a quarter each, from the new bar on

RUNS = [
    {'tune': NASTY, 'score': 3, 'piece_notes': (1, 4), 'tune_bar': 7},
    None,
    None,
    {'tune': 'b', 'score': 2, 'piece_notes': (0, 2), 'tune_bar': 1},
]

LOOKS = [[3, 700, 16, 200]] * 16  # mostly three steps before, then a bar before


def events_of(pitches):
    events = np.full(16, -1, np.int8)
    events[: 4 * len(pitches) : 4] = pitches
    return events


@pytest.fixture
def html():
    events = np.array([67, -1, -1, -1, 69, -1, -1, -1] + [-1] * 8, np.int8)
    prompt = Prompt(NASTY, events, np.zeros(16, np.uint8), 0, 240.0)
    is_drawn = np.arange(32) >= 16
    entries = [
        Entry(
            f'0{number}',
            Whole(np.concatenate([events, events_of(pitches)]), is_drawn, (16,)),
            surprise,
            0.25,
            *files,
            run,
            LOOKS,
        )
        for number, pitches, surprise, run, files in zip(
            range(1, 5),
            PIECES,
            (0.5, 0.25, 1.0, 0.125),
            RUNS,
            [
                [
                    {'.mid': b'MThd-%s-%d' % (kind, index), '.abc': 'X:1 é'}
                    for kind in (b'new', b'joined')
                ]
                for index in range(4)
            ],
            strict=True,
        )
    ]
    return listening_page(prompt, entries, 'attn, epoch 1', are_compared=True)


def redrawn(given=None):
    """A page of bar 1 redrawn, after a pickup and before bar 2; `given` marks steps of bar 1."""
    pickup = np.array([-2] * 12 + [67, -2, -2, -2], np.int8)
    bar = np.tile([60, -2, -2, -2], 4).astype(np.int8)
    prompt = Prompt(
        'up',
        pickup,
        np.zeros(16, np.uint8),
        0,
        120.0,
        pickup=4,
        first_bar=0,
        program=40,
        after=bar,
        redrawn='1',
    )
    piece = Piece(np.zeros(16, np.uint8), bar + (bar >= 0), -4.0, 0, is_given=given)
    whole = put_together(prompt, piece, MelodyVocabulary(55, 91))
    run = {'tune': 'a', 'score': 2, 'piece_notes': (0, 2), 'tune_bar': 1}
    files = {'.mid': b'x'}
    entry = Entry('01', whole, 0.5, 0.0, files, files, run, [[1, 30]] * 16)
    return listening_page(prompt, [entry], 'attn, epoch 1', are_compared=True)


def long_page(program=0, **fields):
    """A page of one piece after 40 bars."""
    events = np.tile([60, -2, -2, -2], 160).astype(np.int8)
    prompt = Prompt('p', events, np.zeros(640, np.uint8), 0, 120.0, program=program, **fields)
    whole = Whole(np.concatenate([events, events_of([72])]), np.arange(656) >= 640, (640,))
    form = written_forms(whole.events, prompt, 0, 'p')
    notices = ('a bar was <cut>', 'b')
    origin = Origin('symmusic --mode=sample', "scale = 'C major'", notices, 'a%20b/studio.html')
    entry = Entry('01', whole, 1.0, 0.0, form, form)
    return listening_page(prompt, [entry], 'm', are_compared=False, origin=origin)


def data_of(html):
    """What the page's script reads."""
    return json.loads(re.search('^const DATA = (.*);$', html, re.M)[1])


def order(page):
    return [each.inner_text() for each in page.locator('article:visible h2').all()]
