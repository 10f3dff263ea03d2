"""Which function each network computes, by which algorithm, and what the interchange tests gave, as a Markdown table.

    python -m benchmarks.algorithms FOLDER [FOLDER ...] [--declared FOLDER]

A folder holds network files, or is a run folder of ``scrubjay train``. Networks of other programs need declarations, as
for ``scrubjay survey``.
"""

import argparse
import time
from pathlib import Path
from typing import Any

from scrubjay.core.errors import ScrubjayError
from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.nets.training.saved_state import STATE_FILE
from scrubjay.study import explain
from scrubjay.survey.declaration import Declaration, declaration_file, read_declaration
from scrubjay.survey.examine import opened_with_task
from scrubjay.survey.places import network_places

_TESTS = ("swap", "mosaic", "single", "cosets", "hidden", "contributions")
"""The claims that have a column."""


def row(place: Path, declared: Path | None) -> list[str]:
    """What the table says of one network."""
    name = place.parent.name if place.name == "network.safetensors" else place.stem
    began = time.process_time()
    try:
        file = declaration_file(place, declared)
        declaration = Declaration() if file is None else read_declaration(file)
        saved, _ = opened_with_task(place, name, declaration)
        if saved.task is None:
            return [name, "no task is declared"]
        study = explain(saved, lines=[ALGORITHM])
    except ScrubjayError as error:
        return [name, f"refused: {error}"]
    seconds = f"{time.process_time() - began:.0f}"
    found = study.found.get(ALGORITHM)
    if found is None:
        return [name, f"not named: {study.skipped[0].reason}", "", "", *[""] * len(_TESTS), seconds]
    keys: list[dict[str, Any]] = next((claim.facts["key"] for claim in study.claims if "key" in claim.facts), [])
    variables = ", ".join(" + ".join([each["name"], *each["with"]]) for each in keys)
    tests = []
    for test in _TESTS:
        claim = next((claim for claim in study.claims if claim.id == f"algorithm.{test}"), None)
        if claim is None or claim.value is None:
            tests.append("")
        else:
            tests.append(
                f"{claim.shown}{claim.shown_interval}, control {claim.control:.1%}: {claim.verdict or 'no verdict'}"
            )
    function = found.setting.function
    return [name, function.words, f"{len(function.exceptions):,}", variables, *tests, seconds]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--declared", type=Path, help="the folder with the declarations")
    given = parser.parse_args()
    head = ("network", "it computes", "exceptions", "variables", *_TESTS, "CPU seconds")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}", flush=True)
    for place in network_places(given.folders):
        if place.name == STATE_FILE:
            continue
        cells = row(place, given.declared)
        cells += [""] * (len(head) - len(cells))
        print("| " + " | ".join(cell.partition("\n")[0].replace("|", "\\|") for cell in cells) + " |", flush=True)


if __name__ == "__main__":
    main()
