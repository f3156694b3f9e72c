"""MusicXML, hand-made: what is read of it, and what is said to be left out."""

import re
import zipfile

import pytest

from symmusic.errors import ScoreError
from symmusic.score import musicxml_check, musicxml_reader
from symmusic.score.detection import key_of_signature
from symmusic.score.key import Key
from symmusic.score.musicxml_reader import CHORDS, MICROTONES, read_musicxml
from symmusic.score.notes import (
    CHORD_SYMBOLS,
    GRACES,
    LYRICS,
    OTHER_VOICES,
    UNREAD_KEY,
    Note,
    kind_of,
)

HEAD = '<?xml version="1.0"?><score-partwise version="3.1">'
KEY = '<key><fifths>{}</fifths>{}</key>'
C_MAJOR = KEY.format(0, '<mode>major</mode>')


def note(name, quarters=1, further='', before='', voice=1):
    length = '' if 'grace' in before else f'<duration>{quarters}</duration>'
    return (
        f'<note>{before}<pitch><step>{name[0]}</step><octave>{name[1:] or 4}</octave></pitch>'
        f'{length}<voice>{voice}</voice>{further}</note>'
    )


def part(content, key=C_MAJOR, further='', more=''):
    """Bars of 4/4, the first with a key and what else belongs to its attributes."""
    bars = [content] if isinstance(content, str) else content
    attributes = (
        f'<attributes><divisions>1</divisions>{key}<time><beats>4</beats><beat-type>4</beat-type>'
        f'</time>{further}</attributes>{more}'
    )
    return ''.join(
        f'<measure number="{number}">{attributes * (number == 1)}{bar}</measure>'
        for number, bar in enumerate(bars, 1)
    )


def written(folder, *parts, names=('Flute', 'Violin', 'Drums'), programs=(74, 41, 1)):
    listed = ''.join(
        f'<score-part id="P{place}"><part-name>{name}</part-name><score-instrument'
        f' id="P{place}-I1"><instrument-name>{name}</instrument-name></score-instrument>'
        f'<midi-instrument id="P{place}-I1"><midi-program>{program}</midi-program>'
        '</midi-instrument></score-part>'
        for place, (name, program, _) in enumerate(zip(names, programs, parts, strict=False), 1)
    )
    bodies = ''.join(f'<part id="P{place}">{each}</part>' for place, each in enumerate(parts, 1))
    path = folder / 'a.musicxml'
    path.write_text(
        f'{HEAD}<work><work-title>Made up</work-title></work><part-list>{listed}</part-list>'
        f'{bodies}</score-partwise>'
    )
    return path


def pitches(score):
    return [each.pitch for each in score.notes]


def test_what_is_read(tmp_path):
    tempo = (
        '<direction><direction-type><words>fast</words></direction-type><sound tempo="90"/>'
        '</direction>'
    )
    path = written(tmp_path, part(''.join(map(note, 'CDEF')), more=tempo))
    score = read_musicxml(path)
    quarter = score.ticks_per_quarter
    assert [
        (each.onset / quarter, each.duration / quarter, each.pitch) for each in score.notes
    ] == [
        (0, 1, 60),
        (1, 1, 62),
        (2, 1, 64),
        (3, 1, 65),
    ]
    assert (score.title, score.keys, score.parts) == ('Made up', (Key(0),), ('Flute',))
    assert [str(meter) for meter in score.meters] == ['4/4']
    assert [tempo.qpm for tempo in score.tempi] == [90]
    assert (score.program, score.num_instruments, score.notices) == (73, 1, ())


def test_compressed(tmp_path):
    path = written(tmp_path, part(''.join(map(note, 'CDEF'))))
    packed = tmp_path / 'a.mxl'
    container = (
        '<?xml version="1.0"?><container><rootfiles><rootfile full-path="a.musicxml"/></rootfiles>'
        '</container>'
    )
    with zipfile.ZipFile(packed, 'w') as archive:
        archive.writestr('META-INF/container.xml', container)
        archive.writestr('a.musicxml', path.read_text())
    assert read_musicxml(packed) == read_musicxml(path)


@pytest.mark.parametrize(
    ('bar', 'notice', 'found'),
    [
        (note('C', 4, '<lyric><text>la</text></lyric>'), LYRICS, [60]),
        (note('D', before='<grace/>') + note('C', 4), GRACES, [60]),
        (note('C', 4) + note('E', 4, before='<chord/>'), CHORDS, [64]),
        (
            '<harmony><root><root-step>A</root-step></root><kind>minor</kind></harmony>'
            + note('C', 4),
            CHORD_SYMBOLS,
            [60],
        ),
        (
            note('C', 4) + '<backup><duration>4</duration></backup>' + note('G', 4, voice=2),
            OTHER_VOICES,
            [60],
        ),
    ],
)
def test_what_is_left_out_is_said(tmp_path, bar, notice, found):
    score = read_musicxml(written(tmp_path, part(bar)))
    assert (pitches(score), score.notices) == (found, (notice,))


def test_one_of_several_parts(tmp_path):
    drums = part(
        '<note><unpitched><display-step>E</display-step><display-octave>4</display-octave>'
        '</unpitched><duration>4</duration></note>',
        further='<clef><sign>percussion</sign></clef>',
    )
    first, second = (part(note(name, 4)) for name in 'CE')
    path = written(tmp_path, drums, first, second, names=('Drums', 'Flute', 'Violin'))
    for number, pitch in ((1, 60), (2, 64)):
        score = read_musicxml(path, number)
        assert (pitches(score), score.parts) == ([pitch], ('Flute', 'Violin'))
        assert score.num_instruments == 3
    with pytest.raises(ScoreError, match='no part 3: the file has 2 that play notes: Flute, Viol'):
        read_musicxml(path, 3)
    with pytest.raises(ScoreError, match='no notes: only percussion'):
        read_musicxml(written(tmp_path, drums))


def test_repeats_and_endings_are_played(tmp_path):
    bars = [
        '<barline location="left"><repeat direction="forward"/></barline>' + note('C', 4),
        '<barline location="left"><ending number="1" type="start"/></barline>'
        + note('D', 4)
        + '<barline location="right"><ending number="1" type="stop"/>'
        '<repeat direction="backward"/></barline>',
        '<barline location="left"><ending number="2" type="start"/></barline>'
        + note('E', 4)
        + '<barline location="right"><ending number="2" type="stop"/></barline>',
    ]
    assert pitches(read_musicxml(written(tmp_path, part(bars)))) == [60, 62, 60, 64]


def test_transposing_instruments_are_read_as_they_sound(tmp_path):
    clarinet = '<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>'
    key = KEY.format(2, '<mode>major</mode>')
    score = read_musicxml(written(tmp_path, part(note('D', 4), key, clarinet)))
    assert (pitches(score), score.keys) == ([60], (Key(0),))


@pytest.mark.parametrize(
    ('key', 'signs'),
    [
        ('<key><fifths>9</fifths></key>', 'F# C# G# D# A# E# B# F## C##'),
        ('<key><key-step>F</key-step><key-alter>-1</key-alter></key>', 'F-'),
    ],
)
def test_a_key_that_is_no_common_one_is_named(tmp_path, key, signs):
    score = read_musicxml(written(tmp_path, part(note('C', 4), key)))
    said = f'{UNREAD_KEY}: {signs}, detected from the notes where no other is stated'
    assert (score.keys, score.notices) == ((), (said,))
    assert kind_of(said) == UNREAD_KEY


@pytest.mark.parametrize('mode', ['dorian', 'mixolydian', 'lydian', 'minor', 'major'])
def test_modes(tmp_path, mode):
    key = KEY.format(1, f'<mode>{mode}</mode>')
    assert read_musicxml(written(tmp_path, part(note('C', 4), key))).keys == (Key(1, mode),)


def test_without_a_mode_the_notes_say_which(tmp_path):
    def of(*names):
        return [Note(index, 1, pitch) for index, pitch in enumerate(names)]

    d_minor = of(62, 65, 69, 62, 67, 69, 72, 69, 65, 62)
    assert key_of_signature(-1, d_minor) == Key(-1, 'minor')
    assert key_of_signature(0, d_minor) == Key(0, 'dorian')
    assert key_of_signature(5, d_minor) == Key(5)
    score = read_musicxml(
        written(tmp_path, part([''.join(map(note, 'CEGC')) * 1] * 4, KEY.format(0, '')))
    )
    assert score.keys == (Key(0),)
    assert read_musicxml(written(tmp_path, part(note('C', 4), ''))).keys == ()


@pytest.mark.parametrize(
    ('name', 'data', 'reason'),
    [
        ('a.musicxml', b'', 'damaged score'),
        ('a.xml', b'<score-partwise><part', 'damaged score'),
        ('a.mxl', b'PK\3\4 no archive', 'damaged score'),
        ('a.xml', b'<html/>', 'damaged score'),
    ],
)
def test_damaged(tmp_path, name, data, reason):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ScoreError) as error:
        read_musicxml(path)
    assert error.value.reason in (reason, 'no notes')
    assert '\n' not in str(error.value)


def test_sizes_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(musicxml_reader, 'MAX_BYTES', 2000)
    monkeypatch.setattr(musicxml_reader, 'MAX_UNPACKED_BYTES', 5000)
    long = tmp_path / 'a.xml'
    long.write_bytes(b' ' * 2001)
    packed = tmp_path / 'a.mxl'
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a.xml', ' ' * 5001)
    assert packed.stat().st_size < 2000
    for path in (long, packed):
        with pytest.raises(ScoreError, match='too long'):
            read_musicxml(path)
    with pytest.raises(OSError, match='none'):
        read_musicxml(tmp_path / 'none.mxl')


BAR = ''.join(map(note, 'CDEF'))
REST = '<note><rest/><duration>4</duration><voice>1</voice></note>'
BACK = '<backup><duration>4</duration></backup>'
BACKWARD = '<barline location="right">{}<repeat direction="backward"{}/></barline>'


def metre(beats):
    return f'<attributes><time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>'


@pytest.mark.parametrize(
    ('what', 'reason'),
    [
        (BACKWARD.format('', ' times="1000000000"'), 'repeat times'),
        ('<barline><ending number="1-100000000" type="start"/></barline>', 'ending number'),
        (note('C99'), "octave '99'; must be from -1 to 9"),
        (note('C', -1), 'a duration below 0'),
        (note('C', 10**15), 'more than 1000000 quarters'),
        ('<attributes><divisions>0</divisions></attributes>', 'divisions must be above 0'),
    ],
)
def test_values_that_cannot_be_are_refused_at_once(tmp_path, recwarn, what, reason):
    """music21 builds a list of every pass of an ending, and takes other values for what they are
    not.
    """
    with pytest.raises(ScoreError, match=re.escape(reason)) as error:
        read_musicxml(written(tmp_path, part(BAR + what)))
    assert '\n' not in str(error.value)
    assert not recwarn.list


def test_the_number_of_notes_is_bounded(tmp_path, monkeypatch):
    """A compressed file of 1 MB can hold as many as take music21 minutes."""
    monkeypatch.setattr(musicxml_check, 'MAX_NOTES', 8)
    assert len(read_musicxml(written(tmp_path, part([BAR] * 2))).notes) == 8
    with pytest.raises(ScoreError, match='too long: more than 8 notes'):
        read_musicxml(written(tmp_path, part([BAR] * 3)))


def test_lengths_without_a_unit_are_refused(tmp_path):
    path = written(tmp_path, part(BAR), part(BAR).replace('<divisions>1</divisions>', ''))
    with pytest.raises(ScoreError, match='no divisions before the first duration'):
        read_musicxml(path)


def test_an_archive_without_a_score(tmp_path):
    path = tmp_path / 'a.mxl'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('META-INF/container.xml', '<container/>')
    with pytest.raises(ScoreError, match=r'a\.mxl is an archive without a score'):
        read_musicxml(path)


def test_what_is_checked_in_an_archive_and_in_utf_16(tmp_path):
    text = written(tmp_path, part(note('C99'))).read_text()
    path = tmp_path / 'a.xml'
    path.write_bytes(text.replace('"1.0"?', '"1.0" encoding="UTF-16"?').encode('utf-16'))
    packed = tmp_path / 'a.mxl'
    with zipfile.ZipFile(packed, 'w') as archive:
        archive.writestr('score.xml', text)
    for each in (path, packed):
        with pytest.raises(ScoreError, match="octave '99'"):
            read_musicxml(each)


@pytest.mark.parametrize('beats', [1, 3])
def test_a_pickup_and_a_last_bar_under_metres_of_their_own(tmp_path, beats):
    first = part([''.join(map(note, 'GAB'[:beats])), metre(4) + BAR, BAR, metre(3) + note('C', 3)])
    first = first.replace('<beats>4', f'<beats>{beats}', 1)
    score = read_musicxml(written(tmp_path, first))
    assert [str(meter) for meter in score.meters] == ['4/4']
    assert score.pickup == beats * score.ticks_per_quarter
    assert len(score.notes) == beats + 9


def test_an_implicit_pickup_and_a_short_last_bar(tmp_path):
    score = read_musicxml(written(tmp_path, part([note('G'), BAR, BAR, metre(3) + note('C', 3)])))
    assert [str(meter) for meter in score.meters] == ['4/4']
    assert score.pickup == score.ticks_per_quarter
    assert len(score.notes) == 10


def test_a_metre_that_changes_stays(tmp_path):
    score = read_musicxml(
        written(tmp_path, part([BAR, BAR, metre(3) + note('C', 3)] + [note('D', 3)] * 3))
    )
    assert [str(meter) for meter in score.meters] == ['4/4', '3/4']
    assert score.pickup == 0


def test_a_silent_first_voice_gives_way_to_the_next(tmp_path):
    second = ''.join(note(name, voice=2) for name in 'EFGA')
    score = read_musicxml(written(tmp_path, part([REST + BACK + second] * 2)))
    assert pitches(score) == [64, 65, 67, 69] * 2
    assert OTHER_VOICES in score.notices
    score = read_musicxml(written(tmp_path, part([REST + BACK + second, BAR])))
    assert pitches(score) == [60, 62, 64, 65]


def test_the_first_voice_is_that_of_the_lowest_number_in_each_bar(tmp_path):
    first, second = BAR, ''.join(note(name, voice=2) for name in 'EFGA')
    score = read_musicxml(
        written(tmp_path, part([first + BACK + second, second + BACK + first])),
    )
    assert pitches(score) == [60, 62, 64, 65] * 2


def test_microtones_are_said(tmp_path):
    sharp = note('C').replace('</step>', '</step><alter>0.5</alter>')
    score = read_musicxml(written(tmp_path, part(sharp + note('D'))))
    assert len(score.notes) == 2
    assert score.notices == (MICROTONES,)


@pytest.mark.parametrize(
    ('endings', 'found'),
    [(['1,2', '3'], 'CDCDCE'), (['1', '2', '3'], 'CDCECF')],
)
def test_more_than_two_endings_are_played(tmp_path, endings, found):
    bars = [note('C', 4)]
    for number, name in zip(endings, 'DEF', strict=False):
        stop = f'<ending number="{number}" type="stop"/>'
        bars.append(
            f'<barline location="left"><ending number="{number}" type="start"/></barline>'
            + note(name, 4)
            + (
                BACKWARD.format(stop, '')
                if number != endings[-1]
                else f'<barline location="right">{stop}</barline>'
            )
        )
    played = pitches(read_musicxml(written(tmp_path, part(bars))))
    assert played == [{'C': 60, 'D': 62, 'E': 64, 'F': 65}[name] for name in found]
    assert (
        pitches(
            read_musicxml(written(tmp_path, part(note('C', 4) + BACKWARD.format('', ' times="3"'))))
        )
        == [60] * 3
    )


@pytest.mark.parametrize('sound', ['', '<sound tempo="0"/>'])
def test_a_tempo_of_zero_is_left_out(tmp_path, sound):
    mark = (
        '<direction><direction-type><metronome><beat-unit>quarter</beat-unit>'
        f'<per-minute>0</per-minute></metronome></direction-type>{sound}</direction>'
    )
    score = read_musicxml(written(tmp_path, part(mark + BAR)))
    assert len(score.notes) == 4
    assert score.tempi == ()
    assert score.notices == ('tempo not understood: 0 beats per minute',)
