"""Every weight of a network as text, for networks that are small enough to be read."""

from jaxtyping import Float
from torch import Tensor

from scrubjay.nets.transformer import Transformer


def weights_text(network: Transformer) -> str:
    """Write out every weight of a network, to four significant digits.

    Each weight begins with its name, axes and shape. One line of text holds one row of the weight.
    """
    parts = []
    for name, axes in network.config.weight_axes.items():
        weight = network.weights[name]
        sizes = " x ".join(str(size) for size in weight.shape)
        parts.append(f"{name} [{axes}] {sizes}\n{_rows(weight)}")
    return "\n".join(parts)


def _rows(weight: Float[Tensor, "..."]) -> str:
    if weight.ndim > 2:
        return "".join(f"  [{at}]\n{_rows(each)}" for at, each in enumerate(weight))
    rows = weight[None] if weight.ndim == 1 else weight
    return "".join("  " + " ".join(f"{value:9.4g}" for value in row.tolist()) + "\n" for row in rows)
