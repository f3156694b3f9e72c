"""MIDI files made by hand, byte by byte, so that a test shows exactly what its file contains.

An item of a track is `(delta, bytes)`: ticks since the item before, and the message. As in

    midi(track((0, meter(4, 4)), (0, on(60)), (480, off(60))))
"""

END = b'\xff\x2f\x00'


def varlen(number: int) -> bytes:
    """Seven bits to a byte, the highest first, the top bit set in all but the last."""
    out = bytes([number & 0x7F])
    while number := number >> 7:
        out = bytes([number & 0x7F | 0x80]) + out
    return out


def on(pitch: int, velocity: int = 100, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes([0x80 | channel, pitch, 0])


def program(number: int, channel: int = 0) -> bytes:
    return bytes([0xC0 | channel, number])


def meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + varlen(len(data)) + data


def meter(numerator: int, denominator: int) -> bytes:
    return meta(0x58, bytes([numerator, denominator.bit_length() - 1, 24, 8]))


def tempo(qpm: float) -> bytes:
    return meta(0x51, round(60_000_000 / qpm).to_bytes(3, 'big'))


def name(text: str, charset: str = 'latin-1') -> bytes:
    return meta(0x03, text.encode(charset))


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, 'big') + data


def track(*items: tuple[int, bytes], end: bool = True) -> bytes:
    return chunk(
        b'MTrk',
        b''.join(varlen(delta) + message for delta, message in items)
        + (b'\x00' + END if end else b''),
    )


def midi(
    *tracks: bytes, kind: int = 1, division: int = 480, num_tracks: int | None = None
) -> bytes:
    counted = len(tracks) if num_tracks is None else num_tracks
    header = kind.to_bytes(2, 'big') + counted.to_bytes(2, 'big') + division.to_bytes(2, 'big')
    return chunk(b'MThd', header) + b''.join(tracks)


def riff(data: bytes, *before: bytes) -> bytes:
    """A MIDI file as RIFF holds it, `before` it other chunks."""
    content = b'RMID' + b''.join(before) + riff_chunk(b'data', data)
    return riff_chunk(b'RIFF', content)


def riff_chunk(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, 'little') + data + b'\0' * (len(data) % 2)


def melody(
    *notes: tuple[int, int],
    meters: tuple[tuple[int, int], ...] = ((4, 4),),
    division: int = 4,
    title: str = '',
) -> bytes:
    """A file of one track: notes `(pitch, steps)` one after the other, pitch None for a rest; by
    default a tick is a sixteenth.
    """
    items = [(0, name(title))] if title else []
    items += [(0, meter(*each)) for each in meters]
    rest = 0
    for pitch, steps in notes:
        ticks = steps * division // 4
        if pitch is None:
            rest += ticks
        else:
            items += [(rest, on(pitch)), (ticks, off(pitch))]
            rest = 0
    return midi(track(*items), division=division)
