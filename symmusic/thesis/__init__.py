"""What only repeats the thesis: its published tables."""
