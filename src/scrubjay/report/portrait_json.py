"""A portrait as JSON for the explorer. Arrays are little-endian bytes in base64. A page cannot run any part of it."""

import base64
import json
from typing import Any

import numpy as np
from torch import Tensor

from scrubjay.fit.gate import FILTER_NAMES
from scrubjay.fit.pca import PCA
from scrubjay.report.portrait import Portrait, View

_COMPONENTS = 4
"""Principal components of each site that the explorer can show."""
_ESCAPED = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def portrait_json(portrait: Portrait) -> str:
    """Write what the explorer's function ``mount`` takes.

    The text may stand inside ``<script type="application/json">``: no name in it can end that element.
    """
    task, network = portrait.task, portrait.network
    class_of = [-1] * network.config.d_vocab
    for index, group in enumerate(task.classes):
        for token in group:
            class_of[token] = index
    content = {
        "title": portrait.title,
        "task": task.name,
        "config": vars(network.config),
        "names": list(task.position_names),
        "positions": [list(tokens) for tokens in task.domain.positions],
        "classes": len(task.classes),
        "labels": task.labels if task.labels is None else _packed(task.labels, "i2"),
        "train": task.train if task.train is None else _packed(task.train, "u1"),
        "weights": {name: _packed(value, f"f{value.itemsize}") for name, value in network.weights.items()},
        "frozen_pattern": network.frozen_pattern,
        "mean_pattern": _packed(portrait.mean_pattern, "f8"),
        "reading": {
            "kind": "margin" if portrait.reads_margin else "logits",
            "tokens": [group[0] for group in task.classes] if portrait.reads_margin else None,
            "class_of": class_of,
        },
        "views": [_view(view) for view in portrait.views],
    }
    return escaped(json.dumps(content, ensure_ascii=False, allow_nan=False))


def escaped(text: str) -> str:
    """JSON without any character that could end a script element or begin a tag. It means the same."""
    return text.translate(_ESCAPED)


def _view(view: View) -> dict[str, Any]:
    filters = view.filters
    return {
        "name": view.name,
        "classes": _packed(view.classes, "i2"),
        "order": _packed(view.order, "i4"),
        "mid": _site(view.mid),
        "post": _site(view.post),
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
        "components": _packed(pca.components[:_COMPONENTS], "f8"),
        "mean": _packed(pca.mean, "f8"),
        "explained": pca.explained[:_COMPONENTS].tolist(),
    }


def _packed(values: Tensor, dtype: str) -> dict[str, str]:
    array = np.ascontiguousarray(values.detach().cpu().numpy(), dtype=np.dtype(f"<{dtype}"))
    return {"dtype": dtype, "base64": base64.b64encode(array.tobytes()).decode("ascii")}
