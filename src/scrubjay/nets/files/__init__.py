"""Networks as files: our own sealed format, other programs' checkpoints, and repositories of the Hugging Face hub."""
