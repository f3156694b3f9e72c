"""The small MIDI files of ../shared/reference/readers, with the correct results."""

import pytest

from symmusic.corpus.collections import find_files
from symmusic.corpus.prepare import Settings, prepare_files
from symmusic.generate.prompt_files import read_prompt
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.score.midi import parse_midi
from symmusic.score.notes import Note

PITCHES = [67, 69, 71, 72, 74, 76, 74, 71, 69, 67, 66, 67, 69, 71, 69, 67]
# what the notice names, '' where nothing is left out
RIGHT = {
    'keysig_8_sharps.mid': 'key signature',
    'keysig_mode_255.mid': 'key signature',
    'keysig_empty.mid': 'key signature',
    'smpte_offset_3_bytes.mid': 'SMPTE offset',
    'smpte_offset_rate_7.mid': 'SMPTE offset',
    'sequence_number_1_byte.mid': 'sequence number',
    'tempo_2_bytes.mid': 'tempo',
    'timesig_2_bytes.mid': 'time signature',
    'alien_chunk_first.mid': 'unknown type',
    'alien_chunk_between.mid': 'unknown type',
    'header_counts_too_many_tracks.mid': 'number of tracks',
    'header_counts_too_few_tracks.mid': 'number of tracks',
    'bytes_after_end_of_track.mid': 'End of Track',
    'running_status_after_sysex.mid': 'running status',
    'riff_wrapped.mid': '',
    'riff.rmi': '',
    'karaoke.kar': '',
    'name_utf8.mid': '',
    'timesig_after_last_note.mid': '',
}


@pytest.fixture
def readers(shared):
    return shared / 'reference' / 'readers'


@pytest.mark.parametrize('name', RIGHT)
def test_all_sixteen_notes(name, readers):
    score = parse_midi((readers / name).read_bytes())
    assert score.notes == tuple(
        Note(480 * index, 480, pitch, 80) for index, pitch in enumerate(PITCHES)
    )
    assert [str(meter) for meter in score.meters] == ['4/4']
    assert [tempo.qpm for tempo in score.tempi] == [120.0]
    assert (score.pickup, score.num_instruments) == (0, 1)
    assert len(score.notices) == (RIGHT[name] != '')
    assert RIGHT[name] in ''.join(score.notices)


@pytest.mark.parametrize('name', RIGHT)
def test_as_prompt(name, readers):
    prompt = read_prompt(str(readers / name), MelodyVocabulary(50, 96), transpose=False)
    assert [event for event in prompt.events if event >= 0] == PITCHES
    assert len(prompt.events) == 64
    assert len(prompt.notices) == (RIGHT[name] != '')


def test_title_in_utf_8(readers):
    assert parse_midi((readers / 'name_utf8.mid').read_bytes()).title == 'Café ☘'


def test_pickup_of_musescore(readers):
    """Of the MusicXML that we write, as MuseScore exports it: every note a tick short."""
    score = parse_midi((readers / 'musescore_export_pickup.mid').read_bytes())
    assert (score.pickup, [str(meter) for meter in score.meters]) == (480, ['4/4'])
    prompt = read_prompt(
        str(readers / 'musescore_export_pickup.mid'), MelodyVocabulary(50, 96), transpose=False
    )
    assert (prompt.pickup, prompt.meter) == (4, '4/4')
    assert int(prompt.events[12]) == 69
    assert (prompt.events[:12] < 0).all()
    assert [event for event in prompt.events if event >= 0][:9] == [
        69, 74, 78, 81, 78, 79, 76, 73, 69,
    ]  # fmt: skip


def test_as_a_corpus(readers):
    files = [file for file in find_files(str(readers)) if file.path.suffix != '.abc']
    tunes = prepare_files(files, Settings())
    assert {tune.file for tune in tunes} == {*RIGHT, 'musescore_export_pickup.mid'}
    assert {tune.file: tune.reason for tune in tunes if not tune.kept} == {}
    assert all(len(tune.events) == 64 for tune in tunes if tune.file in RIGHT)
