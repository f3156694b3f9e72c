"""MIDI files drawn from a seed: sound by the SMF specification, and with all that it allows.

Each file has a few of `FEATURES` only, so that one that readers disagree about says why.
"""

import random

from tests.score import midi_bytes
from tests.score.midi_bytes import chunk, meta, varlen

FEATURES = (
    *('running status', 'velocity 0', 'overlaps', 'chords', 'rests', 'several channels', 'drums'),
    *('several tracks', 'format 0', 'tempi', 'meters', 'text', 'controls', 'sysex', 'chunks'),
    *('programs', 'key signature', 'late end', 'repeated notes', 'conductor', 'release velocity'),
)
DIVISIONS = (24, 96, 120, 192, 220, 384, 480, 960, 1024, 10080)
# A message and its delta: status byte with its channel, and the data after it; or a whole event
# that ends any running status.
Event = tuple[int, bytes]


def generate_midi(seed: int) -> bytes:
    """One file; the same for the same seed."""
    return _File(random.Random(seed)).data()


class _File:
    """What the file is drawn from."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.has = set(rng.sample(FEATURES, rng.randint(2, 9)))
        self.division = rng.choice(DIVISIONS)
        # not taken yet: an instrument is a channel for one reader, one of a track for another
        self.channels = rng.sample([c for c in range(16) if c != 9], 15)

    def data(self) -> bytes:
        rng = self.rng
        is_single = 'format 0' in self.has
        num_tracks = 1 if is_single or 'several tracks' not in self.has else rng.randint(2, 4)
        tracks = [self.track(index) for index in range(num_tracks)]
        if 'conductor' in self.has and not is_single:
            tracks.insert(0, self.encode(self.conductor(4 * self.division), 0))
        if 'chunks' in self.has:
            place = rng.randint(0, len(tracks))
            alien = chunk(b'XFIH', rng.randbytes(rng.randint(0, 9)))
            tracks.insert(place, alien)
        header = (0 if is_single else 1, len([t for t in tracks if t[:4] == b'MTrk']))
        numbers = b''.join(number.to_bytes(2, 'big') for number in (*header, self.division))
        return chunk(b'MThd', numbers) + b''.join(tracks)

    def track(self, index: int) -> bytes:
        rng = self.rng
        events: list[Event] = []
        num_channels = rng.randint(2, 3) if 'several channels' in self.has else 1
        for channel in self.channels[:num_channels]:
            events += self.part(channel)
        del self.channels[:num_channels]
        if 'drums' in self.has and rng.random() < 0.5:
            events += self.part(9)
        end = max(tick for tick, _ in events)
        if index == 0 and ('conductor' not in self.has or 'format 0' in self.has):
            events = self.conductor(end) + events
        if 'sysex' in self.has:
            for _ in range(rng.randint(1, 3)):
                body = bytes(rng.choices(range(128), k=rng.choice([1, 4, 200]))) + b'\xf7'
                events.append((rng.randint(0, end), b'\xf0' + varlen(len(body)) + body))
        return self.encode(events, rng.randint(0, 999) if 'late end' in self.has else 0)

    def conductor(self, end: int) -> list[Event]:
        rng = self.rng
        events: list[Event] = []
        if 'text' in self.has:
            words = [b'', b'Tune', 'Café'.encode(), 'Für'.encode('latin-1'), b'a' * 200]
            events += [(0, meta(kind, rng.choice(words))) for kind in (3, 1, 2)]
            events.append((rng.randint(0, end), meta(rng.choice([5, 6, 7]), b'la')))
        if 'key signature' in self.has:
            events.append((0, meta(0x59, bytes([rng.randint(-7, 7) % 256, rng.randint(0, 1)]))))
        if 'meters' in self.has:
            for tick in (0, rng.randint(0, end)):
                events.append(
                    (tick, midi_bytes.meter(rng.randint(1, 12), rng.choice([2, 4, 8, 16])))
                )
        if 'tempi' in self.has:
            for tick in (0, rng.randint(0, end)):
                events.append((tick, midi_bytes.tempo(rng.uniform(30, 250))))
        return events

    def part(self, channel: int) -> list[Event]:
        """The messages of one channel, in order."""
        rng = self.rng
        events: list[Event] = []
        if 'programs' in self.has:
            events.append((0, bytes([0xC0 | channel, rng.randint(0, 127)])))
        tick = 0
        free: dict[int, int] = {}  # when each pitch ends
        for _ in range(rng.randint(1, 20)):
            if 'rests' in self.has and rng.random() < 0.3:
                tick += rng.randint(1, 2 * self.division)
            length = rng.randint(1, 2 * self.division)
            pitches = rng.sample(range(128), rng.randint(2, 4) if self.chance('chords', 0.3) else 1)
            for pitch in pitches:
                if free.get(pitch, 0) > tick:
                    continue  # which of two notes an end belongs to, SMF does not say
                free[pitch] = tick + length
                events.append((tick, bytes([0x90 | channel, pitch, rng.randint(1, 127)])))
                events.append((tick + length, self.off(channel, pitch)))
            if self.chance('controls', 0.3):
                kind, data = rng.choice([(0xB0, b'\x07\x50'), (0xE0, b'\x00\x40'), (0xD0, b'\x30')])
                events.append((tick, bytes([kind | channel]) + data))
            if self.chance('repeated notes', 0.3) and free[pitches[0]] == tick + length:
                # The same pitch again at once, after its end at the same tick.
                events.append((tick + length, bytes([0x90 | channel, pitches[0], 64])))
                events.append((tick + 2 * length, self.off(channel, pitches[0])))
                free[pitches[0]] = tick + 2 * length
                tick += length
            tick += rng.randint(1, length) if self.chance('overlaps', 0.5) else length
        return events

    def off(self, channel: int, pitch: int) -> bytes:
        if self.chance('velocity 0', 0.8):
            return bytes([0x90 | channel, pitch, 0])
        velocity = self.rng.randint(0, 127) if 'release velocity' in self.has else 0
        return bytes([0x80 | channel, pitch, velocity])

    def chance(self, feature: str, share: float) -> bool:
        return feature in self.has and self.rng.random() < share

    def encode(self, events: list[Event], rest: int) -> bytes:
        """A track chunk: events in order of their ticks, `rest` ticks before its end. Of those at
        one tick, what ends a note comes before what begins one.
        """
        data, running, now = b'', 0, 0
        for tick, message in sorted(events, key=lambda event: (event[0], _begins(event[1]))):
            data += varlen(tick - now)
            status = message[0]
            is_running = status < 0xF0 and status == running and 'running status' in self.has
            data += message[1:] if is_running else message
            running, now = status if status < 0xF0 else 0, tick
        return chunk(b'MTrk', data + varlen(rest) + midi_bytes.END)


def _begins(message: bytes) -> bool:
    return message[0] & 0xF0 == 0x90 and message[2] > 0
