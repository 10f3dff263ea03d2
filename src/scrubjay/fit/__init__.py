"""Fits: pure mathematics on tensors and arrays. Nothing here knows what a network is."""
