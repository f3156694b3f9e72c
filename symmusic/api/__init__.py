"""The library that modes and notebooks use: a run's corpus, its model and its pieces."""
