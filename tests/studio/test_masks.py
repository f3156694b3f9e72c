"""Masks in JavaScript: the same sets as Python's, on toys and after real prompts; those that Python
does not have, limits on lengths and a contour that is kept, against every possible piece.
"""

import itertools

import jax
import numpy as np
import pytest

from symmusic.api.model import Model
from symmusic.api.task import prepare
from symmusic.errors import UserError
from symmusic.generate import masks as module
from symmusic.generate.guide import fit, guided, is_distant
from symmusic.generate.masks import DRAWN, FREE, STATED, Wishes
from symmusic.generate.prompt_text import make_prompt
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF, from_events
from symmusic.score.bar import Bar
from tests.studio.node import run_js, shipped

TINY = MelodyVocabulary(60, 61)  # no event, note off, C, C sharp
BAR, NUM_BARS = 3, 2
NUM_STEPS = BAR * NUM_BARS
THREE = Bar(BAR, groups=(0, 2), strong=(0, 2), cadence_steps=2)
THREE_JS = {'steps': BAR, 'strong': [0, 2], 'cadence_steps': 2}
ALL = np.array(list(itertools.product(range(4), repeat=NUM_STEPS)))  # [B, N] tokens
EVENTS = TINY.decode(ALL.ravel()).reshape(ALL.shape).astype(int)

TABLES = """
return DATA.cases.map(({wishes, distance, numSteps, options}) => {
  const bar = DATA.bar, events = classEvents(distance, DATA.vocabulary);
  const all = {...wishes, scale: wishes.scale && new Set(wishes.scale)};
  const masks = makeMasks(all, events, numSteps, bar, options);
  if (!masks) return null;
  return {shape: masks.shape, tokens: masks.tokens.map((each) => [...each]),
    table: masks.table.map((each) => [...each]), kinds: masks.kinds, pitches: masks.pitches};
});
"""


GUIDES = """
return DATA.cases.map(({wishes, numSteps, options, tokens, probabilities}) => {
  const events = classEvents(0, DATA.vocabulary);
  const all = {...wishes, scale: wishes.scale && new Set(wishes.scale)};
  const masks = makeMasks(all, events, numSteps, DATA.bar, options);
  const chances = fitChances(masks, tokens, probabilities), {worth} = guided(masks, chances);
  const logits = [0.5, -1, 2, 0.1], state = masks.first;
  weigh(logits, {...masks, worth}, state, 0);
  return {isDistant: isDistant(masks), logits,
    chances: chances.map((place) => place.map((each) => [...each])),
    worth: worth.map((each) => [...each])};
});
"""


def random_wishes(rng):
    """Some wishes; small numbers, so that many can be met."""
    least = int(rng.integers(0, 3))
    some = [FREE, NO_EVENT, NOTE_OFF, 60, 61]
    every = {
        'scale': frozenset({0}),
        'highest': 60,
        'min_notes_per_bar': least,
        'max_notes_per_bar': max(least, int(rng.integers(0, 4))),
        'rests': False,
        'last': int(rng.integers(0, 2)),
        'rest': int(rng.integers(0, 2)),
        'rhythm': rng.choice(some, rng.integers(2, 7), p=[0.6, 0.1, 0.1, 0.1, 0.1]),
        'pitches': tuple(rng.integers(60, 62, rng.integers(1, 5)).tolist()),
        'fixed': rng.choice(some, NUM_STEPS, p=[0.6, 0.1, 0.1, 0.1, 0.1]),
    }
    names = rng.choice(sorted(every), rng.integers(1, 4), replace=False)
    return Wishes(**{name: every[name] for name in names})


def as_js(wishes):
    return {
        'scale': None if wishes.scale is None else sorted(wishes.scale),
        'lowest': wishes.lowest,
        'highest': wishes.highest,
        'minNotesPerBar': wishes.min_notes_per_bar,
        'maxNotesPerBar': wishes.max_notes_per_bar,
        'rests': wishes.rests,
        'last': wishes.last,
        'rest': wishes.rest,
        'rhythm': None if wishes.rhythm is None else wishes.rhythm.tolist(),
        'pitches': list(wishes.pitches),
        'fixed': None if wishes.fixed is None else wishes.fixed.tolist(),
    }


def vocabulary_js(vocabulary):
    return vocabulary.to_json() | {'first_pitch': vocabulary.first_pitch}


def assert_same(found, masks, bar_steps, num_steps):
    """Tables of JavaScript and of Python are the same, for all states that can be reached."""
    assert (found is None) == (masks is None)
    if masks is None:
        return
    rows = masks.rows
    np.testing.assert_array_equal(np.array(found['tokens'], bool), rows.tokens_V[:num_steps])
    np.testing.assert_array_equal(found['pitches'], masks.pitches_J)
    np.testing.assert_array_equal(found['kinds'], rows.kinds_V[0])
    shape = rows.kinds_JCESK.shape[1:]
    table = np.array(found['table'], bool).reshape(num_steps, *found['shape'], 4)
    assert tuple(found['shape']) == shape[:4]
    for step in range(num_steps):  # no more notes have started in the bar than it had steps
        reached = slice(0, step % bar_steps + 1)
        np.testing.assert_array_equal(
            table[step][:, reached], rows.kinds_JCESK[step][:, reached], f'step {step}'
        )


def test_toys_have_the_same_masks():
    """Also after the silence before a pickup, where the first step must be an event, and where a
    note sounds before.
    """
    rng, cases, expected = np.random.default_rng(0), [], []
    for _ in range(150):
        wishes, num_kept, is_stated = (
            random_wishes(rng),
            int(rng.integers(0, 3)),
            rng.random() < 0.3,
        )
        sounds = bool(rng.integers(0, 2)) and not num_kept
        kept = np.full(NUM_STEPS, DRAWN)
        kept[:num_kept] = 0
        if is_stated:
            kept[num_kept] = STATED
        prompt = np.array([2 if sounds else 0, 0], np.uint8)
        expected.append(module._try(wishes, TINY, prompt, 0, THREE, kept))
        options = {'held': 2 * sounds, 'numKept': num_kept, 'isStated': is_stated}
        cases.append(
            {'wishes': as_js(wishes), 'distance': 0, 'numSteps': NUM_STEPS, 'options': options}
        )
    data = {'cases': cases, 'bar': THREE_JS, 'vocabulary': vocabulary_js(TINY)}
    found = run_js(TABLES, data)
    assert 20 < sum(each is not None for each in found) < 140
    for one, masks in zip(found, expected, strict=True):
        assert_same(one, masks, BAR, NUM_STEPS)


def test_draws_are_guided_as_in_python():
    """The small model, the weights of what is left possible, and what they make of logits."""
    rng, cases, expected = np.random.default_rng(4), [], []
    while len(cases) < 40:
        wishes, sounds = random_wishes(rng), bool(rng.integers(0, 2))
        kept = np.full(NUM_STEPS, DRAWN)
        masks = module._try(wishes, TINY, np.array([2 * sounds], np.uint8), 0, THREE, kept)
        if masks is None:
            continue
        tokens_BN = rng.integers(0, 4, (3, NUM_STEPS))
        probabilities_BNV = rng.dirichlet(np.ones(4), (3, NUM_STEPS))
        expected.append((masks, tokens_BN, probabilities_BNV))
        cases.append(
            {
                'wishes': as_js(wishes),
                'numSteps': NUM_STEPS,
                'options': {'held': int(sounds)},
                'tokens': tokens_BN.tolist(),
                'probabilities': probabilities_BNV.tolist(),
            }
        )
    data = {'cases': cases, 'bar': THREE_JS, 'vocabulary': vocabulary_js(TINY)}
    for found, (masks, *drawn) in zip(run_js(GUIDES, data), expected, strict=True):
        chances_PSV = fit(masks, *drawn)
        np.testing.assert_allclose(found['chances'], chances_PSV, rtol=1e-9)
        assert found['isDistant'] == is_distant(masks)
        shape = masks.rows.kinds_JCESK.shape
        if shape[4] == 1:  # whether a note sounds is not followed
            continue
        guiding = guided(masks, chances_PSV)
        worth = np.reshape(found['worth'], shape)
        for step in range(NUM_STEPS):
            reached = slice(0, step % BAR + 1)
            np.testing.assert_allclose(
                worth[step][:, reached],
                guiding.rows.worth_JCESK[step][:, reached],
                rtol=1e-5,
                atol=1e-6,
            )
        first = jax.tree.map(lambda leaf: leaf[0], guiding.rows)
        state = guiding.init(1)
        logits = np.array([[0.5, -1, 2, 0.1]])
        weighed = np.asarray(guiding.weigh(first, state, logits, 1.0))[0]
        np.testing.assert_allclose(found['logits'], weighed, rtol=1e-4)


TUNES = [
    'X:1\nM:4/4\nL:1/8\nK:D\nD2 F2 A2 d2|c2 A2 B2 A2|G2 E2 F2 D2|E8|',
    'X:1\nM:6/8\nL:1/8\nK:Edor\nB|e2 f gfe|d2 B BAF|B3 BAB|G2 F E2|]',
    'X:1\nM:3/4\nL:1/8\nK:Gm\nG2 B2 d2|c3 A F2|G2 G4|',
    'X:1\nM:9/8\nL:1/8\nK:A\na3 f2 e c2 B|A2 c e3 f2 a|',
]
FIELDS = [
    {'scale': 'prompt'},
    {'end_on_tonic': True, 'rests': False},
    {'scale': 'F major', 'lowest': 60, 'highest': 77, 'end_on_tonic': True},
    {'min_notes_per_bar': 2, 'max_notes_per_bar': 5},
]
WISHES_JS = [
    {'scale': 'tune'},
    {'endOnTonic': True, 'rests': False},
    {'scale': {'tonic': 'F', 'mode': 'major'}, 'lowest': 60, 'highest': 77, 'endOnTonic': True},
    {'minNotesPerBar': 2, 'maxNotesPerBar': 5},
]
PLACES = """
const prepare = (request) => {
  const {place, masks} = readRequest(request, DATA.network);
  return {tokens: masks.tokens.map((each) => [...each]),
    table: masks.table.map((each) => [...each]), shape: masks.shape, pitches: masks.pitches,
    kinds: masks.kinds, prompt: [...place.prompt],
    distance: place.distance, following: [...place.following],
    left: place.left && [...place.left]};
};
return DATA.requests.map((request) => {
  try {
    return prepare(request);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return {fault: error.message};
  }
});
"""


@pytest.fixture(scope='module')
def tasks():
    """What Python draws, and the requests that ask the engine for the same."""
    exported, params, card = shipped()
    model = Model(params, card, 'the shipped model', {})
    made, requests = [], []
    for text, (fields, wishes) in itertools.product(TUNES, zip(FIELDS, WISHES_JS, strict=True)):
        prompt = make_prompt(text, card.vocabulary, transpose=True, meters=card.meters)
        letter = text[text.index('K:') + 2]
        mode = {'D': 'major', 'E': 'dorian', 'G': 'minor', 'A': 'major'}[letter]
        tune = {
            'meter': prompt.meter,
            'key': {'tonic': letter, 'mode': mode},
            'pickupSteps': prompt.pickup,
            'numBars': len(prompt.events) // prompt.bar.steps,
            'notes': [
                {'onset': note.onset, 'length': note.end - note.onset, 'pitch': note.pitch}
                for note in from_events(prompt.events)
            ],
        }
        for regenerate in ('', str(prompt.first_bar), str(prompt.first_bar + 1)):
            config = model.config(num_bars=2, regenerate=regenerate, **fields)
            made.append(_prepared(config, card, prompt))
            request = {'kind': 'continue', 'numBars': 2, 'ends': True}
            if regenerate:
                bar = int(regenerate) - prompt.first_bar
                request = {'kind': 'redraw', 'bars': {'from': bar, 'to': bar}}
            requests.append(request | {'tune': tune, 'wishes': wishes})
    assert 0 < made.count(None) < len(made) / 4
    network = {key: exported[key] for key in exported if key not in ('arrays', 'parameters')}
    return made, run_js(PLACES, {'network': network, 'requests': requests})


def _prepared(config, card, prompt):
    """None where the wishes cannot be met."""
    try:
        return prepare(config, card.vocabulary, card.meters, prompt)
    except UserError:
        return None


def test_real_prompts_are_read_as_in_python(tasks):
    """Transposition, the bars before and after, and the bars left."""
    for task, found in zip(*tasks, strict=True):
        if task is None:
            continue
        assert found['distance'] == task.prompt.transposed_by
        np.testing.assert_array_equal(found['prompt'], task.prompt.tokens)
        kept = np.asarray(task.masks.rows.tokens_V)[task.num_new :]
        following = np.argmax(kept, axis=1)[: 4 * task.prompt.bar.steps]
        np.testing.assert_array_equal(found['following'], following)
        if task.plan is None:
            assert found['left'] is None
        else:
            left = np.stack([task.plan.section_left, task.plan.tune_left], axis=-1)
            np.testing.assert_array_equal(np.reshape(found['left'], (-1, 2)), left)


def test_real_prompts_have_the_same_masks(tasks):
    for task, found in zip(*tasks, strict=True):
        assert (task is None) == ('fault' in found)
        if task is None:
            assert found['fault'].startswith("'endOnTonic'")
        else:
            assert_same(found, task.masks, task.prompt.bar.steps, task.num_new)


THROUGH = """
const passes = (masks, contour, before, tokens) => {
  let state = masks.first, pitch = before;
  for (let step = 0; step < tokens.length; step++) {
    const may = new Uint8Array(masks.events.length).fill(1);
    allow(may, masks, state, step);
    if (contour) follow(may, contour, step, pitch);
    if (!may.some((is) => is)) throw new Error('nothing is left');
    if (!may[tokens[step]]) return 0;
    state = advance(masks, state, tokens[step], step);
    if (masks.events[tokens[step]] >= 0) pitch = masks.events[tokens[step]];
  }
  return 1;
};
return DATA.cases.map(({wishes, held, original, before, numSteps}) => {
  const masks = makeMasks(wishes, classEvents(0, DATA.vocabulary), numSteps, DATA.bar, {held});
  const contour = masks && original && makeContour(masks, original, before);
  if (!masks || (original && !contour)) return null;
  return DATA.all.map((tokens) => passes(masks, contour, before, tokens));
});
"""


def lengths_of(events, held):
    """How long each note lasts; the first is the one that sounds before, if it does."""
    found, open_for = [], held
    for event in events:
        if event == NO_EVENT:
            open_for += bool(open_for)
            continue
        found += [open_for] if open_for else []
        open_for = int(event >= 0)
    return found + ([open_for] if open_for else [])


def test_notes_are_as_long_as_is_wished():
    """Exactly the pieces pass whose notes are; a note from before may be as short as it is, and
    counts as no shorter than the shortest.
    """
    cases = [
        {'wishes': {'shortest': shortest, 'longest': longest, 'rests': rests}, 'held': held}
        for shortest, longest in ((1, 1), (1, 2), (2, 6), (3, 3), (2, 2), (2, 3))
        for held, rests in ((0, True), (1, True), (1, False), (2, True))
    ]
    data = {
        'cases': [{**case, 'numSteps': NUM_STEPS} for case in cases],
        'all': ALL.tolist(),
        'bar': THREE_JS,
        'vocabulary': vocabulary_js(TINY),
    }
    for case, found in zip(cases, run_js(THROUGH, data), strict=True):
        wishes, held = case['wishes'], case['held']
        for events, passed in zip(EVENTS, found, strict=True):
            lengths = lengths_of(events, max(held, wishes['shortest']) if held else 0)
            told = lengths[1:] if held else lengths
            right = all(each >= wishes['shortest'] for each in told)
            right &= all(each <= wishes['longest'] for each in told)
            if held:
                is_held = events[0] == NO_EVENT
                right &= not is_held or lengths[0] <= wishes['longest']
            if not wishes['rests']:
                right &= sum(lengths_of(events, held)) - held == NUM_STEPS
            assert passed == right, (case, events)


def test_a_contour_is_kept():
    """Exactly the pieces pass that have the rhythm and go up and down as it does."""
    three = MelodyVocabulary(60, 62)
    rng = np.random.default_rng(3)
    every = np.array(list(itertools.product(range(5), repeat=4)))
    events_BN = three.decode(every.ravel()).reshape(every.shape).astype(int)
    cases = []
    for _ in range(12):
        original = rng.choice([NO_EVENT, NOTE_OFF, 60, 61, 62], 4, p=[0.2, 0.1, 0.3, 0.2, 0.2])
        last = [None, 0][int(rng.integers(0, 2))]
        before = [None, 61][int(rng.integers(0, 2))]
        wishes = {'rhythm': original.tolist(), 'last': last}
        cases.append(
            {'wishes': wishes, 'original': original.tolist(), 'before': before, 'numSteps': 4}
        )
    bar = {'steps': 4, 'strong': [0, 1, 2, 3], 'cadence_steps': 1}
    data = {'cases': cases, 'all': every.tolist(), 'bar': bar, 'vocabulary': vocabulary_js(three)}
    found = run_js(THROUGH, data)
    assert sum(each is not None for each in found) > 4
    for case, passed in zip(cases, found, strict=True):
        original = np.array(case['original'])
        asked = _directions(original, case['before'])
        right = [
            (np.sign(events + 1) == np.sign(original + 1)).all()
            and _directions(events, case['before']) == asked
            and _ends_on(events, case['wishes']['last'])
            for events in events_BN
        ]
        assert (np.zeros(len(every), int).tolist() if passed is None else passed) == right


def _directions(events, before):
    pitches = ([] if before is None else [before]) + [event for event in events if event >= 0]
    return np.sign(np.diff(pitches)).tolist()


def _ends_on(events, last):
    pitches = events[events >= 0]
    return last is None or bool(len(pitches) and pitches[-1] % 12 == last)
