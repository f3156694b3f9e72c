"""Critics: whether generated pieces can be told from real ones."""
