"""The report against the study that it shows."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.report.claims_json import claims_json, write_claims
from scrubjay.report.figures import write_figures
from scrubjay.report.terminal import study_tables
from scrubjay.study import explain
from scrubjay.study_old.records import Study
from tests.planted import plant


@pytest.fixture(scope="module")
def study() -> Study:
    planted = plant("AND", tokens=30, d_model=8, seed=3)
    task = replace(planted.task, published={"gate.full": 0.5})
    return explain(
        SavedNetwork(planted.network, "planted", None, None, {"sha256": "ab"}), task, draws=3, command="scrubjay x"
    )


def test_claims_json_has_exactly_the_promised_keys(study: Study, tmp_path: Path) -> None:
    content = json.loads(write_claims(study, tmp_path).read_text())
    assert set(content) == {"provenance", "claims"}
    assert {"network_sha256", "versions", "seed", "task", "command"} <= set(content["provenance"])
    assert len(content["claims"]) == len(study.claims) > 5
    for claim in content["claims"]:
        assert list(claim) == ["id", "statement", "post", "value", "interval", "control", "verdict"]
        assert isinstance(claim["value"], int | float)
        assert claim["interval"] is None or len(claim["interval"]) == 2
        assert claim["verdict"] in ("holds", "partly", "fails")


def test_the_same_study_gives_the_same_bytes(study: Study) -> None:
    planted = plant("AND", tokens=30, d_model=8, seed=3)
    task = replace(planted.task, published={"gate.full": 0.5})
    again = explain(
        SavedNetwork(planted.network, "planted", None, None, {"sha256": "ab"}), task, draws=3, command="scrubjay x"
    )
    assert claims_json(again) == claims_json(study)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_table_shows_each_claim_at_any_width(study: Study, width: int) -> None:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(study_tables(study))
    shown = console.export_text()
    console.file.close()
    for claim in study.claims:
        assert claim.id in shown or len(claim.id) > width / 4
    assert "[1+2+3a+3b]" in shown
    assert width < 160 or ("worst" in shown and "ground truth" in shown)
    assert max(len(line) for line in shown.splitlines()) <= width
    assert "post*" in shown


def test_label_images_have_rows_a_and_columns_b(study: Study, tmp_path: Path) -> None:
    written = write_figures(study, tmp_path)
    assert {path.name for path in written} == {
        "labels.png", "attention.png", "components.png", "filters.png", "mlp.png", "embedding.png", "images.png",
        "steering.png", "scrubbing.png", "rivals.png",
    }  # fmt: skip
    for path in written:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        assert min(pixels.shape[:2]) > 250
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


def test_a_task_of_more_classes_has_only_the_figure_of_attention(tmp_path: Path) -> None:
    planted = plant("AND", tokens=12, d_model=8, seed=3)
    three = replace(planted.task, classes=((0,), (1,), (2,)))
    found = explain(SavedNetwork(planted.network, "planted", None, None, {"sha256": "ab"}), three, draws=2)
    assert [path.name for path in write_figures(found, tmp_path)] == ["attention.png"]
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(study_tables(found))
    console.file.close()
    assert "3 classes" in console.export_text()
