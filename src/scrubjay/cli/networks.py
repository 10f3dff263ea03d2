"""Commands that make, read and share networks: train, import, info, push."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scrubjay.cli.words import (
    TASK_HELP,
    Device,
    FreezeAttention,
    Net,
    fail,
    given_frozen_pattern,
    given_network,
    given_task,
    network_place,
    say,
)
from scrubjay.errors import UsageError

if TYPE_CHECKING:
    from scrubjay.task.recipe import Recipe


def train(
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    out: Annotated[Path, typer.Option(help="The run's folder: network, state, history, epochs on the way.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the initial weights.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Default: the recipe's.")] = None,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the folder's saved state.")] = False,
    save_every: Annotated[int, typer.Option(min=1, help="Epochs between saved states.")] = 500,
    freeze_attention: FreezeAttention = None,
    size: Annotated[
        list[str] | None, typer.Option(help="NAME=NUMBER of d_model, n_heads, d_head, d_mlp (0: no MLP); several.")
    ] = None,
) -> None:
    """Train a network by its task's recipe; Ctrl-C leaves a state that --resume goes on from."""
    from dataclasses import replace

    from tqdm import tqdm

    from scrubjay.model.run_folder import train_into
    from scrubjay.model.training import Progress, chosen_device

    asked = given_task(task)
    if asked.recipe is None:
        raise UsageError(f"task {asked.name} has no recipe, so there are no sizes to train at")
    sized = _sized(asked.recipe, size or [])
    recipe = replace(
        sized,
        seed=seed,
        epochs=epochs or sized.epochs,
        frozen_pattern=given_frozen_pattern(freeze_attention, asked, sized.n_heads),
    )
    on = chosen_device(device)
    with tqdm(total=recipe.epochs, unit="epoch", file=sys.stderr, disable=None) as bar:

        def report(progress: Progress) -> None:
            bar.update(progress.epoch - bar.n)
            bar.set_postfix_str(
                f"loss {progress.train_loss:.2e} / {progress.test_loss:.2e}, "
                f"right {progress.train_accuracy:.1%} / {progress.test_accuracy:.1%}"
            )

        try:
            saved = train_into(out, asked, recipe, resume=resume, device=on, save_every=save_every, report=report)
        except KeyboardInterrupt:
            bar.close()
            fail(f"interrupted; the same command with --resume goes on from the state in {out}", 130)
    final = saved.manifest["training"]
    say(f"Right on {final['train_accuracy']:.2%} of the training and {final['test_accuracy']:.2%} of the test half.")
    say(f"Wrote {out}; next: scrubjay explain {out}")


def _sized(recipe: "Recipe", words: list[str]) -> "Recipe":
    from dataclasses import replace

    sizes: dict[str, Any] = {}
    for each in words:
        name, _, number = each.partition("=")
        if name not in ("d_model", "n_heads", "d_head", "d_mlp") or not number.isdecimal():
            raise UsageError(f"--size is d_model, n_heads, d_head or d_mlp, then = and a number; it is {each!r}")
        sizes[name] = int(number)
    return replace(recipe, **sizes)


def import_(
    file: Annotated[Path, typer.Argument(help="A checkpoint of another program.")],
    out: Annotated[Path, typer.Option(help="The network file to write.")],
    layout: Annotated[str, typer.Option(help="auto, challenge or transformer-lens.")] = "auto",
    task: Annotated[str | None, typer.Option(help=f"{TASK_HELP} Kept with the network.")] = None,
) -> None:
    """Turn another program's checkpoint into a network file; nothing in it is ever run."""
    from scrubjay.model.checkpoint import import_network, save_network

    network, source = import_network(file, layout)
    if task is not None:
        asked = given_task(task)
        network.config.check_domain(asked.domain)
        if not task.endswith(".npz"):
            task = asked.name
    save_network(out, network, task=task, source=source)
    say(f"Read {file} in the layout {source['layout']!r}: {network.config}")
    say(f"Wrote {out}; next: scrubjay explain {out}")


def info(
    net: Net = None,
    weights: Annotated[bool, typer.Option("--weights", help="Print every weight instead, to four digits.")] = False,
) -> None:
    """Print what a network file says of itself, after checking its seal."""
    import json

    if weights:
        from scrubjay.report.weights import weights_text

        sys.stdout.write(weights_text(given_network(net).network))
        return
    sys.stdout.write(json.dumps(given_network(net).manifest, indent=2, ensure_ascii=False) + "\n")


def push(
    net: Annotated[str, typer.Argument(help="A network file or run folder; `bundled` for the bundled one.")],
    repo: Annotated[str, typer.Argument(help="owner/name on the Hugging Face hub; made if there is none.")],
    licence: Annotated[
        str | None, typer.Option(help="For the card, as the hub spells it, such as mit. Default: unknown.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
) -> None:
    """Put a network with its model card on the Hugging Face hub."""
    from scrubjay.model.hub import SCHEME, Address, push_network

    page = push_network(Path(network_place(net)), repo, licence=licence, private=private)
    say(f"Pushed {net} with its model card: {page}")
    say(f"Read the card there; next: scrubjay explain {SCHEME}{Address.parse(repo).repo}")
