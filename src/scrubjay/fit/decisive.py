"""The directions of a residual stream along which it both varies and decides.

Principal components are ordered by how much the stream varies along them, and gradients by how much the answer depends
on them. Let C be the covariance of the stream and G the mean of ``g gᵀ`` over gradients g of the answer's margin. The
eigenvectors of ``C^½ G C^½`` order directions by the margin's variance to first order. They are read off the stream
with ``C^-½``, so that what is left out is uncorrelated with what is kept.

Source: active subspaces (Constantine 2015) for a Gaussian input with covariance C, in coordinates that whiten it.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from scrubjay.fit.pca import ROWS

_RANK = 1e-9
"""Directions whose variance is a smaller share than this of the largest one do not vary, except for rounding."""


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Coordinates of a stream: ``stream ≈ mean + coordinates @ carriers``.

    Attributes:
        mean: of the stream, shape [d].
        readers: ``(stream - mean) @ readers.T`` are the coordinates, shape [r, d]. Each coordinate has the variance 1.
        carriers: what one unit of each coordinate adds to the stream, shape [r, d]; ``readers @ carriers.T`` is the
            identity.
    """

    mean: Float64[Tensor, "d"]
    readers: Float64[Tensor, "r d"]
    carriers: Float64[Tensor, "r d"]

    @property
    def r(self) -> int:
        """The number of coordinates."""
        return len(self.readers)

    def first(self, r: int) -> "Coordinates":
        """The first r coordinates alone."""
        return Coordinates(self.mean, self.readers[:r], self.carriers[:r])

    def of(self, stream: Float[Tensor, "n d"]) -> Float64[Tensor, "n r"]:
        """The coordinates of a stream, shape [n, r]."""
        return torch.cat([(some.double() - self.mean) @ self.readers.T for some in torch.split(stream, ROWS)])

    def stream(self, coordinates: Float64[Tensor, "n r"]) -> Float64[Tensor, "n d"]:
        """The stream that has these coordinates and is at its mean otherwise, shape [n, d]."""
        return self.mean + coordinates @ self.carriers


def decisive_coordinates(
    mean: Float64[Tensor, "d"], covariance: Float64[Tensor, "d d"], gradients: Float64[Tensor, "d d"]
) -> Coordinates:
    """Order the directions of a stream by how much of the decision they carry.

    Args:
        mean: the mean of the stream, shape [d].
        covariance: its covariance, shape [d, d].
        gradients: the weighted mean of ``g gᵀ`` over inputs, where g is the margin's gradient, shape [d, d].

    Returns:
        As many coordinates as the stream varies in, the most decisive first. The largest entry of each carrier is
        positive.
    """
    variances, vectors = torch.linalg.eigh(covariance)
    kept = variances > _RANK * variances.max()
    roots, vectors = variances[kept].sqrt(), vectors[:, kept]
    half = vectors * roots  # [d, q]; half @ half.T is the covariance
    _, turn = torch.linalg.eigh(half.T @ gradients @ half)
    carriers = (half @ turn.flip(1)).T
    readers = ((vectors / roots) @ turn.flip(1)).T
    signs = carriers.gather(1, carriers.abs().argmax(1, keepdim=True)).sign()
    return Coordinates(mean, readers * signs, carriers * signs)
