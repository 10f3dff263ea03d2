"""The report: what a study found, as tables, JSON and figures. It computes nothing."""
