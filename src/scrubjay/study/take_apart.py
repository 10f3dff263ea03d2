"""One of the two networks, full or frozen, taken apart: its subspace, its filters, their gate and its controls."""

from collections.abc import Callable

from scrubjay.activations.readout import Readout
from scrubjay.activations.record import Activations
from scrubjay.evidence.controls import agreement, chance_share, gate_controls
from scrubjay.evidence.scrubbing import Hypothesis, Scrubber, scrub
from scrubjay.geometry.filters import Filters, fit_filters
from scrubjay.geometry.gate import Gate, read_gate
from scrubjay.geometry.pca import PCA
from scrubjay.geometry.subspace import causal_subspace
from scrubjay.study.records import Fit, Gated, Side

FILTERS = (1, 2, 3)
WORTH = 0.005
"""The agreement that a further filter must add to be believed."""
_GRID_DRAWS = 5
_USUAL = 3  # what replicas of the challenge compress to; shown for every network, so that they compare


def take_apart(
    name: str,
    act: Activations,
    untrained: Activations,
    readout: Readout,
    *,
    seed: int,
    draws: int,
    progress: Callable[[str], None],
) -> Side:
    """Choose the subspace causally, fit filters in it (and in two and in all components, to compare), read their gate.

    Args:
        name: ``full`` or ``frozen``.
        act: what the network computes on every input.
        untrained: the same of an untrained network, for the controls.
        readout: from ``resid_mid`` to an answer.
        seed: of everything that is drawn.
        draws: of each resampling and each control.
        progress: told each stage as it begins.
    """
    progress(f"{name} network: principal components and causal subspace")
    pca = PCA.of(act.resid_mid)
    subspace = causal_subspace(act.resid_mid, pca.components, readout, act.classes, draws=draws, seed=seed)
    if not readout.task.is_binary:
        return Side(name, act, pca, subspace, gate=None, gate_2pc=None, grid=())
    two, causal, every = min(2, len(pca.mean)), max(1, subspace.r), len(pca.mean)
    grid: dict[tuple[int, int], Fit] = {}
    for r in sorted({two, min(_USUAL, every), causal, every}):
        for k in FILTERS:
            progress(f"{name} network: {k} filter{'s' * (k > 1)} in {r} components")
            grid[r, k] = _fit(act, pca, readout, r, k, seed, with_parity=r == causal)
    progress(f"{name} network: controls of the gate")

    def gated(fit: Fit) -> Gated:
        reading = read_gate(fit.filters.bits(act.resid_mid), act.classes == 1)
        return Gated(fit, reading, gate_controls(fit.filters, act, pca, untrained, r=fit.r, draws=draws, seed=seed))

    return Side(
        name,
        act,
        pca,
        subspace,
        gate=gated(_simplest([grid[causal, k] for k in FILTERS])),
        gate_2pc=gated(grid[two, 2]),
        grid=tuple(grid.values()),
    )


def two_filters(act: Activations, readout: Readout, *, seed: int) -> tuple[PCA, Filters | None]:
    """Components, and two filters in the causal subspace (None where the task has not two classes); no controls."""
    pca = PCA.of(act.resid_mid)
    if not readout.task.is_binary:
        return pca, None
    r = max(2, causal_subspace(act.resid_mid, pca.components, readout, act.classes, seed=seed).r)
    return pca, fit_filters(act.resid_mid, pca, act.classes == 1, r=r, k=2, seed=seed)


def _simplest(fits: list[Fit]) -> Fit:
    """The fewest filters to which no larger number adds what a filter is worth."""
    best = max(fit.agreement for fit in fits)
    return next(fit for fit in fits if fit.agreement > best - WORTH)


def _fit(act: Activations, pca: PCA, readout: Readout, r: int, k: int, seed: int, *, with_parity: bool) -> Fit:
    gates = [Gate.conjunction(k), Gate.disjunction(k), *([Gate.parity(k)] if with_parity else [])]
    filters = fit_filters(
        act.resid_mid, pca, act.classes == 1, r=r, k=k, gates=gates[: 1 if k == 1 else None], seed=seed
    )
    scrubber = Scrubber.of(Hypothesis.of(filters, act.resid_mid), act.resid_mid, pca.components[:r])
    return Fit(
        r=r,
        k=k,
        filters=filters,
        agreement=agreement(filters.predict(act.resid_mid), act.classes),
        scrubbed=scrub(scrubber, readout, act.classes, draws=_GRID_DRAWS, seed=seed, only=("1",))["1"].own,
        resampled=chance_share(act.classes),
    )
