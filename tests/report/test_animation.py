"""Animations as files: frames, pixels, formats."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scrubjay.core.errors import BadInput, OutOfResources
from scrubjay.report.animation import SIZE, write_animation
from scrubjay.report.motion import Frame, Motion


def motion(count: int) -> Motion:
    """One point of class 1 that walks from the lower left to the upper right."""

    def frames() -> Iterator[Frame]:
        for step in range(count):
            place = step / (count - 1)
            yield Frame(torch.tensor([[place, place]], dtype=torch.float64), torch.tensor([1]), f"step {step}")

    return Motion("walk", ("across", "up"), 1, ((-0.5, 1.5), (-0.5, 1.5)), True, count, frames())


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_frames_are_written_and_points_are_where_they_should_be(tmp_path: Path, suffix: str) -> None:
    drawn: list[int] = []
    path = tmp_path / f"walk{suffix}"
    write_animation(motion(5), path, lambda: drawn.append(1))
    assert len(drawn) == 5
    image = Image.open(path)
    assert (getattr(image, "n_frames", 0), image.size) == (5, (SIZE, SIZE))
    centres = []
    for number in (0, 4):
        image.seek(number)
        pixels = np.asarray(image.convert("RGB")).astype(int)
        orange = np.argwhere(np.abs(pixels - np.array([0xE6, 0x9F, 0x00])).sum(-1) < 40)
        assert 1 <= len(orange) <= 6
        centres.append(orange.mean(0))
    (low_row, low_column), (high_row, high_column) = centres
    span = SIZE - 96
    assert low_column == pytest.approx(48 + span / 4, abs=2)
    assert high_column == pytest.approx(48 + 3 * span / 4, abs=2)
    assert low_row > high_row
    image.close()


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
