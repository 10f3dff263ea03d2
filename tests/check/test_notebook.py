"""The example notebook runs from its first cell to its last and prints what a study finds."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples" / "the_post_in_order.ipynb"


@pytest.fixture(scope="module")
def outputs() -> dict[int, str]:
    """What each cell printed, followed by the types of the pictures and widgets that it showed."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert all(not cell.get("outputs") for cell in notebook.cells), "the notebook is kept without outputs"
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    said = {}
    for at, cell in enumerate(notebook.cells):
        parts = [output.get("text", "") + " ".join(output.get("data", {})) for output in cell.get("outputs", [])]
        said[at] = "".join(parts)
    return said


EXPECTED = [
    (r"12,769 inputs, 6,384 of them seen", None, None),
    (r"right on all inputs: ([\d.]+)%", 98.3, 0.05),
    (r"training did not see: ([\d.]+)%", 96.6, 0.05),
    (r"image/png", None, None),
    (r"stays the same on ([\d.]+)% of the inputs", 77.4, 0.05),
    (r"(\d+) components keep", 3, 0),
    (r"components keep ([\d.]+)%", 99.8, 0.3),
    (r"AND of two filters in 3 components gives ([\d.]+)%", 93.1, 1),
    (r"in all 128 dimensions give ([\d.]+)%", 98.5, 1),
    (r"before the MLP, one half-space gives ([\d.]+)%", 93.8, 1),
    (r"after the MLP, one half-space gives ([\d.]+)%", 99.9, 0.3),
    (r"frozen resid_mid: ([\d.e-]+)\s", 0, 1e-5),
    (r"after the shift predict ([\d.]+)%", 97.1, 3),
    (r"before the shift predict ([\d.]+)%", 54.7, 8),
    (r"\[1\*\]\s+([\d.]+)%", 99.8, 0.5),
    (r"\[1\+2\+3a\+3b\]\s+([\d.]+)%", 80.9, 3),
    (r"\[1\] leaves ([\d.]+)%: it explains nothing", 50, 8),
    (r"application/vnd.jupyter.widget-view", None, None),
]
"""What the notebook prints, the number in it, and how far the number may be from that of the pinned study."""


@pytest.mark.parametrize(("pattern", "value", "within"), EXPECTED)
def test_the_notebook_finds_what_the_library_finds(
    outputs: dict[int, str], pattern: str, value: float | None, within: float | None
) -> None:
    found = re.search(pattern, "\n".join(outputs.values()))
    assert found is not None
    if value is not None and within is not None:
        assert abs(float(found[1]) - value) <= within
