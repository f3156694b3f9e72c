"""Originality: copied runs, alignment, MelodyShape, and the limit on copies that sampling keeps."""
