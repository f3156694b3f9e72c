"""Measures: pieces to numbers. Pure functions, except for the readers of folders."""
