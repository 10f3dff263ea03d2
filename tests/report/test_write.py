"""The files of a report: figures, page, claims."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from scrubjay.core.errors import OutOfResources
from scrubjay.evidence.drawing import ONE, STRAY, ZERO, class_image, cloud, save
from scrubjay.evidence.rivals import RIVALS
from scrubjay.report.portrait import Portrait
from scrubjay.report.portrait_json import portrait_json
from scrubjay.report.terminal import plain_text
from scrubjay.report.write import write_figures, write_report
from scrubjay.run import Settings
from scrubjay.study import LINES, Study, explain
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.evidence.quick import short_fits
from tests.report.conftest import HOSTILE, POSITIONS, random_network

OF_MANY_CLASSES = ("attention.png", "inner-front.png", "inner-heads.png")
"""The figures of a study whose task has more than two classes."""


def bare_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure with nothing in it but a panel that fills it."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    return figure, axes


def colours_of(image: Image.Image) -> set[tuple[int, ...]]:
    """The colours that take more than a thousandth of an image."""
    counted = image.convert("RGB").getcolors(1 << 24) or []
    return {
        colour for count, colour in counted if isinstance(colour, tuple) and count * 1000 > image.width * image.height
    }


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def test_a_report_has_its_page_its_claims_and_all_of_its_figures(small_study: Study, report: Path) -> None:
    drawn = [picture.file for own in small_study.pictures().values() for picture in own]
    assert set(drawn) >= {
        "labels.png", "inner-front.png", "inner-heads.png", "attention.png", "components.png", "filters.png",
        "embedding.png", "images.png", "mlp.png", "steering.png", "scrubbing.png", "rivals.png",
    }  # fmt: skip
    assert {path.name for path in report.parent.iterdir()} == {"report.html", "claims.json", "tables.txt", *drawn}
    for file in drawn:
        with Image.open(report.parent / file) as image:
            assert image.mode == "P" and min(image.size) > 200
            assert len(colours_of(image)) >= 3


def test_progress_names_what_is_drawn_and_reaches_the_end(many_classes: Study, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    page = write_report(many_classes, str(tmp_path), lambda stage, share: told.append((stage, share)))
    assert page == tmp_path / "report.html"
    drawn = [(f"drawing {file}", at / len(OF_MANY_CLASSES)) for at, file in enumerate(OF_MANY_CLASSES)]
    assert told == [*drawn, ("writing the page", 1.0)]


def test_label_images_have_the_first_token_in_rows(tmp_path: Path) -> None:
    classes = np.zeros((4, 6), dtype=np.int64)
    classes[3, :], classes[0, 5] = 1, -1
    task = Task("corner", Domain(((0, 1, 2, 3), (0, 1, 2, 3, 4, 5), (6,))), ((0,), (1,)))
    figure, axes = bare_axes(3.0, 2.0)
    class_image(axes, task, torch.from_numpy(classes.reshape(-1)))
    with Image.open(save(figure, tmp_path / "image.png")) as drawn:
        pixels = np.asarray(drawn.convert("RGB"))
    height, width = pixels.shape[:2]
    middle = [
        (int((row + 0.5) * height / 4), int((column + 0.5) * width / 6)) for row in range(4) for column in range(6)
    ]
    wanted = [{-1: rgb(STRAY), 0: rgb(ZERO), 1: rgb(ONE)}[value] for value in classes.reshape(-1).tolist()]
    assert [tuple(pixels[place].tolist()) for place in middle] == wanted


def test_a_cloud_shows_each_class_in_its_colour_and_hides_none(tmp_path: Path) -> None:
    figure, axes = bare_axes(2.0, 2.0)
    classes = torch.arange(3000) // 1000 - 1
    places = np.random.default_rng(0).random((1000, 2))
    cloud(axes, np.concatenate([places, places, places]), classes)  # each place is taken by all three classes
    with Image.open(save(figure, tmp_path / "cloud.png")) as drawn:
        found = {colour: count for count, colour in drawn.convert("RGB").getcolors() or []}
    assert set(found) == {(255, 255, 255), rgb(STRAY), rgb(ZERO), rgb(ONE)}, "squares have no blended edges"
    points = [found[rgb(colour)] for colour in (STRAY, ZERO, ONE)]
    assert min(points) > 0.25 * sum(points), "neither class covers the others"


def test_the_same_figure_gives_the_same_bytes(many_classes: Study, tmp_path: Path) -> None:
    first, second = (write_figures(many_classes, tmp_path / name) for name in "ab")
    assert len(first) == len(second) == len(OF_MANY_CLASSES)
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


def test_a_figure_that_cannot_be_written_leaves_nothing(many_classes: Study, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutOfResources, match="cannot write"):
        write_figures(many_classes, tmp_path / "file")


@pytest.mark.parametrize("ends", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_tables_are_written_whole_or_not_at_all(
    many_classes: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: BaseException
) -> None:
    def fail(self: Path, target: Path) -> Path:
        if target.name == "tables.txt":
            raise ends
        return rename(self, target)

    rename = Path.replace
    monkeypatch.setattr("scrubjay.report.write.write_figures", lambda study, folder, progress: [])
    for old in (None, "old"):
        if old is not None:
            (tmp_path / "tables.txt").write_text(old)
        with monkeypatch.context() as patch, pytest.raises((KeyboardInterrupt, OutOfResources)):
            patch.setattr(Path, "replace", fail)
            write_report(many_classes, tmp_path)
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {"report.html", "claims.json"} | ({"tables.txt"} if old else set())
    assert (tmp_path / "tables.txt").read_text() == "old"
    write_report(many_classes, tmp_path)
    assert (tmp_path / "tables.txt").read_text(encoding="utf-8") == plain_text(many_classes)


def test_a_task_of_many_classes_has_the_figures_that_need_no_two_classes(many_classes: Study, tmp_path: Path) -> None:
    assert [path.name for path in write_figures(many_classes, tmp_path)] == list(OF_MANY_CLASSES)


def test_names_in_figures_start_no_formula(hostile: Study, hostile_report: Path) -> None:
    """matplotlib would refuse ``$x^$`` as a formula; the report was drawn, and its names stand there as they are."""
    assert "$x^$" in HOSTILE and "$B^$" in POSITIONS[1]
    seen = set()
    for own in hostile.pictures().values():
        for picture in own:
            figure = picture.draw()
            found = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]
            assert f"{HOSTILE} on {HOSTILE}" in next(text.get_text() for text in found if HOSTILE in text.get_text())
            assert not any(text.get_parse_math() for text in found if "$" in text.get_text())
            seen |= {text.get_text() for text in found}
            assert (hostile_report.parent / picture.file).exists()
    assert {f"token {name}" for name in POSITIONS[:2]} | set(POSITIONS) <= seen
    assert {f"α, {name}" for name in POSITIONS[:2]} <= seen


def test_three_varying_positions_have_the_same_names_in_figures_and_in_the_page(three_positions: Study) -> None:
    names = three_positions.task.position_names
    assert names == ("1", "2", "3", "4")
    (attention,) = three_positions.pictures()["attention"]
    legends = [axes.get_legend() for axes in attention.draw().axes]
    told = [[text.get_text() for text in legend.get_texts()] for legend in legends if legend is not None]
    assert told[0] == list(names)
    assert told[2] == ["token 1", "token 2", "token 3"]
    (strips,) = three_positions.pictures()["embeddings"]
    sides = [axes.get_ylabel() for axes in strips.draw().axes if axes.get_ylabel()]
    assert {side.split(", ")[1] for side in sides} == {"1", "2", "3"}
    assert json.loads(portrait_json(Portrait.of_study(three_positions)))["names"] == list(names)


def test_ten_varying_positions_are_drawn(tmp_path: Path) -> None:
    task = Task("ten positions", Domain(((0, 1),) * 10 + ((2,),)), ((0,), (1,)))
    quick = [line for line in LINES if line is not RIVALS]  # whose figure has no positions
    with short_fits():
        study = explain(random_network(3, 11, seed=3), task, Settings(draws=2), lines=quick)
    page = write_report(study, tmp_path)
    assert {"attention.png", "embedding.png"} <= {path.name for path in tmp_path.iterdir()}
    names = json.loads(portrait_json(Portrait.of_study(study)))["names"]
    assert names == [str(number) for number in range(1, 12)]
    assert 'id="explorer"' in page.read_text(encoding="utf-8")
