"""Notes, events and tokens: the event alphabet, quantisation to sixteenths, the encodings and their
vocabularies.
"""
