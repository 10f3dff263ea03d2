"""A summary: what a sweep keeps of the study of one network. It has the claims, and the data for one small picture."""

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
"""The name of the folder for a network's summary."""
FAILURE = "failed.json"
"""The name of the file with the error that stopped a network."""
_SUMMARY = "summary.json"
"""Claims and words."""
_PICTURES = "pictures.npz"
"""Arrays."""
_FARTHEST = 60_000
"""The largest coordinate that is kept; float16 ends at 65,504."""


@dataclass(frozen=True, eq=False)
class Plane:
    """All inputs in a plane of ``resid_mid``.

    Attributes:
        points: the place of each input, shape [n, 2], in standard deviations.
        axes: the names of the two axes.
        is_gated: whether the axes are filter values, so that both zeros are thresholds.
    """

    points: Float32[Tensor, "n 2"]
    axes: tuple[str, str]
    is_gated: bool


@dataclass(frozen=True, eq=False)
class Summary:
    """The study of one network in short.

    Attributes:
        epoch: the number of epochs that the network had been trained for.
        claims: the claims of the study.
        skipped: the lines of evidence that were skipped.
        paragraph: the study in words.
        provenance: the network's hash, the settings and the versions.
        classes: the class of the network's answer to each input, shape [n].
        mean_pattern: its mean attention pattern, shape [h, s].
        plane: all inputs in the plane of its first two filters, or of its first two principal components if it has
            fewer than two filters.
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
        """Shorten a study.

        Args:
            study: what ``explain`` found.
            epoch: the number of epochs that the network had been trained for.
        """
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
        OutOfResources: the folder cannot be written.
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
    """Read a summary from its folder.

    Raises:
        BadInput: its files do not exist.
        RefusedFile: its files are damaged.
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
        raise RefusedFile(f"{folder} is damaged: {error}; delete it, and the same command makes it again") from error


def write_failure(folder: Path, during: str, error: Exception) -> None:
    """Write down the error that stopped a network.

    Args:
        folder: the folder of the network.
        during: what was being done, "training" or "explaining".
        error: the error.

    Raises:
        OutOfResources: the folder cannot be written.
    """
    told = {"during": during, "error": type(error).__name__, "message": str(error)}
    write_whole(folder / FAILURE, (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode())


def forget_failure(folder: Path) -> None:
    """Delete the error of an earlier try."""
    (folder / FAILURE).unlink(missing_ok=True)


def read_failure(folder: Path) -> str | None:
    """Read the error that stopped a network, as one line; None if there was none."""
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
    return (points / points.std(0).clamp(min=1e-12)).clamp(-_FARTHEST, _FARTHEST).float()
