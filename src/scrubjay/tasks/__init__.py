"""Tasks: which inputs there are, where the answer is read, the classes of answers, and the labels where known."""
