"""Sweeps: train many networks on one task, and explain each of them in the same way."""
