"""Conversions to and from other libraries' networks."""
