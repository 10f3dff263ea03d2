"""The documentation: `make docs`, or `sphinx-build -W docs docs/_build`."""

from importlib.metadata import version as installed
from pathlib import Path

project = "scrubjay"
author = "The scrubjay maintainers"
copyright = "2026, the scrubjay maintainers"
version = release = installed("scrubjay")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

napoleon_google_docstring = True
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"

html_theme = "furo"
html_title = "scrubjay"
report = Path(__file__).parents[1] / "out" / "report.html"
html_extra_path = [str(report)] if report.exists() else []
