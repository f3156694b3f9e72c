"""From flags and config files to one checked config, or to one line that says what is wrong."""
