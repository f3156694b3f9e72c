"""Notes, events and tokens: the event alphabet, quantisation to a grid, the encodings and their
vocabularies.
"""
