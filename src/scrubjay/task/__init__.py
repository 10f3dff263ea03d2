"""The task: every input that a network can be given, and the classes of its answers."""
