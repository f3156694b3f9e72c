"""The modes that launch.py calls: from a command to its output.

Each mode is the file of its name: train, sample, stats, evaluate, compare, experiment and study,
with a function `run`. The other files are parts of these. Log messages of the other rooms are
printed on standard output.
"""

import logging


class _Terminal(logging.Handler):
    """Prints each message on the current standard output."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record))


_logger = logging.getLogger('symmusic')
if not _logger.handlers:
    _logger.addHandler(_Terminal())
    _logger.setLevel(logging.INFO)
    _logger.propagate = False
