"""Tokens, windows and batches: named corpora, preparation, cache, split and batch order. Host side,
numpy.
"""
