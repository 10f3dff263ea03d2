"""The commands that prove a network's answers and check such proofs: certify and check."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from scrubjay.cli.words import OwnTask, progress_bar, say
from scrubjay.core.errors import OutOfResources, RefusedFile, UsageError

Proved = Annotated[
    str, typer.Argument(help="A network file, a run folder, or a bundled network: `bundled` or `modular`.")
]
InnerFile = Annotated[
    Path | None, typer.Option(help="The file of a network inside the network, as `scrubjay condense --out` writes it.")
]
Jobs = Annotated[int, typer.Option(min=0, help="The number of processes; 0 for as many as there are cores.")]


def certify(
    net: Proved = "bundled",
    out: Annotated[Path, typer.Option(help="The certificate to write.")] = Path("cert.json"),
    task: OwnTask = None,
    inner: InnerFile = None,
    jobs: Jobs = 0,
) -> None:
    """Prove a network's answers on every input.

    The answers are those of real arithmetic: each margin is enclosed by ball arithmetic, with all rounding, and shown
    to be above zero. Inputs for which that fails are listed as undecided. The certificate holds the domain, the
    answers, and hashes of the weights, and `scrubjay check` proves it again in another way.

    Example: scrubjay certify bundled --out cert.json
    """
    from scrubjay.certify.prove import certify as certified
    from scrubjay.core.files import writable_folder
    from scrubjay.report.certificate_text import certificate_text

    if out.is_dir():
        raise OutOfResources(f"cannot write {out}: it is a folder")
    for network in (net, inner):
        if network is not None and out.resolve() == Path(network).resolve():
            raise UsageError(f"--out and a network are the same file, {out}; write to another one")
    writable_folder(next(folder for folder in out.resolve().parents if folder.exists()))
    with progress_bar() as show:
        certificate = certified(net, task, inner=inner, jobs=jobs or None, progress=show)
        show("done", 1.0)
    certificate.save(out)
    sys.stdout.write(certificate_text(certificate.content))
    also = "" if inner is None else f" --inner {shlex.quote(str(inner))}"
    say(f"Wrote {out} in {certificate.seconds:.0f} s; next: scrubjay check {shlex.quote(str(out))} {net}{also}")


def check(
    certificate: Annotated[Path, typer.Argument(help="The certificate, as `scrubjay certify` writes it.")],
    net: Proved,
    inner: InnerFile = None,
    jobs: Jobs = 0,
) -> None:
    """Check a certificate of a network's answers.

    The checker is one file that shares no code with the prover and goes another way: a plain forward pass in integers,
    with bounds on their errors. A changed certificate or network is refused.

    Example: scrubjay check cert.json bundled
    """
    from scrubjay.certify.prove import need_flint, proved_file

    need_flint()
    from scrubjay.certify.certificate_checker import FAILURES, check_certificate
    from scrubjay.report.certificate_text import theorem

    places = {"network": str(proved_file(net))}
    if inner is not None:
        places["inner network"] = str(proved_file(inner))
    try:
        content = check_certificate(certificate, places, jobs)
    except FAILURES as error:
        raise RefusedFile(f"{certificate} is refused: {_reason(error)}") from error
    sys.stdout.write("\n".join(["The certificate holds.", *theorem(content), ""]))


def _reason(error: BaseException) -> str:
    """What is wrong, in words, also for errors that name only a key or a type."""
    if type(error) is ValueError:
        return str(error)
    return f"a file cannot be read or is incomplete ({type(error).__name__}: {error})"
