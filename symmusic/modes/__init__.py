"""From a command to its output: what launch.py calls.

A mode is the file of its name: train, sample, stats, evaluate, compare, experiment and study, each
with a function `run`. The other files are what one of them is made of. What the rooms before it log
appears on standard output.
"""

import logging


class _Terminal(logging.Handler):
    """Prints each message on standard output, whatever that is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record))


_logger = logging.getLogger('symmusic')
if not _logger.handlers:
    _logger.addHandler(_Terminal())
    _logger.setLevel(logging.INFO)
    _logger.propagate = False
