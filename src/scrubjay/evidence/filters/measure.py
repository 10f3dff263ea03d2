"""Fit filters in the causal subspace, and for comparison in two and in all components, and read their gate."""

from dataclasses import dataclass

from scrubjay.core.claim import PARTLY, Verdict, effect, judged
from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import Score, Stopping, chance_share
from scrubjay.evidence.ablations import RestFromAnywhere
from scrubjay.evidence.filters.by_signs import SignsAgreement, agreement_by_signs
from scrubjay.evidence.filters.choice import fitted_gate, simplest
from scrubjay.evidence.filters.gate_controls import GateControls, gate_controls
from scrubjay.evidence.filters.site_filters import SiteFilters, filters_at_sites
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.line import Found
from scrubjay.evidence.scrubber import Scrubber, scrub
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.evidence.subspace.causal import causal_subspace
from scrubjay.fit.filters import Filters, fit_filters
from scrubjay.fit.gate import GateReading, read_gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import PCA
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations
from scrubjay.run import Run, Settings

NUMBERS = (1, 2, 3)
"""The numbers of filters that are fitted in the causal subspace."""
_PLANE = 2
"""The number of components in which Heimersheim and Hobbhahn (2023) fit their filters."""
_PROBE_DRAWS = 5
"""The largest number of draws of ablation [1] for each fit."""
_CONTROL_DRAWS = 20
"""The largest number of sets of random directions for each gate's control."""


@dataclass(frozen=True, eq=False)
class Fit:
    """The best fit of k filters in r components, and what is left of the answers when all else is resampled.

    Attributes:
        r: the number of components of the subspace.
        k: the number of filters.
        filters: the filters and their gate.
        agreement: the agreement of the gate with the answers of the network that it was fitted on.
        scrubbed: the share of those answers that stay when everything but the filters' directions is resampled.
        resampled: the share of those answers that stay when everything is resampled.
    """

    r: int
    k: int
    filters: Filters
    agreement: float
    scrubbed: Score
    resampled: float

    @property
    def is_probe(self) -> bool:
        """Whether the filters tell the answers although the network does not use their directions.

        That is the case if the effect of their agreement is at least 0.5, so that it holds in part, and an effect of
        less than 0.25 is left when all else is resampled.
        """
        return effect(self.agreement, self.resampled) >= PARTLY > 2 * effect(self.scrubbed.mean, self.resampled)

    @property
    def is_used(self) -> bool:
        """Whether enough answers stay when everything but the filters' directions is resampled.

        That is the case if an effect of at least 0.5 is left when all else is resampled. Filters that tell the answers
        without being used are fitted easily: on a small domain even to labels that a network has memorised.
        """
        return effect(self.scrubbed.mean, self.resampled) >= PARTLY


@dataclass(frozen=True, eq=False)
class Gated:
    """A gate of filters.

    Attributes:
        fit: the filters.
        reading: the truth table that the answers give for them.
        controls: what the gate's agreement must exceed.
    """

    fit: Fit
    reading: GateReading
    controls: GateControls

    @property
    def verdict(self) -> Verdict:
        """The verdict of the gate's claim. A claim that builds upon its filters is worth no more than this one."""
        control, interval = self.controls.strongest
        agreement, majority = self.fit.agreement, self.controls.majority
        found = judged(agreement, agreement, majority, control if interval is None else interval[1])
        return found if self.fit.is_used else "fails"


@dataclass(frozen=True, eq=False)
class SideFilters:
    """The filters of one network.

    Attributes:
        pca: the principal components of the network's ``resid_mid``.
        gate: the fewest filters in the causal subspace such that further ones add less than half a percentage point
            of agreement.
        gate_2pc: the fewest filters, one or two, in the first two components, by the same rule.
        fits: all fits.
        hypothesis: the hypothesis that the network uses the filters of ``gate`` and nothing else.
    """

    pca: PCA
    gate: Gated
    gate_2pc: Gated
    fits: tuple[Fit, ...]
    hypothesis: Hypothesis


@dataclass(frozen=True, eq=False)
class FiltersResult:
    """The filters of both networks.

    Attributes:
        run: the run.
        sides: the filters of the full and of the frozen network, by name.
        by_signs: where the full network's gate agrees with it, by the signs of the inner network's hinges; None if
            that has no few hinges.
        sites: the filters at every site of a network with several layers; empty for a network with one.
    """

    run: Run
    sides: dict[str, SideFilters]
    by_signs: SignsAgreement | None
    sites: tuple[SiteFilters, ...]


def measure(run: Run, settings: Settings, found: Found) -> FiltersResult:
    """Fit filters, choose their number, and measure the controls of their gate."""
    subspace = found.of(SUBSPACE).sides
    every = run.network.config.d_model
    plane = min(_PLANE, every)
    wanted = {
        name: [
            *((max(1, own.causal.r), k) for k in NUMBERS),
            *((plane, k) for k in NUMBERS[:2] if plane != own.causal.r),
            *([(every, 2)] if name == "full" and every not in (plane, own.causal.r) else []),
        ]
        for name, own in subspace.items()
    }
    jobs = [(name, r, k) for name, pairs in wanted.items() for r, k in pairs]
    jobs.sort(key=lambda job: -job[1] * job[2])  # the longest first, so that workers end together
    settings.progress("fitting filters", 0.0)

    def fit(job: tuple[str, int, int]) -> Fit:
        name, r, k = job
        with_parity = r == subspace[name].causal.r
        return _fit(run.sides[name], subspace[name].pca, run.readout, r, k, settings, with_parity=with_parity)

    fits = dict(zip(jobs, side_by_side(fit, jobs), strict=True))
    settings.progress("controls of the gate", 0.7)
    chosen: dict[tuple[str, str], Fit] = {}
    for name, own in subspace.items():
        r = max(1, own.causal.r)
        chosen[name, "causal"] = simplest([fits[name, r, k] for k in NUMBERS])
        chosen[name, "plane"] = simplest([fits[name, plane, k] for k in NUMBERS[:2]])
    untrained = {"full": run.untrained, "frozen": run.untrained_frozen}

    def gated(key: tuple[str, str]) -> Gated:
        name, best = key[0], chosen[key]
        act = run.sides[name]
        return Gated(
            best,
            read_gate(best.filters.bits(act.resid_mid), act.classes == 1),
            gate_controls(
                best.filters,
                act,
                subspace[name].pca,
                untrained[name],
                r=best.r,
                stopping=Stopping(_CONTROL_DRAWS, settings.width),
                seed=settings.seed,
            ),
        )

    gates = dict(zip(chosen, side_by_side(gated, chosen), strict=True))
    inner, best = found.get(INNER), chosen["full", "causal"].filters
    return FiltersResult(
        run,
        sites=filters_at_sites(run, found.of(SUBSPACE).sites, settings),
        by_signs=None
        if inner is None
        else agreement_by_signs(inner, best.predict(run.full.resid_mid), run.full.classes),
        sides={
            name: SideFilters(
                own.pca,
                gates[name, "causal"],
                gates[name, "plane"],
                tuple(fits[name, r, k] for r, k in sorted(wanted[name])),
                Hypothesis.of(gates[name, "causal"].fit.filters, run.sides[name].resid_mid, settings.basis),
            )
            for name, own in subspace.items()
        },
    )


def two_filters(act: Activations, readout: Readout, *, seed: int) -> tuple[PCA, Filters | None]:
    """Fit two filters in the causal subspace, without any controls.

    Args:
        act: the network's activations on every input.
        readout: computes the answer from a residual stream.
        seed: seed for the draws and the fit.

    Returns:
        The principal components of ``resid_mid``, and the filters; None instead of filters if the task does not have
        two classes.
    """
    pca = PCA.of(act.resid_mid)
    if not readout.task.is_binary:
        return pca, None
    r = max(2, causal_subspace(act.resid_mid, pca.components, readout, act.classes, seed=seed).r)
    return pca, fit_filters(act.resid_mid, pca, act.classes == 1, r=r, k=2, seed=seed)


def _fit(act: Activations, pca: PCA, readout: Readout, r: int, k: int, settings: Settings, *, with_parity: bool) -> Fit:
    best = fitted_gate(act.resid_mid, pca, act.classes, r, k, seed=settings.seed, with_parity=with_parity)
    scrubber = Scrubber.of(Hypothesis.of(best.filters, act.resid_mid), act.resid_mid, pca.components[:r])
    stopping, row = Stopping(min(_PROBE_DRAWS, settings.draws)), (RestFromAnywhere(),)
    (scores,) = scrub(scrubber, readout, act.classes, stopping=stopping, seed=settings.seed, rows=[row]).values()
    return Fit(
        r=r,
        k=k,
        filters=best.filters,
        agreement=best.agreement,
        scrubbed=scores.own,
        resampled=chance_share(act.classes),
    )
