"""Measure what single neurons do to the class margin, and what the MLP adds to the stream."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.pointwise import ACTIVATION
from scrubjay.nets.readout import HingeReadout, Readout
from scrubjay.nets.tables import AfterAttention
from scrubjay.nets.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Neurons:
    """What single neurons do to the class margin.

    Attributes:
        ablated: for each neuron, the share of answers kept when it is held at its mean, shape [m].
        by_index: for each j from 0 to m, the share of answers kept when only the first j neurons vary and all others
            are held at their means.
        by_contribution: the same for neurons in the order ``order``.
        order: the neurons by the spread of their contribution to the margin, the largest first, shape [m].
    """

    ablated: Float64[Tensor, "m"]
    by_index: Float64[Tensor, "steps"]
    by_contribution: Float64[Tensor, "steps"]
    order: Int[Tensor, "m"]


@torch.no_grad()
def neuron_means(readout: Readout, resid_mid: Residual) -> tuple[Float64[Tensor, "m"], Int[Tensor, "m"]]:
    """Each neuron's mean ``mlp_post``, and the neurons sorted by the spread of what they contribute.

    A neuron's contribution is its ``mlp_post`` times what it writes to the margin, or to the logits if the answer is
    read from them. The mean over the logits is left out, since no answer depends on it.

    Args:
        readout: the part of the network after ``resid_mid``, without normalisation.
        resid_mid: the residual streams of all inputs, shape [n, d].

    Returns:
        The means, shape [m], and the indices of the neurons, the largest spread first, shape [m]; both are empty if
        there is no MLP.
    """
    network = readout.network
    if network.config.attn_only:
        return torch.zeros(0, dtype=torch.float64), torch.zeros(0, dtype=torch.int64)
    activation, W_in, W_out = ACTIVATION[network.config.act_fn], network.W_in, network.W_out
    rows = chunk_rows(W_in.shape[1], torch.float64, W_in.device)
    sums = torch.zeros(2, W_in.shape[1], dtype=torch.float64)
    for chunk in torch.split(resid_mid, rows):
        post = activation(torch.addmm(network.b_in, chunk.to(W_in), W_in)).double()
        sums += torch.stack([post.sum(0), (post * post).sum(0)]).cpu()
    mean, square = sums / len(resid_mid)
    writes = (W_out @ readout.direct).double().cpu()
    if writes.shape[1] > 1:
        writes = writes - writes.mean(1, keepdim=True)
    spread = (square - mean**2) * (writes**2).sum(1)
    return mean, spread.argsort(descending=True, stable=True)


@torch.no_grad()
def study_neurons(readout: HingeReadout, resid_mid: Residual, classes: Classes) -> Neurons:
    """Hold neurons at their means, one at a time and cumulatively.

    This takes two products [n, d] x [d, m] and O(n m) operations besides.

    Args:
        readout: the part of the network after ``resid_mid``, which reads the answer from a margin.
        resid_mid: the residual streams of all inputs, shape [n, d].
        classes: the network's own answers, shape [n].
    """
    post, order = neuron_means(readout, resid_mid)
    mean = post.to(readout.W_in.device) * readout.hidden[:, 0].double()
    rows = chunk_rows(readout.W_in.shape[1], torch.float64, readout.W_in.device)
    kept = torch.zeros(3, len(mean) + 1, dtype=torch.float64)
    for part, own in zip(torch.split(resid_mid, rows), torch.split(classes, rows), strict=True):
        chunk = part.to(readout.W_in)
        added = (torch.addmm(readout.b_in, chunk, readout.W_in).relu_() * readout.hidden[:, 0]).double()
        varying = added - mean
        base = (chunk @ readout.direct + readout.offset).double() + mean.sum()
        ones = (own == 1).to(base.device)[:, None]
        whole = base + varying.sum(1, keepdim=True)
        kept[0, 1:] += ((whole - varying > 0) == ones).sum(0).cpu()
        for row, these in ((1, varying), (2, varying[:, order.to(varying.device)])):
            steps = torch.cat([base, base + these.cumsum(1)], dim=1)
            kept[row] += ((steps > 0) == ones).sum(0).cpu()
    kept /= len(resid_mid)
    return Neurons(kept[0, 1:], kept[1], kept[2], order)


@torch.no_grad()
def mlp_out_of(network: Transformer, resid_mid: Residual) -> Residual:
    """What the MLP adds to each residual stream, shape [n, d]; it is computed in chunks."""
    rows = chunk_rows(network.config.d_mlp, network.dtype, network.device)
    return torch.cat(
        [AfterAttention.of(network, x.to(network.device)).mlp_out.cpu() for x in torch.split(resid_mid, rows)]
    )
