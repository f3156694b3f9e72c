"""Windows to parameters: state, update, checkpoints and the training loop."""
