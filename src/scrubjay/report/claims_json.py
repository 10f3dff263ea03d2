"""``claims.json``: provenance, summary, claims and skipped lines. ``claims.schema.json`` describes the format."""

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from scrubjay.core.files import write_whole
from scrubjay.study import Study

SCHEMA = 2
"""The version of the format."""


def claims_json(study: Study) -> str:
    """Write a study's claims as JSON.

    The text is ASCII (``α`` is written ``\\u03b1``), so that it reads the same whatever encoding a program assumes. The
    same study always gives the same text.
    """
    content = {
        "schema": SCHEMA,
        "provenance": dict(study.provenance),
        "summary": study.paragraph,
        "claims": [asdict(claim) for claim in study.claims],
        "skipped": [asdict(skipped) for skipped in study.skipped],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def claims_schema() -> dict[str, Any]:
    """Read the JSON Schema of ``claims.json``."""
    text = (files("scrubjay.report") / "assets" / "claims.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def write_claims(study: Study, folder: str | Path) -> Path:
    """Write ``claims.json`` into a folder, and return its path.

    Raises:
        OutOfResources: the folder cannot be written.
    """
    path = Path(folder) / "claims.json"
    write_whole(path, claims_json(study).encode())
    return path
