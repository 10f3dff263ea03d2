"""What the pages share: their policy, figures, verdicts and embedded files, as markup."""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

from scrubjay.core.claim import Verdict
from scrubjay.core.errors import BadInput
from scrubjay.evidence.line import Picture

_COLOURS = 64


def policy(script: str, sheet: str) -> str:
    """A Content-Security-Policy that allows a page its own script (if any) and style, and no request at all."""
    allowed = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" if text else "'none'"
        for text in (script, sheet)
    ]
    return (
        f"default-src 'none'; script-src {allowed[0]}; style-src {allowed[1]}; img-src data:; "
        f"worker-src blob:; base-uri 'none'; form-action 'none'"
    )


@dataclass(frozen=True)
class Mark:
    """A verdict as a coloured word.

    Attributes:
        name: for filters and style sheets.
        markup: the word itself.
    """

    name: str
    markup: str


def verdict_mark(verdict: Verdict | None) -> Mark:
    """The mark of a verdict; measurements without one are ranked."""
    word = "ranked" if verdict is None else verdict
    name = word.replace(" ", "-")
    return Mark(name, f'<span class="verdict {name}">{word}</span>')


def entry(anchor: str, title: str) -> str:
    """A section in the list of contents."""
    return f'<li><a href="#{anchor}">{escape(title)}</a></li>'


def number(name: str, shown: str) -> str:
    """A cell with a figure, and the name that a narrow page shows beside it."""
    return f'<td class="number" data-name="{name}">{escape(shown)}</td>'


def figure_markup(figure: Picture, path: Path) -> str:
    """A figure with its caption, embedded.

    Raises:
        BadInput: its file can't be read.
    """
    with _opened(path) as image:
        width, height = image.size
        buffer = BytesIO()
        image.convert("RGB").quantize(_COLOURS).convert("RGB").save(buffer, "WEBP", lossless=True, method=4)
    return (
        f'<figure class="drawn"><div class="wide sideways" tabindex="0" role="region" '
        f'aria-label="Figure, {escape(Path(figure.file).stem)}">'
        f'<img alt="{escape(figure.alternative)}" width="{width}" height="{height}" '
        f'src="{data_url("image/webp", buffer.getvalue())}"></div>'
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except OSError as error:
        raise BadInput(f"the figure {path} can't be read: {error}") from error


def data_url(kind: str, content: bytes) -> str:
    """A file as an address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
