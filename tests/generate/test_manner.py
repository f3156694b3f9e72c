"""The temperature that a config settles on."""

import pytest

from symmusic.config.protocol import base_config
from symmusic.errors import UserError
from symmusic.generate.manner import manner_of, refuse_wishes, settle
from symmusic.training.shipped import read_shipped

BASE = base_config()


def asks(temperature, protocol='symmusic'):
    config = BASE.copy_and_resolve_references().unlock()
    with config.ignore_type():
        config.sample.temperature = temperature
    config.data.protocol = protocol
    return config.lock()


@pytest.mark.parametrize(
    ('temperature', 'protocol', 'calibrated', 'settled'),
    [
        ('auto', 'symmusic', 1.2, 1.2),
        ('auto', 'symmusic', None, 1.0),
        ('auto', 'thesis', 1.2, 1.0),
        (0.7, 'symmusic', 1.2, 0.7),
        (0.0, 'symmusic', 1.2, 0.0),
        (1.5, 'thesis', None, 1.5),
    ],
)
def test_a_number_wins_and_auto_is_the_model_s(temperature, protocol, calibrated, settled):
    config = asks(temperature, protocol)
    found = settle(config, calibrated)
    assert found.sample.temperature == settled
    assert config.sample.temperature == temperature
    assert found.is_locked
    assert settle(found, 9.0) == found


def test_the_default_is_auto():
    assert BASE.sample.temperature == 'auto'


@pytest.mark.parametrize(('num_candidates', 'each'), [(1, 32), (5, 7), (8, 4), (64, 1)])
def test_candidates_share_the_particles_of_their_piece(num_candidates, each):
    config = settle(BASE, 1.0).copy_and_resolve_references()
    with config.unlocked():
        config.sample.num_candidates = num_candidates
    assert manner_of(config, read_shipped()[1], may_wish=True).particles == each


@pytest.mark.parametrize(('name', 'value'), [('structure', 'AABB'), ('scale', 'prompt')])
def test_an_evaluation_has_neither_wishes_nor_a_structure(name, value):
    refuse_wishes(BASE)
    config = BASE.copy_and_resolve_references().unlock()
    config.sample[name] = value
    with pytest.raises(UserError, match=f'config.sample.{name} = {value!r}'):
        refuse_wishes(config)
