"""The contenders of ``side_by_side.py``: scrubjay, and what a user could pick instead for the same work."""
