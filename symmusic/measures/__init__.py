"""Measures: pieces to numbers. Pure functions, but for the readers of folders."""
