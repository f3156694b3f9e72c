"""ABC tunes to scores: the voice of a tune that holds its melody, as it is played."""

import bisect
import dataclasses
from collections.abc import Sequence

from symmusic.errors import ScoreError
from symmusic.score.abc_bars import Line, describe_odd_bars
from symmusic.score.abc_body import VoiceReader
from symmusic.score.abc_book import read_header
from symmusic.score.abc_fields import (
    TICKS_PER_QUARTER,
    bar_ticks,
    parse_meter,
    parse_parts,
    parse_tempo,
    parse_unit,
    unread_meter,
    unread_parts,
    unread_tempo,
)
from symmusic.score.abc_items import Bar, ChordRest, Ending, Item
from symmusic.score.abc_repeats import play_order
from symmusic.score.abc_text import read_text, split_lines
from symmusic.score.abc_voices import MAX_VOICES, split_voices
from symmusic.score.meter import measure_first
from symmusic.score.notes import OTHER_VOICES, Meter, Note, Score, Tempo
from symmusic.score.sections import section_starts

MAX_CHARACTERS = 500_000  # of one tune
MAX_NOTES = 100_000  # of one tune, repeats played
MAX_STEPS = 500_000  # symbols played, bar lines and rests included
MAX_TICKS = 100_000 * TICKS_PER_QUARTER

# as `Score.notices` says it
PART_ORDER = 'the order of parts does not fit the parts: played as written'


def read_abc_tune(text: str) -> Score:
    """Reads one tune as it is played: repeats, endings and part orders unrolled, grace notes and
    ornaments left out.

    Times are in ticks of `TICKS_PER_QUARTER`. Of several voices the first one is read that has
    notes and is not percussion. D.C. and D.S. are not followed. `Score.notices` lists what is left
    out. Time and memory are bounded for any text.

    Raises:
      ScoreError: 'no key field', 'no notes', 'damaged ABC' or 'too long'.
    """
    if len(text) > MAX_CHARACTERS:
        raise ScoreError('too long', f'more than {MAX_CHARACTERS} characters')
    lines = split_lines(text)
    fields, num_lines = read_header(lines)
    if 'K' not in fields:
        raise ScoreError('no key field', 'a tune has a line such as K:G above its notes')
    voice, notices = _read_melody(fields, lines[:num_lines], lines[num_lines:])
    order = parse_parts(fields.get('P', ''))
    if order and (voice.repeated_parts or not voice.parts.keys() >= set(order)):
        order = []
        notices.append(PART_ORDER)
    score = _lay_out(voice, order)
    return dataclasses.replace(
        score,
        title=read_text(fields.get('T', '')),
        program=voice.program,
        keys=tuple(voice.keys),
        key_replaced=voice.key_replaced,
        notices=(*notices, *voice.notices, *score.notices),
    )


def _read_melody(
    fields: dict[str, str], header: Sequence[str], body: Sequence[str]
) -> tuple[VoiceReader, list[str]]:
    """The first voice that has notes and is not percussion, and a notice about the others."""
    meter = parse_meter(fields.get('M', ''))
    usual = '1/16' if meter and meter.numerator / meter.denominator < 0.75 else '1/8'
    unit = parse_unit(fields.get('L') or usual)
    tempo = parse_tempo(fields.get('Q', ''), unit)
    shared, voices = split_voices(header, body)
    passed_over = []
    for number, voice in enumerate(voices[:MAX_VOICES]):
        reader = VoiceReader(unit=unit, meter=meter, tempo=tempo)
        reader.read_lines([*shared, *voice.lines])
        if not reader.has_notes:
            passed_over.append(f'voice {voice.name!r} has no notes')
        elif reader.pitches.staff.is_percussion:
            passed_over.append(f'voice {voice.name!r} is percussion')
        else:
            notices = [
                unread_meter(fields.get('M', '')),
                unread_tempo(fields.get('Q', ''), unit),
                unread_parts(fields.get('P', '')),
            ]
            notices = [notice for notice in notices if notice]
            if passed_over:
                notices.append('; '.join([*passed_over, f'voice {voice.name!r} is read']))
            if any(other.has_music for other in voices[number + 1 :]):
                notices.append(OTHER_VOICES)
            return reader, notices
    raise ScoreError('no notes', '; '.join(passed_over[:3]))


def _lay_out(voice: VoiceReader, order: Sequence[str]) -> Score:
    items: list[Item] = voice.items
    notes: list[list[int]] = []  # [onset, pitch, duration]
    held: dict[int, list[int]] = {}  # pitch -> the note that a tie holds
    meters, tempi = [], []
    changes = {
        kind: [index for index, item in enumerate(items) if isinstance(item, kind)]
        for kind in (Meter, Tempo)
    }
    sections: list[int] = []
    lines: list[Line] = []
    tick, first_bar, previous = 0, None, -1
    for step, index in enumerate(play_order(items, voice.parts, order)):
        item = items[index]
        if index != previous + 1:
            # After a jump the last field written before this place applies.
            for kind, written in ((Meter, meters), (Tempo, tempi)):
                if before := bisect.bisect_left(changes[kind], index):
                    _change(written, items[changes[kind][before - 1]], tick)
        if index < previous or index in voice.labels:
            sections.append(tick)
        previous = index
        if isinstance(item, ChordRest):
            held = _play(item, tick, held, notes)
            tick += item.ticks
        elif isinstance(item, Bar):
            if first_bar is None and tick and item.ends_bar:
                first_bar = measure_first(tick, bar_ticks(meters[-1])) if meters else (0, 0)
            is_ending = _precedes_ending(items, index)
            if item.ends_section and not is_ending:
                sections.append(tick)
            if item.ends_bar:
                is_section = item.ends_section or index + 1 in voice.labels
                lines.append(Line(tick, index, is_section, is_ending))
        elif isinstance(item, Meter):
            _change(meters, item, tick)
        elif isinstance(item, Tempo):
            _change(tempi, item, tick)
        if len(notes) > MAX_NOTES or step > MAX_STEPS or tick > MAX_TICKS:
            raise ScoreError('too long', 'with its repeats played')
    if not notes:
        raise ScoreError('no notes')
    pickup, overfull = first_bar or (0, 0)
    odd_bars = None if voice.has_free_meter else describe_odd_bars(lines, meters, items, tick)
    return Score(
        notes=tuple(Note(onset, duration, pitch) for onset, pitch, duration in sorted(notes)),
        ticks_per_quarter=TICKS_PER_QUARTER,
        meters=tuple(meters),
        tempi=tuple(tempi),
        pickup=pickup,
        notices=(odd_bars,) if odd_bars else (),
        overfull=overfull if overfull < tick else 0,  # what ends there may be a short last bar
        sections=section_starts(sections, max(note[0] + note[2] for note in notes)),
    )


def _play(
    item: ChordRest, tick: int, held: dict[int, list[int]], notes: list[list[int]]
) -> dict[int, list[int]]:
    """Adds the notes of a chord at `tick`, or lengthens those that ties hold; the notes that its
    own ties hold, by pitch.
    """
    tied = {}
    for pitch in item.pitches:
        note = held.get(pitch)
        if note is None:
            note = [tick, pitch, item.ticks]
            notes.append(note)
        else:
            note[2] += item.ticks
        if pitch in item.tied:
            tied[pitch] = note
    return tied


def _precedes_ending(items: Sequence[Item], index: int) -> bool:
    return any(isinstance(item, Ending) for item in items[index + 1 : index + 2])


def _change(written: list, new: Meter | Tempo, tick: int) -> None:
    """Appends a meter or tempo from `tick` on, replacing one at the same tick; an equal one changes
    nothing.
    """
    new = dataclasses.replace(new, tick=tick)
    if written and written[-1].tick == tick:
        written.pop()
    if not written or dataclasses.replace(written[-1], tick=tick) != new:
        written.append(new)
