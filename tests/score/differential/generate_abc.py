"""ABC tunes drawn from a seed: well-formed, and with whatever decides what is played.

Each tune has a few of `FEATURES` only, so that one that readers disagree about says why. And each
is written for one of the two other readers: it has nothing that this one is known to read
otherwise (`AVOIDED` in `kinds.py`).
"""

import random

KEYS = (
    *('C', 'G', 'D', 'A', 'E', 'F', 'Bb', 'Eb', 'Ab', 'F#', 'Db', 'C#', 'Cb'),
    *('Am', 'Em', 'F#min', 'C Minor', 'Bbm', 'Ador', 'D Dorian', 'Gmix', 'E Mixolydian'),
    *('Flyd', 'Ephr', 'Bloc', 'Caeo', 'Gion', 'G major', 'none', 'HP', 'Hp', 'D Phr', 'EbLydian'),
)
METERS = ('4/4', 'C', 'C|', '3/4', '2/4', '6/8', '9/8', '12/8', '5/4', '7/8', '3/8', '2/2', '6/4')
ODD_METERS = ('none', '2+3/8', '(3+2+2)/8', '11/8', '3/2', '4/2', 'C3/4')
UNITS = ('', '1/8', '1/4', '1/16')
LENGTHS = ('',) * 8 + ('2', '2', '3', '4', '/', '/2', '3/2', '//', '/4', '3/', '6', '5/4')
DECORATIONS = ('!trill!', '!accent!', '!p!', '~', '.', 'H', 'T', 'u', 'v', '!fermata!', '!5!')
TUPLETS = (3, 3, 3, 2, 4, 6)
ODD_TUPLETS = (5, 7, 9)  # in the time of 3 in compound metres, of 2 in others
LONG_TUPLETS = ((3, ':2:2'), (3, ':2:4'), (5, ':4:5'), (5, ':4'), (3, ':2'), (4, ':3:4'), (3, '::'))
CLEFS = (
    *('clef=bass', 'treble', 'clef=treble-8', 'treble+8', 'octave=-1', 'octave=1'),
    *('transpose=-2', 'transpose=3', 'clef=alto transpose=-12', 'clef=treble'),
)
KEY_ACCIDENTALS = (' ^f', ' _b', ' =c', ' ^g', ' exp ^f _b')
SPACERS = ('y', 'y2 ', '`', '[I:linebreak $]', '[r:a remark]')
FIELDS = ('[K:G]', '[K:Fm]', '[L:1/8]', '[L:1/4]', '[M:3/4]', '[K:A]')
FEATURES = (
    *('accidentals', 'octaves', 'ties', 'tuplets', 'long tuplets', 'broken', 'graces', 'chords'),
    *('rests', 'repeats', 'endings', 'parts', 'labels', 'inline', 'lines', 'decorations', 'text'),
    *('comments', 'clef', 'transpose', 'slurs', 'key accidentals', 'voices', 'tempo', 'header'),
    *('spacers', 'broken chords', 'chord ties', 'bar lines', 'more endings', 'overlays', 'meters'),
    'joined repeats',
)


def generate_tune(seed: int) -> str:
    """One tune with its X: field; the same for the same seed."""
    return _Tune(random.Random(seed)).text()


class _Tune:
    """What the tune is drawn from, and the state that decides what may follow."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.has = set(rng.sample(FEATURES, rng.randint(2, 9)))
        self.meter = rng.choice(ODD_METERS if 'meters' in self.has else METERS)
        self.for_abcjs = rng.random() < 0.5
        if self.for_abcjs:
            self.has -= {'parts', 'chord ties'}
        elif 'accidentals' in self.has:
            self.has.discard('graces')
        self.tuplets = ODD_TUPLETS + TUPLETS if self.odd_tuplets_are_sure() else TUPLETS

    def odd_tuplets_are_sure(self) -> bool:
        """Whether the other reader takes 3/4 for simple and 6/8 for compound, as the standard."""
        if self.has & {'lines', 'inline', 'meters'}:  # the metre may change
            return False
        if self.meter in ('3/4', '3/8', '6/4'):
            return self.for_abcjs and self.meter == '3/4'
        return not (self.for_abcjs and self.meter in ('6/8', '9/8', '12/8'))

    def chance(self, feature: str, share: float) -> bool:
        return feature in self.has and self.rng.random() < share

    def text(self) -> str:
        rng = self.rng
        lines = ['X:1', 'T:Generated', f'M:{self.meter}']
        if unit := rng.choice(UNITS):
            lines.append(f'L:{unit}')
        if 'tempo' in self.has:
            lines.append('Q:' + rng.choice(['120', '1/4=90', '3/8=80', '"Allegro" 1/4=140']))
        if 'header' in self.has:
            lines += rng.sample(['R:reel', 'C:Trad.', 'N:a note', '%%pagewidth 20cm', 'Z:me'], 3)
        labels = []
        if 'parts' in self.has:
            labels = ['A', 'B', 'C'][: rng.randint(2, 3)]
            lines.append('P:' + rng.choice(['AB', 'AABB', 'ABA', 'A2B2', '(AB)2', 'ABAB', 'A.B.A']))
            if 'C' in labels:
                lines[-1] += 'C'
        lines.append('K:' + self.key() + self.clef())
        if 'transpose' in self.has and 'clef' not in self.has:
            lines.append(f'%%MIDI transpose {rng.choice([-12, -3, 2, 5, 12])}')
        if 'voices' in self.has:
            return '\n'.join([*lines, *self.voices()]) + '\n'
        for index in range(len(labels) or rng.randint(1, 3)):
            if labels:
                lines.append(f'P:{labels[index]}')
            elif self.chance('labels', 0.7):
                lines.append('P:' + rng.choice(['A', 'B', 'Trio', 'segno']))
            lines += self.section(index)
        text = '\n'.join(lines) + '\n'
        return text.replace(':|\n|:', '::\n') if 'joined repeats' in self.has else text

    def key(self) -> str:
        text = self.rng.choice(KEYS)
        if self.chance('key accidentals', 0.8) and text not in ('none', 'HP', 'Hp'):
            text += self.rng.choice(KEY_ACCIDENTALS[: 4 if self.for_abcjs else 5])
        return text

    def clef(self) -> str:
        if 'clef' not in self.has:
            return ''
        return ' ' + self.rng.choice(CLEFS)

    def voices(self) -> list[str]:
        """Two voices, a few bars each, in turn."""
        lines = []
        for _ in range(self.rng.randint(1, 2)):
            for voice in ('1', '2'):
                lines.append(f'V:{voice}')
                lines.append(self.bars(self.rng.randint(2, 4)) + '|')
        return lines

    def section(self, index: int) -> list[str]:
        """Lines of music, played once, repeated, or repeated with endings."""
        music = self.bars(self.rng.randint(2, 4))
        is_implied = index == 0 and 'overlays' not in self.has and self.rng.random() < 0.5
        start = '' if is_implied else '|:'
        if self.chance('endings', 0.7):
            music += self.endings()
            end = self.rng.choice(['|]', '||'])
        elif self.chance('repeats', 0.7):
            end = ':|'
        else:
            start, end = '', self.rng.choice(['|', '||', '|]'])
        lines = [f'{start}{music}{end}']
        if self.chance('lines', 0.4):
            lines.append(self.rng.choice(['M:', 'L:', 'K:']))
            letter = lines[-1][0]
            lines[-1] += {
                'M': self.rng.choice(METERS),
                'L': self.rng.choice(UNITS[1:]),
                'K': self.rng.choice(KEYS[:13]),
            }[letter]
        if self.chance('comments', 0.5):
            lines[0] += ' % a comment with abc | :|'
            lines.append('%a line of it')
        if self.chance('text', 0.4):
            lines.append('w: la la la _ la-la')
        return lines

    def endings(self) -> str:
        """What the passes of a repeat end with, from the bar line on."""
        signs = [('|1 ', ':|2 '), ('|[1 ', ':|[2 '), ('| [1', ':| [2')]
        if self.chance('more endings', 0.6):
            signs = [('|1 ', ':|2 ', ':|3 '), ('|1,2 ', ':|3 '), ('|[1-2 ', ':|[3 ')]
        return ''.join(sign + self.bars(1) for sign in self.rng.choice(signs))

    def bars(self, count: int) -> str:
        bars = []
        for index in range(count):
            text = self.bar()
            if self.chance('inline', 0.4):
                text = self.rng.choice(FIELDS) + text
            elif index and self.chance('lines', 0.1):
                text = '\\\n' + text
            elif index and self.chance('lines', 0.2):
                text = '\n' + text
            if self.chance('overlays', 0.2):
                text += '&' + self.bar()
            bars.append(text)
        if 'bar lines' not in self.has:
            return '|'.join(bars)
        lines = [self.rng.choice(['|', '| ', ' |', '.|']) for _ in bars[1:]]
        return ''.join(map(''.join, zip(bars, [*lines, ''], strict=True)))

    def bar(self) -> str:
        """A few sounds, of whatever length together."""
        if 'overlays' not in self.has and self.chance('rests', 0.05):
            return self.rng.choice(['Z', 'Z2', 'z4'])
        parts = []
        for _ in range(self.rng.randint(2, 6)):
            parts.append(self.group())
            if self.rng.random() < 0.3:
                parts.append(' ')
        if self.chance('text', 0.3):
            parts.insert(0, self.rng.choice(['"Am"', '"G7"', '"^above"', '"_below"', '"@1,2 x"']))
        return ''.join(parts)

    def group(self) -> str:
        """A note, chord or rest, or several that belong together."""
        rng = self.rng
        if self.chance('tuplets', 0.15):
            number = rng.choice(self.tuplets)
            length = rng.choice(['', '', '2', '/'])
            return f'({number}' + ''.join(self.note(length) for _ in range(number))
        if self.chance('long tuplets', 0.15):
            number, rest = rng.choice(LONG_TUPLETS[: 6 if self.for_abcjs else 7])
            count = int(rest.split(':')[2]) if rest.count(':') == 2 and rest[-1] != ':' else number
            return f'({number}{rest}' + ''.join(self.note('') for _ in range(count))
        if self.chance('broken', 0.2):
            length = rng.choice(['', '', '2', '/'])
            sign = rng.choice(['>', '>', '<', '>>', '<<', ' > '])
            return self.note(length) + sign + self.note(length)
        if self.chance('ties', 0.15):
            note = self.pitch()
            between = rng.choice(['-', '-', '- ', '-|'])
            # Behind the bar line the pitch is the same without its accidental.
            again = note.lstrip('^_=')
            return note + rng.choice(LENGTHS) + between + again + rng.choice(LENGTHS)
        if self.chance('broken chords', 0.15):
            return self.plain_chord() + rng.choice('<>') + rng.choice([self.plain_chord(), 'z'])
        if self.chance('chord ties', 0.15):
            return '[C-E]' + rng.choice(['', '2']) + rng.choice(['[CE]', 'C', 'D'])
        if self.chance('chords', 0.15):
            return self.chord()
        if self.chance('rests', 0.15):
            return rng.choice(['z', 'x']) + rng.choice(LENGTHS)
        if self.chance('slurs', 0.15):
            return f'({self.note()}{self.note()})'
        return self.before() + self.note()

    def before(self) -> str:
        """What may stand before a note, and adds none."""
        text = ''
        if self.chance('text', 0.1):
            text += self.rng.choice(['"Dm"', '"^slow"', '"<(" ">)"'])
        if self.chance('spacers', 0.2):
            text += self.rng.choice(SPACERS[: 3 if self.for_abcjs else 5])
        if self.chance('graces', 0.2):
            inside = ''.join(self.pitch() for _ in range(self.rng.randint(1, 3)))
            text += '{' + self.rng.choice(['', '/']) + inside + '}'
        if self.chance('decorations', 0.25):
            text += self.rng.choice(DECORATIONS)
        return text

    def note(self, length: str | None = None) -> str:
        return self.pitch() + (self.rng.choice(LENGTHS) if length is None else length)

    def pitch(self) -> str:
        text = ''
        if self.chance('accidentals', 0.2):
            text += self.rng.choice(['^', '_', '=', '^', '_', '=', '^^', '__'])
        text += self.rng.choice('CDEFGABcdefgab')
        if self.chance('octaves', 0.2):
            text += self.rng.choice([',', "'"])
        return text

    def plain_chord(self) -> str:
        return '[' + ''.join(self.rng.sample('CDEFGABcdefg', 2)) + ']'

    def chord(self) -> str:
        letters = self.rng.sample('CDEFGABcdefgab', self.rng.randint(2, 4))
        is_sure = self.for_abcjs and not self.has & {'lines', 'inline'}
        inner = self.rng.choice(['', '', '2', '/']) if is_sure else ''
        outer = self.rng.choice(['', '', '2', '/', '3/2'])
        tie = '-' if self.chance('ties', 0.3) else ''
        chord = '[' + ''.join(letter + inner for letter in letters) + ']' + outer
        return chord + tie + (chord if tie else '')
