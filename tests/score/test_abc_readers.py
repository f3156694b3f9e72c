"""ABC files that users of other programs reported as read wrongly, with the correct result."""

import pytest

from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import split_tunes
from symmusic.score.abc_fields import TICKS_PER_QUARTER
from symmusic.score.abc_text import decode

SCALE = [60, 62, 64, 65, 67, 69, 71, 72]
REEL = [67, 69, 71, 72, 74, 76, 74, 71, 74, 76, 74, 71, 74, 76, 74, 71, 67]
REEL_LENGTHS = [0.5] * 16 + [4]
ARPEGGIO = [67, 69, 71, 72, 74, 71, 67, 71, 69, 66, 62, 66, 67]
FOUR = [64, 65, 67, 69]
G_MAJOR = [67, 69, 71, 72, 74, 76, 77, 79, 72, 72]
C_DORIAN = [72, 74, 72, 70, 67, 70, 72, 72]

# (file, pitches, lengths in quarters) of each tune of the file, as described in the README beside
# the files
TUNES = [
    ('part_label_inside_repeat.abc', [(SCALE * 2, [1] * 16)]),
    (
        'part_label_after_pickup.abc',
        [(SCALE * 2 + [74, 76, 77, 79, 81, 79] * 2, [1] * 16 + ([1] * 5 + [3]) * 2)],
    ),
    ('part_label_mid_bar.abc', [([*SCALE, 74, 76, 77, 79] * 2, [1] * 24)]),
    ('part_order_text_label.abc', [(SCALE * 2 + [74, 76, 77, 79], [1] * 20)]),
    ('key_octave_minus1.abc', [([pitch - 12 for pitch in SCALE], [1] * 8)]),
    ('key_treble_minus8.abc', [([pitch - 12 for pitch in SCALE], [1] * 8)]),
    ('key_transpose_2.abc', [([pitch + 2 for pitch in SCALE], [1] * 8)]),
    ('midi_transpose_directive.abc', [([52, 53, 55, 57], [1] * 4)]),
    ('midi_program_directive.abc', [(ARPEGGIO, [1] * 12 + [4])]),
    ('grace_accidental.abc', [([76, 78, 78, 77], [1, 1, 2, 4])]),
    ('stray_html_line.abc', [([*SCALE, 72], [1] * 8 + [4])]),
    ('decoration_with_spaces.abc', [([*SCALE, 72, 72], [0.5] * 8 + [2, 2])]),
    ('tuplet_ten.abc', [([*SCALE, 74, 76], [0.4] * 10)]),
    ('ending_double_colon.abc', [([60, 62, 60, 64, 65, 64, 65], [4] * 7)]),
    ('title_tex_accents.abc', [(ARPEGGIO, [1] * 12 + [4])]),
    ('charset_8859_2.abc', [(REEL, REEL_LENGTHS)]),
    (
        'title_cp1252_quote.abc',
        [
            (REEL, REEL_LENGTHS),
            ([62, 64, 66, 67, 69, 71, 73, 74, 74], [0.5] * 8 + [4]),
        ],
    ),
    ('first_voice_silent.abc', [(FOUR * 2, [1] * 8)]),
    ('first_voice_percussion.abc', [(FOUR, [1] * 4)]),
    (
        'no_x_fields_folkrnn.abc',
        [
            (G_MAJOR * 2, ([0.5] * 8 + [2, 2]) * 2),
            (C_DORIAN * 2, ([0.5] * 4 + [1, 1] + [2, 2]) * 2),
        ],
    ),
    (
        'utf16.abc',
        [(REEL, REEL_LENGTHS), ([62, 64, 66, 67, 69, 71, 73, 74, 74], [0.5] * 8 + [4])],
    ),
    (
        'cr_cr_lf.abc',
        [(REEL, REEL_LENGTHS), ([62, 64, 66, 67, 69, 71, 73, 74, 74], [0.5] * 8 + [4])],
    ),
]


def read(shared, name):
    data = (shared / 'reference' / 'readers' / name).read_bytes()
    return [read_abc_tune(tune.text) for tune in split_tunes(decode(data))]


@pytest.mark.parametrize(('name', 'tunes'), TUNES, ids=[name for name, _ in TUNES])
def test_reported_files(shared, name, tunes):
    scores = read(shared, name)
    assert [[note.pitch for note in score.notes] for score in scores] == [
        pitches for pitches, _ in tunes
    ]
    for score, (_, lengths) in zip(scores, tunes, strict=True):
        quarters = [note.duration / TICKS_PER_QUARTER for note in score.notes]
        assert quarters == pytest.approx(lengths, abs=1e-9)
        assert [str(meter) for meter in score.meters] == ['4/4']
        assert all(
            left.end == right.onset
            for left, right in zip(score.notes, score.notes[1:], strict=False)
        )


def test_every_file_has_its_test(shared):
    files = {path.name for path in (shared / 'reference' / 'readers').glob('*.abc')}
    assert files == {name for name, _ in TUNES}


@pytest.mark.parametrize(
    ('name', 'titles'),
    [
        ('title_tex_accents.abc', ['Café Über é señor']),
        ('charset_8859_2.abc', ['Dvořák one']),
        ('title_cp1252_quote.abc', ['Don\u2019t one', 'Second']),
        ('utf16.abc', ['Café one', 'Second']),
        ('cr_cr_lf.abc', ['Café one', 'Second']),
    ],
)
def test_titles(shared, name, titles):
    assert [score.title for score in read(shared, name)] == titles


def test_programs_and_notices(shared):
    assert [score.program for score in read(shared, 'midi_program_directive.abc')] == [73]
    for name in ('first_voice_silent.abc', 'first_voice_percussion.abc'):
        (score,) = read(shared, name)
        assert len(score.notices) == 1
        assert "'1'" in score.notices[0]
        assert "'2' is read" in score.notices[0]
    assert read(shared, 'grace_accidental.abc')[0].notices == ('grace notes left out',)
