"""Every weight of a network as text; for networks small enough to read."""

from jaxtyping import Float
from torch import Tensor

from scrubjay.nets.config import WEIGHT_AXES
from scrubjay.nets.transformer import OneLayerTransformer


def weights_text(network: OneLayerTransformer) -> str:
    """Each weight by its name, axes and shape, a line a row, to four digits."""
    parts = []
    for name, axes in WEIGHT_AXES.items():
        weight = network.weights[name]
        sizes = " x ".join(str(size) for size in weight.shape)
        parts.append(f"{name} [{axes}] {sizes}\n{_rows(weight)}")
    return "\n".join(parts)


def _rows(weight: Float[Tensor, "..."]) -> str:
    if weight.ndim > 2:
        return "".join(f"  [{at}]\n{_rows(each)}" for at, each in enumerate(weight))
    rows = weight[None] if weight.ndim == 1 else weight
    return "".join("  " + " ".join(f"{value:9.4g}" for value in row.tolist()) + "\n" for row in rows)
