"""Notes and sounds in the form that the pages' player, `report/player.js`, expects."""

from collections.abc import Sequence

from symmusic.melody.events import from_events


def played_notes(events: Sequence[int]) -> list[list[int]]:
    """The notes of events as pages play them: [onset, end, pitch], in steps."""
    return [[note.onset, note.end, note.pitch] for note in from_events(events)]


# the sounds of the pages, each with the General MIDI instruments, from 0, that it stands for
OWN = {
    'plucked': {6, 7, 15, *range(24, 32), 45, 46, *range(104, 109)},
    'flute': {*range(72, 80)},
    'reed': {*range(20, 24), *range(64, 72), 109, 111},
    'fiddle': {*range(40, 44), 110},
}
BOWED = {44, *range(48, 52)}
BLOWN = {*range(16, 24), *range(52, 72), 109, 111}


def page_sound(program: int) -> tuple[str, bool]:
    """The page sound for a General MIDI instrument, from 0, and whether it is the instrument's own
    sound. Otherwise it is a substitute: the fiddle for other bowed strings, the reed for organs,
    voices and brass, which hold their notes, and the plucked string for all others.
    """
    for sound, programs in OWN.items():
        if program in programs:
            return sound, True
    if program in BOWED:
        return 'fiddle', False
    return ('reed' if program in BLOWN else 'plucked'), False
