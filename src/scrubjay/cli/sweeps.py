"""The command that makes and explains many networks: sweep."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from scrubjay.cli.words import TASK_HELP, Device, FreezeAttention, fail, given_frozen_pattern, given_task, say
from scrubjay.core.errors import UsageError


def sweep(
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    out: Annotated[Path, typer.Option(help="The sweep's folder: a folder a network, table.csv, population.html.")],
    seeds: Annotated[str, typer.Option(help="Of the initial weights: FIRST:END (END left out), or 0,3,5.")] = "0:16",
    epochs: Annotated[int | None, typer.Option(min=1, help="Default: the recipe's.")] = None,
    grid: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE,VALUE: vary the recipe too; may be given several times.")
    ] = None,
    draws: Annotated[int, typer.Option(min=2, help="Of each licensed ablation.")] = 20,
    along_training: Annotated[
        bool, typer.Option("--along-training", help="Explain the epochs saved on the way, too.")
    ] = False,
    save_every: Annotated[int, typer.Option(min=1, help="Epochs between saved states.")] = 500,
    freeze_attention: FreezeAttention = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes at a time. Default: one a core on the CPU, else 1.")
    ] = None,
    at_once: Annotated[
        int | None, typer.Option(min=1, help="Networks trained together. Default: 1 on the CPU, 64 on a GPU.")
    ] = None,
    device: Device = "auto",
    tf32: Annotated[bool, typer.Option("--tf32", help="Let CUDA multiply in TF32.")] = False,
    compiled: Annotated[bool, typer.Option("--compile", help="torch.compile the products of an ensemble.")] = False,
    ray: Annotated[
        str | None, typer.Option(help="Run on a Ray cluster: its address, or `local` to start one (extra `ray`).")
    ] = None,
    gpus: Annotated[float, typer.Option(min=0, help="That each job takes on Ray; fractions share one.")] = 0.0,
) -> None:
    """Train and explain many networks: what recurs, what does not. The same command goes on where it stopped."""
    from dataclasses import replace

    from tqdm import tqdm

    from scrubjay.nets.training.run_folder import Hardware
    from scrubjay.nets.training.training_step import chosen_device
    from scrubjay.report.population_page import write_population
    from scrubjay.sweep.plan import Plan, Standing, members_of
    from scrubjay.sweep.plan import sweep as done_by
    from scrubjay.sweep.population import Population
    from scrubjay.sweep.ray_workers import on_ray
    from scrubjay.sweep.workers import in_processes

    asked = given_task(task)
    if asked.recipe is None:
        raise UsageError(f"task {asked.name} has no recipe, so there are no sizes to train at")
    on = chosen_device(device)
    recipe = replace(
        asked.recipe,
        epochs=epochs or asked.recipe.epochs,
        frozen_pattern=given_frozen_pattern(freeze_attention, asked, asked.recipe.n_heads),
    )
    count = workers or (os.cpu_count() or 1 if on.type == "cpu" else 1)
    plan = Plan(
        out=out,
        task=task,
        members=members_of(recipe, _seeds(seeds), _grid(grid or [])),
        draws=draws,
        along_training=along_training,
        save_every=save_every,
        hardware=Hardware(on.type, compiled=compiled, tf32=tf32),
        at_once=at_once or (1 if on.type == "cpu" else 64),
        threads=max(1, (os.cpu_count() or 1) // count) if on.type == "cpu" else None,
    )
    doing = in_processes(count) if ray is None else on_ray(ray, cpus=plan.threads or 1, gpus=gpus)
    with tqdm(
        total=2 * len(plan.members), file=sys.stderr, disable=None, bar_format="{l_bar}{bar}| {postfix} [{elapsed}]"
    ) as bar:

        def show(standing: Standing) -> None:
            bar.n = standing.trained + standing.explained
            failed = f", {standing.failed} failed" if standing.failed else ""
            bar.set_postfix_str(
                f"{standing.trained:.1f} trained, {standing.explained} explained{failed} of {standing.networks}"
            )

        try:
            found, failed = done_by(plan, doing, show)
        except KeyboardInterrupt:
            bar.close()
            fail(f"interrupted; the same command goes on from what stands in {out}", 130)
    population = Population.of(plan.task, plan.epochs, found, failed)
    page, table = write_population(population, asked, out, shlex.join(["scrubjay", *sys.argv[1:]]))
    for sentence in population.sentences:
        say(sentence)
    for name, line in failed.items():
        say(f"{name} failed while {line}", quiet=True)
    say(f"Wrote {page} and {table.name}; open the page in a browser")
    if failed:
        sys.exit(3)


def _seeds(words: str) -> list[int]:
    try:
        first, colon, end = words.partition(":")
        seeds = list(range(int(first or 0), int(end))) if colon else [int(word) for word in words.split(",")]
    except ValueError as error:
        raise UsageError(f"--seeds is FIRST:END, or numbers with commas between; it is {words!r}") from error
    if not seeds or min(seeds) < 0:
        raise UsageError(f"--seeds {words!r} names no seeds from 0 upwards")
    return seeds


def _grid(words: list[str]) -> dict[str, list[float]]:
    grid: dict[str, list[float]] = {}
    for each in words:
        name, equals, values = each.partition("=")
        try:
            if not equals or name in grid:
                raise ValueError
            grid[name] = [float(value) for value in values.split(",")]
        except ValueError as error:
            raise UsageError(f"--grid is NAME=VALUE,VALUE, each name once; it is {each!r}") from error
    return grid
