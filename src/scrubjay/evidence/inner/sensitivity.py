"""Where decisions are close, and what an error costs there.

The answer on an input depends on *margins*: for two classes the class margin, otherwise the differences between the
largest score and the next largest ones. An error in a margin costs ``1 / (|margin| + ε)²``, where ε is a tenth of the
median margin, so that errors count where they can change an answer.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Inputs, Residual
from scrubjay.nets.readout import HingeReadout

SAMPLE = 1_000
"""How many inputs merges are scored on."""
RIVALS = 8
"""How many of the next largest scores are compared with the largest one."""
_SOFTENED = 0.1
"""ε as a share of the median margin."""


@dataclass(frozen=True, eq=False)
class CloseCalls:
    """The margins of some inputs.

    Attributes:
        inputs: the inputs, shape [n].
        weights: the cost of an error in each margin, shape [n, p], with the sum 1.
        columns: for each margin the difference of columns of the scores that it is, shape [n, p, c].
        gradients: the derivative of each margin by the stream, shape [n, p, d].
    """

    inputs: Inputs
    weights: Float64[Tensor, "n p"]
    columns: Float64[Tensor, "n p c"]
    gradients: Float64[Tensor, "n p d"]

    @classmethod
    def of(cls, readout: HingeReadout, resid_mid: Residual, *, seed: int) -> "CloseCalls":
        """Draw a sample of inputs and find their margins.

        Args:
            readout: from the stream to the scores.
            resid_mid: the streams of all inputs, shape [n, d].
            seed: seed for the sample.
        """
        draw = torch.Generator().manual_seed(seed)
        inputs = torch.randperm(len(resid_mid), generator=draw)[:SAMPLE].sort().values
        streams = resid_mid[inputs].double()
        W_in, hidden = readout.W_in.double().cpu(), readout.hidden.double().cpu()
        direct = readout.direct.double().cpu()
        mlp_pre = torch.addmm(readout.b_in.double().cpu(), streams, W_in)
        scores = mlp_pre.relu() @ hidden + streams @ direct + readout.offset.double().cpu()
        columns, margins = _margins(scores)
        live = (mlp_pre > 0).double()
        by_neuron = torch.einsum("npc,mc->npm", columns, hidden) * live[:, None]
        gradients = by_neuron @ W_in.T + columns @ direct.T
        weights = (margins.abs() + _SOFTENED * margins.abs()[:, 0].median().clamp(min=1e-12)) ** -2
        return cls(inputs, weights / weights.sum(), columns, gradients)

    @property
    def by_output(self) -> Float64[Tensor, "c c"]:
        """The mean cost of an error in the scores, shape [c, c]."""
        return self._weighted(self.columns)

    @property
    def by_stream(self) -> Float64[Tensor, "d d"]:
        """The mean cost of an error in the stream, shape [d, d], to first order."""
        return self._weighted(self.gradients)

    def _weighted(self, vectors: Float64[Tensor, "n p q"]) -> Float64[Tensor, "q q"]:
        """The weighted sum of ``v vᵀ`` over all margins."""
        rows = (vectors * self.weights.sqrt()[:, :, None]).flatten(0, 1)
        metric: Tensor = rows.T @ rows
        return metric


def _margins(scores: Float64[Tensor, "n c"]) -> tuple[Float64[Tensor, "n p c"], Float64[Tensor, "n p"]]:
    n, c = scores.shape
    if c == 1:
        return torch.ones(n, 1, 1, dtype=torch.float64), scores
    values, order = scores.topk(min(c, RIVALS + 1), dim=1)
    unit = torch.eye(c, dtype=torch.float64)
    columns = unit[order[:, :1]] - unit[order[:, 1:]]
    return columns, values[:, :1] - values[:, 1:]


def closest(scores: Float64[Tensor, "n c"]) -> Float64[Tensor, "n"]:
    """How far each input's scores are from another answer, shape [n]."""
    if scores.shape[1] == 1:
        return scores[:, 0].abs()
    best: Int[Tensor, "n 2"] = scores.topk(2, dim=1).values
    return best[:, 0] - best[:, 1]
