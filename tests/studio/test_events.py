"""Notes, events, keys and ranges in JavaScript are those of Python, on random tunes."""

import itertools

import numpy as np

from symmusic.melody.encodings import MelodyVocabulary
from symmusic.melody.events import StepNote, extract_phrases, from_events
from symmusic.score.detection import detect_key, transposition
from symmusic.score.notes import Note
from tests.studio.node import run_js, shipped

VOCABULARY = MelodyVocabulary(55, 80)
READ = """
const {theory} = DATA.network, vocabulary = DATA.vocabulary;
return DATA.tunes.map((notes) => {
  const kept = monophonic(notes), end = kept[kept.length - 1].onset + kept[kept.length - 1].length;
  const events = toEvents(kept, end), key = detectKey(kept, theory), distance = transposition(key);
  const pitches = kept.map(({pitch}) => pitch + distance);
  const [fitted, octaves] = fitRange(pitches, vocabulary);
  const tokens = encode(events, distance + octaves, vocabulary);
  return {kept, back: fromEvents(events), events: [...events], key, distance, octaves, fitted,
    tokens: [...tokens]};
});
"""


def random_tune(rng):
    """Notes some of which sound together, at any height, mostly of one scale."""
    onsets = rng.integers(0, 60, rng.integers(1, 30))
    scale = rng.permutation(12)[: rng.integers(1, 13)]
    pitches = 12 * rng.integers(2, 9, len(onsets)) + rng.choice(scale, len(onsets))
    lengths = rng.integers(1, 9, len(onsets))
    return [
        {'onset': int(onset), 'length': int(length), 'pitch': int(pitch)}
        for onset, length, pitch in zip(onsets, lengths, pitches, strict=True)
    ]


def as_notes(notes):
    return [
        StepNote(each['onset'], each['onset'] + each['length'], each['pitch']) for each in notes
    ]


def test_random_tunes_are_read_as_in_python():
    rng = np.random.default_rng(6)
    exported, _, _ = shipped()
    flat = [{'onset': 2 * step, 'length': 2, 'pitch': 60 + step} for step in range(12)]
    tunes = [flat, *(random_tune(rng) for _ in range(200))]
    vocabulary = VOCABULARY.to_json() | {'first_pitch': VOCABULARY.first_pitch}
    network = {'theory': exported['theory']}
    answers = run_js(READ, {'tunes': tunes, 'network': network, 'vocabulary': vocabulary})
    for tune, found in zip(tunes, answers, strict=True):
        kept = list(itertools.chain(*extract_phrases(as_notes(tune), 16)))
        assert as_notes(found['kept']) == kept
        assert as_notes(found['back']) == from_events(found['events']) == kept
        notes = [Note(note.onset, note.end - note.onset, note.pitch, 100) for note in kept]
        key = detect_key(notes)
        assert (found['key']['tonic'], found['key']['mode']) == (key.tonic, key.mode)
        assert found['distance'] == transposition(key)
        events = np.array(found['events'])
        moved = np.where(events >= 0, events + found['distance'], events)
        fitted, octaves = VOCABULARY.fit_range(moved)
        assert found['octaves'] == octaves
        np.testing.assert_array_equal(found['tokens'], VOCABULARY.encode(fitted))
        assert found['fitted'] == fitted[fitted >= 0].tolist()
