"""What is said of the MLP."""

from scrubjay.core.claim import Claim, share_claim
from scrubjay.core.stats import majority_share
from scrubjay.evidence.mlp.measure import MlpResult, SideMlp

_SECTION = "mlp"


def claims(result: MlpResult) -> list[Claim]:
    """Make two claims for each network: about separability, and about the gate that the MLP computes."""
    majorities = {name: majority_share(act.classes) for name, act in result.run.sides.items()}
    return [claim for name, side in result.sides.items() for claim in _of_side(name, side, majorities[name])]


def _of_side(name: str, side: SideMlp, majority: float) -> list[Claim]:
    tail = "" if name == "full" else f".{name}"
    gate = side.decisions.reading.gate.name
    return [
        share_claim(
            f"mlp.separability{tail}",
            _SECTION,
            f"After the MLP one half-space gives the {name} network's answer (control: before the MLP)",
            side.separability[-1],
            chance=majority,
            control=side.separability[0],
        ),
        share_claim(
            f"mlp.gate{tail}",
            _SECTION,
            f"With everything but the filters held at its mean, the {name} network computes {gate} of the filters "
            f"(control: the next best gate)",
            side.decisions.reading.agreement,
            chance=majority,
            control=side.decisions.other,
            at_best=side.at_best,
            topic="answers that the MLP's gate gives from the filters alone",
            facts={"gate": gate},
        ),
    ]


def answer(result: MlpResult) -> str:
    """Say what the MLP does to the full network's answers."""
    apart, gate = _of_side("full", result.sides["full"], majority_share(result.run.full.classes))[:2]
    return (
        f"The MLP makes the answer easy to read: one half-space gives {apart.shown} of the answers after it, and "
        f"{apart.control:.1%} before it. With everything but the filters held at its mean, it computes their gate on "
        f"{gate.shown} of the inputs."
    )
