"""Files that are made to cost much: refused, or read within bounds of time and memory."""

import json
import pathlib
import struct
import time
import tracemalloc

import pytest

from symmusic.config import runs
from symmusic.config.flags import base_config
from symmusic.corpus.collections import SourceFile
from symmusic.corpus.prepare import Settings, prepare_files, prepare_score
from symmusic.errors import ScoreError, UserError
from symmusic.experiment.answers import MOST_BYTES, Unusable, parse, read_files
from symmusic.files import read_bounded
from symmusic.score.abc import MAX_BOOK_BYTES, decode, read_abc_tune, split_tunes
from symmusic.score.midi import MAX_BYTES, parse_midi
from symmusic.score.monophonic import parse_monophonic

HEAD = b'X:1\nM:4/4\nL:1/8\nK:C\n'
END = b'\x00\xff\x2f\x00'
ROOT = pathlib.Path(__file__).resolve().parents[2]


def midi(body, ticks_per_quarter=480):
    return b'MThd' + struct.pack('>IHHH', 6, 0, 1, ticks_per_quarter) + b'MTrk' + struct.pack('>I', len(body)) + body


def read(data):
    """An ABC book up to the model's events: the tunes that could be read."""
    read = 0
    for tune in split_tunes(decode(data)):
        try:
            prepare_score(read_abc_tune(tune.text), 'bound', Settings())
            read += 1
        except ScoreError:
            pass
    return read


@pytest.mark.parametrize('name', ['a.mid', 'a.abc'])
def test_a_file_of_100_mb_is_not_read_to_its_end(tmp_path, name):
    """10^7 notes as MIDI or ABC, and more; nor is an endless one."""
    path = tmp_path / name
    with open(path, 'wb') as file:
        file.write(HEAD if name.endswith('abc') else midi(b'')[:22])
        file.truncate(100_000_000)
    tracemalloc.start()
    begun = time.process_time()
    (tune,) = prepare_files([SourceFile(name, path)], Settings())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tune.kept, tune.reason) == (False, 'too long')
    assert time.process_time() - begun < 10
    assert peak < 3 * MAX_BOOK_BYTES
    for most in (MAX_BYTES, MAX_BOOK_BYTES):
        with pytest.raises(ScoreError, match=f'more than {most} bytes'):
            read_bounded('/dev/zero', most)


def test_gaps_of_10_to_the_9_ticks():
    gap = b'\xff\xff\xff\x7f\x90\x3c\x40\x60\x80\x3c\x00' * 4
    begun = time.process_time()
    with pytest.raises(ScoreError, match='too long: more than 1000000 quarters'):
        parse_midi(midi(gap + END))
    note = (0, b'\x90\x3c\x40')
    meter = b'\x00\xff\x58\x04\x04\x02\x18\x08'
    slow = midi(meter + bytes(note[:1]) + note[1] + b'\x60\x80\x3c\x00' + gap + END, 0x7FFF)  # 32,767 quarters: allowed, and cheap
    assert len(prepare_score(parse_midi(slow), 'bound', Settings()).phrases) > 1
    assert parse_monophonic(midi(gap + END))
    assert time.process_time() - begun < 20


NESTED = {
    'repeats': HEAD + b'|:CD' * 5000 + b':|' * 5000,
    'endings': HEAD + b'|:C|1' * 20000 + b':|2' * 20000,
    'parts': b'X:1\nM:4/4\nP:' + b'(' * 5000 + b'A' + b')9' * 5000 + b'\nK:C\nP:A\nCDEF|',
    'tuplets': HEAD + b'(3' * 100000 + b'CDE|',
    'graces': HEAD + b'{' * 100000 + b'}' * 100000 + b'C|',
    'chords': HEAD + b'[' * 200000 + b'C]',
    'quotes': HEAD + b'"' * 200001 + b'C',
    'voices': HEAD + b'\n'.join(b'V:%d\nCDEF|' % number for number in range(30000)),
    'keys': HEAD + b'[K:G]C' * 60000,
    'broken rhythm': HEAD + b'A>' * 100000 + b'B|',
    'slashes': HEAD + b'A' + b'/' * 400000,
    'ties': HEAD + b'A-' * 200000 + b'|',
    'overlays': HEAD + b'A&' * 200000 + b'|',
    'length': HEAD + b'C99999999' * 40000,
}


@pytest.mark.parametrize('name', NESTED)
def test_abc_that_nests_or_repeats_without_end(name):
    begun = time.process_time()
    read(NESTED[name])
    assert time.process_time() - begun < 40  # 0.1 to 2 s; more where coverage is measured


def test_json_that_nests_or_is_long(tmp_path):
    deep = b'[' * 1_000_000
    begun = time.process_time()
    assert isinstance(parse(deep), Unusable)
    with pytest.raises(UserError, match='damaged'):
        runs.from_json(deep.decode(), base_config(ROOT))
    (tmp_path / 'a.json').write_bytes(b' ' * (MOST_BYTES + 1))
    (tmp_path / 'b.json').write_text(json.dumps({'ratings': [{'piece': 1}] * 1000}))
    found = read_files(tmp_path)
    assert str(found['a.json']) == 'too large for a file of answers'
    assert isinstance(found['b.json'], dict)
    assert time.process_time() - begun < 20


@pytest.mark.slow
def test_as_much_as_a_file_may_hold():
    """The most messages, notes and tunes that pass the bounds on bytes: seconds, and memory that a small machine has."""
    notes = midi(b'\x00\x90\x3c\x40' + b'\x01\x3c\x40' * (MAX_BYTES // 3 - 20) + END)
    begun = time.process_time()
    assert len(parse_midi(notes).notes) > 1_000_000
    parse_midi(midi(b'\x00\x90\x3c\x40\x60\x80\x3c\x00\x00\xc0\x3c' + b'\x01\x3c' * (MAX_BYTES // 2 - 20) + END))
    with pytest.raises(ScoreError):
        parse_monophonic(notes)
    assert time.process_time() - begun < 120
    begun = time.process_time()
    assert read(b'X:1\nK:C\nC|\n\n' * (MAX_BOOK_BYTES // 12)) == 0  # of no metre
    assert time.process_time() - begun < 600
