"""Prove the answers of a network on every input of a whole domain."""

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from scrubjay.core.errors import BadInput, OutOfResources
from scrubjay.core.files import is_file, read_whole, write_whole
from scrubjay.core.progress import Progress, silent
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import BUNDLED, SavedNetwork, bundled_network, network_file, read_network
from scrubjay.nets.files.sealed import read_sealed
from scrubjay.nets.recording import record
from scrubjay.tasks.named import as_task
from scrubjay.tasks.task import Task

if TYPE_CHECKING:
    from scrubjay.certify.balls import ExactNetwork

BITS = (64, 128, 256)
"""The precision of the balls. What one leaves undecided is tried with the next."""
BLOCK = 256
"""The inputs that are computed together."""
MOST_SECONDS = 1200.0
"""A proof that would take longer than this is refused."""
_DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
"""The names of the types of numbers in safetensors files."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """What was proved, and what a checker needs to prove it again.

    Attributes:
        content: the certificate as it is written; ``docs/certificates.md`` describes its keys.
        seconds: how long the proof took.
    """

    content: dict[str, Any]
    seconds: float

    def save(self, path: str | Path) -> None:
        """Write the certificate into a JSON file, completely or not at all.

        Raises:
            OutOfResources: the folder cannot be written, or the disk is full.
        """
        write_whole(path, (json.dumps(self.content) + "\n").encode())


def certify(
    network: str | Path,
    task: Task | str | Path | None = None,
    *,
    inner: str | Path | None = None,
    jobs: int | None = None,
    progress: Progress = silent,
) -> Certificate:
    """Prove the answers of a network, and of an inner network, on every input of a whole domain.

    The forward pass runs in ball arithmetic, so that each logit is enclosed with all rounding in it. An answer is
    proved if its margin over every other class is above zero. Weights are dyadic numbers and enter exactly.

    Args:
        network: a network file, a run folder, or the word of a bundled network.
        task: the domain and the classes, or the words that name a task; by default the task that the network names.
        inner: the file of a network inside the network, as `scrubjay condense` writes it.
        jobs: the number of processes; by default as many as there are cores.
        progress: called with the present stage and the share of the work that is done, between 0 and 1.

    Raises:
        BadInput: there is no such file or task, the task's inputs are a sample, or the proof would take longer than
            ``MOST_SECONDS``.
        RefusedFile: a file is damaged or is not one of ours.
        OutOfResources: python-flint is not installed.
    """
    need_flint()
    from scrubjay.certify.certificate_checker import tallies

    began = time.perf_counter()
    file = proved_file(network)
    saved = read_network(file)
    chosen = saved.task if task is None else task
    if chosen is None:
        raise BadInput(f"network {saved.name} names no task, so one must be given")
    asked = as_task(chosen)
    if asked.domain.is_sample:
        raise BadInput(
            f"a certificate is about a whole domain, and the {asked.domain.size:,} inputs of task {asked.name} are a "
            f"sample"
        )
    places = {"network": file} | ({} if inner is None else {"inner network": proved_file(inner)})
    networks = {}
    for number, (name, place) in enumerate(places.items()):

        def shown(share: float, name: str = name, number: int = number) -> None:
            progress(f"proving the answers of the {name}", (number + share) / len(places))

        networks[name] = _proved(place, read_network(place), asked, jobs or os.cpu_count() or 1, shown)
    content: dict[str, Any] = {
        "kind": "certificate",
        "version": 1,
        "task": _stated(asked),
        "networks": networks,
    }
    content["counts"] = tallies(content)
    digest = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Certificate(content | {"sha256": digest}, time.perf_counter() - began)


def exact_network(path: str | Path) -> "ExactNetwork":
    """Read the weights of a network file without rounding.

    Raises:
        BadInput: there is no such file.
        RefusedFile: the file is damaged or is not one of ours.
        OutOfResources: python-flint is not installed.
    """
    need_flint()
    from scrubjay.certify.balls import ExactNetwork

    weights, manifest = read_sealed(network_file(path), "network")
    exact = {name: weight.double().numpy() for name, weight in weights.items()}
    return ExactNetwork(asdict(Config.from_mapping(manifest["config"])), exact)


def weights_digest(path: str | Path) -> str:
    """The SHA-256 digest of the weights of a network file: of each tensor's name, type, shape and bytes, by name."""
    weights, _ = read_sealed(network_file(path), "network")
    digest = sha256()
    for name in sorted(weights):
        weight = weights[name].contiguous()
        digest.update(f"{name} {_DTYPES[weight.dtype]} {list(weight.shape)}\n".encode())
        digest.update(weight.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def exact_answers(
    network: "ExactNetwork", task: Task, jobs: int = 1, shown: Callable[[float], None] = lambda share: None
) -> list[tuple[int | None, float]]:
    """The class of the answer on each input (-1 if it is in no class, None if undecided), and a bound on its margin.

    Args:
        network: the weights.
        task: the domain and the classes.
        jobs: the number of processes.
        shown: called with the share of the work that is done.

    Raises:
        BadInput: the proof would take longer than ``MOST_SECONDS``.
    """
    inputs: list[list[int]] = task.domain.tokens(task.domain.inputs()).tolist()
    found: list[tuple[int | None, float]] = [(None, 0.0)] * len(inputs)
    waiting = list(range(len(inputs)))
    for bits in BITS:
        setting = (network, task.domain.positions, task.domain.read_at, task.classes, task.answer, bits)
        blocks = [waiting[at : at + BLOCK] for at in range(0, len(waiting), BLOCK)]
        for block, answers in _in_order(setting, blocks, inputs, jobs, shown):
            for number, answer in zip(block, answers, strict=True):
                found[number] = answer
        waiting = [number for number in waiting if found[number][0] is None]
        if not waiting:
            break
    return found


def _in_order(
    setting: tuple[Any, ...],
    blocks: list[list[int]],
    inputs: list[list[int]],
    jobs: int,
    shown: Callable[[float], None],
) -> Iterator[tuple[list[int], list[tuple[int | None, float]]]]:
    """Each block with its answers, computed here or in processes."""
    from scrubjay.certify.proving_process import begin, block_answers

    lists = [[inputs[number] for number in block] for block in blocks]
    jobs = min(jobs, len(blocks))
    begin(*setting)
    began = time.perf_counter()
    first = block_answers(lists[0])
    estimate = (time.perf_counter() - began) * len(blocks) / jobs
    if estimate > MOST_SECONDS:
        raise BadInput(
            f"the proof would take about {estimate / 60:,.0f} minutes for {sum(map(len, lists)):,} inputs, and at most "
            f"{MOST_SECONDS / 60:.0f} are allowed; a certificate needs a smaller domain or network"
        )
    yield blocks[0], first
    shown(1 / len(blocks))
    if jobs == 1:
        rest: Iterator[Any] = map(block_answers, lists[1:])
        for done, block, answers in zip(count(2), blocks[1:], rest, strict=False):
            yield block, answers
            shown(done / len(blocks))
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), begin, setting) as pool:
        for done, block, answers in zip(count(2), blocks[1:], pool.map(block_answers, lists[1:]), strict=False):
            yield block, answers
            shown(done / len(blocks))


def _proved(file: Path, saved: SavedNetwork, task: Task, jobs: int, shown: Callable[[float], None]) -> dict[str, Any]:
    """What the certificate says of one network."""
    task.check_fits(saved.network.config)
    exact = exact_network(file)
    if saved.recipe is not None and saved.recipe.frozen_pattern is not None:
        raise BadInput(f"{file} has a fixed attention pattern, and certificates are about networks that attend")
    began = time.perf_counter()
    found = exact_answers(exact, task, jobs, shown)
    answers = [answer for answer, _ in found]
    margins = [margin for answer, margin in found if answer is not None]
    with torch.no_grad():
        as_run = record(saved.network, task).classes.tolist()
    return {
        "name": saved.name,
        "architecture": saved.network.config.in_words,
        "file_sha256": sha256(read_whole(file)).hexdigest(),
        "weights_sha256": weights_digest(file),
        "answers": answers,
        "undecided": [number for number, answer in enumerate(answers) if answer is None],
        "least_margin": min(margins, default=1.0) * (1 - 2**-20),
        "run_in": str(saved.network.dtype).removeprefix("torch."),
        "run_differs": [
            number
            for number, (answer, run) in enumerate(zip(answers, as_run, strict=True))
            if answer is not None and answer != run
        ],
        "seconds": round(time.perf_counter() - began, 2),
    }


def _stated(task: Task) -> dict[str, Any]:
    """The task in plain form."""
    domain = task.domain
    inputs: dict[str, Any] = (
        {"positions": [list(tokens) for tokens in domain.positions]}
        if domain.is_product
        else {"inputs": domain.tokens(domain.inputs()).tolist()}
    )
    labels = None if task.labels is None else task.labels.tolist()
    classes = [list(group) for group in task.classes]
    return {"name": task.name, **inputs, "read_at": domain.read_at, "classes": classes, "answer": task.answer} | {
        "labels": labels
    }


def proved_file(network: str | Path) -> Path:
    """The file of a network that is proved.

    Args:
        network: a network file, a run folder, or the word of a bundled network.

    Raises:
        BadInput: there is no such file.
    """
    file = bundled_network(str(network)) if str(network) in BUNDLED else network_file(network)
    if not is_file(file):
        raise BadInput(f"cannot read {file}: a certificate needs a network file, a run folder or a bundled network")
    return file


def need_flint() -> None:
    """Check that python-flint can be imported.

    Raises:
        OutOfResources: it is not installed.
    """
    try:
        import flint  # noqa: F401
    except ImportError as error:
        raise OutOfResources(
            "certificates need the package python-flint; install it with `pip install 'scrubjay[certify]'`"
        ) from error
