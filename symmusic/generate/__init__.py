"""Prompt to pieces: reading the prompt, drawing tokens (pure), composing and writing pieces."""
