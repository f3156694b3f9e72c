"""WAV files of pieces, by a simple built-in synthesiser or by FluidSynth with a sound font."""

import dataclasses
import io
import pathlib
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence

import numpy as np

from symmusic.errors import UserError
from symmusic.melody.events import StepNote
from symmusic.score.bar import SIXTEENTHS

RATE = 44_100  # samples per second
PARTIALS = (1.0, 0.45, 0.25, 0.12, 0.06)  # amplitudes of a plucked string's partials
ATTACK, RELEASE = 0.004, 0.05  # seconds
HALF_LIFE = 0.35  # half-life of the first partial in seconds; the n-th decays n times as fast
PEAK = 0.8
FONT_FOLDERS = ('/usr/share/sounds/sf2', '/usr/share/soundfonts', '/usr/local/share/soundfonts')


def synthesize(
    notes: Sequence[StepNote], qpm: float, num_steps: int, steps_per_quarter: int = SIXTEENTHS
) -> np.ndarray:
    """Samples [N] float64 within -1..1 at `RATE` of notes in steps of a grid, at `qpm` quarters per
    minute; the last note's release and at least `num_steps` steps are in N.
    """
    per_step = 60 / qpm / steps_per_quarter
    end = max([num_steps, *(note.end for note in notes)]) * per_step + RELEASE
    samples = np.zeros(int(np.ceil(end * RATE)))
    for note in notes:
        begin = round(note.onset * per_step * RATE)
        seconds = (note.end - note.onset) * per_step
        times = np.arange(round((seconds + RELEASE) * RATE)) / RATE
        frequency = 440 * 2 ** ((note.pitch - 69) / 12)
        tone = sum(
            amplitude
            * np.sin(2 * np.pi * number * frequency * times)
            * 0.5 ** (times * number / HALF_LIFE)
            for number, amplitude in enumerate(PARTIALS, 1)
            if number * frequency < RATE / 2
        )
        envelope = np.minimum(times / ATTACK, 1) * np.clip(
            (seconds + RELEASE - times) / RELEASE, 0, 1
        )
        place = samples[begin : begin + len(times)]
        place += (tone * envelope)[: len(place)]
    return samples * (PEAK / max(np.abs(samples).max(initial=0), PEAK))


def to_wav(samples: np.ndarray) -> bytes:
    """The bytes of a WAV file, one channel of 16 bits."""
    buffer = io.BytesIO()
    with wave.open(buffer, 'wb') as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).round().astype('<i2').tobytes())
    return buffer.getvalue()


@dataclasses.dataclass(frozen=True)
class Sound:
    """Makes WAV files of pieces: by FluidSynth with a sound font, or without one by the built-in
    synthesiser.
    """

    font: pathlib.Path | None

    def __call__(
        self,
        notes: Sequence[StepNote],
        midi: bytes,
        qpm: float,
        num_steps: int,
        steps_per_quarter: int = SIXTEENTHS,
    ) -> bytes:
        """The bytes of a WAV file of a melody as notes and as a MIDI file; see `synthesize`."""
        if self.font:
            return render(midi, self.font)
        return to_wav(synthesize(notes, qpm, num_steps, steps_per_quarter))


def find_font(wanted: str) -> pathlib.Path | None:
    """The sound font for FluidSynth; None = use the built-in synthesiser.

    Args:
      wanted: a sound font's path; '' = the first one found in the usual folders, if FluidSynth is
        installed as well.

    Raises:
      UserError: a font is wanted, but it or FluidSynth is missing.
    """
    if not wanted:
        fonts = sorted(
            path for folder in FONT_FOLDERS for path in pathlib.Path(folder).glob('*.sf[23]')
        )
        return fonts[0] if fonts and shutil.which('fluidsynth') else None
    font = pathlib.Path(wanted).expanduser()
    if not font.is_file():
        raise UserError(
            f"config.sample.sound_font = {wanted}: no such file; '' = one that is installed, or the"
            ' built-in sound'
        )
    if not shutil.which('fluidsynth'):
        raise UserError(
            f"config.sample.sound_font = {wanted}: the program fluidsynth is not installed; '' ="
            ' the built-in sound'
        )
    return font


def render(midi: bytes, font: pathlib.Path) -> bytes:
    """The bytes of a WAV file of a MIDI file, by FluidSynth.

    Raises:
      UserError: it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, 'piece.mid'), pathlib.Path(folder, 'piece.wav')
        source.write_bytes(midi)
        done = subprocess.run(
            ['fluidsynth', '-ni', '-r', str(RATE), '-F', target, font, source],
            capture_output=True,
            text=True,
        )
        if done.returncode or not target.exists():
            last = (done.stderr.strip() or 'no message').splitlines()[-1]
            raise UserError(
                f'fluidsynth could not play with {font}: {last}; try another'
                ' config.sample.sound_font'
            )
        return target.read_bytes()
