"""Animations as files: clouds of all inputs that move while the network is changed.

The places and answers come as frames from ``motion.py``. A frame is drawn with NumPy into an image with a palette,
which takes a few milliseconds where a matplotlib figure takes a third of a second. Pillow writes GIF and WebP, and the
system's ffmpeg writes MP4. A GIF stores only the pixels of a frame that differ from those of the frame before.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from colorsys import hls_to_rgb
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
"""Width and height of a frame in pixels."""
MARGIN = 48
"""Pixels between the edge of a frame and the plane."""
FORMATS = (".gif", ".webp", ".mp4")
"""The suffixes of the files that can be written."""
FEW = (ZERO, ONE, "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442")
"""Okabe and Ito's colours, which people with any kind of colour vision can tell apart; black is for strays."""
MOST_COLOURS = 250
"""Colours for classes; a palette has 256, and some are taken by paper, ink and strays."""
_PER_SECOND = 20
"""Frames per second."""
_TITLE = SIZE - 2 * MARGIN - 150
"""The largest width of a title in pixels, which leaves room for the caption."""
_LEGEND = 7
"""The largest number of classes that a legend explains one by one."""
_PAPER, _STRAY, _INK, _LINE, _FIRST = range(5)
"""Places in the palette: the background, answers in no class, text and frame, thresholds, and the first class."""
_LINE_COLOUR = "#BBBBBB"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def write_animation(motion: Motion, path: str | Path, report: Callable[[], object] = lambda: None) -> None:
    """Write a motion as GIF, WebP or MP4, whichever the suffix of the path says.

    Args:
        motion: what to draw. Its frames are used up.
        path: the file to write.
        report: called after each frame that has been drawn.

    Raises:
        BadInput: the path has another suffix.
        OutOfResources: the file cannot be written, or is an MP4 and there is no ffmpeg. Nothing is left of it then.
    """
    path = Path(path)
    check_format(path)
    if path.suffix == ".mp4":
        _write_mp4(motion, path, report)
        return
    frames = _drawn(motion, report)
    buffer = BytesIO()
    first = next(frames)
    options = {"save_all": True, "append_images": frames, "duration": 1000 // _PER_SECOND, "loop": 0}
    if path.suffix == ".gif":
        first.save(buffer, "GIF", optimize=False, disposal=1, **options)
    else:
        first.convert("RGB").save(buffer, "WEBP", lossless=True, quality=0, method=0, **options)
    write_whole(path, buffer.getvalue())


def check_format(path: str | Path) -> None:
    """Check, before any work is done, that an animation can be written in the format that the path asks for.

    Raises:
        BadInput: the path has a suffix other than those of ``FORMATS``.
        OutOfResources: the file would be an MP4, and there is no ffmpeg.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise BadInput(f"an animation is written as {', '.join(FORMATS)}; {path.name} ends in {path.suffix!r}")
    if path.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise OutOfResources(f"writing {path.name} needs ffmpeg, and there is none on the PATH; use .gif or .webp")


def class_colours(n_classes: int) -> list[str]:
    """A colour for each class, in the notation ``#RRGGBB``.

    Up to seven classes have Okabe and Ito's colours. More are spread evenly over the hues of the colour wheel. From 250
    classes on, neighbouring classes share a colour.
    """
    if n_classes <= len(FEW):
        return list(FEW[:n_classes])
    count = min(n_classes, MOST_COLOURS)
    wheel = [_hex(*hls_to_rgb(at / count, 0.45, 0.8)) for at in range(count)]
    return [wheel[at * count // n_classes] for at in range(n_classes)]


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(255 * part):02X}" for part in (red, green, blue))


class _Canvas:
    """The palette of a motion, and its backdrop: everything that stays the same from frame to frame."""

    def __init__(self, motion: Motion) -> None:
        colours = class_colours(motion.n_classes)
        own = list(dict.fromkeys(colours))
        self.index = np.array([_STRAY, *(_FIRST + own.index(colour) for colour in colours)], dtype=np.uint8)
        """The place in the palette of class -1 and of each class from 0 on."""
        palette = ("#FFFFFF", STRAY, INK, _LINE_COLOUR, *own)
        self.palette = [int(colour[at : at + 2], 16) for colour in palette for at in (1, 3, 5)]
        self.font: Font = ImageFont.load_default(size=15)
        self.low = np.array([low for low, _ in motion.extent])
        self.high = np.array([high for _, high in motion.extent])
        self.backdrop = self._backdrop(motion)

    def image(self, pixels: UInt8[np.ndarray, "y x"]) -> Image.Image:
        """Pixels with the palette."""
        image = Image.fromarray(pixels)
        image.putpalette(self.palette)
        return image

    def place(self, points: Float[np.ndarray, "n 2"]) -> Int[np.ndarray, "n 2"]:
        """The row and the column of each point, the same for all frames."""
        share = (points - self.low) / (self.high - self.low)
        span = SIZE - 2 * MARGIN
        columns, rows = MARGIN + share[:, 0] * span, SIZE - MARGIN - share[:, 1] * span
        return np.stack([rows, columns], axis=1).round().astype(np.int64)

    def _backdrop(self, motion: Motion) -> UInt8[np.ndarray, "y x"]:
        image = self.image(np.zeros((SIZE, SIZE), dtype=np.uint8))
        draw, edge = ImageDraw.Draw(image), SIZE - MARGIN
        draw.rectangle((MARGIN, MARGIN, edge, edge), outline=_INK)
        if motion.thresholds:
            row, column = self.place(np.zeros((1, 2)))[0].tolist()
            draw.line((column, MARGIN, column, edge), fill=_LINE)
            draw.line((MARGIN, row, edge, row), fill=_LINE)
        draw.text((MARGIN, 28), self._shortened(motion.title, draw), fill=_INK, font=self.font, anchor="ls")
        draw.text((SIZE // 2, SIZE - 24), motion.axes[0], fill=_INK, font=self.font, anchor="ms")
        sideways = Image.new("P", (edge - MARGIN, 24), _PAPER)
        ImageDraw.Draw(sideways).text((sideways.width // 2, 18), motion.axes[1], fill=_INK, font=self.font, anchor="ms")
        image.paste(sideways.rotate(90, expand=True), (10, MARGIN))
        ends = {
            0: ((MARGIN, edge + 16, "ms"), (edge, edge + 16, "ms")),
            1: ((MARGIN - 4, edge, "rs"), (MARGIN - 4, MARGIN + 10, "rs")),
        }
        for axis, limits in enumerate(motion.extent):
            for value, (x, y, anchor) in zip(limits, ends[axis], strict=True):
                draw.text((x, y), f"{value:.2g}", fill=_INK, font=self.font, anchor=anchor)
        self._legend(draw, motion.n_classes)
        return np.array(image, dtype=np.uint8)

    def _shortened(self, title: str, draw: ImageDraw.ImageDraw) -> str:
        """The title on one line, with its beginning left out if it would run into the caption."""
        whole = shown = " ".join(title.split())
        while draw.textlength(shown, font=self.font) > _TITLE:
            whole = whole[1:]
            shown = f"...{whole}"
        return shown

    def _legend(self, draw: ImageDraw.ImageDraw, n_classes: int) -> None:
        """Below the plane: a square in the colour of each class, or in words how the classes are coloured."""
        base = SIZE - 6
        if n_classes > _LEGEND:
            words = f"classes 0 to {n_classes - 1} in the order of the colour wheel; black: in no class"
            draw.text((SIZE // 2, base), words, fill=_INK, font=self.font, anchor="ms")
            return
        names = [f"class {number}" for number in range(n_classes)]
        widths = [14 + int(draw.textlength(name, font=self.font)) + 16 for name in names]
        left = (SIZE - sum(widths)) // 2
        for name, width, colour in zip(names, widths, self.index[1:].tolist(), strict=True):
            draw.rectangle((left, base - 10, left + 9, base - 1), fill=colour)
            draw.text((left + 14, base), name, fill=_INK, font=self.font, anchor="ls")
            left += width


def _drawn(motion: Motion, report: Callable[[], object]) -> Iterator[Image.Image]:
    canvas = _Canvas(motion)
    order = np.random.default_rng(0).permutation(motion.inputs)
    for frame in motion.frames:
        pixels = canvas.backdrop.copy()
        _scatter(pixels, canvas.place(frame.points.numpy()[order]), canvas.index[frame.classes.numpy()[order] + 1])
        image = canvas.image(pixels)
        ImageDraw.Draw(image).text((SIZE - MARGIN, 28), frame.caption, fill=_INK, font=canvas.font, anchor="rs")
        report()
        yield image


def _scatter(pixels: UInt8[np.ndarray, "y x"], places: Int[np.ndarray, "n 2"], colours: UInt8[np.ndarray, "n"]) -> None:
    """Draw each point as a square of two by two pixels; later points cover earlier ones."""
    inside = np.logical_and(places >= MARGIN, places < SIZE - MARGIN).all(axis=1)
    rows, columns = places[inside].T
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        pixels[rows + down, columns + right] = colours[inside]


def _write_mp4(motion: Motion, path: Path, report: Callable[[], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.mp4"
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIZE}x{SIZE}", "-r", str(_PER_SECOND), "-i", "-"]
        command = ["ffmpeg", "-y", "-loglevel", "error", *raw, "-pix_fmt", "yuv420p", str(made)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdin is not None and process.stderr is not None
            for image in _drawn(motion, report):
                process.stdin.write(image.convert("RGB").tobytes())
            process.stdin.close()
            complaint = process.stderr.read().decode().strip()
        if process.returncode:
            raise OutOfResources(f"ffmpeg could not write {path.name}: {complaint}")
        write_whole(path, made.read_bytes())
