"""The command line: the only place that prints. Results go to stdout, progress and errors to stderr."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from scrubjay.errors import OutOfResources, ScrubjayError, UsageError

if TYPE_CHECKING:
    from scrubjay.model.checkpoint import SavedNetwork
    from scrubjay.task.task import Task

app = typer.Typer(
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Reverse-engineer a small transformer over its whole input domain, and test the explanation.",
)

Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
TASK_HELP = "challenge2, modular_addition:p=113[,below=57][,fraction=0.3][,seed=1], or LABELS.npz."


@app.command()
def explain(
    net: Annotated[Path | None, typer.Argument(help="A network file or run folder; default: the bundled one.")] = None,
    task: Annotated[str | None, typer.Option(help=f"{TASK_HELP} Default: the network's own.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for report, claims and figures.")] = Path("scrubjay-report"),
    json: Annotated[bool, typer.Option("--json", help="Print claims.json instead of tables.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of every random draw and start.")] = 0,
    draws: Annotated[int, typer.Option(min=2, help="Of each licensed ablation.")] = 100,
    permute: Annotated[bool, typer.Option("--permute", help="Resample by permutation, as the post does.")] = False,
    uncorrelated: Annotated[
        bool, typer.Option("--uncorrelated", help="A complement uncorrelated with the filters, not orthogonal to them.")
    ] = False,
    device: Device = "auto",
) -> None:
    """Take a network apart: claims with controls, a plain paragraph, and figures."""
    from rich.console import Console
    from tqdm import tqdm

    from scrubjay.files import writable_folder
    from scrubjay.model.training import chosen_device
    from scrubjay.report.claims_json import claims_json, write_claims
    from scrubjay.report.figures import write_figures
    from scrubjay.report.html import write_report
    from scrubjay.report.tables import study_tables
    from scrubjay.study.explain import explain as study_of

    saved = _network(net)
    asked = _task(task or saved.task)
    saved.network.config.check_domain(asked.domain)
    on = chosen_device(device)
    writable_folder(out)
    with tqdm(total=None, file=sys.stderr, disable=None, bar_format="{desc} [{elapsed}]") as bar:
        study = study_of(
            saved,
            asked,
            seed=seed,
            draws=draws,
            device=on,
            sampling="permute" if permute else "independent",
            basis="uncorrelated" if uncorrelated else "orthogonal",
            command=shlex.join(["scrubjay", *sys.argv[1:]]),
            progress=bar.set_description_str,
        )
        bar.set_description_str("drawing the figures")
        figures = write_figures(study, out)
        bar.set_description_str("writing the report")
        report = write_report(study, saved.network, out, figures)
    claims = write_claims(study, out)
    if json:
        sys.stdout.write(claims_json(study))
    else:
        Console(file=sys.stdout).print(study_tables(study))
    _say(f"Wrote {report}, {claims.name} and {len(figures)} figures; next: scrubjay view {out}", quiet=json)


@app.command()
def view(
    folder: Annotated[Path, typer.Argument(help="Where explain wrote its report.")] = Path("scrubjay-report"),
) -> None:
    """Open a report in the browser."""
    from scrubjay.report.html import open_report

    address, is_open = open_report(folder)
    _say(f"Opened {address}" if is_open else f"No browser could be started here; open {address}")


@app.command()
def train(
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    out: Annotated[Path, typer.Option(help="The run's folder: network, state, history, epochs on the way.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the initial weights.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Default: the recipe's.")] = None,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the folder's saved state.")] = False,
    save_every: Annotated[int, typer.Option(min=1, help="Epochs between saved states.")] = 500,
) -> None:
    """Train a network by its task's recipe; Ctrl-C leaves a state that --resume goes on from."""
    from dataclasses import replace

    from tqdm import tqdm

    from scrubjay.model.run_folder import train_into
    from scrubjay.model.training import Progress, chosen_device

    asked = _task(task)
    if asked.recipe is None:
        raise UsageError(f"task {asked.name} has no recipe, so there are no sizes to train at")
    recipe = replace(asked.recipe, seed=seed, epochs=epochs or asked.recipe.epochs)
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
            _fail(f"interrupted; the same command with --resume goes on from the state in {out}", 130)
    final = saved.manifest["training"]
    _say(f"Right on {final['train_accuracy']:.2%} of the training and {final['test_accuracy']:.2%} of the test half.")
    _say(f"Wrote {out}; next: scrubjay explain {out}")


@app.command()
def animate(
    what: Annotated[str, typer.Argument(help="mlp, neurons, attention, shift-random, shift-alpha, shift-beta or all.")],
    out: Annotated[Path, typer.Option(help="A .gif, .webp or (with ffmpeg) .mp4; for `all` a folder of GIFs.")],
    net: Annotated[Path | None, typer.Argument(help="A network file or run folder; default: the bundled one.")] = None,
    task: Annotated[str | None, typer.Option(help=f"{TASK_HELP} Default: the network's own.")] = None,
    frozen: Annotated[bool, typer.Option("--frozen", help="With attention frozen to its mean.")] = False,
    frames: Annotated[int, typer.Option(min=2, max=5000, help="How many at the most.")] = 1026,
    seed: Annotated[int, typer.Option(min=0, help="Of a random direction and the fit.")] = 0,
) -> None:
    """Draw all inputs moving as the network is changed: the post's animations."""
    from tqdm import tqdm

    from scrubjay.report.animation import check_format, write_animation
    from scrubjay.study.motion import MOTIONS, Moving

    if what not in (*MOTIONS, "all"):
        raise UsageError(f"there is no animation {what!r}; there are {', '.join(MOTIONS)} and all")
    names = list(MOTIONS) if what == "all" else [what]
    paths = [out / f"{name}.gif" if what == "all" else out for name in names]
    check_format(paths[0])
    saved = _network(net)
    moving = Moving.of(saved, _task(task or saved.task), frozen=frozen, seed=seed)
    for name, path in zip(names, paths, strict=True):
        motion = MOTIONS[name](moving, frames)
        with tqdm(total=motion.count, unit="frame", desc=name, file=sys.stderr, disable=None) as bar:
            write_animation(motion, path, bar.update)
        _say(f"Wrote {path}: {motion.count} frames")


@app.command()
def recover(
    labels: Annotated[
        str | None, typer.Argument(help="LABELS.npz, LABELS.csv (a row for each a), or a task with labels.")
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="Search this network's answers instead; `bundled` for the bundled one.")
    ] = None,
    task: Annotated[str | None, typer.Option(help=f"Of --network: {TASK_HELP} Default: its own.")] = None,
    train_only: Annotated[bool, typer.Option("--train-only", help="Show the search the training half only.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with every exception.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the shuffled and the random labels.")] = 0,
) -> None:
    """Search the program behind a binary label matrix; nothing found is an answer too."""
    if (labels is None) == (network is None):
        raise UsageError("give either LABELS or --network NET, one of the two")
    if labels is not None and task is not None:
        raise UsageError("--task belongs to --network; LABELS names its own task")
    from tqdm import tqdm

    from scrubjay.report.recovered import recovery_json, recovery_text
    from scrubjay.study.recovery import recover_program
    from scrubjay.task.matrix import labelled_task

    saved = None if network is None else _network(None if network == "bundled" else Path(network))
    asked = _task(task or saved.task) if saved is not None else labelled_task(str(labels))
    if saved is not None:
        saved.network.config.check_domain(asked.domain)
    with tqdm(total=None, file=sys.stderr, disable=None, bar_format="{desc} [{elapsed}]") as bar:
        found = recover_program(asked, saved, train_only=train_only, seed=seed, progress=bar.set_description_str)
    sys.stdout.write(recovery_json(found) if json else recovery_text(found))


@app.command("import")
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
        asked = _task(task)
        network.config.check_domain(asked.domain)
        if not task.endswith(".npz"):
            task = asked.name
    save_network(out, network, task=task, source=source)
    _say(f"Read {file} in the layout {source['layout']!r}: {network.config}")
    _say(f"Wrote {out}; next: scrubjay explain {out}")


@app.command()
def info(
    net: Annotated[Path | None, typer.Argument(help="A network file or run folder; default: the bundled one.")] = None,
) -> None:
    """Print what a network file says of itself, after checking its seal."""
    import json

    sys.stdout.write(json.dumps(_network(net).manifest, indent=2, ensure_ascii=False) + "\n")


def main() -> None:
    """Run a command; an error is one sentence on stderr and an exit code, never a traceback."""
    try:
        app(standalone_mode=True)
    except ScrubjayError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except MemoryError:
        _fail("there is not enough memory for this network and task", OutOfResources.exit_code)


def _network(path: Path | None) -> "SavedNetwork":
    from scrubjay.model.checkpoint import bundled_network, load_network

    return load_network(path or bundled_network())


def _task(words: str | None) -> "Task":
    from scrubjay.task.named import FORMS, named_task

    if words is None:
        raise UsageError(f"this network's file names no task; give one with --task: {FORMS}")
    return named_task(words)


def _say(text: str, quiet: bool = False) -> None:
    print(text, file=sys.stderr if quiet else sys.stdout)


def _fail(sentence: str, code: int) -> NoReturn:
    print(f"scrubjay: {sentence}", file=sys.stderr)
    sys.exit(code)
