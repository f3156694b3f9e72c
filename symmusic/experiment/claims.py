"""Claims of workers on the parts of an experiment: files in a folder that all workers share.

A claim on a part is a numbered file that is created only if it does not exist yet; the highest
number is the valid claim. If that claim is released or its holder is gone (`presence`), another
worker may create the next number; of several workers, only one succeeds. A worker whose claim was
taken over while its process was suspended stops before it writes anything else.
"""

import contextlib
import dataclasses
import json
import logging
import os
import pathlib
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping

from symmusic.errors import UserError
from symmusic.experiment.presence import GONE_SECONDS, Presence
from symmusic.files import write_whole

BEAT_SECONDS = 30.0
log = logging.getLogger(__name__)


@dataclasses.dataclass
class Held:
    """A part that a worker holds.

    Attributes:
      note: a message from this worker to later holders.
      before: the note of the previous holder, if it was written since this worker joined; else ''.
      who: the previous holder, if there is such a note.
    """

    note: str = ''
    before: str = ''
    who: str = ''


class Claims(Presence):
    """A worker that is present in a folder and claims parts; see `join`. Leaving releases them."""

    @contextlib.contextmanager
    def holding(self, part: str) -> Iterator[Held | None]:
        """Holds a part, named by letters, digits, '-' and '_'; None if another worker holds it."""
        held = self._take(part)
        try:
            yield held and held[1]
        finally:
            if held:
                with contextlib.suppress(
                    UserError
                ):  # released when this worker leaves, at the latest
                    self._write(held[0], note=held[1].note, released=True)

    def holder(self, part: str) -> str:
        """Who claimed a part last, '' if nobody has."""
        _, record = self._last(part)
        return record['who'] if record else ''

    def _take(self, part: str) -> tuple[pathlib.Path, Held] | None:
        number, record = self._last(part)
        before = Held()
        if record:
            path = self.folder / f'worker.{record["worker"]}.json'
            if not record['released']:
                # a claim that is still being written names no worker yet
                if not record['worker'] or self.is_present(path):
                    return None
                path.unlink(missing_ok=True)  # if it was only suspended, it stops when it resumes
                log.info(f'{part}: {record["who"]} has gone; taken over')
            elif record['modified'] >= self.begun:
                before = Held(before=record['note'], who=record['who'])
        path = self.folder / f'{part}.{number + 1}.json'
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except FileExistsError:
            return None
        self._write(path, note='', released=False)
        return path, before

    def _write(self, path: pathlib.Path, *, note: str, released: bool) -> None:
        fields = {'worker': self.id, 'who': self.who, 'released': released, 'note': note}
        write_whole(path, json.dumps(fields) + '\n')

    def _last(self, part: str) -> tuple[int, dict | None]:
        """The number and the record of the last claim of a part; 0 and None if there is none."""
        numbers = [
            int(path.name.split('.')[1])
            for path in self.folder.glob(f'{part}.*.json')
            if path.name.split('.')[1].isdigit()
        ]
        if not numbers:
            return 0, None
        path = self.folder / f'{part}.{max(numbers)}.json'
        try:
            modified = path.stat().st_mtime
            record = json.loads(path.read_text() or 'null')
        except (OSError, ValueError):
            record, modified = None, self.now()
        # empty between its creation and its content
        empty = {'worker': '', 'who': 'a worker', 'note': ''}
        empty['released'] = self.now() - modified > GONE_SECONDS
        return max(numbers), (record or empty) | {'modified': modified}


@contextlib.contextmanager
def join(
    folder: pathlib.Path, settings: Mapping, lost: Callable[[str], None] | None = None
) -> Iterator[Claims]:
    """The claims of this process in `folder`, which is created.

    Args:
      folder: the same for all workers.
      settings: what other workers can read about this one.
      lost: called from another thread if this worker was declared gone; by default the process
        ends at once.

    Raises:
      UserError: the folder cannot be written.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        claims = Claims(folder, settings)
    except OSError as error:
        raise UserError(
            f'cannot write into {folder}: {error.strerror or error}; free the disk or choose'
            ' another folder'
        ) from error
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS):
            if not claims.beat():
                (lost or _end)(
                    f'{claims.who} was suspended, and other workers took over its claims'
                )
                return

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield claims
    finally:
        ended.set()
        claims.leave()
        _remove_unused(folder, made)


def _end(why: str) -> None:
    """Ends the process without another write."""
    print(f'{why}; nothing is lost: start the command again', file=sys.stderr, flush=True)
    os._exit(1)


def _remove_unused(folder: pathlib.Path, made: list[pathlib.Path]) -> None:
    """Removes the folder of claims, and those made with it, if nothing else was written."""
    with contextlib.suppress(OSError):
        if any(folder.glob('worker.*')) or [path.name for path in folder.parent.iterdir()] != [
            folder.name
        ]:
            return
        shutil.rmtree(folder)
        for path in made[1:]:
            path.rmdir()
