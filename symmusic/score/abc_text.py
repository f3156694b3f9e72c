"""The text of ABC books: bytes to lines, and accents in titles (ABC music standard 2.1, sections
4.1 and 8.2).
"""

import codecs
import html
import re
import unicodedata

MAX_TEXT = 1000  # characters of a title that are read

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, 'utf-8'),
    (codecs.BOM_UTF32_LE, 'utf-32-le'),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, 'utf-32-be'),
    (codecs.BOM_UTF16_LE, 'utf-16-le'),
    (codecs.BOM_UTF16_BE, 'utf-16-be'),
)
_STATED_WITHIN = 10_000  # bytes from the start of a book
_STATED_CHARSET = re.compile(
    rb'(?:^|[\r\n])(?:%%|I:)[ \t]{0,20}abc-charset[ \t=]{1,20}([A-Za-z0-9_-]{1,20})'
)
# The charsets that books are written in. Python knows others, some of them not for text.
_CHARSETS = re.compile(
    r'utf-?8|us-ascii|iso-?8859-?\d{1,2}|latin-?\d{1,2}|(windows-?|cp)125\d|koi8-[ru]|mac-?roman'
    r'|shift_?jis|euc-(jp|kr)|gb(k|2312|18030)|big5'
)
# As in browsers: codes that ASCII and Latin-1 lack are the quotes and dashes of Windows-1252.
_AS_WINDOWS = ('ascii', 'iso8859-1')

_ACCENTS = {
    '`': '\u0300',
    "'": '\u0301',
    '^': '\u0302',
    '~': '\u0303',
    '=': '\u0304',
    'u': '\u0306',
    '.': '\u0307',
    '"': '\u0308',
    'H': '\u030b',
    'v': '\u030c',
    'c': '\u0327',
    ';': '\u0328',
}
_LETTERS = {
    'AA': 'Å',
    'aa': 'å',
    'AE': 'Æ',
    'ae': 'æ',
    'OE': 'Œ',
    'oe': 'œ',
    'ss': 'ß',
    'DH': 'Ð',
    'dh': 'ð',
    'TH': 'Þ',
    'th': 'þ',
    '/O': 'Ø',
    '/o': 'ø',
}
_ENTITY = r'&(?:\#[0-9]{1,7}|\#[Xx][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});'
_SPECIAL = re.compile(rf'[\\%]|{_ENTITY}')
_ESCAPE = re.compile(
    rf"""
  \\u(?P<short>[0-9A-Fa-f]{{4}})
| \\U(?P<long>[0-9A-Fa-f]{{8}})
| \\(?P<octal>[23][0-7]{{2}})
| \\(?P<letter>{'|'.join(_LETTERS)})
| \\(?P<accent>[{re.escape(''.join(_ACCENTS))}])(?P<accented>[A-Za-z])
| \\(?P<sign>[\\%&])
| (?P<entity>{_ENTITY})
""",
    re.VERBOSE,
)


def decode(data: bytes) -> str:
    """The text of a book, in the charset of its byte order mark, or the one that it states
    (`%%abc-charset` or `I:abc-charset`), or UTF-8, or else Windows-1252, which is Latin-1 with
    quotes and dashes. A code that the charset lacks becomes U+FFFD.
    """
    for mark, charset in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(charset, 'replace')
    if b'\0' in data[:2]:  # UTF-16 without a mark: half of an ASCII letter is zero
        return data.decode('utf-16-be' if data[0] == 0 else 'utf-16-le', 'replace')
    for charset in (_stated_charset(data), 'utf-8'):
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            pass
    return data.decode('cp1252', 'replace')


def _stated_charset(data: bytes) -> str:
    match = _STATED_CHARSET.search(data[:_STATED_WITHIN])
    name = match[1].decode().lower() if match else 'utf-8'
    try:
        charset = codecs.lookup(name).name if _CHARSETS.fullmatch(name) else 'utf-8'
    except LookupError:
        return 'utf-8'
    return 'cp1252' if charset in _AS_WINDOWS else charset


def split_lines(text: str) -> list[str]:
    r"""The lines of a text, which end with LF, CR, CR LF or, if converted twice, CR CR LF; or all
    of them with LF CR.
    """
    ends = text.rstrip('\r\n')
    if ends.count('\n\r') == ends.count('\r') == ends.count('\n'):
        text = text.replace('\n\r', '\n')
    if '\r' in text:
        text = re.sub(
            r'\r+\n?', lambda ends: '\n' if ends[0][-1] == '\n' else '\n' * len(ends[0]), text
        )
    return text.removeprefix('\ufeff').split('\n')


def without_comment(line: str) -> str:
    """A line up to its %; `\\%` is a percent sign."""
    return re.sub(r'(?<!\\)%.*', '', line) if '%' in line else line


def read_text(text: str) -> str:
    r"""A text such as a title with its escapes decoded: accents as in TeX (`\'e`), `\u00e9`,
    `&eacute;`. An escape that is no printable letter is left as it is.
    """
    return _ESCAPE.sub(_letter, text[:MAX_TEXT])


def escape_text(text: str) -> str:
    r"""A text on one line that `read_text` does not change, without unprintable characters: `%`
    becomes `\%`, which starts no comment, `\` becomes `\\`, and `&amp;` becomes `\&amp;`.
    """
    text = ''.join(each if each.isprintable() else ' ' for each in text)
    return _SPECIAL.sub(lambda special: '\\' + special[0], ' '.join(text.split()))


def _letter(escape: re.Match) -> str:
    if escape['entity']:
        letter = html.unescape(escape['entity'])
    elif code := escape['short'] or escape['long']:
        letter = chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else ''
    elif escape['octal']:
        letter = chr(int(escape['octal'], 8))
    elif escape['accent']:
        letter = unicodedata.normalize('NFC', escape['accented'] + _ACCENTS[escape['accent']])
    else:
        letter = _LETTERS.get(escape['letter']) or escape['sign']
    return letter if len(letter) == 1 and letter.isprintable() else escape[0]
