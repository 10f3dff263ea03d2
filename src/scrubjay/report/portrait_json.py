"""A portrait as JSON for the explorer. Arrays are little-endian bytes in base64. A page cannot run any part of it."""

import base64
import dataclasses
import json
from typing import Any

import numpy as np
from torch import Tensor

from scrubjay.evidence.inner.inner_network import InnerNetwork
from scrubjay.fit.gate import FILTER_NAMES
from scrubjay.fit.pca import PCA
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.recording import record
from scrubjay.report.portrait import COMPONENTS, Portrait, Recorded, View
from scrubjay.tasks.domain import ListedDomain
from scrubjay.tasks.task import Task

_ESCAPED = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def portrait_json(portrait: Portrait) -> str:
    """Write what the explorer's function ``mount`` takes.

    The text may stand inside ``<script type="application/json">``: no name in it can end that element.
    """
    task, network, recorded = portrait.task, portrait.network, portrait.recorded
    content = {
        "title": portrait.title,
        "task": task.name,
        "config": dataclasses.asdict(network.config),
        "names": list(task.position_names),
        "token_names": list(task.token_names),
        "positions": [list(tokens) for tokens in task.domain.positions],
        "read_at": task.domain.read_at,
        "listed": _listed(task.domain) if isinstance(task.domain, ListedDomain) else None,
        "classes": len(task.classes),
        "labels": task.labels if task.labels is None else _packed(task.labels, "i2"),
        "train": task.train if task.train is None else _packed(task.train, "u1"),
    }
    if recorded is not None:
        content |= {"recorded": _recorded(recorded), "views": _answers(recorded), "inner": None}
    else:
        content |= {
            "recorded": None,
            "weights": {name: _packed(value, f"f{value.itemsize}") for name, value in network.weights.items()},
            "frozen_pattern": network.frozen_pattern,
            "mean_pattern": _packed(portrait.mean_pattern, "f8"),
            "reading": _reading(task, network.config.d_vocab_out, reads_margin=portrait.reads_margin),
            "views": [_view(view) for view in portrait.views],
            "inner": None if portrait.inner is None else _inner(portrait.inner),
        }
    return escaped(json.dumps(content, ensure_ascii=False, allow_nan=False))


def escaped(text: str) -> str:
    """JSON without any character that could end a script element or begin a tag. It means the same."""
    return text.translate(_ESCAPED)


def _listed(domain: ListedDomain) -> dict[str, str]:
    return _packed(domain.listed, "u1" if max(domain.counts) <= 256 else "i4")


def _reading(task: Task, logits: int, *, reads_margin: bool) -> dict[str, Any]:
    """How the explorer reads an answer: from which tokens' logits, and which class each token belongs to."""
    class_of = [-1] * logits
    for index, group in enumerate(task.classes):
        for token in group:
            class_of[token] = index
    if reads_margin:
        return {"kind": "margin", "tokens": [next(iter(group), None) for group in task.classes], "class_of": class_of}
    among = [token for group in task.classes for token in group] if task.answer == "groups" else None
    return {"kind": "logits", "tokens": among, "class_of": class_of}


def _inner(inner: InnerNetwork) -> dict[str, Any]:
    """The network inside the network, whose first coordinates are those that its hinges read.

    The plane of a hinge is where ``normal @ resid_mid + offset`` is 0, in the stream of the original. For a class
    margin, ``shares`` holds the affine part that comes from the neurons of each hinge, [k, r + 1].
    """
    network, parts = inner.network, inner.parts
    coordinates = parts.anatomy.coordinates
    planes = network.W_in[: parts.dimensions].T.cpu()
    offsets = network.b_in.cpu() - planes @ (coordinates.readers @ coordinates.mean)
    groups = inner.parentage["hinges"]
    return {
        "config": dataclasses.asdict(network.config),
        "weights": {name: _packed(value, "f8") for name, value in network.weights.items()},
        "mean_pattern": _packed(mean_pattern(record(network, inner.task)), "f8"),
        "dimensions": parts.dimensions,
        "heads": [{"members": list(head.members), "rank": head.rank} for head in parts.heads.heads],
        "hinges": [
            {"neurons": len(group), "offset": offset} for group, offset in zip(groups, offsets.tolist(), strict=True)
        ],
        "normals": _packed(planes @ coordinates.readers, "f8"),
        "shares": _packed(parts.layer.shares[:, :, 0], "f8") if parts.layer.shares.shape[2] == 1 else None,
    }


def _recorded(recorded: Recorded) -> dict[str, Any]:
    return {
        "sites": [
            {
                "name": site.name,
                "coordinates": _packed(site.coordinates.T, "f4"),
                "explained": site.explained.tolist(),
            }
            for site in recorded.sites
        ],
        "patterns": _packed(recorded.patterns, "f8"),
    }


def _answers(recorded: Recorded) -> list[dict[str, Any]]:
    return [{"name": name, "classes": _packed(classes, "i2")} for name, classes in recorded.classes.items()]


def _view(view: View) -> dict[str, Any]:
    filters = view.filters
    return {
        "name": view.name,
        "classes": _packed(view.classes, "i2"),
        "order": _packed(view.order, "i4"),
        "mid": _site(view.mid),
        "post": None if view.post is None else _site(view.post),
        "filters": filters
        and {
            "names": list(FILTER_NAMES[: filters.gate.k]),
            "gate": filters.gate.name,
            "table": [int(value) for value in filters.gate.table],
            "agreement": filters.agreement,
            "directions": _packed(filters.directions, "f8"),
            "thresholds": _packed(filters.thresholds, "f8"),
        },
    }


def _site(pca: PCA) -> dict[str, Any]:
    return {
        "components": _packed(pca.components[:COMPONENTS], "f8"),
        "mean": _packed(pca.mean, "f8"),
        "explained": pca.explained[:COMPONENTS].tolist(),
    }


def _packed(values: Tensor, dtype: str) -> dict[str, str]:
    array = np.ascontiguousarray(values.detach().cpu().numpy(), dtype=np.dtype(f"<{dtype}"))
    return {"dtype": dtype, "base64": base64.b64encode(array.tobytes()).decode("ascii")}
