"""Originality: copied runs, alignment, MelodyShape, and the limit on copied runs in sampling."""
