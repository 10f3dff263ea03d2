"""Training runs as folders: the network, the state to resume from, the history, and the epochs on the way.

network.safetensors    the finished network
state.safetensors      weights and optimiser moments at the last saved epoch
history.csv            epoch, losses and accuracies on both halves
epochs/00500.safetensors ...
"""

import csv
import hashlib
import io
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, astuple, dataclass, fields, replace
from pathlib import Path

import torch

from scrubjay.core.errors import BadInput, RefusedFile, UsageError
from scrubjay.core.files import read_whole, write_whole
from scrubjay.core.locks import folder_lock
from scrubjay.nets.files.checkpoint import NETWORK_FILE, SavedNetwork, load_network, recipe_from, save_network
from scrubjay.nets.files.sealed import read_sealed, write_sealed
from scrubjay.nets.training.ensemble import Ensemble, Member
from scrubjay.nets.training.training_step import Progress, TrainingState
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

_STATE, _HISTORY = "state.safetensors", "history.csv"
_GROUPS = ("weights", "first_moments", "second_moments")


@dataclass(frozen=True, eq=False)
class Run:
    """One network to be trained.

    Attributes:
        folder: where everything is kept; made if it isn't there.
        task: with labels and a split.
        recipe: its seed and epochs included.
        resume: go on from the folder's state instead of starting.
    """

    folder: Path
    task: Task
    recipe: Recipe
    resume: bool = False


@dataclass(frozen=True)
class Hardware:
    """Where and how to multiply.

    Attributes:
        device: of the training.
        stacked: run the members of an ensemble in batched products; default: on CUDA.
        compiled: pass these through ``torch.compile``.
        tf32: let CUDA multiply in TF32.
    """

    device: torch.device | str = "cpu"
    stacked: bool | None = None
    compiled: bool = False
    tf32: bool = False


def train_into(
    folder: Path,
    task: Task,
    recipe: Recipe,
    *,
    resume: bool = False,
    device: torch.device | str = "cpu",
    save_every: int = 500,
    log_every: int = 10,
    report: Callable[[Progress], None] = lambda progress: None,
) -> SavedNetwork:
    """Train a network by a recipe, keeping everything in one folder.

    Interrupted (KeyboardInterrupt), it saves where it stands and lets the interrupt through. Resumed on the same
    device with as many threads, it ends with the very weights of an uninterrupted run.

    Args:
        folder: made if it isn't there.
        task: with labels and a split.
        recipe: its seed and epochs included.
        resume: go on from the folder's state instead of starting.
        device: where to train.
        save_every: epochs between saved states.
        log_every: epochs between lines of the history, and between calls of ``report``.
        report: told the progress at each line of the history.

    Raises:
        UsageError: a folder that has a run already and ``resume`` is not asked, or nothing to resume; another run at
            work in it.
        BadInput: a state of another task or recipe, or a task that can't be trained on.
        RefusedFile: a damaged state.
        OutOfResources: a folder that can't be written.
    """
    (saved,) = train_all_into(
        [Run(folder, task, recipe, resume)],
        hardware=Hardware(device),
        save_every=save_every,
        log_every=log_every,
        report=lambda run, progress: report(progress),
    )
    return saved


def is_resumable(folder: Path) -> bool:
    """Whether a folder holds a state that a run can go on from."""
    return (folder / _STATE).exists()


def last_epoch(folder: Path) -> int:
    """The epoch of the last state that a run has saved; 0 where there is none, or where it can't be read just now."""
    try:
        return int((folder / _HISTORY).read_text().splitlines()[-1].partition(",")[0])
    except (OSError, ValueError, IndexError):
        return 0


def train_all_into(
    runs: Sequence[Run],
    *,
    hardware: Hardware = Hardware(),
    save_every: int = 500,
    log_every: int = 10,
    report: Callable[[Run, Progress], None] = lambda run, progress: None,
) -> list[SavedNetwork]:
    """Train many networks of one architecture at once, each with a folder of its own, as ``train_into`` keeps it.

    Members that are resumed from another epoch than the others are trained by themselves.

    Args:
        runs: of equal sizes, epochs and domain.
        hardware: where and how.
        save_every: epochs between saved states.
        log_every: epochs between lines of the histories.
        report: told the progress of each run at each line of its history.

    Raises:
        BadInput: runs that can't be trained together; and all that ``train_into`` raises.
    """
    if len({run.recipe.epochs for run in runs}) > 1:
        raise BadInput(f"networks trained at once take equally many epochs, not {[run.recipe.epochs for run in runs]}")
    with ExitStack() as locks:
        for run in runs:
            locks.enter_context(folder_lock(run.folder))
        begun = [(run, *(_resumed(run) if run.resume else _fresh(run.folder))) for run in runs]
        for epoch in sorted({0 if state is None else state.epoch for _, state, _ in begun}):
            alike = [each for each in begun if epoch == (0 if each[1] is None else each[1].epoch)]
            _train(alike, hardware, save_every, log_every, report)
    return [load_network(run.folder) for run in runs]


def _train(
    begun: Sequence[tuple[Run, TrainingState | None, list[Progress]]],
    hardware: Hardware,
    save_every: int,
    log_every: int,
    report: Callable[[Run, Progress], None],
) -> None:
    """Train runs that stand at one epoch to their end."""
    runs, histories, epochs = [run for run, *_ in begun], [history for *_, history in begun], begun[0][0].recipe.epochs
    ensemble = Ensemble([Member(run.task, run.recipe) for run in runs], **vars(hardware))
    states = [state for _, state, _ in begun if state is not None]
    if states:
        ensemble.restore(states)

    def log() -> None:
        for number, (run, history) in enumerate(zip(runs, histories, strict=True)):
            history.append(ensemble.progress(number))
            report(run, history[-1])

    def save() -> None:
        for number, (run, history) in enumerate(zip(runs, histories, strict=True)):
            _save(run, ensemble.network(number), ensemble.state(number), history)

    try:
        if not histories[-1]:
            log()
        while ensemble.epoch < epochs:
            with _whole_step():
                ensemble.step()
            if ensemble.epoch % log_every == 0 or ensemble.epoch == epochs:
                log()
            if ensemble.epoch % save_every == 0 or ensemble.epoch == epochs:
                save()
    except KeyboardInterrupt:
        save()
        raise
    for number, (run, history) in enumerate(zip(runs, histories, strict=True)):
        save_network(
            run.folder / NETWORK_FILE,
            ensemble.network(number),
            task=run.task.words,
            recipe=run.recipe,
            training={
                "device": torch.device(hardware.device).type,
                "threads": torch.get_num_threads(),
                **asdict(history[-1]),
            },
        )


@contextmanager
def _whole_step() -> Iterator[None]:
    """Let an interrupt wait until the step is done, since half a step is no state to go on from."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[bool] = []
    before = signal.signal(signal.SIGINT, lambda *signal_and_frame: came.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _fresh(folder: Path) -> tuple[None, list[Progress]]:
    there = [name for name in (_STATE, NETWORK_FILE) if (folder / name).exists()]
    if there:
        raise UsageError(f"{folder} holds a training run already ({', '.join(there)}); add --resume, or name another")
    return None, []


def _resumed(run: Run) -> tuple[TrainingState, list[Progress]]:
    file = run.folder / _STATE
    if not file.exists():
        raise UsageError(f"there is nothing to resume in {run.folder}: it has no {_STATE}")
    tensors, manifest = read_sealed(file, "training state")
    found = recipe_from(manifest["recipe"])
    if manifest["task"] != run.task.words or replace(found, epochs=run.recipe.epochs) != run.recipe:
        raise BadInput(f"{file} is of task {manifest['task']} and {found}; asked was {run.task.words} and {run.recipe}")
    if manifest["epoch"] > run.recipe.epochs:
        raise UsageError(
            f"{run.folder} stands at epoch {manifest['epoch']} already; {run.recipe.epochs} were asked for"
        )
    if manifest["answers"] != _answers(run.task):
        raise BadInput(f"{file} is of a task {manifest['task']} with other labels or another split")
    groups = {group: {k.partition("/")[2]: t for k, t in tensors.items() if k.startswith(group)} for group in _GROUPS}
    text = read_whole(run.folder / _HISTORY)
    try:
        rows = csv.DictReader(io.StringIO(text.decode()))
        history = [Progress(int(row.pop("epoch")), **{key: float(value) for key, value in row.items()}) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedFile(f"{run.folder / _HISTORY} is damaged: {error}") from error
    state = TrainingState(epoch=manifest["epoch"], **groups)
    return state, [line for line in history if line.epoch <= state.epoch]


def _save(run: Run, network: OneLayerTransformer, state: TrainingState, history: list[Progress]) -> None:
    """The state comes last: a run that is killed before it is written does this epoch again, and loses nothing."""
    save_network(
        run.folder / "epochs" / f"{state.epoch:05d}.safetensors",
        network,
        task=run.task.words,
        recipe=run.recipe,
        epoch=state.epoch,
    )
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(field.name for field in fields(Progress))
    writer.writerows(astuple(line) for line in history)
    write_whole(run.folder / _HISTORY, table.getvalue().encode())
    tensors = {f"{group}/{name}": t for group in _GROUPS for name, t in getattr(state, group).items()}
    about = {
        "task": run.task.words,
        "answers": _answers(run.task),
        "recipe": asdict(run.recipe),
        "epoch": state.epoch,
    }
    write_sealed(run.folder / _STATE, tensors, {"kind": "training state", **about})


def _answers(task: Task) -> str:
    """A digest of what the task's name does not say: its labels and its split."""
    values = [task.targets()] + ([] if task.train is None else [task.train])
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in values)).hexdigest()
