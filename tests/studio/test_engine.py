"""Drawing in JavaScript: frequencies, likelihood, and what each operation leaves as it is."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from symmusic.generate.whole import Whole
from symmusic.melody.events import StepNote, to_events
from symmusic.model.model import apply_all, init_params
from symmusic.originality.repeats import repeated_share
from symmusic.report.facts import num_repeated_bars
from symmusic.score.bar import bar_of
from symmusic.studio.network import export_network
from tests.studio.node import rounded, run_js, shipped

ENOUGH = 1e-4  # a fixed seed: a p value below it is a mistake
NOTES = [
    (0, 4, 62),
    (4, 2, 64),
    (6, 2, 66),
    (8, 4, 69),
    (12, 4, 66),
    (16, 4, 64),
    (20, 2, 66),
    (22, 2, 64),
    (24, 12, 62),
    (36, 4, 71),
    (40, 4, 69),
    (44, 4, 66),
    (48, 6, 64),
    (54, 2, 66),
    (56, 8, 62),
]
TUNE = {
    'meter': '4/4',
    'key': {'tonic': 'D', 'mode': 'major'},
    'notes': [dict(zip(('onset', 'length', 'pitch'), note, strict=True)) for note in NOTES],
}
COMPOSE = """
const network = readNetwork(DATA.network), found = [];
for (const request of DATA.requests) {
  const candidates = [];
  try {
    await compose(request, network, (candidate) => candidates.push(candidate), async () => {});
    found.push({candidates});
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    found.push({candidates, message: error.message, field: error.field});
  }
}
return found;
"""


def composed(*requests):
    """The candidates of requests, or what was wrong with them."""
    exported, _, _ = shipped()
    return run_js(COMPOSE, {'network': exported, 'requests': requests})


def ask(kind, **fields):
    return {'kind': kind, 'tune': TUNE, 'numCandidates': 3, **fields}


def as_tuples(notes):
    return [(note['onset'], note['length'], note['pitch']) for note in notes]


DRAW = """
const {may, num} = DATA, found = [], logits = Float64Array.from(DATA.logits);
for (let stream = 0; stream < num; stream++) {
  const random = makeRandom(7, stream);
  found.push([random(), drawClass(logits, may, random)]);
}
const random = makeRandom(8);
return {found, one: Array.from({length: num}, () => random())};
"""


def test_classes_are_drawn_as_often_as_the_softmax_says():
    """With numbers that are even and do not depend on one another, from stream to stream and
    within one.
    """
    logits, may, num = [0.5, 2.0, -1.0, 9.0, 1.0], [1, 1, 1, 0, 1], 20000
    data = {'logits': logits, 'may': may, 'num': num}
    drawn = run_js(DRAW, data)
    allowed = np.flatnonzero(may)
    weights = np.exp(np.array(logits)[allowed])
    numbers, classes = np.array(drawn['found']).T
    assert set(classes) == set(allowed)
    counts = np.bincount(classes.astype(int), minlength=5)[allowed]
    assert stats.chisquare(counts, num * weights / weights.sum()).pvalue > ENOUGH
    for each in (numbers, np.array(drawn['one'])):
        bins = np.floor(each * 10).astype(int)
        pairs = np.bincount(10 * bins[:-1:2] + bins[1::2], minlength=100)
        assert stats.chisquare(pairs).pvalue > ENOUGH


FIT = """
return Array.from({length: DATA.num}, (_, number) => {
  const pieces = DATA.pieces.map(([share, count], index) => (
    {index, fit: Math.log(share), count, random: makeRandom(9, 5 * number + index)}));
  return fitting(pieces, {numCandidates: DATA.numCandidates}).map(({index}) => index);
});
"""


def test_candidates_are_chosen_by_what_follows():
    """As often as their weights say, without repetition, and the best first."""
    pieces = [(0.1, 1), (0.3, 2), (0.2, 1), (0.1, 4)]
    weights = np.array([share * count for share, count in pieces])
    one = np.ravel(run_js(FIT, {'pieces': pieces, 'num': 8000, 'numCandidates': 1}))
    counts = np.bincount(one, minlength=4)
    assert stats.chisquare(counts, 8000 * weights / weights.sum()).pvalue > ENOUGH
    for chosen in run_js(FIT, {'pieces': pieces, 'num': 20, 'numCandidates': 3}):
        assert len(set(chosen)) == 3
        assert [pieces[index][0] for index in chosen] == sorted(
            (pieces[index][0] for index in chosen), reverse=True
        )


PIECES = """
const network = readNetwork(DATA.network), found = [];
for (const request of DATA.requests) {
  const task = readRequest(request, network), breathe = async () => {};
  task.place = toldAhead(task.place);
  const prompt = await readCached(task.place, breathe);
  const pieces = await drawBatch(task, prompt, [0, 1, 2], breathe);
  const first = Array(network.architecture.num_classes).fill(0);
  const one = {...task, isBetween: false, place: {...task.place, numSteps: 1}};
  for (let stream = 0; stream < DATA.num; stream += 4) {
    const streams = [0, 1, 2, 3].map((b) => stream + b);
    for (const {events} of await drawBatch(one, prompt, streams, breathe)) {
      first[task.place.classes.indexOf(events[0])]++;
    }
  }
  found.push(pieces.map(({events, logProbabilities, fit}) => ({
    first,
    tokens: [...task.place.prompt, ...encode(events, task.place.distance, network.vocabulary),
      ...task.place.following],
    numGiven: task.place.prompt.length,
    left: task.place.left && [...task.place.left],
    logProbabilities: [...logProbabilities], fit})));
}
return found;
"""


def test_pieces_have_the_likelihood_that_jax_gives_them():
    """Of a continuation that is told the bars left, and of a bar with what follows it; and the
    first step is drawn as often as its softmax says, among the classes that are wished for.
    """
    exported, params, card = shipped()
    wishes = {'scale': {'tonic': 'D', 'mode': 'pentatonic'}}
    requests = [
        ask('continue', numBars=2, ends=True),
        ask('redraw', bars={'from': 1, 'to': 1}, wishes=wishes),
    ]
    data = {'network': exported, 'requests': requests, 'num': 4000}
    found = run_js(PIECES, data)
    architecture = card.architecture
    length = max(len(piece['tokens']) for pieces in found for piece in pieces)
    apply = jax.jit(
        lambda tokens, left, future: jax.nn.log_softmax(
            apply_all(
                params,
                tokens,
                jnp.broadcast_to(jnp.arange(length) % 16, tokens.shape),
                architecture,
                left_BT2=left,
                future_BT=future,
            )[0]
        )
    )
    tokens_BT, left_BT2 = np.zeros((6, length), int), np.full((6, length, 2), 255)
    future_BT = np.full((6, length), architecture.num_classes)
    for row, piece in enumerate(itertools.chain(*found)):
        tokens_BT[row, : len(piece['tokens'])] = piece['tokens']
        if piece['left'] is not None:
            left = np.reshape(piece['left'], (-1, 2))
            left_BT2[row, : len(left) - 1] = left[1:]
        end = piece['numGiven'] + len(piece['logProbabilities'])  # of what is drawn
        future_BT[row, end - 1 : len(piece['tokens']) - 1] = piece['tokens'][end:]
    logs_BTV = np.asarray(apply(*map(jnp.asarray, (tokens_BT, left_BT2, future_BT))))
    for row, piece in enumerate(itertools.chain(*found)):
        tokens = np.array(piece['tokens'])
        own = logs_BTV[row, np.arange(len(tokens) - 1), tokens[1:]]
        begin, num = piece['numGiven'] - 1, len(piece['logProbabilities'])
        np.testing.assert_allclose(own[begin : begin + num], piece['logProbabilities'], atol=5e-3)
        if piece['fit'] is not None:
            following = own[begin + num :]
            assert len(following) == 32
            np.testing.assert_allclose(following.sum(), piece['fit'], atol=5e-2)
    assert found[0][0]['fit'] is None
    for row, pieces, pitch_classes in zip(
        (0, 3), found, (range(12), (2, 4, 6, 9, 11)), strict=True
    ):
        first = np.array(pieces[0]['first'])
        logs_V = logs_BTV[row, pieces[0]['numGiven'] - 1]
        pitches = np.arange(len(first)) - 2 + card.vocabulary.min_pitch + 2  # D is read as C
        is_allowed = (np.arange(len(first)) < 2) | np.isin(pitches % 12, pitch_classes)
        weights = np.where(is_allowed, np.exp(logs_V / 1.15), 0)
        expected = first.sum() * weights / weights.sum()
        assert not first[~is_allowed].any()
        usual = expected >= 5
        seen = [*first[usual], first[~usual].sum()]
        hoped = np.array([*expected[usual], expected[~usual].sum()])
        assert stats.chisquare(seen, hoped * sum(seen) / hoped.sum()).pvalue > ENOUGH


def test_a_network_for_infilling_is_told_what_follows():
    """The likelihood of redrawn bars is JAX's with the later bars known, and nothing is ranked."""
    _, _, card = shipped()
    architecture = dataclasses.replace(
        card.architecture, num_cells=5, attention_size=3, bidirectional=True, infilling=True
    )
    params = jax.jit(init_params, static_argnums=1)(jax.random.key(3), architecture)
    card = dataclasses.replace(card, architecture=architecture)
    exported = export_network(params, card, name='toy', memory_steps=256)
    request = ask('redraw', bars={'from': 1, 'to': 1})
    (pieces,) = run_js(PIECES, {'network': exported, 'requests': [request], 'num': 0})
    tokens_BT = np.array([piece['tokens'] for piece in pieces])
    assert tokens_BT.shape == (3, 64)
    future_T = np.full(63, architecture.num_classes)
    future_T[31:] = tokens_BT[0, 32:]  # the token that follows each step, from bar 3 on
    read_BT = jnp.asarray(tokens_BT[:, :63])
    apply = jax.jit(
        lambda tokens: apply_all(
            rounded(params),
            tokens,
            jnp.broadcast_to(jnp.arange(63) % 16, tokens.shape),
            architecture,
            future_BT=jnp.broadcast_to(future_T, tokens.shape),
        )[0]
    )
    logs_BTV = np.asarray(jax.nn.log_softmax(apply(read_BT)))
    for piece, tokens, logs_TV in zip(pieces, tokens_BT, logs_BTV, strict=True):
        own = logs_TV[np.arange(15, 31), tokens[16:32]]
        np.testing.assert_allclose(own, piece['logProbabilities'], atol=1e-3)
        assert piece['fit'] is None


@pytest.fixture(scope='module')
def drawn():
    """What each operation draws."""
    requests = {
        'continue': ask('continue', numBars=2, ends=True),
        'again': ask('continue', numBars=2, ends=True, numCandidates=1),
        'other': ask('continue', numBars=2, ends=True, seed=1),
        'redraw': ask('redraw', bars={'from': 1, 'to': 2}),
        'rhythm': ask('vary', bars={'from': 1, 'to': 1}, keep='rhythm'),
        'contour': ask('vary', bars={'from': 1, 'to': 2}, keep='contour'),
        'pitches': ask('vary', bars={'from': 1, 'to': 1}, keep='pitches'),
        'notes': ask('vary', bars={'from': 0, 'to': 1}, keep='notes', share=0.5),
        'wished': ask(
            'continue',
            numBars=2,
            wishes={
                'scale': 'tune',
                'lowest': 60,
                'highest': 74,
                'shortest': 2,
                'endOnTonic': True,
                'pins': [{'onset': 68, 'length': 3, 'pitch': 71}],
            },
        ),
        'start': {
            'kind': 'start',
            'meter': '6/8',
            'key': {'tonic': 'E', 'mode': 'minor'},
            'pickupSteps': 2,
            'numBars': 2,
            'numCandidates': 3,
        },
        'greedy': ask('continue', numBars=1, temperature=0),
        'conflict': ask(
            'continue', numBars=1, wishes={'lowest': 80, 'highest': 70, 'rests': False}
        ),
        'metre': {**ask('continue'), 'tune': {**TUNE, 'meter': '7/8'}},
        'number': ask('continue', wishes={'lowest': 60.5}),
    }
    return dict(zip(requests, composed(*requests.values()), strict=True))


def test_given_bars_stay(drawn):
    """All notes of other bars, a held one cut at the bar line where new bars start."""
    for name, first, end in (('continue', 64, 96), ('redraw', 16, 48), ('rhythm', 16, 32)):
        given = [note for note in NOTES if not first <= note[0] < end]
        for candidate in drawn[name]['candidates']:
            notes = candidate['notes']
            assert all(note['isNew'] == (first <= note['onset'] < end) for note in notes)
            kept = as_tuples(note for note in notes if not note['isNew'])
            others = [note for note in kept if note not in given]
            # a note before may last longer now; one that sounded on starts again after the new bars
            assert all(note[0] + note[1] > first > note[0] or note[0] == end for note in others)
            assert [note for note in given if note[0] + note[1] < first] == [
                note for note in kept if note[0] + note[1] < first
            ]
            assert candidate['newBars'] == {'from': first // 16, 'to': end // 16 - 1}


def test_candidates_differ_and_depend_on_the_seed_alone(drawn):
    for name, found in drawn.items():
        texts = [str(as_tuples(candidate['notes'])) for candidate in found['candidates']]
        assert len(set(texts)) == len(texts)
        assert [candidate['index'] for candidate in found['candidates']] == list(range(len(texts)))
        if name not in ('again', 'greedy', 'conflict', 'metre', 'number', 'pitches'):
            assert len(texts) == 3, name
    assert drawn['continue']['candidates'][:1] == drawn['again']['candidates']
    assert drawn['continue']['candidates'] != drawn['other']['candidates']
    assert len(drawn['greedy']['candidates']) == 1


def test_what_was_read_before_changes_nothing():
    """Prompts that start as the last one did are read on from where they differ."""
    other = {**TUNE, 'notes': [*TUNE['notes'][:-2], {'onset': 54, 'length': 6, 'pitch': 67}]}
    request = ask('continue', numBars=1, numCandidates=2)
    asked = [request, {**request, 'tune': other}, ask('redraw', bars={'from': 2, 'to': 2}), request]
    in_turn, alone = composed(*asked), composed(asked[1])
    assert in_turn[0] == in_turn[3] != in_turn[1]
    assert in_turn[1] == alone[0]


def onsets_and_pitches(candidate, first, end):
    new = [note for note in as_tuples(candidate['notes']) if first <= note[0] < end]
    return new, [note[2] for note in new]


def test_variations_keep_what_they_are_asked_to(drawn):
    before = {end: [note for note in NOTES if 16 <= note[0] < end] for end in (32, 48)}
    for candidate in drawn['rhythm']['candidates']:
        new, pitches = onsets_and_pitches(candidate, 16, 32)
        assert [note[:1] for note in new] == [note[:1] for note in before[32]]
        assert pitches != [note[2] for note in before[32]]
    for candidate in drawn['contour']['candidates']:
        new, pitches = onsets_and_pitches(candidate, 16, 48)
        assert [note[0] for note in new] == [note[0] for note in before[48]]
        old = [66, *(note[2] for note in before[48])]
        assert np.sign(np.diff([66, *pitches])).tolist() == np.sign(np.diff(old)).tolist()
    for candidate in drawn['pitches']['candidates']:
        assert onsets_and_pitches(candidate, 16, 32)[1] == [note[2] for note in before[32]]
    shared = set.intersection(
        *(
            set(onsets_and_pitches(candidate, 0, 32)[0])
            for candidate in drawn['notes']['candidates']
        )
    )
    kept = shared & set(NOTES)
    assert 1 < len(kept) < 8


def test_wishes_are_met(drawn):
    scale = {0, 2, 4, 6, 7, 9, 11} | {1}
    for candidate in drawn['wished']['candidates']:
        new = [note for note in candidate['notes'] if note['isNew']]
        assert all(60 <= note['pitch'] <= 74 and note['pitch'] % 12 in scale for note in new)
        assert all(note['length'] >= 2 for note in new)
        last = new[-1]
        assert (last['pitch'] % 12, last['onset'] % 8, last['onset'] + last['length']) == (2, 0, 96)
        pinned = next(note for note in new if note['onset'] == 68)
        assert (pinned['pitch'], pinned['length']) == (71, 3)


def test_a_start_has_its_pickup_and_key(drawn):
    for candidate in drawn['start']['candidates']:
        assert min(note['onset'] for note in candidate['notes']) >= 10
        assert candidate['numBars'] == 3
        assert all(note['isNew'] for note in candidate['notes'])


def test_mistakes_are_sentences(drawn):
    conflict, meter = drawn['conflict'], drawn['metre']
    assert conflict['message'].startswith("'lowest' and 'highest' cannot be met together")
    assert conflict['field'] == 'lowest'
    assert drawn['number']['message'] == 'lowest is 60.5; it must be 0 to 127.'
    assert meter['message'].startswith('The model does not know the metre 7/8')


def test_repeats_are_counted_as_in_python(drawn):
    bar = bar_of('4/4')
    for name, first, end in (('continue', 64, 96), ('redraw', 16, 48)):
        for candidate in drawn[name]['candidates']:
            notes = [
                StepNote(onset, onset + length, pitch)
                for onset, length, pitch in as_tuples(candidate['notes'])
            ]
            steps = np.arange(16 * candidate['numBars'])
            events = np.full(len(steps), -2)
            found = to_events(notes, 16)
            events[: len(found)] = found
            if len(found) < len(events):
                events[len(found)] = -1
            whole = Whole(events, (first <= steps) & (steps < end), (first,), bar=bar)
            assert candidate['repeatedBars'] == num_repeated_bars(whole)
            new = [note for note in notes if first <= note.onset < end]
            parts = [
                [note for note in notes if note.onset < first],
                [note for note in notes if note.onset >= end],
            ]
            assert candidate['repeatedShare'] == pytest.approx(repeated_share(new, parts))
