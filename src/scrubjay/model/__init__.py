"""The model: one transformer layer, the fast way to run it, its files and its training."""
