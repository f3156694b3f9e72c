"""The modes that launch.py calls: from a command to its output.

Each mode is the file of its name: train, sample, stats, evaluate, compare, experiment, study and
studio, with a function `run`. The other files are parts of these. Log messages of the other rooms
are printed on standard output.
"""

from symmusic.terminal import print_log

print_log()
