"""Causal scrubbing: what a hypothesis says does not matter is resampled, and the answers should stay.

Source: Chan et al., "Causal scrubbing"; the post's ablation [1] is ``Hypothesis.rest_resampled``. Every draw takes its
donors independently, with replacement, from the class of inputs that the hypothesis calls equivalent.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.activations.readout import Readout
from scrubjay.axes import Classes, Directions, Inputs, Residual
from scrubjay.geometry.draws import Score
from scrubjay.geometry.filters import Filters
from scrubjay.geometry.gate import Gate

Basis = Literal["orthogonal", "uncorrelated"]


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """Variables of ``resid_mid`` in a reversible basis, and a gate over them.

    A residual stream is ``values @ carriers + rest``: ``directions`` read the values off, ``carriers`` write them, and
    the rest has none of them.

    Attributes:
        directions, thresholds, gate: the variables, when each is on, and what class 1 is.
        carriers: what one unit of each variable adds to the residual stream; directions @ carriers.T is the identity.
        basis: how the rest was chosen: orthogonal to the directions, or uncorrelated with them over the domain.
    """

    directions: Directions
    thresholds: Float64[Tensor, "k"]
    gate: Gate
    carriers: Directions
    basis: Basis

    @classmethod
    def of(cls, filters: Filters, resid_mid: Residual, basis: Basis = "orthogonal") -> "Hypothesis":
        """The hypothesis that a network uses these filters and nothing else."""
        D = filters.directions
        if basis == "orthogonal":
            written = D
        else:
            centred = resid_mid.double() - resid_mid.double().mean(0)
            written = (centred @ D.T).T @ centred / len(centred)
        return cls(D, filters.thresholds, filters.gate, torch.linalg.pinv(written @ D.T) @ written, basis)

    def rest_resampled(self, resid_mid: Residual, donors: Inputs) -> Residual:
        """[1]: every input keeps its variables and takes the rest from its donor."""
        values = (resid_mid - resid_mid[donors]).double() @ self.directions.T
        return resid_mid[donors] + (values @ self.carriers).to(resid_mid.dtype)


def scrub_rest(
    hypothesis: Hypothesis, resid_mid: Residual, readout: Readout, classes: Classes, *, draws: int, seed: int
) -> Score:
    """The share of unablated answers that are left when the rest comes from any input."""
    sources = torch.Generator().manual_seed(seed)
    shares = []
    for _ in range(draws):
        donors = torch.randint(len(resid_mid), (len(resid_mid),), generator=sources)
        answers = readout.classes(hypothesis.rest_resampled(resid_mid, donors))
        shares.append(float((answers == classes).double().mean()))
    return Score.over(shares)
