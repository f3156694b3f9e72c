"""Voices to tunes: 4/2 by hand, several worker processes, bad files, subsets; and, marked as slow,
the real collections.
"""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import pytest

from symmusic.corpus import pieces
from symmusic.corpus.cache import load_corpus
from symmusic.corpus.collections import COLLECTIONS, SourceFile
from symmusic.corpus.drops import count_drops
from symmusic.corpus.pieces import prepare_pieces, prepare_voice
from symmusic.corpus.prepare import Settings, Tune
from symmusic.corpus.split import find_families
from symmusic.corpus.windows import count_windows
from symmusic.score.notes import Meter, Note, Score
from tests.corpus.tunes import write_files
from tests.score.pieces import FOUR_TWO, music_xml

PALESTRINA, BACH = COLLECTIONS['palestrina'], COLLECTIONS['bach']


def source_files(folder, texts):
    write_files(folder, texts)
    return [SourceFile(name, folder / name) for name in sorted(texts)]


def voice(meter, *notes, pickup=0, ticks=1):
    """Notes of (onset, duration, pitch) in quarters of so many ticks."""
    return Score(
        tuple(Note(ticks * onset, ticks * length, pitch) for onset, length, pitch in notes),
        ticks,
        (Meter(0, *meter),),
        pickup=ticks * pickup,
    )


@pytest.mark.parametrize('ticks', [1, 6])
def test_a_bar_of_4_2_is_two_of_16_steps(ticks):
    # C for a half note, E for a dotted one, G for three quarters' worth: one bar of eight quarters;
    # then C, a semibreve.
    score = voice((4, 2), (0, 2, 60), (2, 3, 64), (5, 3, 67), (8, 4, 60), ticks=ticks)
    tune = prepare_voice(score, 'a.krn#1', PALESTRINA, Settings())
    assert (tune.meter, tune.style, tune.kept, tune.key) == (
        '4/2',
        'Renaissance voice',
        True,
        'C major',
    )
    expected = [60, *[-2] * 7, 64, *[-2] * 11, 67, *[-2] * 11, 60, *[-2] * 15]
    assert tune.events.tolist() == expected
    halved = prepare_voice(
        score, 'a.krn#1', dataclasses.replace(PALESTRINA, num_bars=1), Settings()
    )
    assert halved.events.tolist() == expected[::2]


@pytest.mark.parametrize('meter', [(3, 2), (2, 2), (4, 4)])
def test_other_metres_are_dropped(meter):
    tune = prepare_voice(voice(meter, (0, 2, 60)), 'a.krn#1', PALESTRINA, Settings())
    assert (tune.reason, tune.meter) == ('meter', f'{meter[0]}/{meter[1]}')
    assert prepare_voice(voice(meter, (0, 2, 60)), 'a.mxl#1', BACH, Settings()).kept == (
        meter != (3, 2)
    )


def test_4_2_is_palestrinas_alone():
    assert prepare_voice(voice((4, 2), (0, 2, 60)), 'a.mxl#1', BACH, Settings()).reason == 'meter'


@pytest.mark.parametrize(('pickup', 'first'), [(2, 8), (6, 8), (4, 0)])
def test_a_pickup_ends_at_a_bar_line(pickup, first):
    notes = (0, pickup, 60), (pickup, 4, 64), (pickup + 4, 4, 67)
    tune = prepare_voice(voice((4, 2), *notes, pickup=pickup), 'a.krn#1', PALESTRINA, Settings())
    onsets = [step for step, event in enumerate(tune.events.tolist()) if event >= 0]
    assert onsets == [first, first + 4 * pickup, first + 4 * pickup + 16]
    assert onsets[1] % 16 == 0


def test_pieces(tmp_path, monkeypatch):
    """In this process and in two workers: the same tunes in the files' order, a bad file once, with
    its reason.
    """
    texts = {
        f'{index}.krn': FOUR_TWO.replace('1b', f'1{pitch}')
        for index, pitch in enumerate('abcdefga')
    }
    files = source_files(tmp_path, texts | {'3.krn': 'no music'})
    seen = []

    def track(items, unit):
        assert unit == 'piece'
        for item in items:
            seen.append(item)
            yield item

    one = prepare_pieces(files, PALESTRINA, Settings(), num_workers=1)
    monkeypatch.setattr(pieces, 'track', track)
    two = prepare_pieces(files, PALESTRINA, Settings(), num_workers=2)
    assert seen == files
    names = [f'{index}.krn#{number}' for index in range(8) for number in (1, 2)]
    names[6:8] = ['3.krn']
    assert [tune.file for tune in one] == [tune.file for tune in two] == names
    for tune, other in zip(one, two, strict=True):
        assert dataclasses.replace(tune, phrases=()) == dataclasses.replace(other, phrases=())
        assert tune.events.tolist() == other.events.tolist()
        assert tune.style == 'Renaissance voice'
    assert list(count_drops(one).values()) == [1]
    assert not one[6].kept
    families = find_families([tune for tune in one if tune.kept])
    assert families.tolist() == [0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12]


def test_voices_of_a_piece_are_a_family_and_titles_join_no_pieces():
    tunes = [
        Tune(file, title='Kyrie')
        for file in ('a.krn#1', 'a.krn#2', 'b.krn#1', 'c#1.mid', 'c#2.mid')
    ]
    assert find_families(tunes).tolist() == [0, 0, 2, 3, 4]


def test_max_tunes_reads_few_files(tmp_path, monkeypatch):
    bars = [[('C4', 4, '')], [('E4', 4, '')]]
    files = source_files(
        tmp_path, {f'{index:02}.xml': music_xml(bars, num_parts=4) for index in range(12)}
    )

    def drawn(max_tunes, seed=0):
        read = []
        monkeypatch.setattr(pieces, 'track', lambda items, unit: read.extend(items) or items)
        tunes = prepare_pieces(files, BACH, Settings(), max_tunes=max_tunes, seed=seed)
        assert len(tunes) == max_tunes
        return len(read), [tune.file for tune in tunes]

    assert drawn(6)[0] == 2
    assert drawn(6) == drawn(6)
    assert len({tuple(drawn(6, seed)[1]) for seed in range(5)}) > 1


@pytest.mark.slow
def test_a_kill_or_ctrl_c_leaves_no_process(tmp_path):
    code = (
        'from symmusic.corpus.cache import load_corpus\nfrom symmusic.corpus.prepare import'
        " Settings\nif __name__ == '__main__':\n    load_corpus('palestrina', Settings())\n"
    )
    (tmp_path / 'prepare.py').write_text(code)
    for how in (signal.SIGINT, signal.SIGKILL):
        environment = os.environ | {'PYTHONPATH': os.getcwd()}
        process = subprocess.Popen(
            [sys.executable, tmp_path / 'prepare.py'],
            start_new_session=True,
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(15)
        process.send_signal(how)
        process.wait(60)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.5)
        else:
            pytest.fail(f'processes are left after {how}')


# Windows at hop 16 by the thesis's rules, as specified where measured (None: see BUILD.md on what
# the specification's figure is).
FAITHFUL = [
    ('folk', 32_000),
    ('essen', 16_600),
    ('palestrina', 96_000),
    ('bach', 19_000),
    ('monteverdi', None),
]


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'specified'), FAITHFUL)
def test_counts(name, specified):
    is_voices = COLLECTIONS[name].has_voices
    corpus = load_corpus(
        name, Settings(align_pickups=False, rests='phrase' if name == 'bach' else 'end')
    )
    found = sum(count_windows(tune, 64, 16, keep_last=is_voices) for tune in corpus.kept)
    expected = specified or 4_379
    assert found == pytest.approx(expected, rel=0.02)
    assert set(count_drops(corpus.tunes)) <= {'meter', 'no meter'}
