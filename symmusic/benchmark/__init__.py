"""A public benchmark of predicting melodies: eight sets, cross-validation by melody, the published
count models and a network of our own.
"""
