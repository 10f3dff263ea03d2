"""Write a benchmark's table into a page, between markers."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
"""The folder of the documentation."""


def write_table(page: str | Path, marker: str, table: str) -> None:
    """Replace what stands between ``<!-- marker -->`` and the next ``<!-- end -->`` of a page.

    Raises:
        ValueError: the page has no such markers.
    """
    spec = importlib.util.spec_from_file_location("fill_tables", DOCS / "fill_tables.py")
    assert spec is not None and spec.loader is not None
    fill_tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fill_tables)
    page = Path(page)
    page.write_text(fill_tables.between(page.read_text(), marker, table))
