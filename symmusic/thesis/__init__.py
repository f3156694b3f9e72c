"""Only needed to repeat the thesis: its published tables."""
