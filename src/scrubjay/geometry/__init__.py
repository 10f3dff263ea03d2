"""Geometry: principal components, the causal subspace, filters and their gate."""
