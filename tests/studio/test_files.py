"""Files of the studio's page: what it writes is read back, here and by symmusic; what it opens."""

import base64
import struct
import zipfile

import pytest

from symmusic.melody.events import quantize
from symmusic.score.abc import read_abc_tune
from symmusic.score.key import Key
from symmusic.score.midi import parse_midi
from symmusic.score.musicxml_reader import read_musicxml
from tests.studio.pure import documents, run_pure

WRITE = """
return DATA.map((data) => {
  const doc = checkDocument(data), how = {program: 73, instrument: 'Flute'};
  const files = {
    abc: formatAbc(doc, how), musicxml: formatMusicXml(doc, how), midi: formatMidi(doc, how),
  };
  const read = {
    abc: scoreToDocument(readAbc(files.abc)), midi: scoreToDocument(readMidi(files.midi)),
    musicxml: scoreToDocument(readMusicXml(files.musicxml)),
  };
  return {doc, read, files: {...files, midi: Buffer.from(files.midi).toString('base64')}};
});
"""


@pytest.fixture(scope='module')
def written():
    return run_pure(WRITE, documents(40))


def triples(notes):
    return [(note['onset'], note['length'], note['pitch']) for note in notes]


def test_files_are_read_back_by_the_page(written):
    for each in written:
        doc = each['doc']
        num_bars = doc['numBars']
        for kind, read in each['read'].items():
            found = read['doc']
            assert triples(found['notes']) == triples(doc['notes']), (kind, doc)
            assert read['notices'] == [], kind
            assert read['program'] == 73
            for field in ('title', 'meter', 'key', 'pickupSteps'):
                assert found[field] == doc[field], (kind, field)
            assert found['tempo'] == pytest.approx(doc['tempo'], abs=0.01)
            assert found['numBars'] <= num_bars


def check(score, doc):
    notes = [(note.onset, note.end - note.onset, note.pitch) for note in quantize(score)]
    assert notes == triples(doc['notes'])
    assert [str(meter) for meter in score.meters] == [doc['meter']]
    assert score.keys == (Key(doc['key']['fifths'], doc['key']['mode']),)
    assert score.tempi[0].qpm == pytest.approx(doc['tempo'], abs=0.01)
    assert (score.title, score.program) == (doc['title'], 73)
    quarters = score.pickup * 4 / score.ticks_per_quarter
    assert quarters == doc['pickupSteps']


def test_abc_and_midi_are_read_back_by_symmusic(written):
    for each in written:
        check(read_abc_tune(each['files']['abc']), each['doc'])
        check(parse_midi(base64.b64decode(each['files']['midi'])), each['doc'])


def test_musicxml_is_read_back_by_symmusic(written, tmp_path):
    for each in written[:4]:
        path = tmp_path / 'tune.musicxml'
        path.write_text(each['files']['musicxml'], encoding='utf-8')
        check(read_musicxml(path), each['doc'])


OPEN = """
const found = [];
for (const text of DATA) {
  try {
    const {doc, notices} = openText(text);
    found.push({...doc, notices});
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    found.push(error.message);
  }
}
return found;
"""


def opened(*texts):
    return run_pure(OPEN, list(texts))


def test_abc_of_common_tunes():
    repeats, triplets, accidentals, voices = opened(
        'X:1\nT:Up\nM:3/4\nL:1/4\nK:D\nA|:d2e|1 f2A:|2 f3|]',
        'X:1\nM:4/4\nL:1/8\nK:C\n(3CDE F2 G>A [GB]2 {c}d2|',
        "X:1\nM:2/4\nL:1/8\nQ:1/4=90\nK:F\n^Fe Fe|Bf^c'z|",
        'X:1\nM:2/4\nL:1/4\nK:C\nV:1\nCD|\nV:2\nEF|',
    )
    assert triples(repeats['notes']) == [
        (8, 4, 69),
        (12, 8, 74),
        (20, 4, 76),
        (24, 8, 78),
        (32, 4, 69),
        (36, 8, 74),
        (44, 4, 76),
        (48, 12, 78),
    ]
    assert (repeats['pickupSteps'], repeats['title'], repeats['notices']) == (4, 'Up', [])
    assert triples(triplets['notes']) == [
        (0, 1, 60),
        (1, 2, 62),
        (3, 1, 64),
        (4, 4, 65),
        (8, 3, 67),
        (11, 1, 69),
        (12, 4, 71),
        (16, 4, 74),
    ]
    assert any('moved to the nearest' in notice for notice in triplets['notices'])
    assert any('Grace' in notice for notice in triplets['notices'])
    assert [note['pitch'] for note in accidentals['notes']] == [66, 76, 66, 76, 70, 77, 85]
    assert (accidentals['tempo'], accidentals['key']['fifths']) == (90, -1)
    assert [note['pitch'] for note in voices['notes']] == [60, 62]
    assert 'Other voices left out.' in voices['notices']


REPEATS = [
    'AB|CD:|EF|',
    'AB||CD:|EF|',
    '|:AB|1CD:|2EF|GA|',
    'AB:|CD||EF:|GA|',
    '|:AB:|:CD:|',
    'AB|CD:|EF||GA:|',
    '|:AB|[1CD:|[2EF||GA:|',
    '|:AB::CD:|EF|',
    '|:AB|1,3 CD:|2 EF:|GA|',
    '|:AB|1,4 CD:|2 EF:|3 GA:|FG|',
    '|:AB|1,3 CD:|2 EF::GA:|',
    'AB|1CD:|2EF|]GA|1BA:|2AB|',
]


def test_repeats_and_endings_are_played_as_by_symmusic():
    texts = [f'X:1\nM:2/4\nL:1/4\nK:C\n{body}' for body in REPEATS]
    for text, found in zip(texts, opened(*texts), strict=True):
        own = [note.pitch for note in read_abc_tune(text).notes]
        assert [note['pitch'] for note in found['notes']] == own, text


def test_what_cannot_be_read_is_one_sentence():
    found = opened(
        '', 'Hello', 'X:1\nK:C\n', '<html></html>', '<score-partwise><part>', '{"a": 1}', 'X:1\nCDE'
    )
    assert all(isinstance(each, str) for each in found), found
    assert all(each.endswith('.') and '\n' not in each for each in found)


def test_of_a_long_tune_the_end_is_taken():
    (found,) = opened('X:1\nM:2/4\nL:1/4\nK:C\n' + 'CD|' * 250 + 'GG|')
    assert (found['numBars'], len(found['notes'])) == (200, 400)
    assert [note['pitch'] for note in found['notes']][-2:] == [67, 67]
    assert any('251 bars are more than 200' in notice for notice in found['notices'])


def midi(*tracks, division=96, kind=1):
    data = b'MThd' + struct.pack('>IHHH', 6, kind, len(tracks), division)
    return data + b''.join(b'MTrk' + struct.pack('>I', len(each)) + each for each in tracks)


OPEN_BYTES = """
const found = [];
for (const [text, part] of DATA) {
  try {
    const bytes = new Uint8Array(Buffer.from(text, 'base64'));
    const {doc, notices, parts} = await openBytes(bytes, 'a', part);
    found.push({...doc, notices, parts});
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    found.push(error.message);
  }
}
return found;
"""


def opened_bytes(*files, part=0):
    data = [(base64.b64encode(each).decode(), part) for each in files]
    return run_pure(OPEN_BYTES, data)


def test_midi_of_other_programs():
    running = bytes.fromhex('00 903c64 60 3c00 00 4064 60 4000 00 ff2f00')
    chords = bytes.fromhex('00 903c64 00 4364 60 3c00 00 4300 00 ff2f00')
    drums = bytes.fromhex('00 992464 60 992400 00 ff2f00')
    plain, two, one, damaged, only_drums, kind2 = opened_bytes(
        midi(running, kind=0),
        midi(drums, running, chords),
        midi(chords),
        midi(running)[:-9],
        midi(drums),
        midi(running, kind=2),
    )
    assert triples(plain['notes']) == [(0, 4, 60), (4, 4, 64)]
    assert any('no metre' in notice for notice in plain['notices'])
    assert (len(two['parts']), triples(two['notes'])) == (2, [(0, 4, 60), (4, 4, 64)])
    assert triples(one['notes']) == [(0, 4, 67)]
    assert any('highest is kept' in notice for notice in one['notices'])
    assert triples(damaged['notes']) == [(0, 4, 60)]
    assert any('damaged' in notice for notice in damaged['notices'])
    assert isinstance(only_drums, str)
    assert isinstance(kind2, str)
    (second,) = opened_bytes(midi(drums, running, chords), part=1)
    assert triples(second['notes']) == [(0, 4, 67)]


def test_files_that_are_no_music_are_refused_in_a_sentence(tmp_path):
    packed = tmp_path / 'a.mxl'
    with zipfile.ZipFile(packed, 'w') as file:
        file.writestr('readme.txt', 'none')
    found = opened_bytes(
        b'', b'\x89PNG\r\n\x1a\n\0\0\0', b'MThd', b'PK\3\4', packed.read_bytes(), b'RIFFxxxx',
        bytes(range(256)),
    )  # fmt: skip
    assert all(isinstance(each, str) and each.endswith('.') for each in found), found


def test_compressed_musicxml_is_opened(written, tmp_path):
    packed, doc = tmp_path / 'a.mxl', written[0]['doc']
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as file:
        file.writestr('META-INF/container.xml', '<container/>')
        file.writestr('score.musicxml', written[0]['files']['musicxml'])
    (found,) = opened_bytes(packed.read_bytes())
    assert triples(found['notes']) == triples(doc['notes'])


def test_musicxml_with_repeats_chords_and_a_second_voice():
    note = (
        '<note>{0}<pitch><step>{1}</step><octave>4</octave></pitch><duration>{2}</duration>'
        '<voice>{3}</voice></note>'
    )
    bars = [
        '<attributes><divisions>2</divisions><key><fifths>1</fifths></key><time><beats>2</beats>'
        '<beat-type>4</beat-type></time></attributes><barline location="left"><repeat'
        ' direction="forward"/></barline>'
        + note.format('', 'G', 4, 1)
        + note.format('<chord/>', 'B', 4, 1)
        + '<backup><duration>4</duration></backup>'
        + note.format('', 'C', 4, 2),
        '<barline location="left"><ending number="1" type="start"/></barline>'
        + note.format('', 'A', 4, 1)
        + '<barline location="right"><repeat direction="backward"/></barline>',
        '<barline location="left"><ending number="2" type="start"/></barline>'
        + note.format('', 'G', 4, 1),
    ]
    measures = ''.join(f'<measure number="{n}">{bar}</measure>' for n, bar in enumerate(bars, 1))
    (found,) = opened(f'<score-partwise><part id="P1">{measures}</part></score-partwise>')
    assert triples(found['notes']) == [(0, 8, 71), (8, 8, 69), (16, 8, 71), (24, 8, 67)]
    assert (found['meter'], found['key']['fifths']) == ('2/4', 1)
    assert {'Of chords the highest note is kept.', 'Other voices left out.'} <= set(
        found['notices']
    )
