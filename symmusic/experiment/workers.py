"""Several workers on one experiment: how they share the arms, and whether they run the same code,
arms and claims.
"""

import hashlib
import json
import logging
import pathlib
import re
import time
from collections.abc import Callable, Mapping, Sequence

import symmusic
from symmusic.config import runs
from symmusic.config.arms import Experiment
from symmusic.config.protocol import base_config
from symmusic.errors import UserError
from symmusic.experiment.arm import Arm
from symmusic.experiment.claims import Claims
from symmusic.experiment.stored import UNMEASURED, key_of, read_stored
from symmusic.files import write_whole
from symmusic.wording import count

POLL_SECONDS = 5.0
REPORT = 'report'  # the part whose claim is the right to write the report
log = logging.getLogger(__name__)


def work(
    arms: Sequence[Arm],
    claims: Claims,
    run: Callable[[Arm], None],
    poll_seconds: float | None = None,
) -> None:
    """Runs, in order, the arms that no other worker is running, then waits for the others. If a
    worker is killed, its arm is run here.

    An arm that copies the training of another one comes after it.
    """
    left, logged = list(arms), ''
    while left:
        done, ahead = set(), {arm.folder for arm in left}
        for arm in left:
            if arm.twin in ahead - done:
                continue
            with claims.holding(part_of(arm)) as held:
                if held is None:
                    continue
                run(arm)
                done.add(arm.folder)
        left = [arm for arm in left if arm.folder not in done]
        if left and not done:
            running = [
                f'{arm.name} ({who})' for arm in left if (who := claims.holder(part_of(arm)))
            ]
            if (now := ', '.join(running)) != logged:
                log.info(f'waiting for the arms of other workers: {now}')
                logged = now
            time.sleep(POLL_SECONDS if poll_seconds is None else poll_seconds)


def part_of(arm: Arm) -> str:
    """The name of an arm's claim."""
    return f'{arm.variant}-{arm.name}-{arm.config.data.split_seed}'


def write_once(claims: Claims, found: Mapping, write: Callable[[], None]) -> None:
    """Writes the report, unless another worker has written it since this one joined; waits while
    another worker is writing it.
    """
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    while True:
        with claims.holding(REPORT) as held:
            if held is not None:
                if held.before == digest:
                    log.info(f'the report was written by {held.who}')
                else:
                    write()
                held.note = digest
                return
        time.sleep(0.2)


def read_shard(text: str) -> tuple[int, int] | None:
    """The value of --shard=INDEX/COUNT; None where it is empty.

    Raises:
      UserError: it has another form.
    """
    if not text:
        return None
    match = re.fullmatch(r'(\d{1,6})/(\d{1,6})', text)
    index, num_shards = map(int, match.groups()) if match else (0, 0)
    if index >= num_shards:
        raise UserError(f'--shard={text}: must be INDEX/COUNT, where INDEX is from 0 to COUNT - 1')
    return index, num_shards


def shard_of(arms: Sequence[Arm], index: int, num_shards: int) -> list[Arm]:
    """The arms of one of several shards, assigned in turn; an arm that copies the training of
    another one goes with it.
    """
    roots: dict[pathlib.Path, int] = {}
    for arm in arms:
        roots.setdefault(arm.twin or arm.folder, len(roots))
    return [arm for arm in arms if roots[arm.twin or arm.folder] % num_shards == index]


def is_done(arm: Arm) -> bool:
    """Whether an arm is trained and measured, with these settings."""
    return read_stored(arm.folder / 'arm.json', key_of(arm.config)) is not None


def settings_of(splits: Sequence[Experiment]) -> dict:
    """What all workers of an experiment must have in common: code, arms on all splits, claims."""
    first = splits[0]
    return {
        'version': symmusic.__version__,
        'code': digest_of_code(pathlib.Path(symmusic.__file__).parent),
        'quick': first.quick,
        'claims': repr(first.hypothesis.primaries),
        'arms': {
            f'{variant}-{name}-{config.data.split_seed}': runs.to_dict(config)
            for each in splits
            for variant, configs in each.configs.items()
            for name, config in configs.items()
        },
    }


def digest_of_code(folder: pathlib.Path) -> str:
    """A short digest of all Python files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob('*.py')):
        digest.update(f'{path.relative_to(folder).as_posix()}\n'.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def check_same(claims: Claims, settings: Mapping, folder: pathlib.Path) -> None:
    """Checks that the workers that joined earlier run the same code, arms and claims.

    Raises:
      UserError: a worker differs.
    """
    for other in claims.others():
        if (other['begun'], other['id']) > (claims.begun, claims.id):
            continue  # it joined later and checks this itself
        if why := difference(other['settings'], settings):
            raise UserError(
                f'{other["who"]} works in {folder} with {why}; wait until it has ended, choose'
                ' another --workdir, or start all workers with the same code and config'
            )


def difference(theirs: Mapping, mine: Mapping) -> str:
    """How the settings of two workers differ, in a few words; '' where they agree."""
    if theirs['code'] != mine['code']:
        versions = [f'{each["version"]}, {each["code"]}' for each in (theirs, mine)]
        return f'different code (version {versions[0]}; here {versions[1]})'
    if unlike := sorted(theirs['arms'].keys() ^ mine['arms'].keys()):
        where = 'there' if unlike[0] in theirs['arms'] else 'here'
        return f'different arms: {unlike[0]} only {where}'
    base = base_config()
    for name, values in theirs['arms'].items():
        one, other = (runs.from_dict(dict(each), base) for each in (values, mine['arms'][name]))
        if found := runs.differences(one, other, UNMEASURED):
            more = f' and {count(len(found) - 1, "more field")}' * (len(found) > 1)
            first = f'{found[0].replace("in the run", "there").removesuffix("now")}here'
            return f'a different config: in {name} {first}{more}'
    if theirs['claims'] != mine['claims'] or theirs['quick'] != mine['quick']:
        return 'different claims'
    return ''


def note_code(folder: pathlib.Path, settings: Mapping) -> None:
    """Adds the version of this code to `claims/code.json`, the list of all versions that an
    experiment was run with, and logs if the last one was different.
    """
    path, mine = (
        folder / 'claims' / 'code.json',
        {name: settings[name] for name in ('version', 'code')},
    )
    try:
        known = json.loads(path.read_text())
        before = f'{known[-1]["version"]}, {known[-1]["code"]}'
    except (OSError, ValueError, LookupError, TypeError):
        known, before = [], ''
    if known[-1:] == [mine]:
        return
    if before:
        log.info(
            f'{folder} was last run with different code (version {before}; here {mine["version"]},'
            f' {mine["code"]}): finished results are kept'
        )
    write_whole(path, json.dumps([*known, mine], indent=2) + '\n')
