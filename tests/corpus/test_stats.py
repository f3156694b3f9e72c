"""Statistics of a corpus: numbers by hand, and the written files."""

import dataclasses
import json

import numpy as np
import pytest

import launch
from symmusic.corpus.cache import Corpus, load_corpus
from symmusic.corpus.drops import describe_drops
from symmusic.corpus.prepare import Settings, Tune
from symmusic.corpus.stats import compute_statistics
from symmusic.corpus.stats_files import write_stats
from symmusic.corpus.stats_table import as_text
from tests.corpus.tunes import mixed_folder, random_notes, random_tune, tune, write_files
from tests.score.midi_bytes import melody

CONTRACT = {
    'num_files',
    'num_tunes',
    'num_kept',
    'dropped',
    'num_windows',
    'num_distinct_windows',
    'num_classes',
    'min_pitch',
    'max_pitch',
    'num_steps',
    'event_frequencies',
}
LINE = [
    'file',
    'title',
    'meter',
    'kept',
    'reason',
    'key',
    'transposed_by',
    'num_steps',
    'num_windows',
    'events',
]
WINDOWS = {'window_steps': 4, 'hop_steps': 2, 'keep_last': True}


def corpus(*tunes, num_files=1):
    kept = sum(each.kept for each in tunes)
    return Corpus('made', num_files, tunes, np.arange(kept, dtype=np.int32))


def load_lines(path):
    return [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]


def test_notices_of_readers_are_counted_over_kept_tunes(tmp_path):
    abc = 'X:{}\nM:{}\nK:C\n{}CDEFGABc|\n\n'
    book = abc.format(1, '4/4', '"C"{g}') + abc.format(2, '4/4', '{g}') + abc.format(3, '4/4', '')
    write_files(tmp_path, {'book.abc': (book + abc.format(4, '3/4', '{g}')).encode()})
    for _ in range(2):  # prepared, and from the cache
        made = load_corpus(str(tmp_path), Settings())
        assert [each.notices for each in made.tunes] == [
            ('chord symbols left out', 'grace notes left out'),
            ('grace notes left out',),
            (),
            (),
        ]
        found = compute_statistics(made, encoding='melody', **WINDOWS)
        assert found['notices'] == {'grace notes left out': 2, 'chord symbols left out': 1}
        assert 'grace notes left out, in 2 of the tunes kept' in as_text(found)


def test_by_hand():
    made = corpus(
        # windows 0-3, 2-5, 4-7; the first and the third are alike
        tune([60, -2, 62, -1, 60, -2, 62, -1, 64], key='C major'),
        # one step, 15 of silence, three steps; two padded windows
        tune([65], [-2, 67, -2], key='a minor', gaps=(0,)),
        Tune('b.mid', reason='meter'),
        Tune('c.mid', reason='meter'),
        Tune('d.mid', reason='no notes'),
        num_files=7,
    )
    found = compute_statistics(made, encoding='melody', **WINDOWS)
    assert found.keys() >= CONTRACT
    assert (found['num_files'], found['num_tunes'], found['num_kept'], found['num_families']) == (
        7,
        5,
        2,
        2,
    )
    assert found['dropped'] == {'meter': 2, 'no notes': 1}
    assert (found['num_windows'], found['num_distinct_windows']) == (5, 4)
    assert (found['num_classes'], found['min_pitch'], found['max_pitch']) == (10, 60, 67)
    assert (found['num_steps'], found['num_notes']) == (9 + 19, 7)
    counts = {name: round(28 * share, 9) for name, share in found['event_frequencies'].items()}
    # No event: 2, then 14 of the silence and 2; note off: 2, then the silence's first step.
    assert counts == {'no event': 18, 'note off': 3, '60': 2, '62': 2, '64': 1, '65': 1, '67': 1}
    assert {name: round(7 * share, 9) for name, share in found['note_lengths'].items()} == {
        '1': 4,
        '2': 3,
    }
    assert found['keys'] == {'C major': 1, 'a minor': 1}
    assert sum(found['event_frequencies'].values()) == pytest.approx(1)
    assert (
        compute_statistics(made, encoding='melody', **(WINDOWS | {'keep_last': False}))[
            'num_windows'
        ]
        == 4
    )


def test_long_notes_count_together():
    found = compute_statistics(
        corpus(tune([60, *[-2] * 15, 60, *[-2] * 40, 60])), encoding='melody', **WINDOWS
    )
    assert found['note_lengths'] == {'1': pytest.approx(1 / 3), '16+': pytest.approx(2 / 3)}


def test_keys_beyond_the_sixth_are_counted():
    """The key's number of tunes falls: 8 keys, of which the last two have 2 tunes and 1."""
    names = ['D major', 'G major', 'e minor', 'A major', 'C major', 'a minor', 'F major', 'b minor']
    tunes = [
        dataclasses.replace(tune([60, 62, 64, 65]), file=f'{place}-{copy}', key=name)
        for place, name in enumerate(names)
        for copy in range(len(names) - place)
    ]
    text = as_text(compute_statistics(corpus(*tunes), encoding='melody', **WINDOWS))
    (line,) = (line for line in text.splitlines() if line.startswith('keys'))
    assert line.endswith('a minor 3, and 2 others with 3 tunes  (detected, not as stated)')
    text = as_text(compute_statistics(corpus(*tunes[:8]), encoding='melody', **WINDOWS))
    assert text.endswith('D major 8  (detected, not as stated)')


def test_nothing_kept(tmp_path):
    made = corpus(Tune('a.mid', reason='meter', meter='3/4', title='Waltz'))
    found = compute_statistics(made, encoding='melody', **WINDOWS)
    assert found.keys() >= CONTRACT
    assert (found['num_kept'], found['num_windows'], found['num_classes'], found['num_steps']) == (
        0,
        0,
        0,
        0,
    )
    assert (found['min_pitch'], found['event_frequencies'], found['dropped']) == (
        None,
        {},
        {'meter': 1},
    )
    assert 'meter' in as_text(found)
    write_stats(tmp_path, made, found, {}, keep_last=True)
    (line,) = load_lines(tmp_path / 'tunes.jsonl')
    assert line == dict(
        zip(LINE, ['a.mid', 'Waltz', '3/4', False, 'meter', '', 0, 0, 0, []], strict=True)
    )
    assert not (tmp_path / 'distributions.png').exists()


def test_tune_without_a_window():
    found = compute_statistics(
        corpus(tune([60] * 5)), encoding='melody', window_steps=4, hop_steps=2, keep_last=False
    )
    assert (
        found['num_kept'],
        found['num_windows'],
        found['num_distinct_windows'],
        found['num_steps'],
    ) == (1, 0, 0, 5)


def test_files(tmp_path):
    folder = mixed_folder(tmp_path / 'music')
    write_files(folder, {'k rests.mid': melody((67, 4), (None, 40), (64, 4), title='Süß')})
    made = load_corpus(str(folder), Settings())
    found = compute_statistics(
        made, encoding='melody', window_steps=64, hop_steps=16, keep_last=True
    )
    write_stats(tmp_path / 'out', made, found, {'corpus': 'music'}, keep_last=True)
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        'distributions.png',
        'settings.json',
        'stats.json',
        'tunes.jsonl',
    ]
    assert json.loads((tmp_path / 'out' / 'stats.json').read_text()) == found
    assert json.loads((tmp_path / 'out' / 'settings.json').read_text()) == {'corpus': 'music'}
    assert (tmp_path / 'out' / 'distributions.png').read_bytes()[:4] == b'\x89PNG'
    lines = load_lines(tmp_path / 'out' / 'tunes.jsonl')
    assert [list(line) for line in lines] == [LINE] * len(made.tunes)
    assert (
        [line['file'] for line in lines]
        == [each.file for each in made.tunes]
        == sorted(each.file for each in made.tunes)
    )
    assert sum(line['kept'] for line in lines) == found['num_kept'] == 3
    assert sum(line['num_windows'] for line in lines) == found['num_windows']
    assert sum(line['num_steps'] for line in lines) == found['num_steps']
    rests = lines[-1]
    assert (rests['title'], rests['num_steps'], rests['num_windows']) == ('Süß', 48, 2)
    assert rests['events'] == [
        67 + rests['transposed_by'],
        -2,
        -2,
        -2,
        -1,
        *[-2] * 39,
        64 + rests['transposed_by'],
        -2,
        -2,
        -2,
    ]
    for line in lines:
        assert line['num_steps'] == len(line['events'])
        assert bool(line['reason']) != line['kept']


@pytest.mark.parametrize(
    ('encoding', 'num_notes', 'num_windows', 'classes'),
    [
        ('melody', 4, 3, {'no event': 4, 'note off': 1, '60': 2, '61': 1, '62': 1}),
        ('pianoroll', 3, 3, {'silence': 2, '60': 4, '61': 2, '62': 1}),
        # of twelve steps, three of them to fill the last beat
        ('pianoroll_faithful', 4, 5, {'60': 3, '61': 2, '62': 1, 'blank': 6}),
    ],
)
def test_an_encoding(encoding, num_notes, num_windows, classes):
    """C, C again, a rest, C sharp, D: the roll joins two notes, the faithful one separates them by
    a blank and has whole beats.
    """
    made = corpus(tune([60, -2, 60, -2, -1, -2, 61, -2, 62], style='march'))
    found = compute_statistics(made, encoding=encoding, **WINDOWS)
    assert found['encoding'] == encoding
    assert (found['num_notes'], found['num_encoded_notes']) == (4, num_notes)
    assert {
        name: round(sum(classes.values()) * share, 9)
        for name, share in found['class_frequencies'].items()
    } == classes
    assert (
        found['num_classes'] == 3 + {'melody': 2, 'pianoroll': 1, 'pianoroll_faithful': 0}[encoding]
    )
    assert found['styles']['march']['num_windows'] == found['num_windows'] == num_windows
    # of the tunes, whatever the encoding
    assert found['event_frequencies']['60'] == pytest.approx(2 / 9)
    assert f'{encoding}: {num_notes / 4:.1%} of the notes kept apart' in as_text(found)


def test_dropped_metres_are_named():
    """By the first metre of a tune; one that changes to another metre is not kept."""
    meters = [*['6/8'] * 4, *['2/4'] * 3, '3/4', '3/4', '9/8', '5/4', '7/8', '4/4']
    made = corpus(
        tune([60, -2, 62, -1]),
        *(Tune(f'{row}.mid', meter=meter, reason='meter') for row, meter in enumerate(meters)),
        Tune('b.mid', meter='6/8', reason='no notes'),
    )
    found = compute_statistics(made, encoding='melody', **WINDOWS)
    assert found['dropped'] == {'meter': 13, 'no notes': 1}
    assert found['dropped_meters'] == {
        '6/8': 4,
        '2/4': 3,
        '3/4': 2,
        '9/8': 1,
        '5/4': 1,
        '7/8': 1,
        '4/4 and others': 1,
    }
    line = '13 meter (4 6/8, 3 2/4, 2 3/4, 1 9/8, 1 5/4, 2 other), 1 no notes (b.mid)'
    assert describe_drops(made.tunes) == line
    assert '4  6/8' in as_text(found)
    assert describe_drops(made.kept) == 'none'
    others = [Tune(f'{row}.abc', reason='no tune') for row in range(4)]
    line = '4 no tune, 2 meter (1 7/8, 1 4/4)'
    assert describe_drops([*others, *made.tunes[-3:-1]]) == line


def test_overlap_is_of_the_split():
    made = corpus(*(random_tune(seed, 100) for seed in range(20)))
    found = compute_statistics(made, encoding='melody', split_seed=0, **WINDOWS)
    assert found['overlap'] == {'largest': 0.0, 'mean': 0.0}
    assert found['largest_family'] == 1
    assert "held-out tune's notes at most 0 %" in as_text(found)
    assert compute_statistics(made, encoding='melody', **WINDOWS)['overlap'] is None
    few = corpus(*(random_tune(seed, 100) for seed in range(2)))
    assert compute_statistics(few, encoding='melody', split_seed=0, **WINDOWS)['overlap'] is None
    assert (
        compute_statistics(corpus(), encoding='melody', split_seed=0, **WINDOWS)['overlap'] is None
    )


def test_text(tmp_path):
    made = corpus(
        tune([60, -2, 62, -1], key='C major'), Tune('b.mid', reason='no meter'), num_files=3
    )
    text = as_text(compute_statistics(made, encoding='melody', **WINDOWS))
    assert '2: 1 kept in 1 family (the largest has 1), 1 dropped' in text
    assert '1  no meter' in text
    assert 'C4 (60) to D4 (62)' in text
    assert 'no event 25.0%, note off 25.0%, onsets 50.0%' in text


def test_the_split_is_written(tmp_path):
    """As it is trained on: with a share of the training tunes."""
    folder = {f'{seed}.mid': melody(*random_notes(seed, 50)) for seed in range(12)}
    words = [f'--config.data.corpus={write_files(tmp_path / "music", folder)}', '--mode=stats']
    for number, share in enumerate((1.0, 0.5)):
        workdir = tmp_path / str(number)
        words_now = [*words, f'--workdir={workdir}', f'--config.data.train_share={share}']
        assert launch.main(words_now) == 0
        found = json.loads((workdir / 'stats' / 'split.json').read_text())
        made = load_corpus(str(tmp_path / 'music'), Settings(meters=('all',)))
        split = made.split(0)
        assert found['test'] == [each.file for each in split.test]
        assert found['validation'] == [each.file for each in split.validation]
        assert {*found['train']} <= {each.file for each in split.train}
        assert len(found['train']) == round(share * len(split.train))
    assert launch.main([*words, f'--workdir={tmp_path}', '--config.data.protocol=thesis']) == 0
    assert not (tmp_path / 'stats' / 'split.json').exists()


def test_undecodable_file_name(tmp_path):
    path = tmp_path / 'music' / b'caf\xe9.mid'.decode('utf-8', 'surrogateescape')
    write_files(tmp_path / 'music', {path.name: melody((67, 4))})
    made = load_corpus(str(tmp_path / 'music'), Settings())
    write_stats(
        tmp_path, made, compute_statistics(made, encoding='melody', **WINDOWS), {}, keep_last=True
    )
    assert load_lines(tmp_path / 'tunes.jsonl')[0]['file'] == path.name


def test_styles():
    made = corpus(
        tune([60] * 8, style='chorale'),
        tune([62] * 9, style='folk song'),
        tune([62] * 4, style='folk song'),
    )
    found = compute_statistics(made, encoding='melody', **WINDOWS)
    assert found['styles'] == {
        'chorale': {'num_kept': 1, 'num_windows': 3},
        'folk song': {'num_kept': 2, 'num_windows': 4},
    }
    assert 'folk song: 4 windows of 2 tunes' in as_text(found)
    assert compute_statistics(corpus(tune([60] * 8)), encoding='melody', **WINDOWS)['styles'] == {}
