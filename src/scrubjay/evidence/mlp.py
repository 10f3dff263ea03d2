"""The MLP as it switches on: separability, neurons, and what it decides in the plane of the filters."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.activations.readout import Readout
from scrubjay.axes import Classes, Residual
from scrubjay.evidence.scrubbing import Hypothesis
from scrubjay.geometry.draws import share_of
from scrubjay.geometry.filters import fit_filters
from scrubjay.geometry.gate import GateReading, read_gate
from scrubjay.geometry.pca import PCA
from scrubjay.model.chunks import chunk_rows
from scrubjay.model.tables import AfterAttention
from scrubjay.model.transformer import OneLayerTransformer

FRACTIONS = (0.0, 0.25, 0.5, 0.75, 1.0)
_GRID = 121


@dataclass(frozen=True, eq=False)
class Neurons:
    """What single neurons do to the class margin.

    Attributes:
        ablated: for each neuron, the share of answers kept when it is held at its mean.
        by_index, by_contribution: the share of answers kept when only the first j neurons of that order vary and all
            others are held at their means, for j from 0.
        order: the neurons by falling spread of their contribution to the margin.
    """

    ablated: Float64[Tensor, "m"]
    by_index: Float64[Tensor, "steps"]
    by_contribution: Float64[Tensor, "steps"]
    order: Int[Tensor, "m"]


@dataclass(frozen=True, eq=False)
class DecisionMap:
    """What the network answers in the filter plane, with all other coordinates at their mean.

    Attributes:
        reading: the gate read off every input's own filter values.
        other: the agreement of the best other gate.
        sides: the values of the two first filters (beyond their thresholds) along the map; empty for other numbers.
        image: the answers on that grid, the first filter along the rows.
    """

    reading: GateReading
    other: float
    sides: Float64[Tensor, "k g"]
    image: Int[Tensor, "_g _g"]


@dataclass(frozen=True, eq=False)
class MlpStudy:
    """The MLP of one network.

    Attributes:
        resid_post: principal components of the stream after the MLP; scores: its first two coordinates.
        fractions: how much of ``mlp_out`` is added; separability: the best single half-space at each.
        neurons: None where the answer is read from more than a margin.
        decisions: in the plane of the filters.
    """

    resid_post: PCA
    scores: Float64[Tensor, "n 2"]
    fractions: tuple[float, ...]
    separability: tuple[float, ...]
    neurons: Neurons | None
    decisions: DecisionMap


def study_mlp(
    network: OneLayerTransformer,
    resid_mid: Residual,
    readout: Readout,
    classes: Classes,
    hypothesis: Hypothesis,
    *,
    seed: int,
) -> MlpStudy:
    """Measure the MLP of a network, full or frozen.

    Args:
        network: the weights.
        resid_mid: of the full or the frozen network.
        readout: from a residual stream to an answer.
        classes: the unablated answers.
        hypothesis: the filters whose plane is mapped.
        seed: of the fits.
    """
    mlp_out = mlp_out_of(network, resid_mid)
    after = PCA.of(resid_mid + mlp_out)
    separability = []
    for fraction in FRACTIONS:
        site = resid_mid + fraction * mlp_out
        fit = fit_filters(site, PCA.of(site), classes == 1, r=site.shape[1], k=1, seed=seed)
        separability.append(share_of(fit.predict(site).long() == classes))
    return MlpStudy(
        resid_post=after,
        scores=after.scores(resid_mid + mlp_out, 2),
        fractions=FRACTIONS,
        separability=tuple(separability),
        neurons=study_neurons(readout, resid_mid, classes) if readout.hidden.shape[1] == 1 else None,
        decisions=map_decisions(hypothesis, resid_mid, readout),
    )


@torch.no_grad()
def neuron_means(readout: Readout, resid_mid: Residual) -> tuple[Float64[Tensor, "m"], Int[Tensor, "m"]]:
    """Each neuron's mean ``mlp_post``, and the neurons by falling spread of what they add to what is read.

    That is the spread of ``mlp_post`` times the length of what it writes: to the margin, or to the logits less their
    mean, which no answer depends on.
    """
    rows = chunk_rows(readout.W_in.shape[1], torch.float64, readout.W_in.device)
    sums = torch.zeros(2, readout.W_in.shape[1], dtype=torch.float64)
    for chunk in torch.split(resid_mid, rows):
        post = torch.addmm(readout.b_in, chunk.to(readout.W_in), readout.W_in).relu_().double()
        sums += torch.stack([post.sum(0), (post * post).sum(0)]).cpu()
    mean, square = sums / len(resid_mid)
    writes = readout.hidden.double().cpu()
    if writes.shape[1] > 1:
        writes = writes - writes.mean(1, keepdim=True)
    spread = (square - mean**2) * (writes**2).sum(1)
    return mean, spread.argsort(descending=True, stable=True)


@torch.no_grad()
def study_neurons(readout: Readout, resid_mid: Residual, classes: Classes) -> Neurons:
    """Hold neurons at their means, one at a time and cumulatively. O(n m), and one product [n, d] x [d, m] twice."""
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


def map_decisions(hypothesis: Hypothesis, resid_mid: Residual, readout: Readout) -> DecisionMap:
    """Let the network decide with nothing but the filter values left of each input, and read the gate."""
    values = resid_mid.double() @ hypothesis.directions.T
    mean, centre = resid_mid.double().mean(0), values.mean(0)

    def decide(at: Float64[Tensor, "p k"]) -> Classes:
        return readout.classes((mean + (at - centre) @ hypothesis.carriers).to(resid_mid.dtype))

    decided = decide(values)
    reading = read_gate(values > hypothesis.thresholds, decided == 1)
    counts = reading.counts
    least = int((counts.max(1).values - counts.min(1).values).min())
    k = len(hypothesis.directions)
    low, high = values.quantile(0.002, dim=0), values.quantile(0.998, dim=0)
    sides = low[:, None] + (high - low)[:, None] * torch.linspace(0, 1, _GRID, dtype=torch.float64)
    image = torch.zeros(0, 0, dtype=torch.int64)
    if k == 2:
        image = decide(torch.cartesian_prod(sides[0], sides[1])).view(_GRID, _GRID)
    return DecisionMap(
        reading=reading,
        other=reading.agreement - least / len(values),
        sides=sides - hypothesis.thresholds[:, None],
        image=image,
    )


@torch.no_grad()
def mlp_out_of(network: OneLayerTransformer, resid_mid: Residual) -> Residual:
    """What the MLP adds to each residual stream, in chunks."""
    rows = chunk_rows(network.config.d_mlp, network.dtype, network.device)
    return torch.cat(
        [AfterAttention.of(network, x.to(network.device)).mlp_out.cpu() for x in torch.split(resid_mid, rows)]
    )
