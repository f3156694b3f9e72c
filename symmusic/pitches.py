"""Names of pitches."""

import re

NOTE_NAMES = ('C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B')
_NATURALS = dict(zip('CDEFGAB', (0, 2, 4, 5, 7, 9, 11), strict=True))


def pitch_name(pitch: int) -> str:
    """The name of a MIDI pitch, such as 'C5' for 72; middle C, 60, is C4."""
    return f'{NOTE_NAMES[pitch % 12]}{pitch // 12 - 1}'


def parse_pitch(name: str) -> int | None:
    """The MIDI pitch of a name such as 'C4' (middle C, 60), 'f#5' or 'Bb3'; None if it is none, or
    not a pitch of MIDI.
    """
    found = re.fullmatch(r'([A-Ga-g])([#♯b♭]?)(-1|[0-9])', name.strip())
    if not found:
        return None
    alter = {'': 0, '#': 1, '♯': 1}.get(found[2], -1)
    pitch = _NATURALS[found[1].upper()] + alter + 12 * (int(found[3]) + 1)
    return pitch if 0 <= pitch <= 127 else None
