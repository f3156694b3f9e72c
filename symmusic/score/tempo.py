"""A tempo as notation marks it: so many beats of a note value per minute."""

from fractions import Fraction

QUARTER = Fraction(1, 4)
NAMES = {QUARTER: 'quarters', Fraction(3, 8): 'dotted quarters', Fraction(3, 4): 'dotted halves'}
NEAR = 1e-6  # beats per minute; numbers this near are the same


def beat_of(meter: str) -> Fraction:
    """The note value of a metre's beat, as a fraction of a whole note: a dotted one in compound
    metres, such as 3/8 in 6/8, 9/8 and 12/8, else a quarter.
    """
    numerator, denominator = map(int, meter.split('/'))
    is_compound = numerator % 3 == 0 and (numerator > 3 or denominator > 4)
    return Fraction(3, denominator) if is_compound else QUARTER


def mark_tempo(qpm: float, meter: str) -> tuple[Fraction, str]:
    """The note value of a tempo's mark, and how many of it fit in a minute, to a thousandth. The
    note value is the metre's beat, but a quarter if only the number of quarters is whole.

    Args:
      qpm: quarters per minute.
      meter: such as '6/8'.
    """
    beat = beat_of(meter)
    values = {each: qpm * float(QUARTER / each) for each in (beat, QUARTER)}
    whole = [each for each, value in values.items() if abs(value - round(value)) < NEAR]
    chosen = whole[0] if whole else beat
    return chosen, f'{values[chosen]:.3f}'.rstrip('0').rstrip('.')


def name_tempo(qpm: float, meter: str) -> str:
    """A tempo in words, as marked: '100 dotted quarters per minute'."""
    beat, number = mark_tempo(qpm, meter)
    return f'{number} {NAMES.get(beat, f"notes of {beat}")} per minute'
