"""Written pieces are read back unchanged."""

import dataclasses
import xml.etree.ElementTree as ElementTree

import jax
import numpy as np
import pytest

from symmusic.corpus.cache import load_corpus
from symmusic.corpus.prepare import Settings
from symmusic.files import write_whole
from symmusic.generate.compose import compose
from symmusic.generate.prompt_files import read_prompt
from symmusic.generate.whole import put_together
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.melody.events import from_events, quantize
from symmusic.report.forms import written_forms
from symmusic.report.pairs import find_in
from symmusic.score.abc import read_abc_tune
from symmusic.score.midi import parse_midi
from symmusic.score.monophonic import parse_monophonic
from tests.generate import toy
from tests.generate.toy import make_prompt
from tests.model.compiled import init_params

VOCABULARY = MelodyVocabulary(40, 90)
EVENTS = np.array([60, -2, 62, -2, 64, -2, 65, -2, 67, -2, -2, -2, 72, -2, -1, -2], np.int8)
PICKUP = np.array([-2] * 12 + [60, -2, 62, -2] + [64, -2, -2, -2] * 4, np.int8)


@pytest.mark.parametrize('title', ['Café', 'Für Elise', 'Café ☘', '月光', 'Ã©', '“Quoted”… title'])
@pytest.mark.parametrize('suffix', ['.mid', '.abc'])
def test_titles_are_read_back(title, suffix, tmp_path):
    prompt = dataclasses.replace(make_prompt(), title=title, velocities=())
    path = tmp_path / f'piece{suffix}'
    written = written_forms(EVENTS, prompt, 0, f'{title}, continuation 1')
    write_whole(path, written[suffix])
    read_back = read_prompt(str(path), VOCABULARY, transpose=True)
    assert read_back.title == f'{title}, continuation 1'
    # and from there into the other forms
    again = written_forms(EVENTS, read_back, 0, read_back.title)
    assert again == written
    work = ElementTree.fromstring(again['.musicxml'].split('\n', 2)[2]).findtext('work/work-title')
    assert work == read_back.title


def test_a_pickup_starts_at_once_and_is_read_back(tmp_path):
    """A joined file can be read as a prompt, as a piece of a folder and as a tune of a corpus."""
    prompt = dataclasses.replace(make_prompt(), events=PICKUP, velocities=(), pickup=4)
    joined = np.concatenate([PICKUP, EVENTS])
    data = written_forms(joined, prompt, 0, 'Up')['.mid']
    write_whole(tmp_path / 'set' / 'a.mid', data)
    notes = from_events(joined)
    score = parse_midi(data)
    assert (score.notes[0].onset, score.pickup) == (0, score.ticks_per_quarter)
    assert quantize(score) == notes
    read_back = read_prompt(str(tmp_path / 'set' / 'a.mid'), VOCABULARY, transpose=True)
    assert (read_back.pickup, read_back.meter) == (4, prompt.meter)
    assert from_events(read_back.events) == notes
    (tune,) = load_corpus(str(tmp_path / 'set'), Settings()).kept
    moved = [dataclasses.replace(note, pitch=note.pitch + tune.transposed_by) for note in notes]
    assert from_events(tune.events) == moved
    assert find_in({'a.mid': score})('a.mid') == ('a.mid', notes)
    assert [note.pitch for note in parse_monophonic(data)] == [note.pitch for note in notes]
    assert written_forms(joined, read_back, 0, 'Up')['.mid'] == data


@pytest.mark.parametrize('step', [0, 11])
def test_a_note_before_the_pickup_makes_it_a_bar(step):
    """As if the pickup's bar is drawn again: all formats hold the whole bar."""
    prompt = dataclasses.replace(make_prompt(), events=PICKUP, velocities=(), pickup=4)
    events = PICKUP.copy()
    events[step] = 59
    written = written_forms(events, prompt, 0, 'Up')
    for score in (parse_midi(written['.mid']), read_abc_tune(written['.abc'])):
        assert score.pickup == 0
        assert quantize(score) == from_events(events)
    assert 'implicit' not in written['.musicxml']


def test_a_prompt_with_triplets_is_continued_on_a_grid_of_twelfths(tmp_path):
    """By a random network; all forms hold all notes exactly."""
    path = tmp_path / 'triplets.abc'
    path.write_text('X:1\nM:2/4\nL:1/8\nK:C\n(3CDE D>E|(3EDC D2|\n')
    prompt = read_prompt(
        str(path), toy.VOCABULARY, transpose=True, meters=('2/4',), steps_per_quarter=12
    )
    architecture = dataclasses.replace(toy.ARCHITECTURE, num_positions=24, bars=(24,))
    (piece,) = compose(
        init_params(jax.random.key(0), architecture),
        architecture,
        toy.VOCABULARY,
        prompt,
        toy.manner(num_samples=1, num_bars=2),
        jax.random.key(0),
    )
    whole = put_together(prompt, piece, toy.VOCABULARY)
    notes = from_events(whole.events)
    assert [note.onset for note in notes[:5]] == [0, 4, 8, 12, 21]
    assert (len(whole.events), notes[-1].onset > 48) == (96, True)
    written = written_forms(whole.events, prompt, 0, 'Triplets')
    assert quantize(parse_midi(written['.mid']), 12) == notes
    assert quantize(read_abc_tune(written['.abc']), 12) == notes
