"""A sweep: which networks it has, and what is done for each of them.

The folder of a sweep holds a folder for each network:

    seed-03/                       or weight_decay-0.1_seed-03/
      network.safetensors, ...     the training run, as ``train_into`` writes it
      study/                       what was found; renamed to this name only when it is complete
      failed.json                  the error that stopped the network, if there was one

If a sweep is started again, it trains only networks that are not trained yet, and explains only networks that are not
explained yet. The jobs of a sweep do not depend on each other, so they can run one after another, in several processes
or on a cluster; ``workers.py`` and ``ray_workers.py`` do that.
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
        name: the name of its folder.
        recipe: how it is made and trained.
        settings: the fields of the recipe that the grid varies, with their values for this network.
    """

    name: str
    recipe: Recipe
    settings: Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """A sweep.

    Attributes:
        out: the folder of the sweep.
        task: the words that name the task.
        members: the networks.
        draws: the largest number of random draws for each ablation.
        along_training: whether to explain the saved states of each training, too.
        save_every: number of epochs between saved states.
        hardware: where and how networks are trained and run.
        at_once: number of networks that are trained together.
        threads: number of threads of each job, or None for PyTorch's own choice.
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
        """The number of epochs that each network is trained for."""
        return self.members[0].recipe.epochs


def members_of(recipe: Recipe, seeds: Sequence[int], grid: Mapping[str, Sequence[float]]) -> tuple[Member, ...]:
    """Combine every seed with every combination of the grid's values.

    Example:
        >>> from scrubjay.sweep.plan import members_of
        >>> from scrubjay.tasks.recipe import DEFAULT_RECIPE
        >>> [member.name for member in members_of(DEFAULT_RECIPE, (0, 1), {"weight_decay": (0.1,)})]
        ['weight_decay-0.1_seed-00', 'weight_decay-0.1_seed-01']

    Args:
        recipe: the recipe of all networks, before seeds and grid are put in.
        seeds: seeds for the initial weights.
        grid: the fields of the recipe to vary, each with its values.

    Raises:
        BadInput: there are no seeds, or one of them is given twice; a grid cannot vary that field; or the recipe cannot
            have that value.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise BadInput(f"a sweep needs at least one seed, and each seed only once; the seeds are {list(seeds)}")
    unknown = [name for name in grid if name not in VARYING]
    if unknown:
        raise BadInput(f"a grid can vary {', '.join(VARYING)}; it cannot vary {unknown[0]!r}")
    whole = {each.name for each in fields(Recipe) if each.type in (int, "int")}
    for name, values in grid.items():
        broken = [value for value in values if name in whole and not float(value).is_integer()]
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
    """How far a sweep has come.

    Attributes:
        networks: the number of networks of the sweep.
        trained: the number of trained networks; one that is half trained counts one half.
        explained: the number of explained networks.
        failed: the number of networks that an error has stopped.
    """

    networks: int
    trained: float
    explained: int
    failed: int


Job = Callable[[Sequence[Member]], None]
"""Trains and explains a group of networks."""
Workers = Callable[[Job, Sequence[Sequence[Member]], Callable[[], None]], None]
"""Does a job for each of several groups of networks, and calls a function from time to time while it waits."""


def run_sweep(
    plan: Plan, workers: Workers, progress: Callable[[Standing], None] = lambda standing: None
) -> tuple[list[tuple[Member, Summary]], dict[str, str]]:
    """Train and explain every network of a plan that is not explained yet.

    Args:
        plan: the sweep.
        workers: how the jobs are run: ``workers.one_after_another``, ``workers.in_processes(n)`` or
            ``ray_workers.on_ray(address)``. The results do not depend on it.
        progress: called from time to time with how far the sweep has come.

    Returns:
        What was found about each network that could be explained, and for each other network the error that stopped
        it, by the network's name.

    Raises:
        BadInput: the plan cannot be carried out, or the folder holds other networks.
        UsageError: another sweep is running in the folder.
        OutOfResources: the folder cannot be written, or the disk is full.
    """
    with folder_lock(plan.out):
        check(plan)
        clear_of_halves(plan)
        workers(partial(run_job, plan), list(jobs(plan)), lambda: progress(standing(plan)))
        progress(standing(plan))
        return results(plan), failures(plan)


def standing(plan: Plan) -> Standing:
    """Find out from its folders how far a sweep has come."""
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
    """Group the networks that are not done yet. A group is done by one job, and its networks have the same sizes."""
    left = [member for member in plan.members if not _is_done(plan, member)]

    def sizes(member: Member) -> Recipe:
        return replace(member.recipe, seed=0, weight_decay=0.0, learning_rate=1.0, warmup=1)

    return groups_of(left, sizes, plan.at_once)


def run_job(plan: Plan, group: Sequence[Member]) -> None:
    """Train a group of networks, then explain each of them.

    If a network cannot be trained or explained, the error is written to its ``failed.json``, and the sweep continues.

    Raises:
        OutOfResources: a folder cannot be written, or the disk is full, which stops the sweep.
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
    """Read what was found about each explained network, in the order of the plan. Epochs of a network are in order.

    Raises:
        RefusedFile: a file is damaged.
    """
    return [(member, read_summary(to)) for member in plan.members for _, to in _networks(plan, member) if to.exists()]


def failures(plan: Plan) -> dict[str, str]:
    """Read the errors that have stopped networks, by the networks' names."""
    told = {member.name: read_failure(plan.out / member.name) for member in plan.members}
    return {name: line for name, line in told.items() if line is not None}


def _is_done(plan: Plan, member: Member) -> bool:
    return _is_trained(plan, member) and all(to.exists() for _, to in _networks(plan, member))


def _is_trained(plan: Plan, member: Member) -> bool:
    return (plan.out / member.name / NETWORK_FILE).exists()


def _networks(plan: Plan, member: Member) -> Iterator[tuple[Path, Path]]:
    """The weight files to explain for one network, each with the folder for what is found."""
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
    """Delete the unfinished folders of jobs that were killed."""
    for member in plan.members:
        for half in (plan.out / member.name).rglob(".study-*"):
            shutil.rmtree(half, ignore_errors=True)


def check(plan: Plan) -> None:
    """Refuse, before any work is done, a plan that cannot be carried out.

    Raises:
        BadInput: there is no task of that name, or it has no labels or no split to train on; the plan has no networks,
            or they are trained for different numbers of epochs; or the folder holds networks of another sweep.
    """
    task = named_task(plan.task)
    task.targets()
    if task.train is None:
        raise BadInput(
            f"task {task.name} has no split into inputs to train on and inputs to test on, which training needs; "
            f"choose one with a fraction, as in {plan.task}{',' if ':' in plan.task else ':'}fraction=0.5"
        )
    if not plan.members:
        raise BadInput("a sweep needs at least one network, and the plan has none")
    epochs = sorted({member.recipe.epochs for member in plan.members})
    if len(epochs) > 1:
        raise BadInput(
            f"all networks of a sweep must be trained for the same number of epochs; these are trained for "
            f"{', '.join(map(str, epochs))}"
        )
    for member in filter(partial(_is_trained, plan), plan.members):
        found = load_network(plan.out / member.name).recipe
        if found != member.recipe:
            raise BadInput(
                f"{plan.out / member.name} holds a network of another recipe. Its recipe is {found}, and this sweep "
                f"asks for {member.recipe}. Use another folder for this sweep"
            )
