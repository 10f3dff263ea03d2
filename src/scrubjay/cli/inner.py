"""The command that finds the network inside a network: condense."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from scrubjay.cli.words import Net, OwnTask, given_network, given_task, progress_bar, say
from scrubjay.core.errors import OutOfResources, UsageError


def condense(
    net: Net = None,
    out: Annotated[
        Path | None, typer.Option(help="The network file to write; it opens in every other command.")
    ] = None,
    python: Annotated[
        Path | None,
        typer.Option(help="The Python file to write: a function that gives the answers and needs no library."),
    ] = None,
    task: OwnTask = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    at_least: Annotated[float, typer.Option(help="The share of the network's answers to keep, in percent.")] = 99.5,
    refine: Annotated[
        bool,
        typer.Option(
            "--refine",
            help="Move neurons from one group to another as long as this lowers the error. This is a fit to the "
            "network's own scores. By default groups are only ever merged.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed for the sample of inputs that merges are scored on.")] = 0,
) -> None:
    """Find the smallest network inside a network.

    It is the smallest one that still gives the network's answers. Neurons and heads that do nearly the same are merged,
    as the weights and the task's inputs tell; no labels are used, and nothing is trained. A table shows how often
    smaller and larger networks give the answers.

    Example: scrubjay condense net.safetensors --out inner.safetensors --python inner.py
    """
    from scrubjay.condensation import condense as condensed
    from scrubjay.core.files import write_whole
    from scrubjay.report.inner_function import python_function
    from scrubjay.report.inner_text import condensate_json, condensate_text

    if not 0 < at_least <= 100:
        raise UsageError(f"--at-least is a percentage above 0 and at most 100, and was given as {at_least:g}")
    share = round(at_least / 100, 12)
    saved = given_network(net)
    asked = given_task(task or saved.task)
    asked.check_fits(saved.network.config)
    if saved.network.config.norm != "none" and (out is not None or python is not None):
        raise UsageError(
            f"--out and --python need a network that normalises nothing, and {saved.name} has "
            f"{saved.network.config.norm_in_words}; without them the sizes are printed"
        )
    if not asked.domain.has_constant_query and (out is not None or python is not None):
        raise UsageError(
            f"--out and --python need the same token wherever the answer is read, and task {asked.name} has "
            f"{asked.domain.counts[asked.domain.read_at]} tokens there; without them the sizes are printed"
        )
    _check_places(net, out, python)
    with progress_bar() as show:
        found = condensed(saved, asked, at_least=share, seed=seed, refine=refine, progress=show)
        show("done", 1.0)
    if python is not None:
        write_whole(python, python_function(found.inner, saved.name).encode())
    if out is not None:
        found.save(out)
    sys.stdout.write(condensate_json(found) if json else condensate_text(found))
    if python is not None:
        tokens = " ".join(str(allowed[-1]) for allowed in asked.domain.positions[:-1])
        say(f"Wrote {python}; next: python {shlex.quote(str(python))} {tokens}", quiet=json)
    if out is not None:
        place = shlex.quote(str(out))
        say(f"Wrote {out}; next: scrubjay info --weights {place}, or scrubjay explain {place}", quiet=json)


def _check_places(net: str | None, out: Path | None, python: Path | None) -> None:
    """Check, before the long work, that the files can be written and that they do not replace the network.

    Raises:
        UsageError: two of the files are the same.
        OutOfResources: a folder cannot be written, or a file that is to be written is a folder.
    """
    from scrubjay.core.files import writable_folder
    from scrubjay.nets.files.checkpoint import BUNDLED, bundled_network, network_file

    word = net or "bundled"
    taken = {network_file(bundled_network(word) if word in BUNDLED else Path(word)).resolve(): "the network"}
    for option, path in (("--out", out), ("--python", python)):
        if path is None:
            continue
        if path.is_dir():
            raise OutOfResources(f"cannot write {path}: it is a folder")
        if path.resolve() in taken:
            raise UsageError(f"{option} and {taken[path.resolve()]} are the same file, {path}; write to another one")
        taken[path.resolve()] = option
        writable_folder(next(folder for folder in path.resolve().parents if folder.exists()))
