"""What pages play: notes and sounds, as `report/player.js` takes them."""

from collections.abc import Sequence

from symmusic.melody.events import from_events


def played_notes(events: Sequence[int]) -> list[list[int]]:
    """The notes of events as pages play them: [onset, end, pitch], in steps."""
    return [[note.onset, note.end, note.pitch] for note in from_events(events)]


# the sounds of the pages, and the instruments of General MIDI, from 0, that each is the sound of
OWN = {
    'plucked': {6, 7, 15, *range(24, 32), 45, 46, *range(104, 109)},
    'flute': {*range(72, 80)},
    'reed': {*range(20, 24), *range(64, 72), 109, 111},
    'fiddle': {*range(40, 44), 110},
}
BOWED = {44, *range(48, 52)}
BLOWN = {*range(16, 24), *range(52, 72), 109, 111}


def page_sound(program: int) -> tuple[str, bool]:
    """The sound of the pages that is nearest to an instrument of General MIDI, from 0, and whether
    it is the instrument's own or that of its kind; strings are bowed, organs, voices, brass and
    reeds hold their notes, pipes do as flutes, and all others fade.
    """
    for sound, programs in OWN.items():
        if program in programs:
            return sound, True
    if program in BOWED:
        return 'fiddle', False
    return ('reed' if program in BLOWN else 'plucked'), False
