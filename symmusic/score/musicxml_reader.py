"""MusicXML, plain or compressed, to the score of one of its parts, by music21."""

import dataclasses
import io
import os
import pathlib
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from symmusic.errors import ScoreError
from symmusic.files import read_bounded
from symmusic.score.detection import key_of_signature
from symmusic.score.key import MODES, Key, sounding_keys
from symmusic.score.meter import find_bars
from symmusic.score.musicxml_check import check_content
from symmusic.score.notes import (
    CHORD_SYMBOLS,
    GRACES,
    JUMPS,
    LYRICS,
    OTHER_VOICES,
    UNREAD_KEY,
    UNREAD_TEMPO,
    Note,
    Score,
    Tempo,
)
from symmusic.score.voices import TICKS_PER_QUARTER, parse, read_voice, title_of

SUFFIXES = ('.mxl', '.musicxml', '.xml')
MAX_BYTES = 4_000_000  # of a file
MAX_UNPACKED_BYTES = 32_000_000  # of a compressed one
MAX_QUARTERS = 1_000_000  # of a piece, as of MIDI
CHORDS = 'chords read as their highest notes'
MICROTONES = 'microtones rounded to semitones'


def read_musicxml(path: str | os.PathLike, part: int = 1) -> Score:
    """Reads the first voice with notes of one part, as it is played: transposing instruments as
    they sound, repeats and their endings unrolled.

    Args:
      path: the file.
      part: its number, from 1, among those that have notes; percussion does not count.

    Raises:
      ScoreError: 'damaged score', 'too long', 'no notes' or 'no part <number>'.
      OSError: the file cannot be read.
    """
    path = pathlib.Path(path)
    data = read_bounded(path, MAX_BYTES)
    _check_unpacked(data)
    check_content(path, data)
    return parse(path, lambda piece: [_read(piece, part)])[0]


def _check_unpacked(data: bytes) -> None:
    """Checks that what a compressed file unpacks to is no larger than a melody needs."""
    if data[:2] != b'PK':
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(each.file_size for each in packed.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise ScoreError('damaged score', 'its compressed content cannot be unpacked') from error
    if size > MAX_UNPACKED_BYTES:
        raise ScoreError('too long', f'unpacked more than {MAX_UNPACKED_BYTES} bytes')


def _read(piece: Any, number: int) -> Score:
    parts = [part for part in piece.parts if _has_melody(part)]
    if not parts:
        raise ScoreError('no notes', 'only percussion' if piece.parts else '')
    names = tuple(_name(part, place) for place, part in enumerate(parts, 1))
    if number > len(parts):
        raise ScoreError(
            f'no part {number}', f'the file has {len(parts)} that play notes: {", ".join(names)}'
        )
    part = parts[number - 1]
    notices = list(_notices(part))
    _keep_one_voice(part)
    part = part.toSoundingPitch()
    score = _with_bars(read_voice(part, title_of(piece)))
    _check_notes(score)
    first = min(note.onset for note in score.notes)
    keys, is_replaced = sounding_keys(list(_keys(part, score.notes)), first)
    instrument = part.getInstrument(returnDefault=False)
    return dataclasses.replace(
        score,
        title=title_of(piece),
        parts=names,
        num_instruments=len(piece.parts),
        program=getattr(instrument, 'midiProgram', None) or 0,
        tempi=tuple(_tempi(part)),
        keys=keys,
        key_replaced=is_replaced,
        notices=tuple(notices),
    )


def _keep_one_voice(part: Any) -> None:
    """Removes all voices of a part but the first one that has notes anywhere."""
    measures = list(part.getElementsByClass('Measure'))
    voices = [voice for measure in measures for voice in measure.voices]
    # by number, as a measure may state them in any order
    names = sorted({str(voice.id) for voice in voices}, key=lambda name: (len(name), name))
    sounding = {str(voice.id) for voice in voices if _has_pitches(voice)}
    kept = next((name for name in names if name in sounding), '')
    if any(_has_pitches(measure) for measure in measures if not measure.voices):
        kept = names[0] if names else ''  # measures of one voice have no voices
    for measure in measures:
        for voice in list(measure.voices):
            if str(voice.id) != kept:
                measure.remove(voice)


def _has_pitches(stream: Any) -> bool:
    return any(
        'Harmony' not in sound.classes and getattr(sound, 'pitches', ()) for sound in stream.notes
    )


def _with_bars(score: Score) -> Score:
    """The score with the metre and the pickup of a piece whose pickup or last bar is written under
    a time signature of its own, as in MIDI.
    """
    if len(score.meters) < 2 or score.overfull:
        return score
    stated = [dataclasses.replace(score.meters[0], tick=score.pickup), *score.meters[1:]]
    meters, pickup = find_bars(stated, score.notes, score.ticks_per_quarter)
    if len({str(meter) for meter in meters}) > 1:
        return score
    return dataclasses.replace(score, meters=tuple(meters), pickup=pickup)


def _check_notes(score: Score) -> None:
    if not score.notes:
        raise ScoreError('no notes')
    if any(note.onset < 0 or note.duration < 0 for note in score.notes):
        raise ScoreError('damaged score', 'a duration below 0')
    if max(note.end for note in score.notes) > MAX_QUARTERS * score.ticks_per_quarter:
        raise ScoreError('too long', f'more than {MAX_QUARTERS} quarters')


def _has_melody(part: Any) -> bool:
    """Whether a part has notes of a pitch."""
    return any(hasattr(note, 'pitches') and note.pitches for note in part.flatten().notes) and not (
        part.flatten().getElementsByClass('PercussionClef')
    )


def _name(part: Any, place: int) -> str:
    return ' '.join(str(part.partName or '').split()) or f'part {place}'


def _notices(part: Any) -> Iterator[str]:
    """What is left out of a part, as `Score.notices`."""
    flat = part.flatten()
    if any('Harmony' in sound.classes for sound in flat.notes):
        yield CHORD_SYMBOLS
    sounds = [sound for sound in flat.notes if 'Harmony' not in sound.classes]
    if any(sound.lyrics for sound in sounds):
        yield LYRICS
    if any(sound.duration.isGrace for sound in sounds):
        yield GRACES
    if any(len(sound.pitches) > 1 for sound in sounds):
        yield CHORDS
    if any(pitch.ps % 1 for sound in sounds for pitch in sound.pitches):
        yield MICROTONES
    if any(len(measure.voices) > 1 for measure in part.getElementsByClass('Measure')):
        yield OTHER_VOICES
    if flat.getElementsByClass('RepeatExpressionCommand'):
        yield JUMPS
    if any(map(_is_zero, flat.getElementsByClass('MetronomeMark'))):
        yield f'{UNREAD_TEMPO}: 0 beats per minute'
    for mark in flat.getElementsByClass('KeySignature'):
        if not _is_read(mark) and mark.alteredPitches:
            signs = ' '.join(pitch.name for pitch in mark.alteredPitches)
            yield f'{UNREAD_KEY}: {signs}, detected from the notes where no other is stated'
            break


def _is_read(mark: Any) -> bool:
    return mark.sharps is not None and abs(mark.sharps) <= 7


def _is_zero(mark: Any) -> bool:
    """Whether a tempo is 0, by which music21 would divide."""
    return 0 in (mark.number, mark.numberSounding)


def _tempi(part: Any) -> Iterator[Tempo]:
    for mark in part.flatten().getElementsByClass('MetronomeMark'):
        qpm = None if _is_zero(mark) else mark.getQuarterBPM()
        if qpm and 1 <= qpm <= 2000:
            yield Tempo(round(mark.offset * TICKS_PER_QUARTER), float(qpm))


def _keys(part: Any, notes: Sequence[Note]) -> Iterator[tuple[int, Key]]:
    """The keys of a part with their ticks."""
    for mark in part.flatten().getElementsByClass('KeySignature'):
        if _is_read(mark):
            mode = getattr(mark, 'mode', None)
            key = Key(mark.sharps, mode) if mode in MODES else key_of_signature(mark.sharps, notes)
            yield round(mark.offset * TICKS_PER_QUARTER), key
