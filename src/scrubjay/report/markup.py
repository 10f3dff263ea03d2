"""Markup that both pages share: their security policy, figures, verdicts and embedded files."""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

from scrubjay.core.claim import Verdict
from scrubjay.core.errors import BadInput
from scrubjay.core.files import read_whole
from scrubjay.evidence.line import Picture


def policy(script: str, sheet: str) -> str:
    """A Content-Security-Policy that allows the page's own script and style, and no request to anywhere.

    Args:
        script: the page's script; empty if it has none.
        sheet: the page's style sheet.
    """
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
        name: the word without spaces, for style sheets and for the filter of the table.
        markup: the word as an element.
    """

    name: str
    markup: str


def verdict_mark(verdict: Verdict | None) -> Mark:
    """The mark of a verdict. A measurement that has no verdict is marked as ranked."""
    word = "ranked" if verdict is None else verdict
    name = word.replace(" ", "-")
    return Mark(name, f'<span class="verdict {name}">{word}</span>')


def entry(anchor: str, title: str) -> str:
    """An entry of the table of contents."""
    return f'<li><a href="#{anchor}">{escape(title)}</a></li>'


def number(name: str, shown: str) -> str:
    """A table cell with a number. On a narrow screen ``name`` stands beside it, in place of the column's head."""
    return f'<td class="number" data-name="{name}">{escape(shown)}</td>'


def figure_markup(figure: Picture, path: Path) -> str:
    """A figure with its caption. The bytes of its file are embedded as they are.

    Raises:
        BadInput: the file is not an image, or cannot be read.
    """
    content = read_whole(path)
    try:
        with Image.open(BytesIO(content)) as image:
            (width, height), kind = image.size, Image.MIME[str(image.format)]
    except OSError as error:
        raise BadInput(f"the figure {path} is not an image that can be read: {error}") from error
    return (
        f'<figure class="drawn"><div class="wide sideways" tabindex="0" role="region" '
        f'aria-label="Figure, {escape(Path(figure.file).stem)}">'
        f'<img alt="{escape(figure.alternative)}" width="{width}" height="{height}" '
        f'src="{data_url(kind, content)}"></div>'
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def data_url(kind: str, content: bytes) -> str:
    """The address of a file whose content is part of the address.

    Args:
        kind: the media type, such as ``image/png``.
        content: the bytes of the file.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
