"""Activations: what the network computes on every input."""
