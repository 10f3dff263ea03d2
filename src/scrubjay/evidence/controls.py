"""What must fail: the same measurements where an explanation has nothing to find."""

from dataclasses import dataclass

import torch

from scrubjay.activations.record import Activations
from scrubjay.axes import Bits, Classes, Mask, Residual
from scrubjay.geometry.draws import Score, share_of
from scrubjay.geometry.filters import Filters, fit_filters
from scrubjay.geometry.gate import Gate
from scrubjay.geometry.pca import PCA
from scrubjay.geometry.sweep import best_thresholds, deciding

_ROUNDS = 3


@dataclass(frozen=True)
class GateControls:
    """What a gate of filters reaches where there is no mechanism of that kind.

    Attributes:
        majority: the more frequent class, always.
        random: random directions of the same subspace, the best thresholds and the best of AND, OR and the gate itself.
        untrained: filters fitted in the same number of components of an untrained network, to the same answers.
    """

    majority: float
    random: Score
    untrained: float

    @property
    def strongest(self) -> float:
        """The control that comes nearest."""
        return max(self.majority, self.random.mean, self.untrained)


def gate_controls(
    filters: Filters, act: Activations, pca: PCA, untrained: Activations, *, r: int, draws: int, seed: int
) -> GateControls:
    """Measure the controls of a gate.

    Args:
        filters: the gate in question; gives the number of filters.
        act: the network's activations, whose classes are to be predicted.
        pca: of its ``resid_mid``.
        untrained: activations of an untrained network of the same sizes, treated alike.
        r: components that the filters were fitted in.
        draws: random sets of directions.
        seed: of the draws and the fit.
    """
    k, ones = filters.gate.k, act.classes == 1
    gates = sorted({Gate.conjunction(k), Gate.disjunction(k), filters.gate}, key=lambda gate: gate.table)
    other = fit_filters(untrained.resid_mid, PCA.of(untrained.resid_mid), ones, r=r, k=k, gates=gates, seed=seed)
    return GateControls(
        majority=majority_share(act.classes),
        random=random_directions(act.resid_mid, pca, ones, act.classes, r=r, gates=gates, draws=draws, seed=seed),
        untrained=agreement(other.predict(untrained.resid_mid), act.classes),
    )


def random_directions(
    resid_mid: Residual, pca: PCA, ones: Mask, classes: Classes, *, r: int, gates: list[Gate], draws: int, seed: int
) -> Score:
    """Agreement of random directions of the first r components, thresholds and the gate fitted to the answers."""
    draw = torch.Generator().manual_seed(seed)
    points = pca.scores(resid_mid, r)
    points = points / points.std(0).clamp(min=torch.finfo(torch.float64).tiny)
    shares = []
    for _ in range(draws):
        projections = points @ torch.randn(r, gates[0].k, generator=draw, dtype=torch.float64)
        shares.append(max(agreement(gate(_thresholded(projections, ones, gate)), classes) for gate in gates))
    return Score.over(shares)


def agreement(predicted: Mask, classes: Classes) -> float:
    """The share of inputs whose class is predicted; an answer in no class is never."""
    return share_of(predicted.long() == classes)


def majority_share(classes: Classes) -> float:
    """The share of the most frequent class; an answer in no class is one of its own kind."""
    return int((classes + 1).bincount().max()) / len(classes)


def chance_share(classes: Classes) -> float:
    """The share of inputs that keep their class when each takes that of any other: everything resampled."""
    return float(((classes + 1).bincount().double() / len(classes)).square().sum())


def _thresholded(projections: torch.Tensor, ones: Mask, gate: Gate) -> Bits:
    """Bits with, filter after filter, the best threshold on the better side, given the others."""
    n, k = projections.shape
    both = torch.cat([projections, -projections], dim=1).T.contiguous()
    bits = torch.full((n, k), gate == Gate.conjunction(k))
    for _ in range(_ROUNDS):
        for i in range(k):
            matters, wanted = deciding(bits, ones, gate, i)
            if bool(matters.any()):
                sides = both[[i, i + k]]
                found, count = best_thresholds(sides[:, matters], wanted)
                best = int(count.argmax())
                bits[:, i] = sides[best] > found[best]
    return bits
