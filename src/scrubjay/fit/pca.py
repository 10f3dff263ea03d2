"""Principal components in float64, with signs that don't depend on the solver."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Components, Directions, Residual

ROWS = 65_536
"""Inputs that are held in float64 at a time."""


def projections(site: Residual, directions: Directions) -> Float64[Tensor, "n k"]:
    """Values along directions, in float64 and without a copy of the site in float64."""
    return torch.cat([chunk.double() @ directions.T for chunk in torch.split(site, ROWS)])


@dataclass(frozen=True, eq=False)
class PCA:
    """Principal components of a site over the whole domain.

    Attributes:
        mean: of the site.
        components: orthonormal rows, by falling variance; each one's largest coordinate is positive.
        variances: along each component, over the domain (divided by n).
    """

    mean: Float64[Tensor, "d"]
    components: Components
    variances: Float64[Tensor, "r"]

    @classmethod
    def of(cls, site: Residual) -> "PCA":
        """Principal components of [n, d] values. O(n d²) in chunks, then one eigendecomposition."""
        mean = torch.stack([chunk.double().sum(0) for chunk in torch.split(site, ROWS)]).sum(0) / len(site)
        covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64)
        for chunk in torch.split(site, ROWS):
            centred = chunk.double() - mean
            covariance += centred.T @ centred
        return cls.from_moments(mean, covariance / len(site))

    @classmethod
    def from_moments(cls, mean: Float64[Tensor, "d"], covariance: Float64[Tensor, "d d"]) -> "PCA":
        """Principal components from a mean and a covariance."""
        variances, vectors = torch.linalg.eigh(covariance)
        components = vectors.T.flip(0)
        largest = components.gather(1, components.abs().argmax(1, keepdim=True))
        return cls(mean, components * largest.sign(), variances.flip(0).clamp(min=0))

    @property
    def explained(self) -> Float64[Tensor, "r"]:
        """The share of the variance along each component."""
        return self.variances / self.variances.sum().clamp(min=torch.finfo(torch.float64).tiny)

    def holding(self, share: float) -> int:
        """How many components hold at least this share of the variance."""
        held = self.explained.cumsum(0)
        return int((held < share * (1 - 1e-12)).sum()) + 1 if float(self.variances.sum()) > 0 else 0

    def scores(self, site: Residual, r: int) -> Float64[Tensor, "n r"]:
        """Coordinates of values along the first r components."""
        return torch.cat([(chunk.double() - self.mean) @ self.components[:r].T for chunk in torch.split(site, ROWS)])


def random_basis(d: int, r: int, seed: int) -> Float64[Tensor, "d r"]:
    """Orthonormal columns [d, r], drawn at random: what a chosen subspace must beat."""
    drawn = torch.randn(d, r, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    columns: Tensor = torch.linalg.qr(drawn)[0]
    return columns
