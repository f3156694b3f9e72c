"""Files made to be expensive: refused, or read within bounds of work and memory.

Work is counted in calls, of Python and C functions, since times depend on how busy the machine is.
This does not detect a single call whose cost grows faster than its input, such as a regular
expression that backtracks: there the process's own time is measured at doubling sizes.
"""

import contextlib
import cProfile
import itertools
import json
import pathlib
import string
import struct
import sys
import time
import tracemalloc

import pytest

from symmusic.config import runs
from symmusic.config.protocol import base_config
from symmusic.corpus.collections import SourceFile
from symmusic.corpus.prepare import Settings, prepare_files, prepare_score
from symmusic.corpus.split import title_key
from symmusic.errors import ScoreError, UserError
from symmusic.experiment.answers import MOST_BYTES, Unusable, parse, read_files
from symmusic.files import read_bounded
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import MAX_BOOK_BYTES, split_tunes
from symmusic.score.abc_text import decode, escape_text, read_text
from symmusic.score.midi import MAX_BYTES, parse_midi
from symmusic.score.monophonic import parse_monophonic

HEAD = b'X:1\nM:4/4\nL:1/8\nK:C\n'
END = b'\x00\xff\x2f\x00'
ROOT = pathlib.Path(__file__).resolve().parents[2]


def midi(body, ticks_per_quarter=480):
    return (
        b'MThd'
        + struct.pack('>IHHH', 6, 0, 1, ticks_per_quarter)
        + b'MTrk'
        + struct.pack('>I', len(body))
        + body
    )


def calls(function, *arguments):
    """How many calls it takes."""
    profile = cProfile.Profile()
    profile.runcall(function, *arguments)
    return sum(entry.callcount for entry in profile.getstats())


def read(data):
    """An ABC book read up to the model's events: the tunes that could be read."""
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
    (tune,) = prepare_files([SourceFile(name, path)], Settings())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tune.kept, tune.reason) == (False, 'too long')
    assert peak < 3 * MAX_BOOK_BYTES
    for most in (MAX_BYTES, MAX_BOOK_BYTES):
        with pytest.raises(ScoreError, match=f'more than {most} bytes'):
            read_bounded('/dev/zero', most)


def test_gaps_of_10_to_the_9_ticks():
    """Silence of any length costs the same."""

    def gaps(ticks):
        return (ticks + b'\x90\x3c\x40\x60\x80\x3c\x00') * 4 + END

    def prepared(ticks):
        body = (
            b'\x00\xff\x58\x04\x04\x02\x18\x08' + b'\x00\x90\x3c\x40\x60\x80\x3c\x00' + gaps(ticks)
        )
        # at most 32,767 quarters: allowed
        return prepare_score(parse_midi(midi(body, 0x7FFF)), 'bound', Settings())

    long, short = b'\xff\xff\xff\x7f', b'\x88\x80\x80\x00'  # 268,435,455 and 16,777,216 ticks
    with pytest.raises(ScoreError, match='too long: more than 1000000 quarters'):
        parse_midi(midi(gaps(long)))
    assert len(prepared(long).phrases) > 1
    assert len(parse_monophonic(midi(gaps(long)))) == 4
    for function in (prepared, lambda ticks: parse_monophonic(midi(gaps(ticks)))):
        function(short)  # work of the first call only is not counted
        assert calls(function, long) < 1.5 * calls(function, short)


def test_work_grows_with_the_notes_of_a_midi_file():
    """Twice as many, all at once or one after the other, take twice the work, not four times."""

    def work(num_notes, delta):
        data = midi(b'\x00\x90\x3c\x40' + (delta + b'\x3c\x40') * num_notes + END)
        return calls(parse_midi, data)

    for delta in (b'\x00', b'\x60'):
        work(1, delta)
        assert work(4000, delta) < 2.5 * work(2000, delta)


NESTED = {
    'repeats': lambda n: HEAD + b'|:CD' * n + b':|' * n,
    'endings': lambda n: HEAD + b'|:C|1' * (4 * n) + b':|2' * (4 * n),
    'parts': lambda n: b'X:1\nM:4/4\nP:' + b'(' * n + b'A' + b')9' * n + b'\nK:C\nP:A\nCDEF|',
    'tuplets': lambda n: HEAD + b'(3' * (20 * n) + b'CDE|',
    'graces': lambda n: HEAD + b'{' * (20 * n) + b'}' * (20 * n) + b'C|',
    'chords': lambda n: HEAD + b'[' * (40 * n) + b'C]',
    'quotes': lambda n: HEAD + b'"' * (40 * n + 1) + b'C',
    'voices': lambda n: HEAD + b'\n'.join(b'V:%d\nCDEF|' % number for number in range(6 * n)),
    'keys': lambda n: HEAD + b'[K:G]C' * (12 * n),
    'broken rhythm': lambda n: HEAD + b'A>' * (20 * n) + b'B|',
    'slashes': lambda n: HEAD + b'A' + b'/' * (80 * n),
    'ties': lambda n: HEAD + b'A-' * (40 * n) + b'|',
    'overlay groups': lambda n: HEAD + b'(&C|D&E|F&)G|' * (4 * n),
    'open overlay groups': lambda n: HEAD + b'(&C&D|' * (4 * n),
    'graces in chords': lambda n: HEAD + b'[C{{{' * (20 * n),
    'a chord of graces': lambda n: HEAD + b'[C' + b'{' * (40 * n) + b']',
    'text': lambda n: HEAD + b'C|\n' + b'</pre>\nthe end of it\n' * (4 * n),
    'signs': lambda n: HEAD + b'^/c$%d' * (20 * n),
    'overlays': lambda n: HEAD + b'A&' * (40 * n) + b'|',
    'length': lambda n: HEAD + b'C99999999' * (8 * n),
    'inline voices': lambda n: HEAD + b''.join(b'[V:%d]C|' % number for number in range(6 * n)),
    'silent voices': lambda n: (
        HEAD + b'K:G\n' * n + b''.join(b'V:%d\nz|\n' % number for number in range(6 * n))
    ),
    'parts of voices': lambda n: (
        b'X:1\nP:AB\nK:C\n'
        + b''.join(b'V:%d\nP:A\nC|\nP:B\nD|\n' % number for number in range(3 * n))
    ),
    'labels': lambda n: HEAD + b''.join(b'[P:%d]C|' % number for number in range(6 * n)),
    'parts played': lambda n: b'X:1\nP:(A9)9\nK:C\nP:A\n' + b'[P:A]' * n + b'|:C:|' * n,
    'open repeats': lambda n: HEAD + b'|1 C|2' * (4 * n),
    'double colons': lambda n: HEAD + b'|:C|1D::2' * n,
    'directives': lambda n: HEAD + b'%%MIDI transpose 1\nC\n%%MIDI program 5\n' * (4 * n),
    'staves': lambda n: HEAD + b'[K:C octave=1 transpose=-12]C' * (4 * n),
    'accidentals': lambda n: HEAD + b'{^f}^c_d' * (2 * n) + b'|',
    'tunes without X:': lambda n: b'K:C\nC|\n\n' * n,
    'blank lines': lambda n: HEAD + b'C|\n' + b'\n' * (40 * n) + b'\r' * (40 * n),
    'text between tunes': lambda n: HEAD + b'C|\n\n' + b'T:a\n' * (20 * n),
}


@pytest.mark.parametrize('name', NESTED)
def test_abc_that_nests_or_repeats_without_end(name):
    """Twice as much takes twice the work, not four times; and more than Python's stack holds is
    read as well.
    """
    small, large = (calls(read, NESTED[name](n)) for n in (100, 200))
    assert large < 2.5 * small
    read(NESTED[name](sys.getrecursionlimit()))


FEW_SECONDS = 0.02  # shorter times are not measured exactly


def seconds(function, argument, times=1):
    """Of this process alone, at the least of several calls."""
    found = []
    for _ in range(times):
        begun = time.process_time()
        function(argument)
        found.append(time.process_time() - begun)
    return min(found)


def check_linear(function, text, sizes=(1_000, 16_000)):
    """The time that `function(text(size))` takes grows less than size ** 1.5."""
    for small, large in itertools.pairwise(sizes):
        first = seconds(function, text(large))
        if first < FEW_SECONDS:
            continue
        allowed = (large / small) ** 1.5 * seconds(function, text(small), 3) + FEW_SECONDS
        # other processes make a time longer, never shorter: one short enough time suffices
        assert first < allowed or seconds(function, text(large), 5) < allowed, (text(8), large)


# contents of a field or directive: one endlessly repeated sign, or an opening that is never closed
FILLINGS = [
    *(
        'a',
        ' ',
        '\t',
        'a ',
        '=',
        'a=',
        ' =',
        '=a ',
        '"',
        'a"',
        '(',
        '((',
        '[',
        '(a',
        '{',
        '^',
        '_c',
    ),
    *(
        '1',
        '1/',
        '1+',
        '+1 ',
        '1/4 ',
        '-',
        '\\',
        "\\'",
        '&',
        '&a',
        '%',
        ',',
        ', ',
        ' --',
        '<',
        'A(',
        'C#',
    ),
    *('octave=', 'clef=', 'treble', 'exp ^f '),
]
BEGINNINGS = [
    '',
    'C exp ',
    'G "',
    '1/4=',
    'D =',
    '4/4 (',
    'A(',
    'octave=',
    '1 name="',
    'MIDI program ',
]


def read_fields(text):
    """A tune with one field or directive, or what it is taken for."""
    for tune in split_tunes(decode(text.encode())):
        with contextlib.suppress(ScoreError):
            read_abc_tune(tune.text)


READ = 'KLMPQVT'  # fields that determine what is played, or its name


@pytest.mark.parametrize('letter', [*string.ascii_letters, '+'])
def test_every_field_takes_linear_time(letter):
    """In the header, in the body, and in a line of music."""
    forms = {f'X:1\n{letter}:{{}}\nK:C\nC|': 16_000, f'X:1\nK:C\n{letter}:{{}}\nC|': 16_000}
    if letter in READ:
        # a field within a line ends; music follows
        forms[f'X:1\nK:C\nC[{letter}:{{}}]C|'] = 2_000
    for form, beginning, filling in itertools.product(
        forms, BEGINNINGS if letter in READ else [''], FILLINGS
    ):
        check_linear(
            read_fields,
            lambda size, form=form, start=beginning, filling=filling: form.format(
                start + filling * (size // len(filling))
            ),
            sizes=(forms[form] // 10, forms[form]),
        )


DIRECTIVES = [
    *(
        '%%',
        '%%MIDI ',
        '%%MIDI transpose ',
        '%%MIDI program ',
        '%%MIDI program 1 ',
        '%%MIDI channel ',
    ),
    *('%%propagate-accidentals ', '%%abc-charset ', '%%begintext ', '%%score ', '%', '% '),
    *('I:MIDI=', 'I:MIDI ', 'I:abc-charset ', 'I:propagate-accidentals '),
]


@pytest.mark.parametrize('directive', DIRECTIVES)
def test_every_directive_takes_linear_time(directive):
    for form in ('{}\nX:1\nK:C\nC|', 'X:1\n{}\nK:C\nC|', 'X:1\nK:C\n{}\nC|'):
        for filling in FILLINGS:
            check_linear(
                read_fields,
                lambda size, form=form, filling=filling: form.format(
                    directive + filling * (size // len(filling))
                ),
            )


SYMBOLS = [
    *(
        'C',
        '^',
        '_',
        ',',
        "'",
        '/',
        '9',
        '|',
        ':',
        '::',
        '[|]',
        ':|',
        '|1',
        '[1',
        '[',
        '[C',
        '["',
        '[!',
    ),
    *(
        '(3',
        '(3:',
        '"',
        '"a',
        '!',
        '!a',
        '+',
        '+a',
        '{',
        '{^f',
        '}',
        '-',
        '<',
        '>',
        '&',
        'z',
        'Z',
        '[K:',
    ),
    *(
        '(&',
        '&)',
        '+CE+',
        '<a ',
        '</p',
        'the ',
        '[V:',
        '[V:1]',
        '[I:',
        '[P:A]',
        '.',
        '~',
        '`',
        '\\',
        '%',
        '\\%',
        ' ',
        '\t',
        'a:',
        '+:',
    ),
]


@pytest.mark.parametrize('symbol', SYMBOLS)
def test_every_symbol_takes_linear_time(symbol):
    def text(size):
        return symbol * (size // len(symbol))

    # of one line, and of a line each
    for form in (
        lambda size: f'X:1\nK:C\n{text(size)}\n',
        lambda size: f'X:1\nK:C\n{text(size)}C|\n',
        lambda size: 'X:1\nK:C\n' + f'{symbol}\n' * (size // 4),
    ):
        check_linear(read_fields, form, sizes=(1_000, 32_000))


@pytest.mark.parametrize(
    'filling', [*FILLINGS, ')', ']', '(]', '[)', "'s", '\ufdfa', ',the ', '&a;']
)
def test_titles_take_linear_time(filling):
    for function in (title_key, read_text, escape_text):
        for start in ('', 'a', '('):
            check_linear(
                function,
                lambda size, start=start: start + filling * (size // len(filling)),
                sizes=(1_000, 16_000, 128_000),
            )


@pytest.mark.parametrize(
    'data', [b'\r', b'\r\r\n', b'\n', b'%%abc-charset ', b'\0', b'\xff', b'I:']
)
def test_the_text_of_a_book_takes_linear_time(data):
    check_linear(
        lambda book: split_tunes(decode(book)), lambda size: data * (4 * size // len(data))
    )


def test_json_that_nests_or_is_long(tmp_path):
    deep = b'[' * 1_000_000
    assert isinstance(parse(deep), Unusable)
    with pytest.raises(UserError, match='damaged'):
        runs.from_json(deep.decode(), base_config())
    (tmp_path / 'a.json').write_bytes(b' ' * (MOST_BYTES + 1))
    (tmp_path / 'b.json').write_text(json.dumps({'ratings': [{'piece': 1}] * 1000}))
    found = read_files(tmp_path)
    assert str(found['a.json']) == 'too large for a file of answers'
    assert isinstance(found['b.json'], dict)


@pytest.mark.slow
def test_as_much_as_a_file_may_hold():
    """The largest numbers of messages, notes and tunes that the limits on bytes allow."""
    notes = midi(b'\x00\x90\x3c\x40' + b'\x01\x3c\x40' * (MAX_BYTES // 3 - 20) + END)
    assert len(parse_midi(notes).notes) > 1_000_000
    parse_midi(
        midi(
            b'\x00\x90\x3c\x40\x60\x80\x3c\x00\x00\xc0\x3c'
            + b'\x01\x3c' * (MAX_BYTES // 2 - 20)
            + END
        )
    )
    with pytest.raises(ScoreError):
        parse_monophonic(notes)
    assert read(b'X:1\nK:C\nC|\n\n' * (MAX_BOOK_BYTES // 12)) == 0  # of no metre
