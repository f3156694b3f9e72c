"""A strong count model: tables of what followed in the training tunes, mixed log-linearly."""
