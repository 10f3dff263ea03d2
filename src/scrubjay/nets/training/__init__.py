"""Training: one step, many networks at once, and runs that can be resumed."""
