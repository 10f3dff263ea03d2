"""The post's animations: clouds of all inputs that move as the network is changed.

Positions and answers come as frames from ``study/motion.py``; here they are rasterised with NumPy into palette images,
not drawn one figure each, and written as GIF or WebP by Pillow, or piped into the system's ffmpeg as MP4.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image, ImageDraw, ImageFont

from scrubjay.core.errors import BadInput, OutOfResources
from scrubjay.core.files import write_whole
from scrubjay.evidence.drawing import INK, ONE, STRAY, ZERO
from scrubjay.report.motion import Motion

SIZE = 720
_MARGIN, _PER_SECOND = 48, 20
_PAPER = "#FFFFFF"
_PALETTE = (_PAPER, STRAY, ZERO, ONE, INK, "#BBBBBB")
_STRAY_INDEX, _INK_INDEX, _LINE_INDEX = 1, 4, 5
FORMATS = (".gif", ".webp", ".mp4")


def write_animation(motion: Motion, path: Path, report: Callable[[], object] = lambda: None) -> None:
    """Write a motion as GIF, WebP or MP4, by the path's suffix, whole or not at all.

    Args:
        motion: title, axes and frames.
        path: the file to write.
        report: called as each frame is drawn.

    Raises:
        BadInput: another suffix.
        OutOfResources: the folder can't be written, or there is no ffmpeg for an MP4.
    """
    check_format(path)
    if path.suffix == ".mp4":
        _write_mp4(motion, path, report)
        return
    frames = _images(motion, report)
    buffer = BytesIO()
    first = next(frames)
    options = {"save_all": True, "append_images": frames, "duration": 1000 // _PER_SECOND, "loop": 0}
    if path.suffix == ".gif":
        first.save(buffer, "GIF", optimize=False, disposal=1, **options)
    else:
        first.convert("RGB").save(buffer, "WEBP", lossless=True, quality=0, method=0, **options)
    write_whole(path, buffer.getvalue())


def check_format(path: Path) -> None:
    """See, before any work is done, that an animation can be written in the format that the path asks for.

    Raises:
        BadInput: another suffix.
        OutOfResources: an MP4 where there is no ffmpeg.
    """
    if path.suffix not in FORMATS:
        raise BadInput(f"an animation is written as {', '.join(FORMATS)}; {path.name} ends in {path.suffix!r}")
    if path.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise OutOfResources(f"writing {path.name} needs ffmpeg, and there is none on the PATH; use .gif or .webp")


def _images(motion: Motion, report: Callable[[], object]) -> Iterator[Image.Image]:
    palette = [int(colour[at : at + 2], 16) for colour in _PALETTE for at in (1, 3, 5)]
    font = ImageFont.load_default(size=15)
    scale = _Scale(motion)
    backdrop = _backdrop(motion, scale, font, palette)
    order = np.random.default_rng(0).permutation(motion.inputs)
    for frame in motion.frames:
        pixels = backdrop.copy()
        _scatter(pixels, scale.place(frame.points.numpy()[order]), frame.classes.numpy()[order] + _STRAY_INDEX + 1)
        image = Image.fromarray(pixels, "P")
        image.putpalette(palette)
        ImageDraw.Draw(image).text((SIZE - _MARGIN, 28), frame.caption, fill=_INK_INDEX, font=font, anchor="rs")
        report()
        yield image


class _Scale:
    """From coordinates to pixels, the same for all frames."""

    def __init__(self, motion: Motion) -> None:
        self.low = np.array([low for low, _ in motion.extent])
        self.high = np.array([high for _, high in motion.extent])

    def place(self, points: Float[np.ndarray, "n 2"]) -> Int[np.ndarray, "n 2"]:
        share = (points - self.low) / (self.high - self.low)
        span = SIZE - 2 * _MARGIN
        columns, rows = _MARGIN + share[:, 0] * span, SIZE - _MARGIN - share[:, 1] * span
        return np.stack([rows, columns], axis=1).round().astype(np.int64)


def _scatter(pixels: UInt8[np.ndarray, "y x"], places: Int[np.ndarray, "n 2"], colours: Int[np.ndarray, "n"]) -> None:
    inside = np.logical_and(places >= _MARGIN, places < SIZE - _MARGIN).all(axis=1)
    rows, columns = places[inside].T
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        pixels[rows + down, columns + right] = colours[inside]


def _backdrop(
    motion: Motion, scale: _Scale, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, palette: list[int]
) -> UInt8[np.ndarray, "y x"]:
    image = Image.new("P", (SIZE, SIZE), 0)
    image.putpalette(palette)
    draw = ImageDraw.Draw(image)
    edge = SIZE - _MARGIN
    draw.rectangle((_MARGIN, _MARGIN, edge, edge), outline=_INK_INDEX)
    if motion.thresholds:
        row, column = scale.place(np.zeros((1, 2)))[0].tolist()
        draw.line((column, _MARGIN, column, edge), fill=_LINE_INDEX)
        draw.line((_MARGIN, row, edge, row), fill=_LINE_INDEX)
    draw.text((_MARGIN, 28), motion.title, fill=_INK_INDEX, font=font, anchor="ls")
    draw.text((SIZE // 2, SIZE - 16), motion.axes[0], fill=_INK_INDEX, font=font, anchor="ms")
    sideways = Image.new("P", (edge - _MARGIN, 24), 0)
    ImageDraw.Draw(sideways).text((sideways.width // 2, 18), motion.axes[1], fill=_INK_INDEX, font=font, anchor="ms")
    image.paste(sideways.rotate(90, expand=True), (10, _MARGIN))
    for at, (low, high) in enumerate(motion.extent):
        ends = (
            ((_MARGIN, edge + 16), (edge, edge + 16)) if at == 0 else ((_MARGIN - 4, edge), (_MARGIN - 4, _MARGIN + 10))
        )
        for value, place in zip((low, high), ends, strict=True):
            draw.text(place, f"{value:.2g}", fill=_INK_INDEX, font=font, anchor="ms" if at == 0 else "rs")
    return np.array(image, dtype=np.uint8)


def _write_mp4(motion: Motion, path: Path, report: Callable[[], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.mp4"
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIZE}x{SIZE}", "-r", str(_PER_SECOND), "-i", "-"]
        command = ["ffmpeg", "-y", "-loglevel", "error", *raw, "-pix_fmt", "yuv420p", str(made)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdin is not None and process.stderr is not None
            for image in _images(motion, report):
                process.stdin.write(image.convert("RGB").tobytes())
            process.stdin.close()
            complaint = process.stderr.read().decode().strip()
        if process.returncode:
            raise OutOfResources(f"ffmpeg could not write {path.name}: {complaint}")
        write_whole(path, made.read_bytes())
