"""Sweeps: the same study over many networks."""
