"""Surveys: explain every network file of some folders, each in a process of its own, and keep one row of each."""
