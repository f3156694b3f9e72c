"""The count model: a density, independent of the order of the tunes and of how it is queried,
better than each of its parts, and sampled as it predicts.
"""

import dataclasses
import functools

import flax.struct
import jax
import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose

from symmusic.corpus.windows import cut_windows
from symmusic.errors import UserError
from symmusic.generate.host_reader import HostReader
from symmusic.generate.sample import Rule, sample
from symmusic.measures.counting import model as counting
from symmusic.measures.counting.contexts import find_features, join
from symmusic.measures.counting.model import LEAST_STEPS, CountModel, fit, of_windows
from symmusic.measures.likelihood import find_targets
from symmusic.measures.markov import fit_markov, nats
from symmusic.melody.encodings import OF_STEPS, VOCABULARIES
from symmusic.melody.encodings.melody import MelodyVocabulary
from tests.corpus.tunes import tune

VOCABULARY = MelodyVocabulary(60, 72)


def phrases(num, seed, num_bars=8):
    """Tunes like fiddle tunes: a two-bar motif of thirds and steps, repeated, each time with a few
    other notes.
    """
    rng, made = np.random.default_rng(seed), []
    for _ in range(num):
        rhythm = rng.random(32) < np.tile([0.95, 0.05, 0.7, 0.05], 8)
        pitches = 60 + np.abs(np.cumsum(rng.choice([-2, -1, 1, 2, 4], 32)) + 6) % 13
        motif = np.where(rhythm, pitches, -2)
        whole = np.tile(motif, num_bars // 2)
        others = (whole >= 0) & (rng.random(len(whole)) < 0.1)
        made.append(np.where(others, rng.integers(60, 73, len(whole)), whole))
    return made


def encoded(events, vocabulary=VOCABULARY):
    return [vocabulary.encode(each) for each in events]


@functools.cache
def fitted(encoding='melody') -> CountModel:
    vocabulary = VOCABULARIES[encoding](60, 72)
    return fit([tune(*phrases(80, 0))], [tune(*phrases(20, 1))], vocabulary)


def losses(model, sequences):
    return np.concatenate([model.nats(each[None], 0)[0] for each in sequences])


@pytest.mark.parametrize('encoding', OF_STEPS)
def test_it_is_a_density(encoding):
    model = fitted(encoding)
    stream = join(encoded(phrases(3, 5), model.vocabulary), model.vocabulary)
    logs = model.log_probabilities(stream, np.arange(0, len(stream.tokens), 7))
    assert np.isfinite(logs).all()
    assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-5)


def test_it_is_better_than_each_of_its_parts_and_than_markov_models():
    model, unseen = fitted(), encoded(phrases(20, 2))
    stream = join(unseen, VOCABULARY)
    steps = np.arange(len(stream.tokens))
    predictions = counting._predict(model.tables, find_features(stream, steps), VOCABULARY)
    parts = -predictions.logs_LKV[steps, :, stream.tokens].mean(axis=0)
    own = losses(model, unseen).mean()
    assert own < parts.min() - 0.1
    train = encoded(phrases(80, 0))
    for order in range(4):
        markov = fit_markov(train, VOCABULARY.num_classes, order)
        assert own < np.concatenate([nats(markov, each) for each in unseen]).mean() - 0.2


def test_counts_are_the_training_tunes():
    """The tables of no context and of the metre, counted by hand."""
    model, train = fitted(), encoded(phrases(80, 0))
    whole = np.bincount(np.concatenate(train), minlength=VOCABULARY.num_classes)
    assert model.tables[0].tokens.tolist() == np.flatnonzero(whole).tolist()
    assert model.tables[0].counts.tolist() == whole[whole > 0].tolist()
    assert len(model.tables[1].contexts) == 16
    assert model.tables[1].counts.sum() == 80 * 128


def test_the_order_of_the_tunes_does_not_matter():
    train, validation = ([tune(each) for each in phrases(*of)] for of in ((80, 0), (20, 1)))
    other = fit(train[::-1], validation[::-1], VOCABULARY)
    unseen = encoded(phrases(5, 2))
    assert_allclose(losses(other, unseen), losses(fitted(), unseen), atol=0.01)
    for one, same in zip(fitted().tables, other.tables, strict=True):
        assert one.contexts.tolist() == same.contexts.tolist()
        assert one.counts.tolist() == same.counts.tolist()


def test_windows_and_pieces_give_the_same():
    """Of tunes no longer than a window; and the next step is as in the whole piece."""
    events = phrases(4, 3, num_bars=4)
    events[1] = events[1][:41]
    windows = cut_windows([tune(*events)], VOCABULARY, 65, 32, cover_end=True, count_once=True)
    targets = find_targets(windows, VOCABULARY, all_steps=True)
    logs = fitted().log_probabilities(*of_windows(windows, targets, VOCABULARY))
    expected = np.concatenate([losses(fitted(), encoded([each])) for each in events])
    assert_allclose(-logs[np.arange(len(targets)), targets.labels], expected, rtol=1e-4)
    (piece,) = encoded(events[:1])
    for step in (1, 30, 63):
        (following,) = fitted().next_log_probabilities(piece[None, :step], np.array([0]))
        assert -following[piece[step]] == pytest.approx(expected[step], rel=1e-4)


def test_nats_after_a_prompt():
    pieces = np.array(encoded(phrases(3, 4)))
    whole = fitted().nats(pieces, 0)
    assert whole.shape == (3, 128)
    assert_allclose(fitted().nats(pieces, 64), whole[:, 64:])
    assert fitted().nats(pieces, 128).shape == (3, 0)
    assert abs(fitted().nats(pieces, 0, position=5) - whole).max() > 0.1


def test_joined_with_a_better_model():
    """A model that is given half of the answers improves the mixture, and is not made worse."""
    model, found = fitted(), {}
    for part, seed in (('validation', 1), ('test', 2)):
        stream = join(encoded(phrases(20, seed)), VOCABULARY)
        steps = np.arange(len(stream.tokens))
        others = np.full((len(steps), VOCABULARY.num_classes), 0.5 / VOCABULARY.num_classes)
        others[steps, stream.tokens] += 0.5
        found[part] = stream, steps, np.log(others).astype(np.float32)
    stream, steps, others = found['test']
    joint = model.joined(*found['validation'])
    logs = joint.log_probabilities(stream, steps, others)
    assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-5)
    loss = -logs[steps, stream.tokens].mean()
    assert loss < losses(model, encoded(phrases(20, 2))).mean() - 0.1
    assert loss < -others[steps, stream.tokens].mean() - 0.1
    parts = model.tables, find_features(stream, steps), VOCABULARY
    one, same = counting._predict(*parts, others), counting._predict(*parts).beside(others)
    for name in ('logs_LKV', 'counted_LK', 'agreements_LA'):
        assert getattr(one, name).tolist() == getattr(same, name).tolist()
    both = model.with_joined(joint, stream, steps, others)
    assert both[0].tolist() == model.log_probabilities(stream, steps).tolist()
    assert both[1].tolist() == logs.tolist()


def test_drawn_frequencies_are_the_probabilities():
    """The first two steps of many pieces after one prompt, drawn by the sampler of networks."""
    model, num = fitted(), 1500
    prompt = encoded(phrases(1, 6))[0][:40]
    reader = HostReader(model.next_log_probabilities, VOCABULARY.num_classes)
    prompts = np.broadcast_to(prompt, (num, 40))
    positions = np.broadcast_to(np.arange(40) % 16, (num, 40))
    keys = jax.random.split(jax.random.key(0), num)
    drawn = sample(reader, prompts, positions, keys, Rule(), num_steps=2)
    tokens = np.array(drawn.tokens_BN)
    pieces = np.concatenate([prompts, tokens], axis=1)
    assert_allclose(-np.array(drawn.log_probabilities_BN), model.nats(pieces, 40), atol=1e-4)
    often = np.bincount(tokens[:, 0]).argmax()
    for step, rows in ((0, slice(None)), (1, tokens[:, 0] == often)):
        context = pieces[rows][:1, : 40 + step]
        expected = np.exp(model.next_log_probabilities(context, np.array([0]))[0].astype(float))
        counts = np.bincount(tokens[rows, step], minlength=len(expected))
        likely = expected * counts.sum() >= 5
        observed = np.append(counts[likely], counts[~likely].sum())
        shares = np.append(expected[likely], expected[~likely].sum())
        assert scipy.stats.chisquare(observed, shares / shares.sum() * counts.sum()).pvalue > 1e-3


def test_the_function_on_the_host_calls_no_jax():
    """Called within a JAX program, it could wait for that program for ever."""
    pieces = np.array(encoded(phrases(3, 4)))
    for bars in ((16,), (16, 12)):
        model = dataclasses.replace(fitted(), bars=bars)
        with jax.transfer_guard('disallow_explicit'):
            found = model.next_log_probabilities(pieces, np.zeros(3, int))
        assert found.shape == (3, VOCABULARY.num_classes)


@flax.struct.dataclass
class NoHolds:
    """A constraint: no step without an event."""

    rows: None = None

    def init(self, num_pieces):
        return None

    def weigh(self, row, state, logits_BV, temperature):
        return logits_BV

    def allow(self, row, state, may_BV):
        return may_BV.at[:, 0].set(False), state

    def advance(self, row, state, token_B):
        return state


def test_constraints_bind_it_like_a_network():
    (prompt,) = encoded(phrases(1, 6))
    reader = HostReader(fitted().next_log_probabilities, VOCABULARY.num_classes)
    prompts, positions = np.tile(prompt[:40], (3, 1)), np.tile(np.arange(40) % 16, (3, 1))
    keys = jax.random.split(jax.random.key(1), 3)
    drawn = sample(reader, prompts, positions, keys, Rule(), [NoHolds()], num_steps=12)
    assert (np.array(drawn.tokens_BN) > 0).all()


def test_too_little_to_fit_on():
    short = tune(*phrases(1, 0))
    with pytest.raises(UserError, match=f'{LEAST_STEPS} validation steps; there are 128 and 0'):
        fit([short], [], VOCABULARY)
    with pytest.raises(UserError, match='there are 0 and 640'):
        fit([], [short] * 5, VOCABULARY)
    assert isinstance(fit([short], [short] * 5, VOCABULARY), CountModel)
