"""2015-shapeh as it is defined, one cell at a time in fractions: slow, and independent of our
implementation.
"""

import fractions
from collections import Counter


def ngrams(pitches):
    return [
        (pitches[i + 1] - pitches[i], pitches[i + 2] - pitches[i]) for i in range(len(pitches) - 2)
    ]


def shapes(ngram):
    first, second = ngram[0], ngram[1] - ngram[0]
    return [
        name
        for name, holds in (
            ('V', first <= 0 and second >= 0),
            ('A', first >= 0 and second <= 0),
            ('R', first >= 0 and second >= 0),
            ('F', first <= 0 and second <= 0),
        )
        if holds
    ]


OPPOSITE = {'V': 'A', 'A': 'V', 'R': 'F', 'F': 'R'}


def mismatch(query, tune):
    kind = shapes(query)[0]
    if kind in shapes(tune):
        return fractions.Fraction(-1, 2)
    return fractions.Fraction(-8) if OPPOSITE[kind] in shapes(tune) else fractions.Fraction(-1)


def score(query, tune, collection):
    """As a fraction, or None where either has fewer than 3 notes."""
    frequency = Counter(ngram for each in collection for ngram in ngrams(each))
    total = sum(frequency.values())
    xs, ys = ngrams(query), ngrams(tune)
    if not xs or not ys:
        return None

    def gap(ngram):
        return (
            -1 + fractions.Fraction(frequency[ngram], total)
            if frequency[ngram]
            else fractions.Fraction(-1, total)
        )

    cells = {(0, 0): fractions.Fraction(0)}
    for i, x in enumerate(xs, 1):
        cells[i, 0] = cells[i - 1, 0] + gap(x)
    for j, y in enumerate(ys, 1):
        cells[0, j] = cells[0, j - 1] + gap(y)
    best = None
    for i, x in enumerate(xs, 1):
        for j, y in enumerate(ys, 1):
            both = 1 - fractions.Fraction(frequency[x], total) if x == y else mismatch(x, y)
            cells[i, j] = max(
                cells[i - 1, j] + gap(x), cells[i, j - 1] + gap(y), cells[i - 1, j - 1] + both
            )
            best = cells[i, j] if best is None else max(best, cells[i, j])
    return best / min(len(xs), len(ys))
