"""The same study over many networks: who they are, and what is done for each.

A sweep's folder holds a folder for each network:

    seed-03/                       or weight_decay-0.1_seed-03/
      network.safetensors, ...     the training run, as ``train_into`` keeps it
      study/                       what was found; renamed into place when it is complete, and never half there
      failed.json                  the error that stopped it, where one did

Nothing is done twice: a network that is trained is not trained again, and one that is explained is left alone. Jobs
know nothing of each other, so that where they run (one after the other, in processes, on a cluster) is another room's
business.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import product
from pathlib import Path

import torch

from scrubjay.core.errors import BadInput, OutOfResources
from scrubjay.core.locks import folder_lock
from scrubjay.nets.files.checkpoint import NETWORK_FILE
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.training.run_folder import Hardware, TrainingRun, train_all_into
from scrubjay.nets.training.saved_state import is_resumable, last_epoch
from scrubjay.nets.training.stack import groups_of
from scrubjay.run import Settings
from scrubjay.study import explain
from scrubjay.sweep.summary import (
    STUDY,
    Summary,
    forget_failure,
    read_failure,
    read_summary,
    write_failure,
    write_summary,
)
from scrubjay.tasks.named import named_task
from scrubjay.tasks.recipe import Recipe

VARYING = ("weight_decay", "learning_rate", "warmup", "d_model", "n_heads", "d_head", "d_mlp")
"""The fields of a recipe that a grid may vary."""


@dataclass(frozen=True)
class Member:
    """One network of a sweep.

    Attributes:
        name: of its folder; recipe: how it is made; settings: what a grid has varied in it.
    """

    name: str
    recipe: Recipe
    settings: Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """A sweep.

    Attributes:
        out: its folder.
        task: the words that name the task.
        members: the networks.
        draws: of each ablation.
        along_training: explain the epochs that were saved on the way, too.
        save_every: epochs between saved states.
        hardware: where and how networks are trained and run.
        at_once: networks trained together.
        threads: of each job, or None for PyTorch's own choice.
    """

    out: Path
    task: str
    members: tuple[Member, ...]
    draws: int = 20
    along_training: bool = False
    save_every: int = 500
    hardware: Hardware = field(default_factory=Hardware)
    at_once: int = 1
    threads: int | None = None

    @property
    def epochs(self) -> int:
        """Of every network."""
        return self.members[0].recipe.epochs


def members_of(recipe: Recipe, seeds: Sequence[int], grid: Mapping[str, Sequence[float]]) -> tuple[Member, ...]:
    """Every seed with every combination of the grid's settings.

    Raises:
        BadInput: no seeds, or seeds twice; a setting that a recipe does not have, or a value that it refuses.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise BadInput(f"a sweep takes each seed once, and one at least; these are {list(seeds)}")
    unknown = [name for name in grid if name not in VARYING]
    if unknown:
        raise BadInput(f"a grid varies {', '.join(VARYING)}; it has no {unknown[0]!r}")
    whole = {each.name for each in fields(Recipe) if each.type in (int, "int")}
    for name, values in grid.items():
        broken = [value for value in values if name in whole and value != int(value)]
        if broken:
            raise BadInput(f"the recipe's {name} must be a whole number, and is {broken[0]}")
    found = []
    for values in product(*grid.values()):
        settings = {name: int(value) if name in whole else value for name, value in zip(grid, values, strict=True)}
        for seed in seeds:
            name = "_".join([*(f"{key}-{value:g}" for key, value in settings.items()), f"seed-{seed:02d}"])
            found.append(Member(name, replace(recipe, seed=seed, **settings), settings))  # type: ignore[arg-type]
    return tuple(found)


@dataclass(frozen=True)
class Standing:
    """How far a sweep is.

    Attributes:
        networks: of the sweep; trained: of them, counting parts; explained, failed: of them.
    """

    networks: int
    trained: float
    explained: int
    failed: int


Job = Callable[[Sequence[Member]], None]
Workers = Callable[[Job, Sequence[Sequence[Member]], Callable[[], None]], None]
"""Takes a job, what it is to be done for, and something to call now and then; comes back when all is done."""


def sweep(
    plan: Plan, workers: Workers, progress: Callable[[Standing], None] = lambda standing: None
) -> tuple[list[tuple[Member, Summary]], dict[str, str]]:
    """Train and explain every network of a plan that is not explained already.

    Args:
        plan: the sweep.
        workers: who does the jobs: ``workers.one_after_another``, ``workers.in_processes(n)`` or
            ``ray_workers.on_ray(address)``; the results are the same.
        progress: told now and then how far the sweep is.

    Returns:
        What was found of every network that could be explained, and what stopped the others.

    Raises:
        BadInput: a plan that can't be carried out, or a folder that holds other networks.
        UsageError: another sweep at work in the folder.
        OutOfResources: a folder that can't be written, or a full disk.
    """
    with folder_lock(plan.out):
        check(plan)
        clear_of_halves(plan)
        workers(partial(run_job, plan), list(jobs(plan)), lambda: progress(standing(plan)))
        progress(standing(plan))
        return results(plan), failures(plan)


def standing(plan: Plan) -> Standing:
    """How far a sweep is, read off its folders."""
    folders = [plan.out / member.name for member in plan.members]
    return Standing(
        networks=len(folders),
        trained=sum(
            1.0 if (folder / NETWORK_FILE).exists() else last_epoch(folder) / plan.epochs for folder in folders
        ),
        explained=sum((folder / STUDY).exists() for folder in folders),
        failed=len(failures(plan)),
    )


def jobs(plan: Plan) -> Iterator[tuple[Member, ...]]:
    """What is still to be done, as groups of networks of one architecture; a job trains and explains its group."""
    left = [member for member in plan.members if not _is_done(plan, member)]

    def sizes(member: Member) -> Recipe:
        return replace(member.recipe, seed=0, weight_decay=0.0, learning_rate=1.0, warmup=1)

    return groups_of(left, sizes, plan.at_once)


def run_job(plan: Plan, group: Sequence[Member]) -> None:
    """Train a group of networks, then explain each; an error of one is written down and stops no other.

    A full disk or a folder that can't be written stops the sweep.
    """
    if plan.threads is not None:
        torch.set_num_threads(plan.threads)
    for member in group:
        forget_failure(plan.out / member.name)
    try:
        _train(plan, group)
    except OutOfResources:
        raise
    except Exception as error:
        for member in group:
            write_failure(plan.out / member.name, "training", error)
        return
    for member in group:
        try:
            for network, to in _networks(plan, member):
                if not to.exists():
                    _explain(plan, network, to)
        except OutOfResources:
            raise
        except Exception as error:
            write_failure(plan.out / member.name, "explaining", error)


def results(plan: Plan) -> list[tuple[Member, Summary]]:
    """What was found of every network that is explained, in the sweep's order, its epochs in theirs.

    Raises:
        RefusedFile: a damaged file.
    """
    return [(member, read_summary(to)) for member in plan.members for _, to in _networks(plan, member) if to.exists()]


def failures(plan: Plan) -> dict[str, str]:
    """What stopped networks, by their names."""
    told = {member.name: read_failure(plan.out / member.name) for member in plan.members}
    return {name: line for name, line in told.items() if line is not None}


def _is_done(plan: Plan, member: Member) -> bool:
    return _is_trained(plan, member) and all(to.exists() for _, to in _networks(plan, member))


def _is_trained(plan: Plan, member: Member) -> bool:
    return (plan.out / member.name / NETWORK_FILE).exists()


def _networks(plan: Plan, member: Member) -> Iterator[tuple[Path, Path]]:
    """The files of a network that are to be explained, and the folders for what is found of each."""
    folder = plan.out / member.name
    if plan.along_training:
        for file in sorted((folder / "epochs").glob("*.safetensors")):
            if int(file.stem) < plan.epochs:
                yield file, folder / "along" / file.stem
    yield folder / NETWORK_FILE, folder / STUDY


def _train(plan: Plan, group: Sequence[Member]) -> None:
    task = named_task(plan.task)
    untrained = [(plan.out / member.name, member) for member in group if not _is_trained(plan, member)]
    runs = [TrainingRun(folder, task, member.recipe, resume=is_resumable(folder)) for folder, member in untrained]
    if runs:
        train_all_into(runs, hardware=plan.hardware, save_every=plan.save_every)


def _explain(plan: Plan, network: Path, to: Path) -> None:
    saved = load_network(network)
    study = explain(
        saved,
        named_task(plan.task),
        Settings(draws=plan.draws),
        device=plan.hardware.device,
        command=f"scrubjay explain {network} --task {plan.task} --draws {plan.draws}",
    )
    to.parent.mkdir(parents=True, exist_ok=True)
    epoch = int(saved.manifest.get("epoch", plan.epochs))
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".study-") as half:
        write_summary(Path(half) / STUDY, Summary.of(study, epoch))
        (Path(half) / STUDY).replace(to)


def clear_of_halves(plan: Plan) -> None:
    """Remove what jobs that were killed have left unfinished."""
    for member in plan.members:
        for half in (plan.out / member.name).rglob(".study-*"):
            shutil.rmtree(half, ignore_errors=True)


def check(plan: Plan) -> None:
    """Refuse, before any work is done, a plan that can't be carried out or a folder of another sweep.

    Raises:
        ScrubjayError: the first fault.
    """
    if not plan.members:
        raise BadInput("a sweep needs a network")
    if len({member.recipe.epochs for member in plan.members}) > 1:
        raise BadInput("the networks of a sweep take equally many epochs")
    for member in filter(partial(_is_trained, plan), plan.members):
        found = load_network(plan.out / member.name).recipe
        if found != member.recipe:
            raise BadInput(
                f"{plan.out / member.name} holds a network of another recipe: {found}; asked was {member.recipe}"
            )
