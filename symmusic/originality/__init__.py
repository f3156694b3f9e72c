"""Originality: copied runs, alignments and MelodyShape similarity, and the limit that sampling keeps to."""
