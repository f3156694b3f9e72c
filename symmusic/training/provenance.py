"""Records everything besides the config that the exact bits of a run depend on: versions, devices,
compiler flags, the commit and the corpus.
"""

import importlib.metadata
import os
import pathlib
import platform
import re

import jax

VERSIONED = ('jax', 'jaxlib', 'flax', 'optax', 'orbax-checkpoint', 'numpy', 'music21')


def versions() -> dict[str, str]:
    """The installed version of each package that computes or prepares data."""
    return {name: importlib.metadata.version(name) for name in VERSIONED}


def made_with(num_devices: int, fingerprint: str, root: pathlib.Path) -> dict:
    """This process and the corpus, as a run's `config.json` records them; `num_devices` is how many
    of the available devices are in use.
    """
    device = jax.devices()[0]
    return {
        'commit': commit(root),
        'corpus_fingerprint': fingerprint,
        'device': f'{num_devices} of {jax.device_count()} {device.platform} ({device.device_kind})',
        'machine': f'{platform.system()} {platform.machine()}',
        'versions': {'python': platform.python_version(), **versions()},
        'xla_flags': os.environ.get('XLA_FLAGS', ''),
    }


def commit(root: pathlib.Path) -> str | None:
    """The commit of the checkout at `root`, read from git's files, None if it is not a checkout.
    Uncommitted changes are not detected.
    """
    try:
        git = root / '.git'
        if git.is_file():  # in a worktree or submodule
            git = root / git.read_text().removeprefix('gitdir:').strip()
        common = (
            git / (git / 'commondir').read_text().strip() if (git / 'commondir').exists() else git
        )
        head = (git / 'HEAD').read_text().strip()
        if head.startswith('ref:'):
            name = head.removeprefix('ref:').strip()
            packed = common / 'packed-refs'
            loose = next(
                (folder / name for folder in (git, common) if (folder / name).is_file()), None
            )
            lines = [] if loose or not packed.exists() else packed.read_text().splitlines()
            head = (
                loose.read_text().strip()
                if loose
                else next((line.split()[0] for line in lines if line.endswith(f' {name}')), '')
            )
        return head if re.fullmatch('[0-9a-f]{40,64}', head) else None
    except (OSError, UnicodeDecodeError):
        return None


def changes(
    old_versions: dict[str, str], old_device: str, new_versions: dict[str, str], new_device: str
) -> str:
    """How two processes differ, '' if they may compute the same bits."""
    old, new = {**old_versions, 'device': old_device}, {**new_versions, 'device': new_device}
    return ', '.join(
        f'{name} {old.get(name)} before and {new.get(name)} now'
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )
