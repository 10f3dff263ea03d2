"""Animations as files: frames, pixels, colours, formats."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scrubjay.core.errors import BadInput, OutOfResources
from scrubjay.evidence.drawing import ONE, ZERO
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.transformer import Transformer
from scrubjay.report.animation import FEW, MARGIN, MOST_COLOURS, SIZE, class_colours, write_animation
from scrubjay.report.motion import MOTIONS, Frame, Motion, Moving
from scrubjay.tasks.modular import modular_addition
from tests.data.small_network import small_task


def motion(count: int, *, classes: Sequence[int] = (1,), n_classes: int = 2, title: str = "walk") -> Motion:
    """A row of points, one for each of ``classes``, that walks from the lower left to the upper right."""

    def frames() -> Iterator[Frame]:
        for step in range(count):
            place = step / (count - 1)
            points = [[place + 0.02 * at, place] for at in range(len(classes))]
            yield Frame(torch.tensor(points, dtype=torch.float64), torch.tensor(classes), f"step {step}")

    extent = ((-0.5, 1.5 + 0.02 * len(classes)), (-0.5, 1.5))
    return Motion(title, ("across", "up"), len(classes), n_classes, extent, True, count, frames())


def pixels_of(path: Path, frame: int = 0) -> np.ndarray:
    """The plane of one frame, without what stands around it."""
    with Image.open(path) as image:
        image.seek(frame)
        return np.asarray(image.convert("RGB")).astype(int)[MARGIN + 1 : SIZE - MARGIN, MARGIN + 1 : SIZE - MARGIN]


def coloured(pixels: np.ndarray, colour: str) -> np.ndarray:
    """Where pixels have a colour, [count, 2]."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    return np.argwhere(np.abs(pixels - wanted).sum(-1) < 40)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_frames_are_written_and_points_are_where_they_should_be(tmp_path: Path, suffix: str) -> None:
    drawn: list[int] = []
    path = tmp_path / f"walk{suffix}"
    write_animation(motion(5), str(path), lambda: drawn.append(1))
    assert len(drawn) == 5
    with Image.open(path) as image:
        assert (getattr(image, "n_frames", 0), image.size) == (5, (SIZE, SIZE))
    found = [coloured(pixels_of(path, number), ONE) for number in (0, 4)]
    assert [len(places) for places in found] == [4, 4]
    (low_row, low_column), (high_row, high_column) = (places.mean(0) for places in found)
    span = SIZE - 2 * MARGIN
    assert low_column == pytest.approx(span * 0.5 / 2.02, abs=2)
    assert high_column == pytest.approx(span * 1.5 / 2.02, abs=2)
    assert (low_row, high_row) == (pytest.approx(0.75 * span, abs=2), pytest.approx(0.25 * span, abs=2))


def test_a_point_of_each_of_113_classes_has_a_colour_of_its_own(tmp_path: Path) -> None:
    classes = [-1, *range(113)]
    path = tmp_path / "many.gif"
    write_animation(motion(2, classes=classes, n_classes=113), path)
    codes, counts = np.unique(pixels_of(path) @ [65536, 256, 1], return_counts=True)
    found = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    for colour in ("#000000", *class_colours(113)):
        assert found[int(colour[1:], 16)] == 4, colour


@pytest.mark.parametrize("n_classes", [2, 3, 7, 8, 113, MOST_COLOURS, MOST_COLOURS + 1, 5000])
def test_classes_have_colours_that_can_be_told_apart(n_classes: int) -> None:
    colours = class_colours(n_classes)
    assert len(colours) == n_classes
    assert len(set(colours)) == min(n_classes, MOST_COLOURS)
    assert "#000000" not in colours and "#FFFFFF" not in colours
    if n_classes <= 7:
        assert colours == list(FEW[:n_classes]) and colours[:2] == [ZERO, ONE]
    else:  # a wheel: neighbours are nearly alike, the first and the last too, and opposites are not
        far = distance(colours[0], colours[n_classes // 2])
        assert distance(colours[0], colours[-1]) < far / 2 and distance(colours[0], colours[1]) < far / 2


def distance(one: str, other: str) -> int:
    return sum(abs(int(one[at : at + 2], 16) - int(other[at : at + 2], 16)) for at in (1, 3, 5))


def test_a_network_of_many_classes_is_animated(tmp_path: Path) -> None:
    network = Transformer.initialised(Config(114, 3, 4, 1, 4, 3), seed=1)
    moving = Moving.of(network, modular_addition(113))
    write_animation(MOTIONS["attention"](moving, 2), tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert getattr(image, "n_frames", 0) == 2


def test_every_motion_of_a_network_is_drawn_and_small(small: SavedNetwork, tmp_path: Path) -> None:
    moving = Moving.of(small, small_task())
    for what, made in MOTIONS.items():
        path = tmp_path / f"{what}.gif"
        motion = made(moving, 30)
        write_animation(motion, path)
        first, last = pixels_of(path), pixels_of(path, motion.count - 1)
        assert len(coloured(first, ZERO)) + len(coloured(first, ONE)) > 484, what
        assert not np.array_equal(first, last)
        assert path.stat().st_size < motion.count * 5_000  # unchanged pixels cost next to nothing


@pytest.mark.parametrize("title", ["two\nlines", "a very long name " * 30, "$x$ [b] \\ <i>", ""])
def test_any_title_fits_in_its_line(tmp_path: Path, title: str) -> None:
    write_animation(motion(2, title=title), tmp_path / "walk.gif")
    with Image.open(tmp_path / "walk.gif") as image:
        line = np.asarray(image.convert("L"))[10:36]
    room = line[:, SIZE - MARGIN - 140 : SIZE - MARGIN - 60]
    assert (room == 255).all(), "the title ends before the caption"


def test_another_suffix_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"walk\.avi ends in '\.avi'"):
        write_animation(motion(3), tmp_path / "walk.avi")
    assert list(tmp_path.iterdir()) == []


def test_without_ffmpeg_an_mp4_is_a_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutOfResources, match="needs ffmpeg"):
        write_animation(motion(3), tmp_path / "walk.mp4")


def test_ffmpegs_complaint_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\ncat > /dev/null\necho no such codec >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(OutOfResources, match="no such codec"):
        write_animation(motion(3), tmp_path / "walk.mp4")
    assert not (tmp_path / "walk.mp4").exists()
