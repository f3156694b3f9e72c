"""The studio: composing in one page that contains the network."""
