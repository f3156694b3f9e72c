"""Prompts: built in, MIDI and ABC, and everything that a user may pass by mistake."""

import dataclasses
import io
import itertools
import os

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.generate.fitting import MAX_BARS
from symmusic.generate.prompt import stated_at
from symmusic.generate.prompt_files import mary, read_notes, read_prompt
from symmusic.generate.prompt_text import make_prompt
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.melody.events import transpose_events
from symmusic.report.forms import written_forms
from symmusic.score.detection import detect_key
from symmusic.score.key import Key, parse_key_name
from symmusic.score.midi import MAX_BYTES
from symmusic.score.midi_writer import TICKS_PER_QUARTER, format_midi
from symmusic.score.notes import Note

VOCABULARY = MelodyVocabulary(55, 91)
STEP = TICKS_PER_QUARTER // 4
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
ABC = 'X:1\nT:Walk\nM:4/4\nL:1/8\nQ:1/4=90\nK:C\nCDEF GABc|c2G2 E2C2|\n'


def write(folder, data, name='p.mid'):
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def notes_of(pitches, steps=4, begin=0):
    return [
        Note((begin + index * steps) * STEP, steps * STEP, pitch)
        for index, pitch in enumerate(pitches)
    ]


def midi_with(numerator=4, denominator=4, pitches=SCALE, is_stated=True):
    """A MIDI file in any metre, or in none."""
    track = mido.MidiTrack()
    if is_stated:
        track.append(
            mido.MetaMessage('time_signature', numerator=numerator, denominator=denominator)
        )
    for pitch in pitches:
        track += [
            mido.Message('note_on', note=pitch, velocity=80),
            mido.Message('note_off', note=pitch, time=480),
        ]
    return mido.MidiFile(ticks_per_beat=480, tracks=[track])


def save(file, folder, name='p.mid'):
    file.save(folder / name)
    return str(folder / name)


def onsets(events):
    return [(step, int(event)) for step, event in enumerate(events) if event >= 0]


def read(path, vocabulary=VOCABULARY, transpose=True):
    return read_prompt(path, vocabulary, transpose=transpose)


def test_the_built_in_one():
    prompt = read('')
    assert (prompt.name, prompt.transposed_by, prompt.notices, len(prompt.tokens)) == (
        'mary',
        0,
        (),
        64,
    )
    assert [pitch for _, pitch in onsets(prompt.events)] == [note.pitch for note in mary().notes]
    assert_array_equal(VOCABULARY.decode(prompt.tokens), prompt.events)


def test_midi(tmp_path):
    prompt = read(write(tmp_path, format_midi(notes_of(SCALE), qpm=80), 'my tune.mid'))
    assert onsets(prompt.events) == list(zip(range(0, 32, 4), SCALE, strict=True))
    assert (prompt.name, len(prompt.events), prompt.transposed_by) == ('my tune', 32, 0)
    assert prompt.qpm == pytest.approx(80)


def test_abc(tmp_path):
    prompt = read(write(tmp_path, ABC, 'walk.abc'))
    assert [pitch for _, pitch in onsets(prompt.events)] == [*SCALE, 72, 67, 64, 60]
    assert (prompt.name, len(prompt.events)) == ('walk', 32)
    assert prompt.qpm == pytest.approx(90)


def test_what_is_kept_of_a_midi_file(tmp_path):
    """The velocity of each note, of the highest if several start; instrument and first tempo."""
    notes = [dataclasses.replace(note, velocity=30 + note.pitch) for note in notes_of(SCALE)]
    prompt = read(write(tmp_path, format_midi([*notes, Note(0, STEP, 40, 9)], program=40)))
    assert [velocity for velocity in prompt.velocities if velocity] == [
        30 + pitch for pitch in SCALE
    ]
    assert len(prompt.velocities) == len(prompt.events)
    assert (prompt.program, prompt.pickup, prompt.velocity) == (
        40,
        0,
        int(np.median([30 + pitch for pitch in SCALE])),
    )


def test_a_pickup_of_abc(tmp_path):
    prompt = read(write(tmp_path, 'X:1\nM:4/4\nL:1/4\nK:C\nGA|cdef|gfed|\n', 'up.abc'))
    assert (prompt.pickup, len(prompt.events), prompt.velocity) == (8, 48, 100)
    assert onsets(prompt.events)[0] == (8, 67)


@pytest.mark.parametrize(
    ('notes', 'pickup', 'first_bar', 'first'),
    [
        ('cdef|gfed|', 0, 1, 0),
        ('G|cdef|gfed|', 4, 0, 12),
        ('z|cdef|gfed|', 0, 1, 0),  # a pickup of silence is none
        ('z2|z2ef|gfed|', 0, 1, 8),
        ('z4|z4|cdef|gfed|', 0, 3, 0),
        ('z2|z4|cdef|gfed|', 0, 2, 0),
    ],
)
def test_bars_are_numbered_as_in_the_file(tmp_path, notes, pickup, first_bar, first):
    prompt = read(write(tmp_path, f'X:1\nM:4/4\nL:1/4\nK:C\n{notes}\n', 'up.abc'))
    assert (prompt.pickup, prompt.first_bar, onsets(prompt.events)[0][0]) == (
        pickup,
        first_bar,
        first,
    )


@pytest.mark.parametrize(
    ('notes', 'event'),
    [
        ('cdef|gfed|', 79),  # a note starts there: nothing to state
        ('cde f-|f f2 g|', 77),  # held over the bar line: starts again
        ('cde z|z f2 g|', -1),  # a rest: ends what is drawn before it
        ('cdef|z f2 g|', -1),
    ],
)
def test_what_sounds_at_a_step_is_made_explicit_there(tmp_path, notes, event):
    path = write(tmp_path, f'X:1\nM:4/4\nL:1/4\nK:C\n{notes}\n', 'p.abc')
    prompt = read(path)
    stated = stated_at(prompt, 16, VOCABULARY)
    heard = transpose_events(VOCABULARY.decode(stated.tokens), -stated.transposed_by)
    assert (stated.events[16], heard[16]) == (event, event)
    others = np.arange(len(prompt.events)) != 16
    assert_array_equal(stated.events[others], prompt.events[others])
    assert_array_equal(stated.tokens[others], prompt.tokens[others])
    assert stated_at(prompt, 32, VOCABULARY) is prompt


def test_one_of_several_instruments(tmp_path):
    parts = [notes_of(SCALE), notes_of(SCALE[::-1])]
    file = mido.MidiFile(file=io.BytesIO(format_midi(parts[0], program=5)))
    file.tracks.append(mido.MidiFile(file=io.BytesIO(format_midi(parts[1], program=56))).tracks[1])
    for message in file.tracks[2]:
        if hasattr(message, 'channel'):
            message.channel = 3
    data = io.BytesIO()
    file.save(file=data)
    path = write(tmp_path, data.getvalue())
    for part, (program, pitches) in enumerate([(5, SCALE), (56, SCALE[::-1])], 1):
        prompt = read_prompt(path, VOCABULARY, transpose=True, part=part)
        assert [pitch for _, pitch in onsets(prompt.events)] == list(pitches)
        assert prompt.program == program
        assert prompt.notices == (
            (
                f'p.mid has 2 parts, 1 Melody, 2 Melody: number {part} is read;'
                ' config.sample.part says which'
            ),
        )
    with pytest.raises(
        UserError, match='no part 3: the file has 2 that play notes, drums apart: Melody, Melody'
    ):
        read_prompt(path, VOCABULARY, transpose=True, part=3)


def test_triplets_and_changes_of_tempo_are_reported(tmp_path):
    triplets = [Note(round(index * TICKS_PER_QUARTER / 3), 60, 60 + index) for index in range(12)]
    (notice,) = read(write(tmp_path, format_midi(triplets))).notices
    assert notice.startswith(
        '8 of 12 notes of the prompt start between the sixteenths, as triplets or swing do'
    )
    file = mido.MidiFile(file=io.BytesIO(format_midi(notes_of(SCALE[:4]))))
    file.tracks[0].insert(3, mido.MetaMessage('set_tempo', tempo=250_000, time=220))
    data = io.BytesIO()
    file.save(file=data)
    prompt = read(write(tmp_path, data.getvalue()))
    assert prompt.qpm == 120
    assert (
        'the prompt changes its tempo: the first, 120 quarters per minute, is kept'
        in prompt.notices
    )


def test_one_tune_of_a_book(tmp_path):
    second = ABC.replace('X:1', 'X:7').replace('CDEF', 'cccc').replace('T:Walk', 'T:Other')
    path = write(tmp_path, ABC + '\n' + second, 'book.abc')
    for tune, (title, pitches) in enumerate([('Walk', [60, 62, 64, 65]), ('Other', [72] * 4)], 1):
        prompt = read_prompt(path, VOCABULARY, transpose=True, tune=tune)
        assert [pitch for _, pitch in onsets(prompt.events)][:4] == pitches
        assert prompt.title == title
        (notice,) = prompt.notices
        assert f'book.abc holds 2 tunes: number {tune} ({title})' in notice
    with pytest.raises(UserError, match=r'no tune 3: the book holds 2; .* must be from 1 to 2'):
        read_prompt(path, VOCABULARY, transpose=True, tune=3)
    with pytest.raises(UserError, match='no tune 2: only a book of ABC'):
        read_prompt(
            write(tmp_path, format_midi(notes_of(SCALE))), VOCABULARY, transpose=True, tune=2
        )


def test_what_the_reader_leaves_out_is_reported(tmp_path):
    prompt = read(write(tmp_path, ABC.replace('CDEF', '"Am"C{g}DEF'), 'tune.abc'))
    assert prompt.notices[:2] == (
        'tune.abc: chord symbols left out',
        'tune.abc: grace notes left out',
    )
    abc = ABC.replace('K:C', 'K:C octave=1\n%%MIDI program 73')
    prompt = read(write(tmp_path, abc, 'tune.abc'))
    assert [pitch for _, pitch in onsets(prompt.events)][:4] == [72, 74, 76, 77]
    assert (prompt.program, prompt.notices) == (73, ())


def test_the_last_bar_is_filled_with_silence(tmp_path):
    prompt = read(write(tmp_path, format_midi(notes_of(SCALE[:5]))))
    assert len(prompt.events) == 32
    # the last note is held to step 20, where it is ended
    assert prompt.events[19:22].tolist() == [-2, -1, -2]
    assert prompt.notices == ("the prompt's last bar ends with 12 sixteenths of silence",)


@pytest.mark.parametrize(('last', 'is_said'), [('C6', False), ('C5', True), ('C8', False)])
def test_a_last_bar_that_is_shorter_by_the_pickup_is_as_usual(tmp_path, last, is_said):
    text = f'X:1\nM:4/4\nL:1/8\nK:C\nG2|C8|{last}|\n'
    prompt = read(write(tmp_path, text, 'tune.abc'))
    assert (prompt.pickup, len(prompt.notices)) == (4, is_said)


def test_a_whole_number_of_bars_gets_no_filling(tmp_path):
    prompt = read(write(tmp_path, format_midi(notes_of(SCALE[:4]))))
    assert len(prompt.events) == 16
    assert -1 not in prompt.events
    assert prompt.notices == ()


def test_polyphony_is_reduced_to_the_highest(tmp_path):
    chords = [
        Note(index * 4 * STEP, 4 * STEP, pitch - low)
        for index, pitch in enumerate(SCALE)
        for low in (12, 0, 5)
    ]
    prompt = read(write(tmp_path, format_midi(chords)), transpose=False)
    assert [pitch for _, pitch in onsets(prompt.events)] == list(SCALE)
    (notice,) = prompt.notices
    assert '16 of 24 are left out' in notice


@pytest.mark.parametrize(
    ('later', 'is_reported'),
    [
        (Note(4 * STEP - 2, 4 * STEP, 67), False),  # legato: the two touch on the grid
        (Note(2 * STEP, 6 * STEP, 67), True),  # the first is cut
        (Note(4 * STEP, 4 * STEP, 67), False),
    ],
)
def test_notes_that_only_touch_are_no_polyphony(tmp_path, later, is_reported):
    prompt = read(
        write(tmp_path, format_midi([Note(0, 4 * STEP, 60), later, *notes_of([72, 76], begin=8)]))
    )
    assert [('1 of 4 are left out or cut short' in notice) for notice in prompt.notices] == [
        True
    ] * is_reported


def test_of_several_instruments_the_first_and_it_is_reported(tmp_path):
    file = midi_with()
    file.tracks.append(
        mido.MidiTrack(
            [message.copy(channel=1) for message in file.tracks[0] if not message.is_meta]
        )
    )
    prompt = read(save(file, tmp_path))
    assert onsets(prompt.events) == list(zip(range(0, 32, 4), SCALE, strict=True))
    assert [('has 2 parts' in notice) for notice in prompt.notices] == [True]


def test_a_long_prompt_counts_with_its_last_bars(tmp_path):
    pitches = [SCALE[index * 5 % 8] for index in range(400)]  # 100 bars
    prompt = read(write(tmp_path, format_midi(notes_of(pitches))))
    assert len(prompt.events) == len(prompt.tokens) == 16 * MAX_BARS == 1024
    assert [pitch for _, pitch in onsets(prompt.events)] == pitches[-256:]
    assert prompt.first_bar == 37


def test_no_metre_is_read_as_four_four_and_reported(tmp_path):
    prompt = read(save(midi_with(is_stated=False), tmp_path))
    assert len(prompt.events) == 32
    assert any('no metre' in notice for notice in prompt.notices)


def test_cut_time_has_the_same_bar(tmp_path):
    assert len(read(save(midi_with(2, 2), tmp_path)).events) == 32


@pytest.mark.parametrize(('low', 'notice'), [(24, '2 octave'), (72, '1 octave'), (84, '2 octave')])
def test_outside_of_the_range_by_octaves(tmp_path, low, notice):
    """The melody keeps its shape, the model reads it in its range, and it can be moved back."""
    pitches = [low + pitch - 60 for pitch in SCALE]
    vocabulary = MelodyVocabulary(48, 83)
    prompt = read(write(tmp_path, format_midi(notes_of(pitches))), vocabulary)
    assert [pitch for _, pitch in onsets(prompt.events)] == pitches
    heard = [pitch for _, pitch in onsets(vocabulary.decode(prompt.tokens))]
    assert {ours - theirs for ours, theirs in zip(heard, pitches, strict=True)} == {
        prompt.transposed_by
    }
    assert abs(prompt.transposed_by) == 12 * int(notice[0])
    assert any(notice in line for line in prompt.notices)


def test_a_leap_too_wide_for_the_range_is_folded_and_reported(tmp_path):
    vocabulary = MelodyVocabulary(60, 72)
    prompt = read(
        write(tmp_path, format_midi(notes_of([60, 64, 67, 100, 60, 64, 67, 36]))), vocabulary
    )
    assert [pitch for _, pitch in onsets(prompt.events)] == [60, 64, 67, 100, 60, 64, 67, 36]
    heard = [pitch for _, pitch in onsets(vocabulary.decode(prompt.tokens))]
    assert [
        (ours - theirs) % 12
        for ours, theirs in zip(heard, [60, 64, 67, 100, 60, 64, 67, 36], strict=True)
    ] == [0] * 8
    assert any('moved by octaves' in line for line in prompt.notices)


@given(
    distance=st.integers(-20, 20),
    walk=st.lists(st.integers(0, 6), min_size=8, max_size=16),
    transpose=st.booleans(),
)
def test_the_round_trip_is_exact(tmp_path_factory, distance, walk, transpose):
    """What the model reads, transposed back as its pieces are, is what the file holds."""
    pitches = [SCALE[index] + distance for index in walk]
    path = write(tmp_path_factory.mktemp('prompt'), format_midi(notes_of(pitches)))
    prompt = read(path, transpose=transpose)
    assert [pitch for _, pitch in onsets(prompt.events)] == pitches
    assert_array_equal(
        transpose_events(VOCABULARY.decode(prompt.tokens), -prompt.transposed_by), prompt.events
    )
    assert transpose or prompt.transposed_by % 12 == 0


def test_in_every_key_the_model_reads_the_same(tmp_path):
    heard = {}
    for distance in range(-6, 6):
        pitches = [note.pitch + distance - 5 for note in mary().notes]
        lengths = [note.duration for note in mary().notes]
        notes = [
            Note(onset * STEP, length * STEP, pitch)
            for onset, length, pitch in zip(
                itertools.accumulate(lengths, initial=0), lengths, pitches, strict=False
            )
        ]
        prompt = read(write(tmp_path, format_midi(notes)))
        heard[distance] = np.unique(
            [pitch % 12 for _, pitch in onsets(VOCABULARY.decode(prompt.tokens))]
        ).tolist()
        assert (prompt.transposed_by + distance - 5) % 12 == read('').transposed_by
    assert len(set(map(tuple, heard.values()))) == 1


@pytest.mark.parametrize(
    ('name', 'data', 'words'),
    [
        ('waltz.abc', ABC.replace('M:4/4', 'M:3/4'), '3/4'),
        ('empty.mid', b'', 'damaged MIDI'),
        ('empty.abc', '', 'no tune'),
        ('words.abc', 'Dear reader,\nthis is a letter.\n', 'no tune'),
        ('words.mid', 'Dear reader, this is a letter.', 'damaged MIDI'),
        ('cut.mid', format_midi(notes_of(SCALE))[:60], 'damaged MIDI'),
        ('silent.mid', format_midi([]), 'no notes'),
        ('silent.abc', 'X:1\nM:4/4\nK:C\nz8|z8|\n', 'no notes'),
        ('tune.txt', ABC, 'not a file of'),
        ('picture.png', b'\x89PNG', 'not a file of'),
    ],
)
def test_what_is_no_prompt_gets_one_line(tmp_path, name, data, words):
    path = write(tmp_path, data, name)
    with pytest.raises(UserError, match=r'config\.sample\.prompt') as caught:
        read(path)
    message = str(caught.value)
    assert path in message
    assert words in message
    assert '\n' not in message


def test_waltz_as_midi(tmp_path):
    with pytest.raises(UserError, match='3/4; the model knows 4/4'):
        read(save(midi_with(3, 4), tmp_path))


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(UserError, match='No such file'):
        read(str(tmp_path / 'none.mid'))
    (tmp_path / 'folder.mid').mkdir()
    with pytest.raises(UserError, match='directory'):
        read(str(tmp_path / 'folder.mid'))


def test_a_prompt_whose_end_is_silent(tmp_path):
    """A long silence after the notes: the last bars count, and in them nothing sounds."""
    notes = [Note(0, 4 * STEP, 60), Note(4 * STEP, (16 * MAX_BARS + 32) * STEP, 64)]
    with pytest.raises(UserError, match='no notes'):
        read(write(tmp_path, format_midi(notes)))


def test_an_endless_file_is_refused(tmp_path):
    path = write(tmp_path, format_midi(notes_of(SCALE)) + b'\0' * MAX_BYTES)
    with pytest.raises(UserError, match='too long: more than 4000000 bytes'):
        read(path)
    (tmp_path / 'zero.mid').symlink_to('/dev/zero')
    with pytest.raises(UserError, match='too long'):
        read(str(tmp_path / 'zero.mid'))
    os.mkfifo(tmp_path / 'pipe.abc')
    with pytest.raises(UserError, match='not a file: a pipe'):
        read(str(tmp_path / 'pipe.abc'))


@pytest.mark.parametrize('suffix', ['.mid', '.abc', '.musicxml'])
@pytest.mark.parametrize('name', ['A dorian', 'Eb minor', 'F lydian', 'A mixolydian'])
def test_a_stated_key_comes_back_in_every_format(tmp_path, name, suffix):
    key = parse_key_name(name)
    abc = ABC.replace('K:C', f'K:{key.short_name}')
    prompt = read(write(tmp_path, abc, 'tune.abc'))
    forms = written_forms(prompt.events, prompt, 0, 'Walk')
    path = tmp_path / f'again{suffix}'
    write_whole(path, forms[suffix])
    again = read(str(path))
    assert (prompt.key, prompt.states_key) == (again.key, again.states_key) == (key, True)
    assert (again.events.tolist(), again.notices) == (prompt.events.tolist(), ())


def test_a_key_is_detected_where_none_is_stated(tmp_path):
    prompt = read(write(tmp_path, format_midi(notes_of(SCALE))))
    assert (prompt.key, prompt.states_key) == (detect_key(notes_of(SCALE)), False)
    abc = ABC.replace('GABc|', 'GABc|[K:G]')
    prompt = read(write(tmp_path, abc, 'tune.abc'))
    assert prompt.key == Key(0)
    assert prompt.notices == ('the prompt changes its key: the first, C major, is kept',)


KEYS = ('the prompt states several keys before its first note: the last, D major, is kept',)
XML = """<?xml version="1.0"?><score-partwise version="4.0"><part-list><score-part id="P1">
<part-name>M</part-name></score-part></part-list><part id="P1"><measure number="0" implicit="yes">
<attributes><divisions>1</divisions>{key}<time><beats>4</beats><beat-type>4</beat-type></time>
</attributes>{first}</measure><measure number="1">{bar}</measure></part></score-partwise>"""
XML_KEY = '<key><fifths>{}</fifths><mode>major</mode></key>'
XML_NOTE = '<note><pitch><step>G</step><octave>4</octave></pitch><duration>1</duration></note>'


def midi_of(events):
    """A MIDI file of eight quarters with meta events (tick, name, values), 480 ticks a quarter."""
    timed = [(tick, mido.MetaMessage(name, **values)) for tick, name, values in events]
    for quarter, pitch in enumerate(SCALE):
        timed.append((480 * quarter, mido.Message('note_on', note=pitch, velocity=80)))
        timed.append((480 * quarter + 480, mido.Message('note_off', note=pitch)))
    timed.sort(key=lambda pair: (pair[0], pair[1].type == 'note_on'))
    ticks = [0, *(tick for tick, _ in timed)]
    messages = [each.copy(time=tick - ticks[at]) for at, (tick, each) in enumerate(timed)]
    file = io.BytesIO()
    mido.MidiFile(ticks_per_beat=480, tracks=[mido.MidiTrack(messages)]).save(file=file)
    return file.getvalue()


def metre_at(tick):
    return tick, 'time_signature', {'numerator': 4, 'denominator': 4}


def key_at(tick, key):
    return tick, 'key_signature', {'key': key}


def abc_of(first, header=''):
    return f'X:1\nM:4/4\nL:1/4\nK:C{header}\n{first}|C D E F|G4|\n'


def xml_of(num_notes, keys=(0,)):
    key = XML_KEY.format(keys[0])
    if keys[1:]:
        key += f'</attributes><attributes>{XML_KEY.format(keys[1])}'
    return XML.format(key=key, first=XML_NOTE * num_notes, bar=XML_NOTE * 4)


@pytest.mark.parametrize(
    ('data', 'name'),
    [
        (abc_of('C D E F G'), 'p.abc'),
        (midi_of([metre_at(0), metre_at(5 * 480)]), 'p.mid'),
        (xml_of(5), 'p.musicxml'),
    ],
)
def test_a_pickup_is_shorter_than_a_bar(data, name, tmp_path):
    """One line: what, where, and what is allowed."""
    path = write(tmp_path, data, name)
    with pytest.raises(UserError) as error:
        read(path)
    for each in (path, 'pickup', '5 quarters', '4/4', '4 quarters'):
        assert each in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('data', 'name', 'pickup'),
    [
        (abc_of('C D E'), 'p.abc', 12),
        (abc_of('C D E F'), 'p.abc', 0),
        (abc_of('C D E F G A B c'), 'p.abc', 0),
        ('X:1\nM:4/4\nL:1/4\nK:C\nC D E F G|]\n', 'p.abc', 0),
        (midi_of([metre_at(0), metre_at(3 * 480)]), 'p.mid', 12),
        (midi_of([metre_at(0), metre_at(4 * 480)]), 'p.mid', 0),
        (xml_of(3), 'p.musicxml', 12),
        (xml_of(8), 'p.musicxml', 0),
    ],
)
def test_first_bars_that_fit(data, name, pickup, tmp_path):
    assert read(write(tmp_path, data, name)).pickup == pickup


@pytest.mark.parametrize(
    ('data', 'name'),
    [
        (abc_of('C D E F', '\nK:D'), 'p.abc'),
        (midi_of([metre_at(0), key_at(0, 'C'), key_at(0, 'D')]), 'p.mid'),
        (xml_of(4, (0, 2)), 'p.musicxml'),
    ],
)
def test_of_several_keys_before_the_first_note_the_last_counts(data, name, tmp_path):
    prompt = read(write(tmp_path, data, name))
    assert (prompt.key, prompt.notices) == (Key(2), KEYS)


def test_a_key_stated_twice_alike_is_no_contradiction(tmp_path):
    for data, name in ((abc_of('C D E F', '\nK:C'), 'p.abc'), (xml_of(4, (0, 0)), 'p.musicxml')):
        assert read(write(tmp_path, data, name)).notices == ()


def test_the_first_tune_of_a_book_s_rhythm_is_read(tmp_path):
    """No field chooses it: none is named."""
    book = write(tmp_path, f'{abc_of("C D E F")}\n{abc_of("E E E E")}', 'book.abc')
    notes, notices = read_notes(book, 'rhythm', read(''))
    assert notes[0].pitch == 60
    assert notices == ['book.abc holds 2 tunes: number 1 is read']


def test_tunes_of_abc_text_are_chosen():
    book = f'{abc_of("C D E F")}\n{abc_of("E E E E")}'
    how = {'transpose': True, 'meters': ('all',)}
    prompts = [make_prompt(book, VOCABULARY, number=number, **how) for number in (1, 2)]
    assert [prompt.events.max() for prompt in prompts] == [67, 67]
    assert [prompt.events[0] for prompt in prompts] == [60, 64]
    assert 'number 2' in prompts[1].notices[0]
    with pytest.raises(UserError, match='no tune 3: the text holds 2'):
        make_prompt(book, VOCABULARY, number=3, **how)
