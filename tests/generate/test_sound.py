"""Sound: the samples have the notes' pitches and times, nothing clicks or clips, and what is
missing is reported.
"""

import io
import shutil
import stat
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symmusic.errors import UserError
from symmusic.generate.sound import PEAK, RATE, RELEASE, Sound, find_font, synthesize, to_wav
from symmusic.melody.events import StepNote


def pitch_of(samples):
    """The pitch whose frequency is strongest."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 18))
    frequency = np.argmax(spectrum) * RATE / (1 << 18)
    return 69 + 12 * np.log2(frequency / 440)


@given(st.integers(0, 127), st.floats(40, 240))
@settings(deadline=None, max_examples=20)
def test_a_note_sounds_at_its_pitch_in_its_time(pitch, qpm):
    samples = synthesize([StepNote(4, 12, pitch)], qpm, 16)
    per_step = 60 / qpm / 4
    assert len(samples) == int(np.ceil((16 * per_step + RELEASE) * RATE))
    assert not samples[: round(4 * per_step * RATE)].any()
    assert not samples[round((12 * per_step + RELEASE) * RATE) + 1 :].any()
    sounding = samples[round(4 * per_step * RATE) : round(12 * per_step * RATE)]
    assert pitch_of(sounding) == pytest.approx(pitch, abs=0.5 if pitch < 24 else 0.2)
    assert np.abs(samples).max() <= PEAK + 1e-9
    assert abs(samples[-1]) < 1e-2  # faded out


def test_no_notes_are_silence_and_many_do_not_clip():
    assert not synthesize([], 120.0, 32).any()
    chord = [StepNote(0, 8, pitch) for pitch in (60, 64, 67, 72)]
    assert np.abs(synthesize(chord, 120.0, 8)).max() == pytest.approx(PEAK)


def test_the_file_is_what_players_expect():
    samples = synthesize([StepNote(0, 4, 69)], 120.0, 4)
    with wave.open(io.BytesIO(Sound(None)([StepNote(0, 4, 69)], b'', 120.0, 4))) as file:
        assert (
            file.getnchannels(),
            file.getsampwidth(),
            file.getframerate(),
            file.getnframes(),
        ) == (1, 2, RATE, len(samples))
        stored = np.frombuffer(file.readframes(len(samples)), '<i2')
    assert np.abs(stored / 32767 - samples).max() < 1e-4
    assert to_wav(samples) == to_wav(samples)


@pytest.fixture
def fluidsynth(tmp_path, monkeypatch):
    """A program of that name: copies the MIDI file to the output, or fails if the font says so."""
    program = tmp_path / 'bin' / 'fluidsynth'
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ngrep -q broken "$6" && { echo "no font" >&2; exit 1; }\ncp "$7" "$5"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv('PATH', str(program.parent), prepend=':')


def test_fluidsynth_plays_with_a_font(tmp_path, fluidsynth):
    font = tmp_path / 'my.sf2'
    font.write_bytes(b'')
    assert find_font(str(font)) == font
    assert Sound(font)([], b'MThd', 120.0, 4) == b'MThd'
    font.write_bytes(b'broken')
    with pytest.raises(UserError, match=r'fluidsynth could not play with .*my\.sf2: no font'):
        Sound(font)([], b'MThd', 120.0, 4)


def test_what_is_not_there_is_reported(tmp_path, monkeypatch):
    with pytest.raises(UserError, match='no such file'):
        find_font(str(tmp_path / 'none.sf2'))
    monkeypatch.setattr(shutil, 'which', lambda _: None)
    (tmp_path / 'my.sf2').write_bytes(b'')
    with pytest.raises(UserError, match='fluidsynth is not installed'):
        find_font(str(tmp_path / 'my.sf2'))
    assert find_font('') is None
