"""Pieces to numbers: how good a model's pieces are, and beside what one should read that."""
