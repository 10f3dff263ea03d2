"""Controls for a gate of filters: the agreement that is reached where there is no such mechanism to find."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from scrubjay.core.axes import Bits, Classes, Mask, Residual
from scrubjay.core.stats import Score, Stopping, agreement, majority_share
from scrubjay.fit.exact_steps import best_thresholds, deciding
from scrubjay.fit.filters import SMALLEST_SPREAD, Filters, fit_filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.pca import PCA
from scrubjay.nets.recording import Activations

_ROUNDS = 3
"""How often each threshold is improved, given the others."""


@dataclass(frozen=True)
class GateControls:
    """Agreements that a gate of filters must exceed, because they are reached without such a mechanism.

    Attributes:
        majority: the agreement of always giving the more frequent class.
        random: the agreement of random directions with the best thresholds and the best of AND, OR and the gate itself;
            None where the stream varies along one direction only, so that every direction is the filter itself.
        untrained: the agreement of filters fitted to the same answers in the same number of components of an untrained
            network.
    """

    majority: float
    random: Score | None
    untrained: float

    @property
    def strongest(self) -> tuple[float, tuple[float, float] | None]:
        """The largest of the three, and its 95% interval if it is the random one."""
        exact = max(self.majority, self.untrained)
        if self.random is None or self.random.mean < exact:
            return exact, None
        return self.random.mean, self.random.interval


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
        filters: the filters and their gate; the controls use as many filters.
        act: the network's activations, whose classes are to be predicted.
        pca: the principal components of the network's ``resid_mid``.
        untrained: activations of an untrained network of the same sizes; its attention is frozen if the network's is.
        r: how many components the filters were fitted in.
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
) -> Score | None:
    """Agreement of random directions of the first r components, with thresholds and gate fitted to the answers.

    A single component has only one direction, which would be the filter itself. In that case directions are drawn from
    all components. The result is None if the whole stream varies along one direction only.

    Args:
        resid_mid: the residual streams of all inputs, shape [n, d].
        pca: the principal components of ``resid_mid``.
        classes: the classes to be predicted, shape [n].
        r: how many components the filters were fitted in.
        gates: the gates to try for each set of directions; the best one counts.
        stopping: when enough sets of directions have been drawn.
        seed: seed of the draws.
    """
    draw = torch.Generator().manual_seed(seed)
    ones = classes == 1
    spreads = pca.variances.sqrt()
    varying = int((spreads > SMALLEST_SPREAD * spreads[0]).sum())
    among = min(r, varying) if min(r, varying) > 1 else varying
    if among < 2:
        return None
    points = pca.scores(resid_mid, among)
    points = points / points.std(0)

    def drawn(number: int) -> float:
        projections = points @ torch.randn(among, gates[0].k, generator=draw, dtype=torch.float64)
        return max(agreement(gate(_thresholded(projections, ones, gate)), classes) for gate in gates)

    return stopping.score(drawn)


def _thresholded(projections: torch.Tensor, ones: Mask, gate: Gate) -> Bits:
    """Which filters are on, [n, k], after each filter in turn got its best threshold and side, given the others."""
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
