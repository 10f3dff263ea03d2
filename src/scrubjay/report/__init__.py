"""Reports: what a study found, as a page, in the terminal, as JSON and as animations."""
