"""The library: what the modes and notebooks use of a run: its corpus, its model, its pieces."""
