"""Training: one optimiser step, many networks at once, and run folders that training can be resumed from."""
