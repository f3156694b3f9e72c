"""The prompts of an evaluation: from unseen tunes, or one for all pieces."""

import numpy as np
import pytest

from configs import base
from symmusic.corpus.cache import Corpus
from symmusic.corpus.split import split_tunes
from symmusic.errors import UserError
from symmusic.generate.keys import find_distance, place
from symmusic.generate.prompt_files import read_prompt
from symmusic.measures import material
from symmusic.melody.encodings import VOCABULARIES
from tests.corpus.tunes import random_tune, tune


@pytest.fixture(scope='module')
def corpus():
    """Thirty tunes of ten bars, each a family."""
    tunes = [random_tune(seed, 160) for seed in range(30)]
    return Corpus('walks', 30, tuple(tunes), np.arange(30, dtype=np.int32))


@pytest.fixture
def config():
    made = base.get_config()
    made.sample.num_bars, made.evaluate.num_pieces, made.evaluate.num_draws, made.data.split = (
        2,
        5,
        2,
        'tune',
    )
    return made


VOCABULARY = VOCABULARIES['melody'](48, 84)


def stretches(tunes, num_steps):
    return {
        each.phrases[0][begin : begin + num_steps].tobytes()
        for each in tunes
        for begin in range(0, 160, 16)
    }


@pytest.mark.parametrize('protocol', ['symmusic', 'thesis'])
def test_prompts_of_unseen_tunes_have_their_continuations(config, corpus, protocol):
    """In the key that the prompt suggests; under the thesis's protocol in the tune's."""
    config.data.protocol = protocol
    found = material.gather(config, corpus, VOCABULARY, np.random.default_rng(0), ('4/4',))
    unseen = split_tunes(corpus.kept, corpus.families, 0).test
    assert (found.prompts.shape, found.continuations.shape, found.unseen.shape) == (
        (10, 64),
        (10, 32),
        (5, 32),
    )
    joined = np.concatenate([found.prompts, found.continuations], axis=1)
    real = stretches(unseen, 96)
    if protocol == 'symmusic':
        events = [np.frombuffer(each, np.int8) for each in real if len(each) == 96]
        real = {
            place(each, find_distance(each[:64], VOCABULARY), VOCABULARY).tobytes()
            for each in events
        }
        assert not {each.tobytes() for each in joined} <= stretches(unseen, 96)
    assert {each.tobytes() for each in joined} <= real
    assert (found.unseen == found.continuations[:5]).all()
    assert {each.tobytes() for each in found.excerpts.events_NT} <= stretches(found.tunes.train, 32)
    assert found.prompt is None


def test_one_prompt_for_all(config, corpus):
    config.evaluate.prompts = 'fixed'
    found = material.gather(config, corpus, VOCABULARY, np.random.default_rng(0), ('4/4',))
    assert (found.prompts.shape, found.continuations, found.prompt) == ((10, 64), None, 'mary')
    tokens = [VOCABULARY.encode(prompt).tolist() for prompt in found.prompts]
    assert tokens == [read_prompt('', VOCABULARY, transpose=True).tokens.tolist()] * 10
    assert {each.tobytes() for each in found.unseen} <= stretches(found.tunes.test, 32)


def test_split_by_window_all_tunes_are_training_and_none_is_unseen(config, corpus):
    config.data.split = 'window'
    with pytest.raises(UserError, match=r"must be config\.evaluate\.prompts = 'fixed'"):
        material.check(config, 'runs/source')
    config.evaluate.prompts = 'fixed'
    material.check(config, 'runs/source')
    found = material.gather(config, corpus, VOCABULARY, np.random.default_rng(0), ('4/4',))
    assert (found.tunes.train, found.tunes.test, found.unseen) == (tuple(corpus.kept), (), None)


def test_several_styles_are_split_as_for_training(config):
    """Each style on its own: a tenth of each is test, whatever the numbers."""
    tunes = [random_tune(seed, 160, style='reel' if seed < 24 else 'voice') for seed in range(36)]
    mixed = Corpus('mixed', 36, tuple(tunes), np.arange(36, dtype=np.int32))
    found = material.gather(config, mixed, VOCABULARY, np.random.default_rng(0), ('4/4',))
    assert sorted(each.style for each in found.tunes.test) == ['reel'] * 3 + ['voice'] * 2


def test_too_short_tunes(config):
    short = Corpus(
        'short',
        9,
        tuple(tune([60, 62] * 40, file=f'{n}.mid') for n in range(9)),
        np.arange(9, dtype=np.int32),
    )
    with pytest.raises(
        UserError, match='its test tunes give 0 prompts with a continuation of 2 bars'
    ):
        material.gather(config, short, VOCABULARY, np.random.default_rng(0), ('4/4',))
