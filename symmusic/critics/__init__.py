"""Critics: classifiers that try to distinguish generated pieces from real ones."""
