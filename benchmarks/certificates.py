"""Certify networks of others and check each certificate in an environment without PyTorch.

    python benchmarks/certificates.py NETWORKS --declared examples/zoo/declarations --checker PYTHON [--jobs 2]

NETWORKS is a folder of network files, as for ``scrubjay survey``, and PYTHON is the interpreter of an environment that
holds python-flint and nothing else. Each network is written into a file of our format, certified on its whole domain,
and the certificate is checked by the checker's file alone. The command prints a table. The seconds are processor time
of all cores together, since other work on the machine does not change it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scrubjay.certify import certificate_checker
from scrubjay.certify.prove import certify
from scrubjay.core.errors import ScrubjayError
from scrubjay.nets.files.checkpoint import bundled_network, save_network
from scrubjay.survey.declaration import Declaration, declaration_file, read_declaration
from scrubjay.survey.examine import opened_with_task
from scrubjay.survey.places import network_places

HEAD = ("network", "inputs", "proved", "undecided", "right", "least margin", "other in float", "proof", "check")


def used() -> float:
    times = os.times()
    return times.user + times.children_user


def row_of(name: str, file: Path, task: str | None, inner: Path | None, python: str, jobs: int) -> Iterator[str]:
    """The cells of each network of a certificate."""
    with tempfile.TemporaryDirectory() as folder:
        written, began = Path(folder) / "cert.json", used()
        certificate = certify(file, task, inner=inner, jobs=jobs)
        certificate.save(written)
        proof, began = used() - began, used()
        words = [python, certificate_checker.__file__, str(written), str(file), *([str(inner)] if inner else [])]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        ran = subprocess.run(words, capture_output=True, text=True, env=environment)
        check = used() - began
    outcome = f"{check:.1f} s" if ran.returncode == 0 else (ran.stderr.strip().splitlines() or ["failed"])[-1]
    content = certificate.content
    for number, (which, network) in enumerate(content["networks"].items()):
        counts = content["counts"][which]
        size = len(network["answers"])
        yield " | ".join(
            (
                name if not number else f"... {which}: the same answer on {counts['same']:,}",
                f"{size:,}",
                f"{counts['proved']:,}",
                f"{counts['undecided']:,}",
                f"{counts['right']:,}" if "right" in counts else "no labels",
                f"{network['least_margin']:.3g}",
                f"{len(network['run_differs']):,} in {network['run_in']}",
                "" if number else f"{proof:.1f} s",
                "" if number else outcome,
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--declared", type=Path)
    parser.add_argument("--checker", default=sys.executable)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--inner", type=Path, help="an inner network of the bundled one")
    given = parser.parse_args()
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for line in row_of("bundled", bundled_network(), None, given.inner, given.checker, given.jobs):
        print(f"| {line} |", flush=True)
    for place in network_places([given.folder]):
        file = declaration_file(place, given.declared)
        declaration = Declaration() if file is None else read_declaration(file)
        try:
            saved, _ = opened_with_task(place, place.name, declaration)
            with tempfile.TemporaryDirectory() as folder:
                ours = Path(folder) / f"{place.stem}.safetensors"
                save_network(ours, saved.network, task=saved.task)
                for line in row_of(place.name, ours, saved.task, None, given.checker, given.jobs):
                    print(f"| {line} |", flush=True)
        except ScrubjayError as error:
            print(f"| {place.name} | refused: {str(error).replace(folder_of(place), '')} |", flush=True)


def folder_of(place: Path) -> str:
    return f"{place.parent}/"


if __name__ == "__main__":
    main()
