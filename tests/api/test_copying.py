"""The tunes that pieces are compared with: which settings fit which runs, and which pieces are
copies.
"""

import numpy as np
import pytest

from configs import base
from symmusic.api import copying
from symmusic.corpus.originals import gather_originals
from symmusic.errors import UserError
from symmusic.melody.encodings import VOCABULARIES
from tests.corpus.tunes import random_tune

VOCABULARY = VOCABULARIES['melody'](48, 84)


@pytest.fixture
def config():
    made = base.get_config()
    made.data.split = 'tune'
    return made


def test_settings_that_do_not_fit_a_run(config):
    copying.check(config, VOCABULARY)
    config.sample.max_copied_run = 4
    copying.check(config, VOCABULARY)
    with pytest.raises(
        UserError, match=r"max_copied_run = 4: only models of config\.data\.encoding = 'melody'"
    ):
        copying.check(config, VOCABULARIES['pianoroll'](48, 84))
    config.sample.max_copied_run, config.sample.redraw_copies = 0, True
    copying.check(config, VOCABULARIES['pianoroll'](48, 84))
    config.data.split = 'window'
    with pytest.raises(
        UserError, match=r"redraw_copies = True with config\.data\.split = 'window'"
    ):
        copying.check(config, VOCABULARY)


def test_copies_of_a_training_tune_are_too_near_and_unseen_tunes_are_not():
    tunes = [random_tune(seed, 320) for seed in range(12)]
    originals = gather_originals(tunes[:8], tunes[8:])
    near = copying.Near(originals, VOCABULARY, 64, '4/4')
    copy, other = tunes[0].phrases[0][32:96], random_tune(99, 64).phrases[0][:64]
    np.testing.assert_array_equal(near([copy, other, copy]), [True, False, True])
    assert near.num_refused == 2
    assert 1 < near.level < (copy >= 0).sum()
    with pytest.raises(
        UserError, match='no unseen tune of the run in 4/4 is as long as the pieces'
    ):
        copying.Near(originals, VOCABULARY, 640, '4/4')
    with pytest.raises(UserError, match='no unseen tune of the run in 6/8'):
        copying.Near(originals, VOCABULARY, 64, '6/8')
    with pytest.raises(UserError, match='no unseen tune'):
        copying.Near(gather_originals(tunes, []), VOCABULARY, 64, '4/4')
