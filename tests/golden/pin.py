"""Pin the claims about the bundled network, each with tolerances of its own.

scrubjay explain --out out
python tests/golden/pin.py out/claims.json
"""

import json
import sys
from pathlib import Path
from typing import Any

PINNED = Path(__file__).with_name("bundled_claims.json")
EXACT = 1e-12
"""For shares that involve neither a fit nor a draw."""
FITTED = 0.005
"""For shares behind an optimiser, whose rounding differs from machine to machine."""
DRAWN = 0.02
"""For controls over draws, of which there are few."""


def tolerances(claim: dict[str, Any]) -> tuple[float, float]:
    """How far the value and the control of a claim may lie from the pinned ones."""
    if claim["kind"] == "count":
        return 0, 1
    if claim["kind"] == "error":
        return claim["value"], claim["control"] / 100
    if claim["id"].startswith(("accuracy.", "frozen.")):
        return EXACT, EXACT
    if claim["id"].startswith(("swap.", "steering.random", "algorithm.")):
        return DRAWN, DRAWN
    return FITTED, DRAWN if claim["control_interval"] is not None else FITTED


if __name__ == "__main__":
    found = json.loads(Path(sys.argv[1]).read_text())
    for claim in found["claims"]:
        claim["tolerance"], claim["control_tolerance"] = tolerances(claim)
    command = "scrubjay explain --out out; python tests/golden/pin.py out/claims.json"
    pinned = {"command": command, "provenance": found["provenance"], "claims": found["claims"]}
    PINNED.write_text(json.dumps(pinned, indent=1, ensure_ascii=False) + "\n")
