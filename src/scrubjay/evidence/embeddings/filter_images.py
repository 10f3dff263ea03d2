"""Compare filters as images of the domain: masks with answers, and values with the images that tokens give."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Classes
from scrubjay.fit.filters import Filters


@dataclass(frozen=True, eq=False)
class MaskTable:
    """How often every two of several binary images of the domain agree.

    Attributes:
        names: the names of the i images.
        agreement: the share of inputs on which two images agree, shape [i, i].
    """

    names: tuple[str, ...]
    agreement: Float64[Tensor, "i i"]

    def between(self, first: str, second: str) -> float:
        """The agreement of the images with these two names."""
        return float(self.agreement[self.names.index(first), self.names.index(second)])


@dataclass(frozen=True)
class LineFit:
    """How well a filter's image explains its value in the full network.

    Attributes:
        r_squared: R² of the linear regression of the values on the image, over all inputs.
        permuted: the same R² with the inputs of the image permuted.
    """

    r_squared: float
    permuted: float


def compare_masks(
    filters: Filters, names: tuple[str, ...], resid_mid: Tensor, answers: dict[str, Classes]
) -> MaskTable:
    """Compare the mask of each filter and of the gate with answers and labels.

    Args:
        filters: the filters; a filter's mask is where it is on.
        names: the names of the filters.
        resid_mid: the residual streams that the masks are computed from, shape [n, d].
        answers: other images to compare, by name: the class of each input, shape [n].
    """
    bits = filters.bits(resid_mid)
    images = {name: bits[:, j].long() for j, name in enumerate(names)}
    images |= {"gate": filters.predict(resid_mid).long(), **answers}
    stacked = torch.stack(list(images.values()))
    return MaskTable(tuple(images), torch.stack([(stacked == row).double().mean(1) for row in stacked]))


def line_fits(values: Float64[Tensor, "n k"], images: Float64[Tensor, "n k"], *, seed: int) -> tuple[LineFit, ...]:
    """Regress each filter's values on its image, and on the image with its inputs permuted.

    Args:
        values: the values of k filters, shape [n, k].
        images: the images of the same filters, shape [n, k].
        seed: seed for the permutation.
    """
    permuted = images[torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))]
    return tuple(
        LineFit(_r_squared(values[:, j], images[:, j]), _r_squared(values[:, j], permuted[:, j]))
        for j in range(values.shape[1])
    )


def _r_squared(values: Float64[Tensor, "n"], image: Float64[Tensor, "n"]) -> float:
    v, i = values - values.mean(), image - image.mean()
    scale = float(v @ v) * float(i @ i)
    return min(1.0, float(v @ i) ** 2 / scale) if scale > 0 else 0.0  # rounding can exceed 1
