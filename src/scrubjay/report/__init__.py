"""The report: what a study found, as a page, in the terminal, and as JSON."""
