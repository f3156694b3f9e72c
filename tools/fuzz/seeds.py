"""Valid inputs of each target to start from, and their mutation."""

import json
import random

from configs import base
from symmusic.config import runs
from symmusic.experiment.answers import FORMAT
from symmusic.experiment.ratings import QUESTIONS
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.model.model import Architecture
from symmusic.score.midi_writer import format_midi
from symmusic.score.notes import Note
from symmusic.training.card import Card
from symmusic.training.state import Recipe
from tests.score.midi_bytes import chunk, meter, midi, off, on, program, riff, tempo, track
from tools.fuzz.targets import STUDY

NOTES = [Note(index * 110, 110, 60 + index % 12) for index in range(40)]
TUNE = 'X:1\nT:Made up\nM:4/4\nL:1/8\nQ:1/4=120\nP:A(AB)2\nK:G\n'
BODY = (
    'P:A\n|:G2AB cdef|[GB]3z "Am"(3efg {ag}f>e|1 d4 !trill!c4-|c4 z4:|2 [M:3/4]^f2 _e2'
    " =d2|]\nP:B\nV:2\nz8|[K:Dmix]A,,2 c''2 x4&B8|\n"
)
RATINGS = [{'piece': piece, 'plays': 1, **dict.fromkeys(QUESTIONS, 3)} for piece in (1, 2)]
ANSWERS = {
    'format': FORMAT,
    'study': STUDY.id,
    'listener': 'a',
    'saved': '2026-01-01T00:00:00Z',
    'experience': 2,
    'complete': True,
    'ratings': RATINGS,
}

SEEDS: dict[str, list[bytes]] = {
    'midi': [
        format_midi(NOTES, title='Made up'),
        midi(
            track((0, tempo(100.0)), (0, meter(6, 8))),
            track((0, program(9)), (0, on(60)), (55, on(64)), (480, off(60)), (0, off(64))),
        ),
        midi(
            track((0, on(60, channel=9)), (10**6, off(60, channel=9)), (0, on(61)), (1, on(61, 0)))
        ),
        riff(
            midi(
                track((0, meter(1, 4)), (480, meter(4, 4)), (1920, meter(3, 4))),
                chunk(b'XFIH', b'abcd'),
                track((0, b'\xf0\x02\x7e\xf7'), (0, on(60)), (960, off(60)), (0, on(62))),
            )
        ),
    ],
    'abc': [
        (TUNE + BODY).encode(),
        b"M:6/8\n\nX:1\nK:none\nabc|:d,e'f:|\n\nX:2\nK:Am\nA/2B//c3/2 Z4|",
        'X:1\nK:C\n"é"C %%begintext\n'.encode('latin-1'),
    ],
    'answers': [
        json.dumps(ANSWERS).encode(),
        json.dumps({**ANSWERS, 'complete': False, 'ratings': RATINGS[:1]}).encode(),
    ],
    'flags': [
        b'--config.model.num_cells=64\n--workdir=w\n--mode=train',
        b'--mode=compare\n--reference=a\n--generated=b',
        b'--config.data.meters=("4/4",)\n--config.train.learning_rate=1e-3',
        b'--config.sample.prompt=x.mid\n--nosuch',
    ],
}
SEEDS['monophonic'] = SEEDS['midi']
CARD = Card(
    Architecture(9, num_layers=1, num_cells=4, lookback=(16,)),
    Recipe(
        'all',
        learning_rate=0.1,
        clip_norm=1.0,
        plateau_factor=0.5,
        plateau_patience=3,
        plateau_threshold=0.1,
    ),
    MelodyVocabulary(60, 66),
    {'seed': 1},
    {'corpus': 'made up'},
    ({'epoch': 1},),
    2,
)
SEEDS['card'] = [json.dumps(CARD.to_json()).encode()]
SEEDS['config'] = [runs.to_json(base.get_config()).encode()]
PIECES = {
    'midi': [
        b'MThd',
        b'MTrk',
        b'\xff\x51\x03',
        b'\xff\x58\x04',
        b'\xff\x2f\x00',
        b'\xf0\x7f',
        b'\xf7',
        b'\xff\x58\x04\x03\x02\x18\x08',
        b'\xff\x59\x02\x08\xff',
        b'\xff\xff\xff\x7f',
        b'\x90\x3c\x40',
        b'\x80\x3c\x00',
    ],
    'abc': [
        b'|:',
        b':|',
        b'|1',
        b'[K:',
        b'(3',
        b'(9:9:9',
        b'"',
        b'{',
        b'}',
        b'P:((',
        b'99999999',
        b'/',
        b'-',
        b'&',
        b'\nX:1\nK:C\n',
        b'[M:1/0]',
        b'[V:2 octave=-1]',
        b'\nV:1 clef=perc\n',
        b'\n%%MIDI transpose 5\n',
        b'[I:MIDI program 3 4]',
        b'\n%%propagate-accidentals pitch\n',
        b'[P:B]',
        b'{^c}',
        b'(10:8:10',
        b'::2',
        b'!a b!',
        b'\r\r\n',
        b'\n\nM:4/4\nK:C\n',
        b'%%abc-charset iso-8859-2\n',
        b"T:\\'e &eacute; \\u00e9\n",
    ],
    'answers': [
        b'null',
        b'[]',
        b'{}',
        b'-1',
        b'1e999',
        b'NaN',
        b'[' * 100,
        b'"piece":',
        b'true',
        b'\\ud800',
    ],
    'flags': [
        b'--',
        b'=',
        b'--config.',
        b'\n',
        b'[',
        b'(',
        b'None',
        b'1e400',
        b'data.corpus',
        b'replicas=0',
        b'=-1',
        b'=nan',
        b'quick=True',
    ],
}
PIECES['monophonic'] = PIECES['midi']
PIECES['card'] = PIECES['config'] = PIECES['answers']


def mutate(target: str, rng: random.Random) -> bytes:
    """A seed of a target with a few changes: bytes changed, removed, doubled, or inserted."""
    data = bytearray(rng.choice(SEEDS[target]))
    for _ in range(rng.randint(1, 6)):
        place, length = rng.randrange(len(data) + 1), rng.choice([1, 1, 2, 4, 16])
        change = rng.randrange(5)
        if change == 0:
            data[place : place + 1] = bytes(
                [rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])]
            )
        elif change == 1:
            del data[place : place + length]
        elif change == 2:
            data[place:place] = data[place : place + length] * rng.choice([1, 2, 50])
        elif change == 3:
            data[place:place] = rng.choice(PIECES[target])
        else:
            other = rng.choice(SEEDS[target])
            begin = rng.randrange(len(other))
            data[place:place] = other[begin : begin + rng.randrange(1, 40)]
    return bytes(data)
