"""Critics that compare likelihoods: which steps count, and what they tell of models that are
known.
"""

import numpy as np
import pytest

from symmusic.critics.auc import auc
from symmusic.critics.ratio import markov_nats, ratio_scores
from symmusic.measures.markov import fit_markov, nats, sample_markov

GIVEN, STEPS = 8, 24


def test_scores_by_hand():
    """The loss under the model that drew a set minus that under the other; prompts are context."""
    seen = []

    def losses(factor):
        def of(tokens, start):
            seen.append((tokens.shape, start))
            return factor * tokens[:, start:].astype(float)

        return of

    tokens = {'real': np.tile(np.arange(6), (2, 1)), 'model': np.ones((2, 6), int)}
    found = ratio_scores(tokens, 2, {'model': losses(3)}, losses(1))
    assert found['with']['model'].tolist() == [2 * 3.5] * 2 + [2.0] * 2
    assert found['without']['model'].tolist() == [2 * 4.0] * 2 + [2.0] * 2
    assert set(seen) == {((2, 6), 2), ((2, 4), 1)}


def test_blanks_cost_nothing():
    markov = fit_markov([np.array([0, 1, 2, 1, 0, 2])], 3, 1)
    tokens = np.array([[0, 1, 2, 0], [1, 2, 2, 1]])
    found = markov_nats(markov, 2, tokens, 1)
    whole = np.array([nats(markov, each) for each in tokens])
    assert (found[tokens[:, 1:] == 2] == 0).all()
    assert found[tokens[:, 1:] < 2] == pytest.approx(whole[tokens[:, 1:] < 2])
    assert markov_nats(markov, 2, tokens, 3).shape == (2, 1)


def test_pieces_of_a_model_are_told_from_those_of_the_other():
    """Where the other model is the truth the ratio is the best critic; of pieces that the truth
    drew itself it tells nothing.
    """
    draw = np.random.default_rng(0)
    chain = [draw.choice(4, 400), np.arange(400) % 4]
    truth, model = (fit_markov([each], 4, 1) for each in chain)
    prompts = draw.choice(4, (300, GIVEN))
    sets = {
        name: np.concatenate([prompts, sample_markov(drawn_by, prompts, STEPS, draw)], axis=1)
        for name, drawn_by in (('real', truth), ('model', model), ('same', truth))
    }

    def losses(markov):
        return lambda tokens, start: markov_nats(markov, 4, tokens, start)

    scores = ratio_scores(
        sets, GIVEN, {'model': losses(model), 'same': losses(model)}, losses(truth)
    )
    for found in scores.values():
        assert auc(*np.split(found['model'], 2)) > 0.99
        assert auc(*np.split(found['same'], 2)) == pytest.approx(0.5, abs=0.07)
