"""Other networks to compare with, by the fields that name them."""

import pytest

from symmusic.errors import UserError
from symmusic.measures.rivals import find_rival, find_second
from symmusic.melody.encodings import VOCABULARIES
from tests.corpus.tunes import random_tune
from tests.measures.grounds import ground


@pytest.mark.parametrize(
    ('field', 'reason'),
    [('second_run', 'holds no trained model'), ('left_to_right', 'this run is not for infilling')],
)
def test_a_run_that_cannot_be_compared_is_named(tmp_path, field, reason):
    tunes = [random_tune(seed, 160) for seed in range(6)]
    plain, named = (
        ground(tunes, range(6), VOCABULARIES['melody'](48, 84), None, **settings)
        for settings in ({}, {field: str(tmp_path)})
    )
    assert find_second(plain.config, plain.model.card) is None
    assert find_rival(plain.config, plain.model.card) == (None, '')
    find = find_second if field == 'second_run' else find_rival
    with pytest.raises(UserError, match=f'config.evaluate.{field} = {tmp_path}: {reason}'):
        find(named.config, named.model.card)
