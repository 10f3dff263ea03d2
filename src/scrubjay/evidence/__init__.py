"""Evidence: one package for each line of evidence."""
