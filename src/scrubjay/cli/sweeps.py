"""The command that trains and explains many networks: sweep."""

import os
import shlex
import sys
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from scrubjay.cli.recipes import Epochs, Fraction, LearningRate, Size, WeightDecay, Wishes, to_train
from scrubjay.cli.words import TASK_HELP, Device, FreezeAttention, fail, say
from scrubjay.core.errors import UsageError


def sweep(
    task: Annotated[str, typer.Argument(help=TASK_HELP)],
    out: Annotated[
        Path,
        typer.Option(help="The folder to write: a folder for each network, table.csv, and the page population.html."),
    ],
    seeds: Annotated[
        str,
        typer.Option(help="Seeds for the initial weights, one network each: FIRST:END, without END itself, or 0,3,5."),
    ] = "0:16",
    epochs: Epochs = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=VALUE,VALUE varies a field of the recipe, such as weight_decay=0.3,1. May be given several "
            "times; all combinations are trained."
        ),
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            min=2,
            help="The largest number of random draws for each ablation. Drawing stops earlier once the 95% interval is "
            "a quarter of a percentage point wide.",
        ),
    ] = 20,
    along_training: Annotated[
        bool, typer.Option("--along-training", help="Explain the saved states of each network's training too.")
    ] = False,
    save_every: Annotated[int, typer.Option(min=1, help="Number of epochs between saved states.")] = 500,
    freeze_attention: FreezeAttention = None,
    size: Size = None,
    learning_rate: LearningRate = None,
    weight_decay: WeightDecay = None,
    fraction: Fraction = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of processes that run at once. By default one for each core on CPU, 1 on GPU."
        ),
    ] = None,
    at_once: Annotated[
        int | None,
        typer.Option(min=1, help="Number of networks trained together. By default 1 on CPU, 64 on GPU."),
    ] = None,
    device: Device = "auto",
    tf32: Annotated[bool, typer.Option("--tf32", help="Let CUDA multiply matrices in TF32.")] = False,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Compile the matrix products of networks trained together.")
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(help="Run on the Ray cluster at this address; `local` starts one. Needs the extra `ray`."),
    ] = None,
    gpus: Annotated[
        float, typer.Option(min=0, help="Number of GPUs for each job on Ray. A fraction lets jobs share a GPU.")
    ] = 0.0,
) -> None:
    """Train and explain many networks on one task.

    The page that it writes shows what recurs in the networks and what does not. If the command is interrupted, the same
    command continues where it stopped.
    """
    from tqdm import tqdm

    from scrubjay.nets.device import chosen_device
    from scrubjay.nets.training.run_folder import Hardware
    from scrubjay.report.population_page import write_population
    from scrubjay.sweep.plan import Plan, Standing, members_of, run_sweep
    from scrubjay.sweep.population import Population
    from scrubjay.sweep.ray_workers import on_ray
    from scrubjay.sweep.workers import in_processes

    asked, recipe = to_train(task, Wishes(size, epochs, learning_rate, weight_decay, fraction, freeze_attention))
    on = chosen_device(device)
    count = workers or (os.cpu_count() or 1 if on.type == "cpu" else 1)
    plan = Plan(
        out=out,
        task=asked.words,
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
            found, failed = run_sweep(plan, doing, show)
        except KeyboardInterrupt:
            bar.close()
            fail(f"interrupted; the same command continues from what is done in {out}", 130)
    population = Population.of(asked.name, plan.epochs, found, failed)
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
            if not all(map(isfinite, grid[name])):
                raise ValueError
        except ValueError as error:
            raise UsageError(f"--grid is NAME=VALUE,VALUE of finite numbers, each name once; it is {each!r}") from error
    return grid
