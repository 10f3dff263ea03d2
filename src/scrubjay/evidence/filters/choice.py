"""How filters are fitted and how their number is chosen, in ``resid_mid`` and at the other sites alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from scrubjay.core.axes import Classes, Residual
from scrubjay.core.stats import agreement
from scrubjay.fit.filters import Filters, fit_filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.pca import PCA

WORTH = 0.005
"""How much agreement a further filter must add to be accepted."""


@runtime_checkable
class Agreeing(Protocol):
    """A fit that has an agreement with the network's answers."""

    @property
    def agreement(self) -> float:
        """The agreement."""


F = TypeVar("F", bound=Agreeing)


@dataclass(frozen=True, eq=False)
class Fitted:
    """Filters with their gate.

    Attributes:
        filters: the filters and their gate.
        agreement: how often the gate gives the network's answer.
    """

    filters: Filters
    agreement: float


def simplest(fits: Sequence[F]) -> F:
    """The fit with the fewest filters whose agreement comes within ``WORTH`` of the best.

    Args:
        fits: the fits in the order of their number of filters.
    """
    best = max(fit.agreement for fit in fits)
    return next(fit for fit in fits if fit.agreement > best - WORTH)


def fitted_gate(
    values: Residual, pca: PCA, classes: Classes, r: int, k: int, *, seed: int, with_parity: bool = False
) -> Fitted:
    """Fit k filters whose conjunction or disjunction, or parity where it is tried, gives class 1.

    Args:
        values: the streams of all inputs, shape [n, d].
        pca: their principal components.
        classes: the network's answers, shape [n].
        r: the number of components that the filters may read.
        k: the number of filters.
        seed: seed for the optimiser's starts.
        with_parity: whether parity is tried too.
    """
    gates = [Gate.conjunction(k), Gate.disjunction(k), *([Gate.parity(k)] if with_parity else [])]
    filters = fit_filters(values, pca, classes == 1, r=r, k=k, gates=gates[: 1 if k == 1 else None], seed=seed)
    return Fitted(filters, agreement(filters.predict(values), classes))
