"""Flags and config files in, one checked config out, or one line that says what is wrong."""
