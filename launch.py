"""The command line: `python launch.py --mode=MODE --config=configs/attn.py`; see `--help`."""

import errno
import importlib
import os
import pathlib
import signal
import sys
import types

from symmusic.compiled import keep_compiled
from symmusic.config import flags
from symmusic.errors import Interrupted, UserError
from symmusic.files import cache_folder
from symmusic.progress import shown

ROOT = pathlib.Path(__file__).resolve().parent
DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO)
# the files of symmusic/modes
MODES = ('train', 'sample', 'stats', 'evaluate', 'compare', 'experiment', 'study', 'studio')


def main(arguments: list[str]) -> int:
    """Runs one command; the exit status: 0, 2 for a user's mistake (one line says which), 1 for a
    run that was stopped.
    """
    try:
        command = flags.parse(arguments, root=ROOT, modes=MODES)
        if os.environ.get('SYMMUSIC_PROCESSES') and command.mode != 'train':
            raise UserError(
                f'SYMMUSIC_PROCESSES is set, and --mode={command.mode} runs in one process:'
                ' unset it'
            )
        # Imported after the flags are read, and JAX after what they name is checked: it takes a
        # second, and a mistake should not.
        importlib.import_module('symmusic.api.named').check(command)
        with shown():
            importlib.import_module(f'symmusic.modes.{command.mode}').run(command)
    except UserError as error:
        print('error: ' + ' '.join(str(error).split()), file=sys.stderr)
        return 2
    except Interrupted as stopped:
        print(stopped, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('stopped', file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno in DISK_FAULTS:
            # A write without a message of its own, such as that of standard output; all files are
            # complete or absent.
            print(
                f'error: {" ".join(str(error).split())}; free the disk and run the same command',
                file=sys.stderr,
            )
            return 1
        if not isinstance(error, BrokenPipeError):
            raise
        # The reader of our output has gone, as in `... | head`: print nothing, and let the flush at
        # exit go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def heed_signals() -> None:
    """Makes SIGTERM act as Ctrl-C does; training handles both and saves. Where Python ignores the
    exception, as in the callbacks of its garbage collector, which JAX has, it is raised again.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not hasattr(signal, 'setitimer'):  # Windows
        return
    before = sys.unraisablehook

    def raise_later(ignored: 'sys.UnraisableHookArgs') -> None:
        if ignored.exc_type is KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        else:
            before(ignored)

    def raise_now(number: int, frame: types.FrameType | None) -> None:
        # within the hook it would be ignored as well
        if frame is not None and frame.f_code is raise_later.__code__:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        else:
            signal.default_int_handler(number, frame)

    signal.signal(signal.SIGALRM, raise_now)
    sys.unraisablehook = raise_later


def command() -> None:
    """Prepares this process, runs the command of its arguments and exits with its status."""
    # Compiled programs are kept from run to run; JAX_ENABLE_COMPILATION_CACHE=false turns that off.
    keep_compiled(cache_folder() / 'compiled')
    # XLA ends a process whose CPU devices wait for one another for 40 s, which happens if the
    # process is suspended or its cores are busy.
    patience = (
        '--xla_cpu_collective_call_warn_stuck_timeout_seconds=600'
        ' --xla_cpu_collective_call_terminate_timeout_seconds=3600'
    )
    os.environ['XLA_FLAGS'] = f'{patience} {os.environ.get("XLA_FLAGS", "")}'.strip()
    # LAPACK's threads wait for one another by spinning: on a busy machine initial weights took 6 s
    # with two threads and 0.03 s with one.
    os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
    heed_signals()
    # so that lines appear at once through a pipe, too
    sys.stdout.reconfigure(line_buffering=True)
    status = main(sys.argv[1:])
    if status == 1:
        # Stopped: XLA's threads may still be compiling, and Python's normal exit can crash because
        # of them.
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == '__main__':
    command()
