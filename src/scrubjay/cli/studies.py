"""Commands that show how a network works: explain, view, animate."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from scrubjay.cli.words import Device, Net, OwnTask, given_network, given_task, progress_bar, say
from scrubjay.core.errors import UsageError

_STUDY = 0.8
"""The share of the time that the study takes; the rest goes into figures and page."""


def explain(
    net: Net = None,
    task: OwnTask = None,
    out: Annotated[Path, typer.Option(help="The folder to write the report, the claims and the figures into.")] = Path(
        "scrubjay-report"
    ),
    every: Annotated[
        bool, typer.Option("--all", help="Print all claims and tables, which are also written into tables.txt.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print claims.json instead.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed for all random draws and optimiser starts.")] = 0,
    draws: Annotated[
        int,
        typer.Option(
            min=2,
            help="The largest number of random draws for each ablation. Drawing stops earlier, after ten draws or "
            "more, once the 95% interval is narrower than --width.",
        ),
    ] = 100,
    width: Annotated[
        float, typer.Option(min=0, help="The width of a 95% interval at which drawing stops, in percentage points.")
    ] = 0.25,
    permute: Annotated[
        bool,
        typer.Option(
            "--permute",
            help="Resample by permuting the inputs. By default each input draws another one independently, with "
            "repetition.",
        ),
    ] = False,
    uncorrelated: Annotated[
        bool,
        typer.Option(
            "--uncorrelated",
            help="Split the residual stream so that the part that is resampled is uncorrelated with the filters over "
            "all inputs. By default it is orthogonal to them.",
        ),
    ] = False,
    device: Device = "auto",
) -> None:
    """Explain how a network computes its answers.

    Runs the network on every input of its task, finds out which algorithm it computes, tests each statement against a
    control that should fail, and writes a report with figures.

    Example: scrubjay explain net.safetensors --task modular_addition:p=113 --out report
    """
    from rich.console import Console

    from scrubjay.core.locks import folder_lock
    from scrubjay.nets.device import chosen_device
    from scrubjay.report.claims_json import claims_json
    from scrubjay.report.terminal import brief_text, study_text
    from scrubjay.report.write import write_report
    from scrubjay.run import Settings
    from scrubjay.study import explain as study_of

    saved = given_network(net)
    asked = given_task(task or saved.task)
    asked.check_fits(saved.network.config)
    on = chosen_device(device)
    with folder_lock(out), progress_bar() as show:
        settings = Settings(
            seed=seed,
            draws=draws,
            width=width / 100,
            sampling="permute" if permute else "independent",
            basis="uncorrelated" if uncorrelated else "orthogonal",
            progress=lambda stage, share: show(stage, _STUDY * share),
        )
        command = shlex.join(["scrubjay", *sys.argv[1:]])
        study = study_of(saved, asked, settings, device=on, command=command)
        report = write_report(study, out, lambda stage, share: show(stage, _STUDY + (1 - _STUDY) * share))
        show("done", 1.0)
    if json:
        sys.stdout.write(claims_json(study))
    else:
        Console(file=sys.stdout).print(study_text(study) if every else brief_text(study))
        say("")
    figures = sum(map(len, study.pictures().values()))
    say(
        f"Wrote {report}, claims.json, tables.txt and {figures} figure{'s' * (figures != 1)}.\n"
        f"Next: scrubjay view {out} opens the report; --all prints every claim and table.",
        quiet=json,
    )


def view(
    folder: Annotated[Path, typer.Argument(help="The folder that `scrubjay explain` wrote.")] = Path("scrubjay-report"),
) -> None:
    """Open a report in the web browser."""
    from scrubjay.report.page import open_report

    address, is_open = open_report(folder)
    say(f"Opened {address}" if is_open else f"No browser could be started; open {address} yourself")


def animate(
    what: Annotated[
        str,
        typer.Argument(
            help="What changes during the animation. mlp: the MLP's output is added, from nothing to all of it. "
            "neurons: the neurons are added one by one, the largest contribution first. attention: the pattern goes "
            "from its mean over all inputs to each input's own. shift-random, shift-alpha, shift-beta: the residual "
            "stream is shifted in a random direction, or along the first or second filter. all: each of these."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The file to write: .gif, .webp or, with ffmpeg, .mp4. For `all`, a folder of GIFs.")
    ],
    net: Net = None,
    task: OwnTask = None,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Freeze the attention pattern to its mean over all inputs.")
    ] = False,
    frames: Annotated[int, typer.Option(min=2, max=5000, help="The largest number of frames.")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="Seed for the random direction and for the fit of the filters.")] = 0,
) -> None:
    """Draw an animation of all inputs while the network is changed.

    Each point is an input, coloured by the network's answer.

    Example: scrubjay animate neurons --out neurons.gif
    """
    from tqdm import tqdm

    from scrubjay.report.animation import check_format, write_animation
    from scrubjay.report.motion import MOTIONS, Moving

    if what not in (*MOTIONS, "all"):
        raise UsageError(f"there is no animation {what!r}; there are {', '.join(MOTIONS)} and all")
    names = list(MOTIONS) if what == "all" else [what]
    paths = [out / f"{name}.gif" if what == "all" else out for name in names]
    check_format(paths[0])
    saved = given_network(net)
    moving = Moving.of(saved, given_task(task or saved.task), frozen=frozen, seed=seed)
    for name, path in zip(names, paths, strict=True):
        motion = MOTIONS[name](moving, frames)
        with tqdm(total=motion.count, unit="frame", desc=name, file=sys.stderr, disable=None) as bar:
            write_animation(motion, path, bar.update)
        say(f"Wrote {path}, {motion.count} frames; any browser shows it")
