"""What the bits of a run depend on beside its config: versions, devices, flags of the compiler, the
commit and the corpus.
"""

import importlib.metadata
import os
import pathlib
import platform
import re

import jax

VERSIONED = ('jax', 'jaxlib', 'flax', 'optax', 'orbax-checkpoint', 'numpy', 'music21')


def versions() -> dict[str, str]:
    """The installed version of each package that computes or prepares."""
    return {name: importlib.metadata.version(name) for name in VERSIONED}


def made_with(num_devices: int, fingerprint: str, root: pathlib.Path) -> dict:
    """This process and the corpus, as a run's `config.json` keeps it; `num_devices` are those in
    use of all that there are.
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
    """The commit that the checkout at `root` is on, from git's files, None where there are none;
    what was changed since is not told.
    """
    try:
        git = root / '.git'
        if git.is_file():  # a worktree's or submodule's
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
    """In what two processes differ, '' where they may compute the same bits."""
    old, new = {**old_versions, 'device': old_device}, {**new_versions, 'device': new_device}
    return ', '.join(
        f'{name} {old.get(name)} before and {new.get(name)} now'
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )
