"""``claims.json``: the provenance and the claims, nothing else."""

import json
from dataclasses import asdict
from pathlib import Path

from scrubjay.files import write_whole
from scrubjay.study.records import Study


def claims_json(study: Study) -> str:
    """The study's claims as JSON; the same study gives the same bytes."""
    content = {"provenance": dict(study.provenance), "claims": [asdict(claim) for claim in study.claims]}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_claims(study: Study, folder: Path) -> Path:
    """Write ``claims.json`` into a folder.

    Raises:
        OutOfResources: the folder can't be written.
    """
    path = folder / "claims.json"
    write_whole(path, claims_json(study).encode())
    return path
