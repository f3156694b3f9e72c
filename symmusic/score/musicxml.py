"""MusicXML (score-partwise, version 4.0) of a melody."""

import functools
from collections.abc import Sequence
from fractions import Fraction
from xml.sax.saxutils import escape

from symmusic.score.bar import SIXTEENTHS, Bar, bar_of
from symmusic.score.instruments import INSTRUMENTS
from symmusic.score.key import Key
from symmusic.score.layout import Measure, Section, lay_out
from symmusic.score.notation import Sign, accidentals, spell, to_bars
from symmusic.score.notes import DEFAULT_QPM, Note
from symmusic.score.tempo import mark_tempo

HALF = Fraction(1, 2)
TYPES = {16: 'whole', 8: 'half', 4: 'quarter', 2: 'eighth', 1: '16th', HALF: '32nd'}
ACCIDENTALS = {-2: 'flat-flat', -1: 'flat', 0: 'natural', 1: 'sharp', 2: 'double-sharp'}
TRIPLET = (
    '<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>'
    '</time-modification>'
)
IMPLICIT = ' implicit="yes"'
HEAD = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">
"""


def format_musicxml(
    notes: Sequence[Note],
    *,
    title: str = '',
    key: Key,
    qpm: float = DEFAULT_QPM,
    num_bars: int = 1,
    meter: str = '4/4',
    pickup: int = 0,
    short: int = 0,
    program: int = 0,
    sections: Sequence[Section] = (),
    steps_per_quarter: int = SIXTEENTHS,
) -> str:
    """One part; the arguments are those of `abc_writer.format_abc`."""
    beats, beat_type = meter.split('/')
    attributes = (
        f'<attributes><divisions>{steps_per_quarter}</divisions>'
        f'<key><fifths>{key.fifths}</fifths><mode>{key.mode}</mode></key>'
        f'<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>'
        '<clef><sign>G</sign><line>2</line></clef></attributes>\n'
        f'<direction placement="above"><direction-type>{_metronome(qpm, meter)}</direction-type>'
        f'<sound tempo="{qpm:.10g}"/></direction>\n'
    )
    bar = bar_of(meter, steps_per_quarter)
    bars = to_bars(notes, bar, num_bars, pickup, short)
    first = 0 if pickup else 1  # the first full bar is number 1
    laid = lay_out(bars, sections)
    measures = []
    for number, measure in enumerate(laid, first):
        signs = bars[measure.played[0]]
        written = signs, _beams(signs, bar), accidentals(signs, key)
        content = ''.join(map(functools.partial(_note, key, bar), *written))
        left, right = _bar_lines(measure, is_end=measure is laid[-1])
        measures.append(
            f'<measure number="{number}"{IMPLICIT * (number == 0)}>\n{left}'
            f'{attributes * (number == first)}{_mark(measure)}{content}{right}</measure>\n'
        )
    return (
        f'{HEAD}<score-partwise version="4.0">\n'
        f'<work><work-title>{_text(title)}</work-title></work>\n'
        '<identification><encoding><software>symmusic</software></encoding></identification>\n'
        '<part-list><score-part id="P1"><part-name>Melody</part-name><score-instrument id="P1-I1">'
        f'<instrument-name>{INSTRUMENTS[program]}</instrument-name></score-instrument>'
        f'<midi-instrument id="P1-I1"><midi-program>{program + 1}</midi-program>'
        '</midi-instrument></score-part></part-list>\n'
        f'<part id="P1">\n{"".join(measures)}</part>\n</score-partwise>\n'
    )


def _metronome(qpm: float, meter: str) -> str:
    beat, number = mark_tempo(qpm, meter)
    dotted = beat.numerator == 3
    kind = TYPES[beat * 16 * (Fraction(2, 3) if dotted else 1)]
    return (
        f'<metronome><beat-unit>{kind}</beat-unit>{"<beat-unit-dot/>" * dotted}'
        f'<per-minute>{number}</per-minute></metronome>'
    )


def _bar_lines(measure: Measure, *, is_end: bool) -> tuple[str, str]:
    """The bar lines left and right of a measure; '' for a plain one. A repeat from the start of the
    tune is opened too.
    """
    left = '<bar-style>heavy-light</bar-style>' * measure.opens
    right = ''
    if measure.closes or is_end:
        right = '<bar-style>light-heavy</bar-style>'
    elif measure.is_last:
        right = '<bar-style>light-light</bar-style>'
    if measure.ending:
        left += f'<ending number="{measure.ending}" type="start"/>'
        right += f'<ending number="{measure.ending}" type="stop"/>'
    left += '<repeat direction="forward"/>' * measure.opens
    right += '<repeat direction="backward"/>' * measure.closes
    return tuple(
        f'<barline location="{place}">{content}</barline>' if content else ''
        for place, content in (('left', left), ('right', right))
    )


def _mark(measure: Measure) -> str:
    """The label of a section that starts."""
    if not measure.label:
        return ''
    return (
        '<direction placement="above"><direction-type><rehearsal>'
        f'{measure.label}</rehearsal></direction-type></direction>\n'
    )


def _note(key: Key, bar: Bar, sign: Sign, beams: Sequence[str], accidental: int | None) -> str:
    value = sign.written(bar)
    dotted = value.numerator % 3 == 0
    kind = f'<type>{TYPES[value * 2 / 3 if dotted else value]}</type>{"<dot/>" * dotted}'
    if accidental is not None:
        kind += f'<accidental>{ACCIDENTALS[accidental]}</accidental>'
    kind += TRIPLET * bool(sign.tuplet)
    ties = [
        kind for kind, is_there in (('stop', sign.tied_from), ('start', sign.tied_on)) if is_there
    ]
    marks = ''.join(f'<tied type="{tie}"/>' for tie in ties)
    if sign.tuplet in ('start', 'stop'):
        marks += f'<tuplet type="{sign.tuplet}"/>'
    notations = f'<notations>{marks}</notations>' if marks else ''
    if sign.pitch is None:
        return (
            f'<note><rest/><duration>{sign.value}</duration><voice>1</voice>{kind}{notations}'
            '</note>\n'
        )
    spelled = spell(sign.pitch, key)
    alter = f'<alter>{spelled.alter}</alter>' if spelled.alter else ''
    tie_signs = ''.join(f'<tie type="{tie}"/>' for tie in ties)
    beam_signs = ''.join(
        f'<beam number="{level}">{beam}</beam>' for level, beam in enumerate(beams, 1)
    )
    return (
        f'<note><pitch><step>{spelled.letter}</step>{alter}<octave>{spelled.octave}</octave>'
        f'</pitch><duration>{sign.value}</duration>{tie_signs}<voice>1</voice>{kind}'
        f'{beam_signs}{notations}</note>\n'
    )


def _beams(signs: Sequence[Sign], bar: Bar) -> list[list[str]]:
    """The beams of each sign, the outer one first: eighths and shorter notes of one group are
    joined, unless they are alone.
    """
    beams: list[list[str]] = [[] for _ in signs]
    for level, longest in ((1, 3), (2, 1), (3, HALF)):
        joins = [sign.pitch is not None and sign.written(bar) <= longest for sign in signs]
        with_next = [
            joins[index] and joins[index + 1] and signs[index + 1].step not in bar.groups
            for index in range(len(signs) - 1)
        ] + [False]
        for index, sign in enumerate(signs):
            before, after = index > 0 and with_next[index - 1], with_next[index]
            if before or after:
                beams[index].append(
                    'continue' if before and after else 'end' if before else 'begin'
                )
            # a single sixteenth or shorter note under the beam of its group
            elif level > 1 and joins[index] and beams[index]:
                is_behind = (sign.step - bar.group_at(sign.step)[0]) % (2 * bar.sixteenth) > 0
                beams[index].append(
                    'backward hook' if beams[index][0] == 'end' or is_behind else 'forward hook'
                )
    return beams


def _text(title: str) -> str:
    """A text without what XML does not allow, escaped."""
    return escape(''.join(letter if letter.isprintable() else ' ' for letter in title).strip())
