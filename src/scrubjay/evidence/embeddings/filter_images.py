"""Filters as images of the domain: masks against answers, and the full network's values against their frozen image."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Classes
from scrubjay.fit.filters import Filters


@dataclass(frozen=True, eq=False)
class MaskTable:
    """How often every two of some binary images of the domain agree.

    Attributes:
        names: of the images; agreement: of each two.
    """

    names: tuple[str, ...]
    agreement: Float64[Tensor, "i i"]

    def between(self, first: str, second: str) -> float:
        """The agreement of two of them."""
        return float(self.agreement[self.names.index(first), self.names.index(second)])


@dataclass(frozen=True)
class LineFit:
    """How much of a filter's value in the full network its frozen image explains.

    Attributes:
        r_squared: of the linear regression over all inputs; permuted: the same with the image's inputs permuted.
    """

    r_squared: float
    permuted: float


def compare_masks(
    filters: Filters, names: tuple[str, ...], resid_mid: Tensor, answers: dict[str, Classes]
) -> MaskTable:
    """Each filter's mask and the gate's, beside answers and labels.

    Args:
        filters: whose masks are taken.
        names: of the filters.
        resid_mid: that the masks are taken from.
        answers: classes by name.
    """
    bits = filters.bits(resid_mid)
    images = {name: bits[:, j].long() for j, name in enumerate(names)}
    images |= {"gate": filters.predict(resid_mid).long(), **answers}
    stacked = torch.stack(list(images.values()))
    return MaskTable(tuple(images), torch.stack([(stacked == row).double().mean(1) for row in stacked]))


def line_fits(values: Float64[Tensor, "n k"], images: Float64[Tensor, "n k"], *, seed: int) -> tuple[LineFit, ...]:
    """R² of each filter's values explained by its image, and by the image permuted."""
    permuted = images[torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))]
    return tuple(
        LineFit(_r_squared(values[:, j], images[:, j]), _r_squared(values[:, j], permuted[:, j]))
        for j in range(values.shape[1])
    )


def _r_squared(values: Float64[Tensor, "n"], image: Float64[Tensor, "n"]) -> float:
    v, i = values - values.mean(), image - image.mean()
    scale = float(v @ v) * float(i @ i)
    return min(1.0, float(v @ i) ** 2 / scale) if scale > 0 else 0.0  # rounding can exceed 1
