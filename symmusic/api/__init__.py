"""What a run is and does, for the modes and for notebooks: its corpus, its model, its pieces."""
