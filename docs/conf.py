"""The documentation: `make docs`, or `sphinx-build -W docs docs/_build`."""

import shutil
from importlib.metadata import version as installed
from pathlib import Path

project = "scrubjay"
author = "The scrubjay maintainers"
copyright = "2026, the scrubjay maintainers"
version = release = installed("scrubjay")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_example"]

napoleon_google_docstring = True
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"

html_theme = "furo"
html_title = "scrubjay"
report, example = Path(__file__).parents[1] / "out" / "report.html", Path(__file__).parent / "_example"
html_extra_path = [example.name]  # the example page that the index links to, under a name that no document has
example.mkdir(exist_ok=True)
if report.exists():
    shutil.copyfile(report, example / "example.html")
