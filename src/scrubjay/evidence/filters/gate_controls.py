"""What a gate of filters must beat: the same measurement where an explanation has nothing to find."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from scrubjay.core.axes import Bits, Classes, Mask, Residual
from scrubjay.core.stats import Score, Stopping, agreement, majority_share
from scrubjay.fit.exact_steps import best_thresholds, deciding
from scrubjay.fit.filters import Filters, fit_filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.pca import PCA
from scrubjay.nets.recording import Activations

_ROUNDS = 3
"""How often each threshold is improved, given the others."""


@dataclass(frozen=True)
class GateControls:
    """What a gate of filters reaches where there is no mechanism of that kind.

    Attributes:
        majority: always the more frequent class.
        random: random directions with the best thresholds and the best of AND, OR and the gate itself.
        untrained: filters fitted in the same number of components of an untrained network, to the same answers.
    """

    majority: float
    random: Score
    untrained: float

    @property
    def strongest(self) -> tuple[float, tuple[float, float] | None]:
        """The control that comes nearest, and its 95% interval if it is a random one."""
        exact = max(self.majority, self.untrained)
        return (self.random.mean, self.random.interval) if self.random.mean >= exact else (exact, None)


def gate_controls(
    filters: Filters,
    act: Activations,
    pca: PCA,
    untrained: Activations,
    *,
    r: int,
    stopping: Stopping,
    seed: int,
) -> GateControls:
    """Measure the controls of a gate.

    Args:
        filters: the gate in question; gives the number of filters.
        act: the network's activations, whose classes are to be predicted.
        pca: of its ``resid_mid``.
        untrained: activations of an untrained network of the same sizes, treated alike.
        r: components that the filters were fitted in.
        stopping: when enough sets of random directions have been drawn.
        seed: seed of the draws and of the fit.
    """
    k, ones = filters.gate.k, act.classes == 1
    gates = sorted({Gate.conjunction(k), Gate.disjunction(k), filters.gate}, key=lambda gate: gate.table)
    other = fit_filters(untrained.resid_mid, PCA.of(untrained.resid_mid), ones, r=r, k=k, gates=gates, seed=seed)
    return GateControls(
        majority=majority_share(act.classes),
        random=random_gates(act.resid_mid, pca, act.classes, r=r, gates=gates, stopping=stopping, seed=seed),
        untrained=agreement(other.predict(untrained.resid_mid), act.classes),
    )


def random_gates(
    resid_mid: Residual,
    pca: PCA,
    classes: Classes,
    *,
    r: int,
    gates: Sequence[Gate],
    stopping: Stopping,
    seed: int,
) -> Score:
    """Agreement of random directions of the first r components, with thresholds and gate fitted to the answers.

    A single component has one direction only, which would be the filter itself. Directions are then drawn from all
    components.
    """
    draw = torch.Generator().manual_seed(seed)
    ones = classes == 1
    among = r if r > 1 else len(pca.components)
    points = pca.scores(resid_mid, among)
    points = points / points.std(0).clamp(min=torch.finfo(torch.float64).tiny)

    def drawn(number: int) -> float:
        projections = points @ torch.randn(among, gates[0].k, generator=draw, dtype=torch.float64)
        return max(agreement(gate(_thresholded(projections, ones, gate)), classes) for gate in gates)

    return stopping.score(drawn)


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
