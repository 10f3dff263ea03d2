"""Measure the MLP of the full and the frozen network: separability, neurons, and decisions."""

from dataclasses import dataclass

from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.claim import Verdict
from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import share_of
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.line import Found
from scrubjay.evidence.mlp.decisions import DecisionMap, map_decisions
from scrubjay.evidence.mlp.neurons import Neurons, mlp_out_of, study_neurons
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.pca import PCA
from scrubjay.nets.readout import HingeReadout
from scrubjay.run import Run, Settings

FRACTIONS = (0.0, 0.5, 1.0)
"""The fractions of ``mlp_out`` that are added to the stream."""


@dataclass(frozen=True, eq=False)
class SideMlp:
    """The MLP of one network.

    Attributes:
        resid_post: the principal components of the stream after the MLP.
        scores: the coordinates of every input along the first two of them, shape [n, 2].
        fractions: the fractions of ``mlp_out`` that are added to the stream.
        separability: for each fraction, the share of answers that the best single half-space gives.
        neurons: what single neurons contribute; None unless the answer is read from a margin that is a sum of hinges.
        decisions: what the network answers in the plane of the filters.
        at_best: the verdict of the claim that these are the filters.
    """

    resid_post: PCA
    scores: Float64[Tensor, "n 2"]
    fractions: tuple[float, ...]
    separability: tuple[float, ...]
    neurons: Neurons | None
    decisions: DecisionMap
    at_best: Verdict


@dataclass(frozen=True, eq=False)
class MlpResult:
    """The MLPs of both networks.

    Attributes:
        run: the run.
        sides: the MLP of the full and of the frozen network, by name.
    """

    run: Run
    sides: dict[str, SideMlp]


def measure(run: Run, settings: Settings, found: Found) -> MlpResult:
    """Add the MLP's output in steps, hold its neurons at their means, and map the network's decisions."""
    filters = found.of(FILTERS).sides
    streams = {name: (act.resid_mid, mlp_out_of(run.network, act.resid_mid)) for name, act in run.sides.items()}

    def separable(job: tuple[str, float]) -> float:
        name, fraction = job
        resid_mid, mlp_out = streams[name]
        site, classes = resid_mid + fraction * mlp_out, run.sides[name].classes
        fit = fit_filters(site, PCA.of(site), classes == 1, r=site.shape[1], k=1, seed=settings.seed)
        return share_of(fit.predict(site).long() == classes)

    def study(name: str) -> tuple[Neurons | None, DecisionMap]:
        resid_mid, classes = streams[name][0], run.sides[name].classes
        hinges = run.readout if isinstance(run.readout, HingeReadout) and run.readout.reads_margin else None
        return (
            None if hinges is None else study_neurons(hinges, resid_mid, classes),
            map_decisions(filters[name].hypothesis, resid_mid, run.readout),
        )

    jobs = [(name, fraction) for name in run.sides for fraction in FRACTIONS]
    shares = dict(zip(jobs, side_by_side(separable, jobs), strict=True))
    studied = dict(zip(run.sides, side_by_side(study, run.sides), strict=True))
    sides = {}
    for name, (resid_mid, mlp_out) in streams.items():
        after = PCA.of(resid_mid + mlp_out)
        neurons, decisions = studied[name]
        sides[name] = SideMlp(
            resid_post=after,
            scores=after.scores(resid_mid + mlp_out, 2),
            fractions=FRACTIONS,
            separability=tuple(shares[name, fraction] for fraction in FRACTIONS),
            neurons=neurons,
            decisions=decisions,
            at_best=filters[name].gate.verdict,
        )
    return MlpResult(run, sides)
