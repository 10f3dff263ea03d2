"""Fits: pure mathematics on tensors. Nothing here knows what a network is."""
