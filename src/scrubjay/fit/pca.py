"""Principal components in float64, with signs that do not depend on the solver."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Components, Directions, Residual

ROWS = 65_536
"""How many inputs are held in float64 at a time."""


def projections(site: Residual, directions: Directions) -> Float64[Tensor, "n k"]:
    """Values along directions, shape [n, k], in float64; no float64 copy of the whole site is made."""
    return torch.cat([chunk.double() @ directions.T for chunk in torch.split(site, ROWS)])


@dataclass(frozen=True, eq=False)
class PCA:
    """Principal components of a site over the whole domain.

    Attributes:
        mean: the mean of the site, shape [d].
        components: orthonormal rows by decreasing variance, shape [r, d]. The coordinate of each that has the largest
            magnitude is positive.
        variances: the variance along each component over the domain (divided by n), shape [r].
    """

    mean: Float64[Tensor, "d"]
    components: Components
    variances: Float64[Tensor, "r"]

    @classmethod
    def of(cls, site: Residual) -> "PCA":
        """The principal components of values of shape [n, d]: O(n d²) in chunks, then one eigendecomposition."""
        mean = torch.stack([chunk.double().sum(0) for chunk in torch.split(site, ROWS)]).sum(0) / len(site)
        covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64)
        for chunk in torch.split(site, ROWS):
            centred = chunk.double() - mean
            covariance += centred.T @ centred
        return cls.from_moments(mean, covariance / len(site))

    @classmethod
    def from_moments(cls, mean: Float64[Tensor, "d"], covariance: Float64[Tensor, "d d"]) -> "PCA":
        """The principal components for a given mean, shape [d], and covariance, shape [d, d]."""
        variances, vectors = torch.linalg.eigh(covariance)
        components = vectors.T.flip(0)
        largest = components.gather(1, components.abs().argmax(1, keepdim=True))
        return cls(mean, components * largest.sign(), variances.flip(0).clamp(min=0))

    @property
    def explained(self) -> Float64[Tensor, "r"]:
        """The share of the variance along each component, shape [r]."""
        return self.variances / self.variances.sum().clamp(min=torch.finfo(torch.float64).tiny)

    def holding(self, share: float) -> int:
        """The least number of components that hold at least this share of the variance; 0 if there is no variance."""
        held = self.explained.cumsum(0)
        return int((held < share * (1 - 1e-12)).sum()) + 1 if float(self.variances.sum()) > 0 else 0

    def scores(self, site: Residual, r: int) -> Float64[Tensor, "n r"]:
        """The coordinates of values along the first r components, shape [n, r]."""
        return torch.cat([(chunk.double() - self.mean) @ self.components[:r].T for chunk in torch.split(site, ROWS)])


def random_basis(d: int, r: int, seed: int) -> Float64[Tensor, "d r"]:
    """A random subspace, as a control for a chosen one.

    Args:
        d: the dimension of the space.
        r: the dimension of the subspace, at most d.
        seed: seed for the draw.

    Returns:
        Orthonormal columns, shape [d, r].
    """
    drawn = torch.randn(d, r, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    columns: Tensor = torch.linalg.qr(drawn)[0]
    return columns
