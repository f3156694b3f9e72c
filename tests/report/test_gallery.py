"""The folder of pieces: its files and their content; an error while writing leaves earlier files
unchanged.
"""

import dataclasses
import errno
import json
import os
import pathlib
import tempfile
import wave

import mido
import numpy as np
import pytest

from symmusic.errors import UserError
from symmusic.files import SETTINGS, choose_folder, write_whole
from symmusic.generate.pieces import Piece
from symmusic.generate.sound import Sound
from symmusic.generate.whole import put_together
from symmusic.melody.events import from_events, quantize
from symmusic.report import gallery
from symmusic.report.forms import written_forms
from symmusic.report.gallery import write_gallery
from symmusic.score.abc import read_abc_tune
from symmusic.score.key import Key
from symmusic.score.midi import parse_midi
from tests.generate.toy import VOCABULARY, make_prompt

PROMPT = make_prompt(transposed_by=2)
TOKENS = np.array([0, 0, 4, 0, 1, 6, 0, 0] * 2, np.uint8)
SETTING = {'temperature': 1.0}


def piece(events=(-2, -2, 60, -2, -1, 62, -2, -2) * 2, **fields):
    return Piece(TOKENS, np.array(events, np.int8), -12.5, 3, **fields)


EMPTY = piece((-2,) * 16)


@pytest.fixture
def figures(monkeypatch):
    """Pictures are drawn by a stub: they are checked by eye, not tested, and take a second each."""
    drawn = []

    def draw(path, *args):
        drawn.append(path.name)
        path.write_bytes(b'png')

    monkeypatch.setattr(gallery, 'draw_piece', draw)
    monkeypatch.setattr(gallery, 'draw_all', draw)
    return drawn


def write(folder, pieces, settings=SETTING, sound=None, prompt=PROMPT):
    how = {
        'sound': sound,
        'is_window': False,
        'temperature': 0.5,
        'seed': 7,
        'settings': settings,
        'model': 'toy',
        'repeated': [0.25] * len(pieces),
    }
    write_gallery(folder, prompt, pieces, VOCABULARY, **how)


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def steps(path):
    """The notes of a written file on the grid, as long as they lie exactly on it."""
    score = parse_midi(path.read_bytes())
    sixteenth = score.ticks_per_quarter / 4
    assert all(note.onset % sixteenth == note.end % sixteenth == 0 for note in score.notes)
    return quantize(score, align_pickup=False)


def test_files_of_the_contract(figures, tmp_path):
    write(tmp_path / 'out' / 'walk', [piece(), EMPTY])
    assert sorted(content(tmp_path / 'out')) == [
        'walk/01.abc',
        'walk/01.mid',
        'walk/01.musicxml',
        'walk/01.png',
        'walk/02.abc',
        'walk/02.mid',
        'walk/02.musicxml',
        'walk/02.png',
        'walk/all.png',
        'walk/index.html',
        'walk/joined/01.abc',
        'walk/joined/01.mid',
        'walk/joined/01.musicxml',
        'walk/joined/02.abc',
        'walk/joined/02.mid',
        'walk/joined/02.musicxml',
        'walk/samples.json',
        f'walk/{SETTINGS}',
    ]
    # no other file remains
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['walk']
    rows = json.loads((tmp_path / 'out' / 'walk' / 'samples.json').read_text())
    assert [row['file'] for row in rows] == ['01.mid', '02.mid']
    contract = {
        'prompt': 'walk',
        'model': 'toy',
        'temperature': 0.5,
        'key': 7,
        'num_steps': 16,
        'tokens': TOKENS.tolist(),
        'log_probability': -12.5,
        'nearest': None,
        'repeats_prompt': {'share': 0.25, 'run_notes': 5},
        'transposed_by': 2,
    }
    for row in rows:
        assert {name: row[name] for name in contract} == contract
    assert json.loads((tmp_path / 'out' / 'walk' / SETTINGS).read_text()) == SETTING


def test_all_formats_agree_in_the_prompt_s_key_tempo_and_metre(figures, tmp_path):
    prompt = dataclasses.replace(PROMPT, key=Key(2), meter='2/2', qpm=90.0, title='A <tune>')
    forms = written_forms(piece().events, prompt, 16, 'A <tune>, continuation 01')
    midi, abc = parse_midi(forms['.mid']), read_abc_tune(forms['.abc'])
    assert (
        quantize(midi, align_pickup=False)
        == quantize(abc, align_pickup=False)
        == from_events(piece().events)
    )
    for score in (midi, abc):
        assert (str(score.meters[0]), round(score.tempi[0].qpm)) == ('2/2', 90)
    assert 'K:D\n' in forms['.abc']
    assert '<fifths>2</fifths>' in forms['.musicxml']
    assert 'A &lt;tune&gt;, continuation 01' in forms['.musicxml']


def test_dynamics_pickup_and_instrument_of_the_prompt_are_kept(figures, tmp_path):
    """In `joined/`; the piece alone has the median velocity of the prompt's notes."""
    events = np.array([-2] * 12 + [60, -2, 62, -2] + [64, -2, -2, -2] * 4, np.int8)
    loud = [*[0] * 12, 40, 0, 50, 0, *[60, 0, 0, 0] * 4]
    prompt = dataclasses.replace(PROMPT, events=events, velocities=loud, pickup=4, program=73)
    new, joined = (
        written_forms(piece().events, prompt, 32, 'new'),
        written_forms(np.concatenate([events, piece().events]), prompt, 0, 'all'),
    )
    num_new = len(from_events(piece().events))
    assert [note.velocity for note in parse_midi(joined['.mid']).notes] == [
        40,
        50,
        60,
        60,
        60,
        60,
        *[60] * num_new,
    ]
    assert {note.velocity for note in parse_midi(new['.mid']).notes} == {60}
    assert parse_midi(joined['.mid']).program == parse_midi(new['.mid']).program == 73
    abc = read_abc_tune(joined['.abc'])
    assert abc.pickup == abc.ticks_per_quarter
    assert read_abc_tune(new['.abc']).pickup == 0
    assert '<measure number="0" implicit="yes">' in joined['.musicxml']
    assert '<instrument-name>flute</instrument-name>' in new['.musicxml']


@pytest.mark.parametrize('suffix', ['.mid', '.abc', '.musicxml'])
def test_music21_reads_everything_back(figures, tmp_path, suffix):
    """Notes, tempo, metre, instrument, pickup and, in MIDI, the velocity of each note."""
    from music21 import converter

    events = np.array([-2] * 12 + [60, -2, 62, -2] + [64, -2, -2, -2] * 4, np.int8)
    prompt = dataclasses.replace(
        PROMPT,
        events=events,
        velocities=[*[0] * 12, 40, 0, 50],
        pickup=4,
        program=40,
        qpm=90.0,
        meter='2/2',
    )
    joined = np.concatenate([events, piece().events])
    path = tmp_path / f'joined{suffix}'
    write_whole(path, written_forms(joined, prompt, 0, 'Up')[suffix])
    score = converter.parse(path, forceSource=True).stripTies()
    flat = score.flatten()  # which starts with the pickup
    found = [(round(note.offset * 4) + 12, note.pitch.midi) for note in flat.notes]
    assert found == [(note.onset, note.pitch) for note in from_events(joined)]
    assert flat.getElementsByClass('MetronomeMark')[0].number == 90
    assert flat.getElementsByClass('TimeSignature')[-1].ratioString == '2/2'
    if suffix == '.mid':
        assert [note.volume.velocity for note in flat.notes][:3] == [40, 50, 45]
    else:
        measures = list(score.recurse().getElementsByClass('Measure'))
        assert measures[0].paddingLeft == 3 or measures[0].duration.quarterLength == 1
    if suffix != '.abc':
        assert flat.getElementsByClass('Instrument')[0].midiProgram == 40


def test_sound_on_request(figures, tmp_path):
    write(tmp_path / 'walk', [piece(), EMPTY], sound=Sound(None))
    lengths = {}
    for name in ('01.wav', 'joined/01.wav', '02.wav'):
        with wave.open(str(tmp_path / 'walk' / name)) as file:
            lengths[name] = file.getnframes() / file.getframerate()
    seconds = 60 / PROMPT.qpm / 4
    assert lengths['01.wav'] == pytest.approx(16 * seconds, abs=0.1)
    assert lengths['joined/01.wav'] == pytest.approx((16 + len(PROMPT.events)) * seconds, abs=0.1)


def test_a_pickup_starts_at_once(figures, tmp_path):
    """In a file with the prompt before the piece; the piece alone has no pickup."""
    events = np.array([-2] * 12 + [60, -2, 62, -2], np.int8)
    prompt = dataclasses.replace(PROMPT, events=events, velocities=(), pickup=4)
    write(tmp_path / 'walk', [piece()], sound=Sound(None), prompt=prompt)
    for name, num_steps in (('01', 16), ('joined/01', 20)):
        with wave.open(str(tmp_path / 'walk' / f'{name}.wav')) as file:
            seconds = file.getnframes() / file.getframerate()
            beginning = np.frombuffer(file.readframes(file.getframerate() // 20), '<i2')
        assert seconds == pytest.approx(num_steps * 60 / PROMPT.qpm / 4, abs=0.1)
        assert beginning.any() == (name == 'joined/01')
        assert (parse_midi((tmp_path / 'walk' / f'{name}.mid').read_bytes()).pickup > 0) == (
            name == 'joined/01'
        )


def test_real_pictures(tmp_path):
    write(tmp_path / 'walk', [piece(), EMPTY])
    for name in ('01.png', '02.png', 'all.png'):
        data = (tmp_path / 'walk' / name).read_bytes()
        assert data.startswith(b'\x89PNG')
        assert len(data) > 2000


def test_midi_is_the_continuation_and_joined_has_the_prompt_before_it(figures, tmp_path):
    write(tmp_path / 'walk', [piece(), EMPTY])
    ours = piece()
    assert steps(tmp_path / 'walk' / '01.mid') == from_events(ours.events)
    assert steps(tmp_path / 'walk' / 'joined' / '01.mid') == from_events(
        np.concatenate([PROMPT.events, ours.events])
    )
    # The prompt's last note continues over the seam, as nothing ends it.
    assert any(
        note.onset < 16 < note.end for note in steps(tmp_path / 'walk' / 'joined' / '01.mid')
    )
    assert steps(tmp_path / 'walk' / 'joined' / '02.mid') == from_events(
        np.concatenate([PROMPT.events, EMPTY.events])
    )
    messages = list(mido.MidiFile(tmp_path / 'walk' / '02.mid'))
    assert not [message for message in messages if message.type == 'note_on']
    assert [
        (message.numerator, message.denominator)
        for message in messages
        if message.type == 'time_signature'
    ] == [(4, 4)]
    assert [
        round(mido.tempo2bpm(message.tempo)) for message in messages if message.type == 'set_tempo'
    ] == [96]


def test_redrawn_bars_alone_and_between_those_that_were_given(figures, tmp_path):
    """`NN.mid` and `samples.json` hold what was drawn, `joined` all bars, as they were given."""
    after = np.array([67, -2, -2, -2] * 4, np.int8)
    prompt = dataclasses.replace(PROMPT, after=after, redrawn='2')
    write(tmp_path / 'walk', [piece()], prompt=prompt)
    assert steps(tmp_path / 'walk' / '01.mid') == from_events(piece().events)
    assert steps(tmp_path / 'walk' / 'joined' / '01.mid') == from_events(
        np.concatenate([PROMPT.events, piece().events, after])
    )
    (row,) = json.loads((tmp_path / 'walk' / 'samples.json').read_text())
    assert (row['num_steps'], row['tokens']) == (16, TOKENS.tolist())
    page = (tmp_path / 'walk' / 'index.html').read_text()
    assert 'data-notes="4"' in page
    assert 'walk, bar 2 redrawn' in page


def test_whole_pieces_mark_what_was_drawn():
    after = np.array([67, -2, -2, -2] * 4, np.int8)
    prompt = dataclasses.replace(PROMPT, after=after, first_bar=0)
    given = np.arange(16) % 8 < 2
    whole = put_together(prompt, piece(is_given=given), VOCABULARY)
    np.testing.assert_array_equal(
        whole.is_drawn, np.concatenate([np.full(16, False), ~given, np.full(16, False)])
    )
    assert (whole.seams, whole.first_bar, len(whole.events)) == ((16, 32), 0, 48)
    assert put_together(PROMPT, piece(), VOCABULARY).seams == (16,)


def test_distributions_if_they_were_kept(figures, tmp_path):
    rng = np.random.default_rng(0)
    pieces = [
        piece(probabilities=rng.random((16, 22)), weights=rng.random((16, 8)), read=PROMPT.tokens)
        for _ in range(2)
    ]
    write(tmp_path / 'walk', pieces)
    with np.load(tmp_path / 'walk' / 'distributions.npz') as arrays:
        np.testing.assert_array_equal(
            arrays['probabilities'], np.stack([each.probabilities for each in pieces])
        )
        np.testing.assert_array_equal(
            arrays['attention_weights'], np.stack([each.weights for each in pieces])
        )
        np.testing.assert_array_equal(arrays['read'], [PROMPT.tokens] * 2)
    assert {'attention.png', 'attention_masked.png', 'softmax.png'} <= {
        path.name for path in (tmp_path / 'walk' / 'heatmaps').iterdir()
    }


def test_numbers_have_as_many_digits_as_needed(figures, tmp_path):
    write(tmp_path / 'walk', [piece()] * 100)
    names = sorted(path.name for path in (tmp_path / 'walk').glob('*.mid'))
    assert (names[0], names[-1], len(names)) == ('001.mid', '100.mid', 100)


def test_a_folder_made_with_other_settings_is_kept(figures, tmp_path):
    first = choose_folder(tmp_path, 'walk', {'seed': 1})
    write(first, [piece()], {'seed': 1})
    before = content(first)
    second = choose_folder(tmp_path, 'walk', {'seed': 2})
    assert (first.name, second.name) == ('walk', 'walk-2')
    write(second, [piece(), piece()], {'seed': 2})
    assert content(first) == before
    assert choose_folder(tmp_path, 'walk', {'seed': 1}) == first
    assert choose_folder(tmp_path, 'walk', {'seed': 2}) == second
    assert choose_folder(tmp_path, 'walk', {'seed': 3}).name == 'walk-3'


@pytest.mark.parametrize('text', [None, '', '{"seed"', '[]', '\xff'])
def test_a_folder_of_the_user_s_is_kept(tmp_path, text):
    (tmp_path / 'walk').mkdir()
    (tmp_path / 'walk' / 'mine.txt').write_text('mine')
    if text is not None:
        (tmp_path / 'walk' / SETTINGS).write_bytes(text.encode('latin-1'))
    assert choose_folder(tmp_path, 'walk', {}).name == 'walk-2'


def test_the_same_settings_write_into_the_folder_and_keep_other_files(figures, tmp_path):
    write(tmp_path / 'walk', [piece()])
    first = content(tmp_path)
    theirs = {
        'notes.txt': b'mine',
        'joined/mix.wav': b'mine',
        '99.mid': b'mine',
        'best/01.mid': b'mine',
    }
    for name, data in theirs.items():
        (tmp_path / 'walk' / name).parent.mkdir(exist_ok=True)
        (tmp_path / 'walk' / name).write_bytes(data)
    (tmp_path / 'walk' / '01.mid').write_bytes(b'damaged')
    write(tmp_path / 'walk', [piece()])
    assert content(tmp_path) == {**first, **{f'walk/{name}': data for name, data in theirs.items()}}
    assert [path.name for path in tmp_path.iterdir()] == ['walk']


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize('call', ['write', 'mkdir', 'first', 'third'])
def test_an_error_while_writing_leaves_every_file_complete(figures, tmp_path, monkeypatch, call):
    """The same settings give the same files, so a folder with some of them rewritten is
    unchanged.
    """
    write(tmp_path / 'walk', [piece()] * 2)
    (tmp_path / 'walk' / 'notes.txt').write_text('mine')
    before = content(tmp_path)
    real, placed = os.replace, []

    def replace_until(path, place):
        if tmp_path / 'walk' in pathlib.Path(place).parents:
            placed.append(place)
            if len(placed) == {'first': 1, 'third': 3}[call]:
                full()
        real(path, place)

    target, name, fault = {
        'write': (os, 'fsync', full),
        'mkdir': (tempfile, 'mkdtemp', full),
        'first': (gallery.os, 'replace', replace_until),
        'third': (gallery.os, 'replace', replace_until),
    }[call]
    monkeypatch.setattr(target, name, fault)
    with pytest.raises(UserError, match='No space left') as caught:
        write(tmp_path / 'walk', [piece()] * 2)
    assert '\n' not in str(caught.value)
    monkeypatch.undo()
    assert content(tmp_path) == before


def test_a_new_folder_is_complete_or_absent(figures, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery.os, 'rename', full)
    with pytest.raises(UserError, match='No space left'):
        write(tmp_path / 'walk', [piece()])
    assert not list(tmp_path.iterdir())
