"""The symbols in a line of ABC music, as regular expressions."""

import re

from symmusic.score.abc_fields import (
    MAX_FIELD,
)

LENGTH = r'(?:\d{1,4})?(?:/{1,6}(?:\d{1,3})?)?'


NOTE = rf"(\^\^?|__?|=)?([A-Ga-g])([,']*)({LENGTH})"


# of an ending: '1', '1,3', '1-3', '1, 3'
PASSES = r'\d(?:[\d,\-]|[ \t]{1,4}[,\-]|(?<=[,\-])[ \t]{1,4}(?=\d)){0,20}'


# One expression for all symbols. What it does not match (slurs, ornament letters, backquotes, stray
# characters) is skipped. Every loop in it is bounded or cannot fail once entered, so the time is
# linear in the length of any text.
TOKEN = re.compile(
    rf"""
  (?P<note>{NOTE})
| (?P<bar>(?::*\[\|\]|\.?:*\[?\|+\]?:*|::+)(?:[ \t]{{0,8}}\[?{PASSES})?)
| (?P<rest>[zx]{LENGTH}|[ZX]\d{{0,3}})
| (?P<broken>>+|<+)
| (?P<tie>-)
| (?P<tuplet>\(\d{{1,2}}(?::\d{{0,2}}(?::\d{{0,2}})?)?)
| (?P<quoted>"[^"]*"?)
| (?P<grace>\{{[^}}]{{0,{MAX_FIELD}}}\}})
| (?P<decoration>![^!|]{{1,80}}!|\+[^+|]{{1,80}}\+)
| (?P<ending>\[{PASSES}|\A[ \t]{{0,8}}{PASSES}(?=\s))
| (?P<field>\[[A-Za-z]:[^\]]{{0,{MAX_FIELD}}}\]?)
| (?P<chord>\[(?:[^\]\["|!]|"[^"]{{0,80}}"|![^|!]{{0,80}}!){{1,200}}\]{LENGTH})
| (?P<overlay>\(&|&\)?)
""",
    re.VERBOSE,
)


CHORD_GRACE = re.compile(r'\{[^}]{0,80}\}')
CHORD_NOTE = re.compile(rf'"[^"]*"|![^!]*!|{CHORD_GRACE.pattern}|{NOTE}(-?)')


JUMP = re.compile(r'\bD\.? ?[CS]\b|\bda ?c(?:apo|oda)\b|\bdal ?segno\b', re.IGNORECASE)
