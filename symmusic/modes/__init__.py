"""The modes that launch.py calls: from a command to its output.

Each mode (train, sample, stats, evaluate, compare, experiment, study, studio) is the file of that
name with a function `run`. The other files are parts of modes. Log messages of all rooms are
printed to standard output.
"""

from symmusic.terminal import print_log

print_log()
