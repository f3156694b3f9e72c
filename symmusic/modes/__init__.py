"""From a command to its output: what launch.py calls.

A mode is the file of its name: train, sample, stats, evaluate, compare, experiment and study, each
with a function `run`. The other files hold what several modes share or what one of them is made of.
"""
