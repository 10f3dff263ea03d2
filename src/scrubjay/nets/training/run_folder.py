"""Training into folders: one folder for each network, with everything that is needed to resume it.

Beside what ``saved_state.py`` describes, the folder of a finished run holds ``network.safetensors``, the network.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from scrubjay.core.errors import BadInput, UsageError
from scrubjay.core.locks import folder_lock
from scrubjay.nets.files.checkpoint import NETWORK_FILE, SavedNetwork, read_network, save_network
from scrubjay.nets.training.ensemble import Ensemble, Trainee
from scrubjay.nets.training.saved_state import STATE_FILE, read_state, write_state
from scrubjay.nets.training.training_step import TrainingProgress, TrainingState
from scrubjay.tasks.named import as_task
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

SAVE_EVERY = 500
"""How many epochs lie between saved states, if nothing else is asked for."""

LOG_EVERY = 10
"""How many epochs lie between lines of the history, if nothing else is asked for."""


@dataclass(frozen=True, eq=False, init=False)
class TrainingRun:
    """A network to be trained into a folder.

    Attributes:
        folder: the folder for all files of the run. It is created if it does not exist.
        task: the task to train on, with labels and a split.
        recipe: the sizes and the settings of the training, including the seed and the number of epochs.
        resume: whether to continue from the state in the folder instead of starting anew.
    """

    folder: Path
    task: Task
    recipe: Recipe
    resume: bool

    def __init__(self, folder: str | Path, task: Task | str | Path, recipe: Recipe, resume: bool = False) -> None:
        object.__setattr__(self, "folder", Path(folder))
        object.__setattr__(self, "task", as_task(task))
        object.__setattr__(self, "recipe", recipe)
        object.__setattr__(self, "resume", resume)


@dataclass(frozen=True)
class Hardware:
    """Where networks are trained, and how matrices are multiplied there.

    Attributes:
        device: the device to train on.
        stacked: whether networks that are trained together run in one batched product. By default they do on CUDA.
        compiled: whether to compile the batched product with ``torch.compile``.
        tf32: whether CUDA may multiply in TF32, which is faster and less precise.
    """

    device: torch.device | str = "cpu"
    stacked: bool | None = None
    compiled: bool = False
    tf32: bool = False


def train_into(
    folder: str | Path,
    task: Task | str | Path,
    recipe: Recipe,
    *,
    resume: bool = False,
    device: torch.device | str = "cpu",
    save_every: int = SAVE_EVERY,
    log_every: int = LOG_EVERY,
    report: Callable[[TrainingProgress], None] = lambda progress: None,
) -> SavedNetwork:
    """Train a network, and keep everything in one folder.

    A KeyboardInterrupt ends the training after the present step; the state is saved, and the interrupt is raised again.
    A resumed run on the same device with the same number of threads ends with exactly the weights of an uninterrupted
    run.

    Example:
        >>> import scrubjay, tempfile
        >>> recipe = scrubjay.Recipe(d_model=8, n_heads=2, d_head=4, d_mlp=16, epochs=50, learning_rate=0.01)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     saved = scrubjay.train_into(folder, "modular_addition:p=5,fraction=0.5", recipe)
        >>> saved.manifest["training"]["epoch"]
        50

    Args:
        folder: the folder, which is created if it does not exist.
        task: a task with labels and a split, or the words that name it.
        recipe: the sizes and the settings of the training, including the seed and the number of epochs.
        resume: whether to continue from the state in the folder instead of starting anew.
        device: the device to train on.
        save_every: the number of epochs between saved states.
        log_every: the number of epochs between lines of the history, and between calls of ``report``.
        report: called with the progress of the training at each line of the history.

    Raises:
        UsageError: the folder holds a run already and ``resume`` is false, there is nothing to resume, or another
            process is writing into the folder.
        BadInput: the saved state is of another task or recipe, the task cannot be trained on, or ``save_every`` or
            ``log_every`` is not positive.
        RefusedFile: the saved state is damaged.
        OutOfResources: the folder cannot be written.
    """
    (saved,) = train_all_into(
        [TrainingRun(folder, task, recipe, resume)],
        hardware=Hardware(device),
        save_every=save_every,
        log_every=log_every,
        report=lambda run, progress: report(progress),
    )
    return saved


def train_all_into(
    runs: Sequence[TrainingRun],
    *,
    hardware: Hardware = Hardware(),
    save_every: int = SAVE_EVERY,
    log_every: int = LOG_EVERY,
    report: Callable[[TrainingRun, TrainingProgress], None] = lambda run, progress: None,
) -> list[SavedNetwork]:
    """Train several networks of one architecture at once, each into a folder of its own.

    Runs that are resumed from different epochs are trained one group after the other.

    Args:
        runs: the runs. Their sizes, numbers of epochs and domains must be the same.
        hardware: where the networks are trained.
        save_every: the number of epochs between saved states.
        log_every: the number of epochs between lines of the histories, and between calls of ``report``.
        report: called with each run and its progress at each line of its history.

    Returns:
        The trained networks, in the order of the runs.

    Raises:
        BadInput: the runs cannot be trained together, or one of the reasons that ``train_into`` names.
        UsageError: as for ``train_into``.
        RefusedFile: as for ``train_into``.
        OutOfResources: as for ``train_into``.
    """
    for name, value in (("save_every", save_every), ("log_every", log_every)):
        if value < 1:
            raise BadInput(f"{name} is a number of epochs, at least 1, and is {value}")
    if len({run.recipe.epochs for run in runs}) > 1:
        raise BadInput(
            f"networks that are trained together must have the same number of epochs; these have "
            f"{[run.recipe.epochs for run in runs]}"
        )
    with ExitStack() as locks:
        for run in runs:
            locks.enter_context(folder_lock(run.folder))
        begun = [(run, *_begin(run)) for run in runs]
        for epoch in sorted({0 if state is None else state.epoch for _, state, _ in begun}):
            alike = [each for each in begun if epoch == (0 if each[1] is None else each[1].epoch)]
            _train(alike, hardware, save_every, log_every, report)
    return [read_network(run.folder) for run in runs]


def _begin(run: TrainingRun) -> tuple[TrainingState | None, list[TrainingProgress]]:
    """The state that a run continues from, or None for a new run, and its history so far."""
    if run.resume:
        return read_state(run.folder, run.task, run.recipe)
    there = [name for name in (STATE_FILE, NETWORK_FILE) if (run.folder / name).exists()]
    if there:
        raise UsageError(
            f"{run.folder} holds a training run already ({', '.join(there)}); resume it (on the command line, with "
            f"--resume), or choose another folder"
        )
    return None, []


def _train(
    begun: Sequence[tuple[TrainingRun, TrainingState | None, list[TrainingProgress]]],
    hardware: Hardware,
    save_every: int,
    log_every: int,
    report: Callable[[TrainingRun, TrainingProgress], None],
) -> None:
    """Train runs that have reached the same epoch until their last one."""
    runs, histories, epochs = [run for run, *_ in begun], [history for *_, history in begun], begun[0][0].recipe.epochs
    ensemble = Ensemble([Trainee(run.task, run.recipe) for run in runs], **vars(hardware))
    states = [state for _, state, _ in begun if state is not None]
    if states:
        ensemble.restore(states)

    def log() -> None:
        for number, (run, history) in enumerate(zip(runs, histories, strict=True)):
            history.append(ensemble.progress(number))
            report(run, history[-1])

    def save() -> None:
        for number, (run, history) in enumerate(zip(runs, histories, strict=True)):
            write_state(run.folder, run.task, run.recipe, ensemble.network(number), ensemble.state(number), history)

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
    """Delay a KeyboardInterrupt until the step is done, because training cannot be resumed from half a step."""
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
