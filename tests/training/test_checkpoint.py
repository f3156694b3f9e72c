"""Checkpoints: complete and exact, the latest two, and one line if one cannot be read or
written.
"""

import dataclasses
import errno
import functools
import gc
import json
import os
import pathlib
import re
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest

from symmusic.errors import UserError
from symmusic.training.card import FORMAT, Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.replicas import init_replicas
from tests.training.toy import ARCHITECTURE, RECIPE, VOCABULARY, assert_same_bits

ROWS = (
    {
        'replica': 0,
        'epoch': 1,
        'train_loss': 1 / 3,
        'validation_loss': 2**-30,
        'learning_rate': 0.1,
        'sequences_per_s': 7.0,
    },
)
CARD = Card(
    ARCHITECTURE,
    RECIPE,
    VOCABULARY,
    {'seed': 3, 'data': {'meters': ['4/4']}},
    {'corpus': 'walks', 'num_windows': 10},
    ROWS,
)


@functools.cache
def initial():
    return init_replicas([jax.random.key(0)], ARCHITECTURE, RECIPE)


def at(step):
    """A state after `step` updates whose other leaves are random, best_loss infinite as in the
    first epoch.
    """
    rng = np.random.default_rng(step)

    def randomised(leaf):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf
        return jnp.asarray(rng.normal(size=leaf.shape), leaf.dtype)

    state = jax.tree.map(randomised, initial())
    return state.replace(
        step=jnp.int32([step]), best_loss=jnp.float32([jnp.inf]), key=jax.random.key(step)[None]
    )


def content(folder):
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob('*') if path.is_file()
    }


@pytest.fixture(scope='session')
def saved(tmp_path_factory):
    """A workdir with the checkpoints of updates 4 and 9; read-only."""
    workdir = tmp_path_factory.mktemp('saved')
    for step in (4, 9):
        Checkpoints(workdir).save(at(step), CARD)
    return workdir


@pytest.fixture
def workdir(saved, tmp_path):
    """A copy of `saved`."""
    return pathlib.Path(shutil.copytree(saved, tmp_path / 'run'))


def test_round_trip_bit_by_bit(saved):
    state, card = Checkpoints(saved).restore()
    assert_same_bits(state, at(9))
    assert jax.dtypes.issubdtype(state.key.dtype, jax.dtypes.prng_key)
    assert card == CARD
    assert Checkpoints(saved).restore_card() == CARD


def test_card_round_trips_through_json():
    assert Card.from_json(json.loads(json.dumps(CARD.to_json()))) == CARD
    assert hash(Card.from_json(json.loads(json.dumps(CARD.to_json()))).architecture) == hash(
        ARCHITECTURE
    )
    with pytest.raises(ValueError, match='format'):
        Card.from_json({**CARD.to_json(), 'format': 0})


@pytest.mark.parametrize('agreement', [False, True])
def test_agreement_of_earlier_versions_is_refused(agreement):
    architecture = dataclasses.replace(CARD.architecture, lookback=(16,), agreement=agreement)
    fields = dataclasses.replace(CARD, architecture=architecture).to_json() | {'format': 3}
    if agreement:
        with pytest.raises(ValueError, match='format 3, whose'):
            Card.from_json(fields)
    else:
        assert Card.from_json(fields).architecture == architecture


@pytest.mark.parametrize(
    'change',
    [
        {'architecture': {}},
        {'architecture': {'num_classes': '7'}},
        {'architecture': {'num_classes': True}},
        {'architecture': {'num_classes': 7, 'lookback': [1.5]}},
        {'architecture': {'num_classes': 7, 'depth': 2}},
        {'recipe': None},
        {'recipe': {'learning_rate': 'fast'}},
        {'rows': 3},
        {'config': []},
        {'num_replicas': 1.0},
        {'vocabulary': {'encoding': 'smell'}},
        {'colour': 'red'},
    ],
    ids=str,
)
def test_a_card_of_wrong_fields_is_refused(change):
    with pytest.raises(ValueError, match='its card is not one of symmusic'):
        Card.from_json({**CARD.to_json(), **change})


def test_the_latest_two_are_kept(workdir):
    checkpoints = Checkpoints(workdir)
    assert checkpoints.latest_step() == 9
    checkpoints.save(at(11), dataclasses.replace(CARD, rows=()))
    assert sorted(path.name for path in checkpoints.folder.iterdir() if path.is_dir()) == [
        '11',
        '9',
    ]
    assert checkpoints.restore_card().rows == ()
    shutil.rmtree(checkpoints.folder / '11')
    assert_same_bits(checkpoints.restore()[0], at(9))


def test_no_checkpoint_is_a_user_s_mistake_and_leaves_nothing(tmp_path):
    assert Checkpoints(tmp_path / 'none').latest_step() is None
    for read in (
        Checkpoints(tmp_path / 'none').restore,
        Checkpoints(tmp_path / 'none').restore_card,
    ):
        with pytest.raises(UserError, match=r'no checkpoint under .*none/checkpoints'):
            read()
    assert not list(tmp_path.iterdir())


def damage_by_removing(path):
    path.unlink()


def damage_by_emptying(path):
    path.write_bytes(b'')


def damage_by_cutting(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_by_flipping(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def largest(folder):
    return max(
        (path for path in folder.rglob('*') if path.is_file()), key=lambda path: path.stat().st_size
    )


@pytest.mark.parametrize(
    'damage', [damage_by_removing, damage_by_emptying, damage_by_cutting, damage_by_flipping]
)
@pytest.mark.parametrize('part', ['state', 'card'])
def test_a_damaged_one_is_named_and_left(workdir, part, damage):
    folder = workdir / 'checkpoints' / '9'
    damage(largest(folder / part))
    before = content(workdir)
    with pytest.raises(
        UserError, match=r'9 is damaged.*remove that folder to continue from the previous one, 4'
    ) as caught:
        Checkpoints(workdir).restore()
    assert str(folder) in str(caught.value)
    assert '\n' not in str(caught.value)
    assert content(workdir) == before
    shutil.rmtree(folder)  # as the message advises
    assert_same_bits(Checkpoints(workdir).restore()[0], at(4))


@pytest.mark.parametrize(
    'damage', [damage_by_cutting, pytest.param(damage_by_flipping, marks=pytest.mark.slow)]
)
def test_whatever_file_is_damaged_no_more_than_the_one_line_is_reported(
    saved, tmp_path, capfd, caplog, damage
):
    """Besides raising its error Orbax leaves tasks whose errors Python reports when they are
    deleted.
    """
    errors = []
    gc.freeze()  # what is there already need not be searched each time
    for number, path in enumerate(
        sorted(
            path for path in (saved / 'checkpoints' / '9' / 'state').rglob('*') if path.is_file()
        )
    ):
        workdir = pathlib.Path(shutil.copytree(saved, tmp_path / str(number)))
        damage(workdir / path.relative_to(saved))
        try:
            Checkpoints(workdir).restore()  # some files are spare
        except UserError as error:
            errors.append(str(error))
        gc.collect()
    gc.unfreeze()
    assert len(errors) > 2
    assert not any('\n' in error for error in errors)
    assert capfd.readouterr().err == ''
    assert not caplog.records


def test_the_only_one_has_none_before_it(workdir):
    shutil.rmtree(workdir / 'checkpoints' / '4')
    damage_by_cutting(largest(workdir / 'checkpoints' / '9' / 'state'))
    with pytest.raises(UserError, match='none before it') as caught:
        Checkpoints(workdir).restore()
    assert 'continue from' not in str(caught.value)
    assert f'remove the run in {workdir} ' in str(caught.value)


def stored_card(workdir):
    """The file that holds the card of update 9."""
    files = (workdir / 'checkpoints' / '9' / 'card').rglob('*')
    return next(path for path in files if path.is_file() and b'"format"' in path.read_bytes())


def test_a_card_of_another_format_is_refused_with_its_version(workdir):
    card = stored_card(workdir)
    card.write_text(re.sub(r'"format": ?\d+', '"format": 99', card.read_text()))
    with pytest.raises(
        UserError, match=f'it is of format 99; this version of symmusic reads 2, 3, 4, {FORMAT}'
    ):
        Checkpoints(workdir).restore()


def test_a_checkpoint_without_digests_is_read_if_it_is_that_old(workdir):
    card = stored_card(workdir)
    fields = json.loads(card.read_text())
    digests = fields.pop('digests')
    assert set(digests) == {'card', 'state'}
    card.write_text(json.dumps(fields))
    with pytest.raises(UserError, match='9 is damaged'):
        Checkpoints(workdir).restore()
    card.write_text(json.dumps(fields | {'format': 2}))
    assert_same_bits(Checkpoints(workdir).restore()[0], at(9))


def test_numbers_that_were_not_written_are_detected(workdir):
    """For example a valid file of another state, or a card that was changed by hand."""
    card = stored_card(workdir)
    card.write_text(card.read_text().replace('"corpus": "walks"', '"corpus": "talks"'))
    with pytest.raises(UserError, match='its card is not the one that was written'):
        Checkpoints(workdir).restore_card()
    shutil.rmtree(workdir / 'checkpoints' / '9')
    other = workdir / 'other'
    Checkpoints(other).save(at(5), CARD)
    shutil.rmtree(workdir / 'checkpoints' / '4' / 'state')
    shutil.copytree(other / 'checkpoints' / '5' / 'state', workdir / 'checkpoints' / '4' / 'state')
    with pytest.raises(UserError, match='its numbers are not those that were written'):
        Checkpoints(workdir).restore()


@pytest.mark.slow
def test_no_flipped_bit_is_read(saved, tmp_path):
    """Each of 300 bits anywhere in a checkpoint: what is read is what was written, or it is
    refused.
    """
    rng, refused = np.random.default_rng(0), 0
    files = sorted(
        path
        for path in (saved / 'checkpoints' / '9').rglob('*')
        if path.is_file() and path.stat().st_size
    )
    sizes = np.array([path.stat().st_size for path in files])
    workdir = pathlib.Path(shutil.copytree(saved, tmp_path / 'run'))
    for _ in range(300):
        which = files[rng.choice(len(files), p=sizes / sizes.sum())]
        place = workdir / which.relative_to(saved)
        data = bytearray(which.read_bytes())
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        place.write_bytes(data)
        try:
            state, card = Checkpoints(workdir).restore()
            assert_same_bits(state, at(9))
            assert card == CARD
        except UserError:
            refused += 1
        place.write_bytes(which.read_bytes())
    assert refused > 100


def test_the_remains_of_a_killed_save_are_ignored(workdir):
    """Orbax writes to a temporary folder: one that was never renamed is no checkpoint, and the next
    save works beside it.
    """
    shutil.copytree(
        workdir / 'checkpoints' / '9', workdir / 'checkpoints' / '12.orbax-checkpoint-tmp'
    )
    checkpoints = Checkpoints(workdir)
    assert checkpoints.latest_step() == 9
    assert_same_bits(checkpoints.restore()[0], at(9))
    checkpoints.save(at(12), CARD)
    assert_same_bits(checkpoints.restore()[0], at(12))


def test_a_full_disk_is_reported_and_leaves_what_was_there(workdir, monkeypatch):
    before = content(workdir)

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ocp.CheckpointManager, 'save', full)
    with pytest.raises(UserError, match=r'cannot write a checkpoint under .*no space left'):
        Checkpoints(workdir).save(at(11), CARD)
    monkeypatch.undo()
    assert content(workdir) == before
    assert_same_bits(Checkpoints(workdir).restore()[0], at(9))


@pytest.mark.parametrize(
    'message',
    ['RESOURCE_EXHAUSTED: Error writing "x": No space left on device', 'PERMISSION_DENIED: x'],
)
def test_a_full_disk_as_tensorstore_reports_it(workdir, monkeypatch, message):
    def full(*args, **kwargs):
        raise ValueError(message)

    monkeypatch.setattr(ocp.CheckpointManager, 'save', full)
    with pytest.raises(UserError, match='cannot write a checkpoint'):
        Checkpoints(workdir).save(at(11), CARD)


def test_a_fault_of_ours_is_not_called_a_full_disk(workdir, monkeypatch):
    def fault(*args, **kwargs):
        raise ValueError('shapes do not fit')

    monkeypatch.setattr(ocp.CheckpointManager, 'save', fault)
    with pytest.raises(ValueError, match='shapes do not fit'):
        Checkpoints(workdir).save(at(11), CARD)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / 'checkpoints').write_text('a file of that name')
    with pytest.raises(UserError, match='cannot write a checkpoint'):
        Checkpoints(tmp_path).save(at(1), CARD)
    assert (tmp_path / 'checkpoints').read_text() == 'a file of that name'
