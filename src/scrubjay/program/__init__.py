"""Label programs: what they are, how one is found behind a label matrix, and where a network's errors lie in it."""
