"""What is no music in the body of an ABC tune: signs without a meaning, lines of text."""

import re

# Slurs, blanks, staccato, backquotes, continued lines, line breaks, ends of what a symbol has
# begun, and letters that stand for ornaments, alone or several at a note.
_MEANING = re.compile(r'[()\s.`\\!$*;~\]}:H-Wh-wyY]*')
# A chord of ABC 1.x, as in `+CEG+`, which looks like a decoration; `+ff+` is one.
OLD_CHORD = re.compile(r"([!+])(?!f+[!+])(?:[\^_=]{0,2}[A-Ga-g][,']{0,4}[\d/]{0,4}){2,40}\1")
_WORD = re.compile(r'[A-Za-z]{2,}')
_NO_NOTES = re.compile(r'[H-Wh-tw]')
_MARKED = re.compile(r'"[^"]*"?|\[[A-Za-z]:[^\]]*\]?|!([^!|]*)!|[+][^+|]*[+]')
_TAG = re.compile(
    r'\s*<(?:/[a-z]|!--|(?:html|head|body|pre|div|span|font|table|tr|td|br|hr|p|h[1-6]|a\s{1,4}[a-z]{1,20}'
    r'|center|img|script|tt|ul|li|i|u|em|strong)\b[^<>|]{0,200}>)',
    re.IGNORECASE,
)


def is_text(line: str) -> bool:
    """Whether a line is plainly no music: it starts with an HTML tag, or it has no bar line, and at
    least half of its words have letters that cannot all be notes and ornaments.
    """
    if _TAG.match(line):
        return True
    if '|' in line:
        return False
    words = _WORD.findall(_MARKED.sub(' ', line))
    return 0 < len(words) <= 2 * sum(map(_is_of_text, words))


def _is_of_text(word: str) -> bool:
    """Whether it has two different letters that are no note, one of them small; `u` and `v` are
    common before notes, as bow marks.
    """
    letters = set(_NO_NOTES.findall(word))
    return len(letters) > 1 and not ''.join(letters).isupper()


def unread_signs(gap: str) -> str:
    """The first signs without a meaning in what stands between two symbols, '' if it has none."""
    rest = gap[_MEANING.match(gap).end() :]
    return rest.strip()[:20]
