"""What a sweep keeps of one network's study: its claims, and as much of its pictures as small multiples need."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from scrubjay.core.axes import Classes, MeanPattern
from scrubjay.core.claim import Claim
from scrubjay.core.errors import RefusedFile
from scrubjay.core.files import read_whole, write_whole
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.line import Skipped
from scrubjay.fit.pca import PCA
from scrubjay.study import Study

STUDY = "study"
"""The folder of a network's summary."""
FAILURE = "failed.json"
"""The file that says what stopped a network."""
_SUMMARY = "summary.json"
_PICTURES = "pictures.npz"


@dataclass(frozen=True, eq=False)
class Plane:
    """All inputs in a plane of ``resid_mid``.

    Attributes:
        points: [n, 2], in standard deviations from each threshold.
        axes: what the two directions are.
        is_gated: whether they are filters, so that both axes are boundaries.
    """

    points: Float32[Tensor, "n 2"]
    axes: tuple[str, str]
    is_gated: bool


@dataclass(frozen=True, eq=False)
class Summary:
    """One network's study in short.

    Attributes:
        epoch: optimiser steps that the network had taken.
        claims: as the study has them.
        skipped: the lines of evidence that were not followed.
        paragraph: the study in words.
        provenance: where it comes from.
        classes: the network's answers on all inputs.
        mean_pattern: what it attends to on average.
        plane: all inputs in the plane of its two filters that matter most, or of its first two components.
    """

    epoch: int
    claims: tuple[Claim, ...]
    skipped: tuple[Skipped, ...]
    paragraph: str
    provenance: Mapping[str, Any]
    classes: Classes
    mean_pattern: MeanPattern
    plane: Plane

    @classmethod
    def of(cls, study: Study, epoch: int) -> "Summary":
        """Shorten a study."""
        return cls(
            epoch=epoch,
            claims=study.claims,
            skipped=study.skipped,
            paragraph=study.paragraph,
            provenance=study.provenance,
            classes=study.run.full.classes,
            mean_pattern=study.run.mean_pattern,
            plane=_plane(study),
        )


def write_summary(folder: Path, summary: Summary) -> None:
    """Write a summary into a folder.

    Raises:
        OutOfResources: the folder can't be written.
    """
    told = {
        "epoch": summary.epoch,
        "paragraph": summary.paragraph,
        "provenance": dict(summary.provenance),
        "axes": summary.plane.axes,
        "is_gated": summary.plane.is_gated,
        "claims": [asdict(claim) for claim in summary.claims],
        "skipped": [asdict(each) for each in summary.skipped],
    }
    arrays = io.BytesIO()
    np.savez_compressed(
        arrays,
        classes=summary.classes.to(torch.int16).numpy(),
        mean_pattern=summary.mean_pattern.float().numpy(),
        plane=summary.plane.points.half().numpy(),
    )
    write_whole(folder / _PICTURES, arrays.getvalue())
    write_whole(folder / _SUMMARY, (json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_summary(folder: Path) -> Summary:
    """Read a summary.

    Raises:
        BadInput: no such files.
        RefusedFile: damaged ones.
    """
    told, pictures = read_whole(folder / _SUMMARY), read_whole(folder / _PICTURES)
    try:
        found = json.loads(told)
        with np.load(io.BytesIO(pictures), allow_pickle=False) as arrays:
            pictures_of = {key: torch.from_numpy(arrays[key]) for key in ("classes", "mean_pattern", "plane")}
        return Summary(
            epoch=found["epoch"],
            claims=tuple(_claim(each) for each in found["claims"]),
            skipped=tuple(Skipped(**each) for each in found["skipped"]),
            paragraph=found["paragraph"],
            provenance=found["provenance"],
            classes=pictures_of["classes"].long(),
            mean_pattern=pictures_of["mean_pattern"],
            plane=Plane(pictures_of["plane"].float(), tuple(found["axes"]), found["is_gated"]),
        )
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise RefusedFile(f"{folder} is damaged: {error}; delete it, and the sweep makes it again") from error


def write_failure(folder: Path, during: str, error: Exception) -> None:
    """Write down what stopped a network.

    Raises:
        OutOfResources: the folder can't be written.
    """
    told = {"during": during, "error": type(error).__name__, "message": str(error)}
    write_whole(folder / FAILURE, (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode())


def forget_failure(folder: Path) -> None:
    """A new try begins."""
    (folder / FAILURE).unlink(missing_ok=True)


def read_failure(folder: Path) -> str | None:
    """What stopped a network, in a line; None where nothing did."""
    if not (folder / FAILURE).exists():
        return None
    try:
        told = json.loads((folder / FAILURE).read_bytes())
        return f"{told['during']}: {told['error']}: {told['message']}"
    except (ValueError, KeyError, TypeError):
        return "its failed.json is damaged"


def _claim(told: Mapping[str, Any]) -> Claim:
    ends = {key: told[key] and tuple(told[key]) for key in ("interval", "control_interval")}
    return Claim(**{**told, **ends})


def _plane(study: Study) -> Plane:
    resid_mid, found = study.run.full.resid_mid, study.found.get(FILTERS)
    filters = None if found is None else found.sides["full"].gate.fit.filters
    if filters is not None and filters.gate.k >= 2:
        points, axes, gated = filters.values(resid_mid)[:, :2], ("alpha", "beta"), True
    else:
        pca = PCA.of(resid_mid)
        points = pca.scores(resid_mid, min(2, len(pca.mean)))
        points, axes, gated = torch.nn.functional.pad(points, (0, 2 - points.shape[1])), ("PC 1", "PC 2"), False
    return Plane(_scaled(points), axes, gated)


def _scaled(points: Float[Tensor, "n 2"]) -> Float32[Tensor, "n 2"]:
    return (points / points.std(0).clamp(min=1e-12)).clamp(-60_000, 60_000).float()
