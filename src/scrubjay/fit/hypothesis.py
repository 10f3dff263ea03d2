"""A hypothesis about the residual stream: variables in a reversible basis, and a gate over them."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.axes import Directions, Residual
from scrubjay.fit.filters import Filters
from scrubjay.fit.gate import Gate


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """Variables of ``resid_mid`` in a reversible basis, and a gate over them.

    A residual stream is ``values @ carriers + rest``: ``directions`` read the values off, ``carriers`` write them, and
    the rest has none of them.

    Example:
        >>> import scrubjay
        >>> run = scrubjay.Run.of(scrubjay.load_network("bundled").network, scrubjay.challenge2())
        >>> from scrubjay.fit.filters import fit_filters
        >>> from scrubjay.fit.pca import PCA
        >>> pca = PCA.of(run.full.resid_mid)
        >>> filters = fit_filters(run.full.resid_mid, pca, run.full.classes == 1, r=3, k=2)
        >>> Hypothesis.of(filters, run.full.resid_mid).gate.name
        'AND'

    Attributes:
        directions: unit vectors, shape [k, d]; a variable is ``resid_mid @ direction``.
        thresholds: a variable is on above its threshold, shape [k].
        gate: what class 1 is, given which variables are on.
        carriers: what one unit of each variable adds to the residual stream, shape [k, d]; ``directions @ carriers.T``
            is the identity.
        basis: how the rest was chosen: orthogonal to the directions, or uncorrelated with them over the domain.
    """

    directions: Directions
    thresholds: Float64[Tensor, "k"]
    gate: Gate
    carriers: Directions
    basis: Literal["orthogonal", "uncorrelated"]

    @classmethod
    def of(
        cls, filters: Filters, resid_mid: Residual, basis: Literal["orthogonal", "uncorrelated"] = "orthogonal"
    ) -> "Hypothesis":
        """The hypothesis that a network uses these filters and nothing else.

        Args:
            filters: the directions, thresholds and gate.
            resid_mid: residual streams over the domain, shape [n, d].
            basis: whether the rest is orthogonal to the directions, or uncorrelated with them over the domain.
        """
        D = filters.directions
        if basis == "orthogonal":
            written = D
        else:
            centred = resid_mid.double() - resid_mid.double().mean(0)
            written = (centred @ D.T).T @ centred / len(centred)
        return cls(D, filters.thresholds, filters.gate, torch.linalg.pinv(written @ D.T) @ written, basis)

    def says_one(self, values: Float64[Tensor, "n k"]) -> Tensor:
        """Where the hypothesis expects class 1, given the values of its variables; Boolean, shape [n]."""
        return self.gate(values > self.thresholds)
