"""Give thousands of mutated files to every function that reads files: each must be refused, or read correctly.

    python -m benchmarks.fuzz [--files 1500] [--seed 0] [--only "torch archive"]

A file that is read must hold what an independent reader finds in it; a sealed file must hold exactly the tensors that
were written. A network must have what its config and the user state, or be refused, and give finite logits. A refusal
must name the file or the key. Any other error, a warning, code that is run, a crash, more than five seconds, or more
than two gigabytes is a finding. If there is a finding, the command exits with code 1.
"""

import argparse
import io
import random
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from benchmarks import fuzz_checkpoints, fuzz_texts
from benchmarks.fuzz_checkpoints import MARKER, Case
from benchmarks.mutations import PICKLED, WORDS, mutated, random_array, random_further, rezipped

from scrubjay.core.errors import ScrubjayError
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import import_network, read_network, save_network
from scrubjay.nets.files.sealed import read_sealed, write_sealed
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.named import named_task
from scrubjay.tasks.task import Task

from_arrays = Task.from_arrays

LONGEST = 5.0
"""The most seconds that reading a file may take."""

SPARE = 2 * 2**30
"""The most bytes that reading a file may take."""

NETWORK = Transformer.initialised(Config(5, 3, 4, 2, 2, 6), seed=0).requires_grad_(False)
LABELS = np.add.outer(np.arange(6), np.arange(7)) % 3


class Hung(BaseException):
    """Reading a file took too long."""


@dataclass
class Row:
    """What happened to the files of a target.

    Attributes:
        target: the kind of file.
        files: the number of files.
        refused: the number of files that were refused, by the name of the exception.
        read: the number of files that were read and hold what they should.
        slowest: the longest time that a file took, in seconds.
        findings: what went wrong, one line for each finding.
    """

    target: str
    files: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    read: int = 0
    slowest: float = 0.0
    findings: list[str] = field(default_factory=list)


def as_challenge(network: Transformer) -> dict[str, torch.Tensor]:
    """A network's weights in the layout ``challenge``, written out by hand."""
    n = network.weights
    return {
        "embed.W_E": n["W_E"].T.contiguous(),
        "pos_embed.W_pos": n["W_pos"],
        **{f"blocks.0.attn.W_{q}": n[f"W_{q}"].transpose(1, 2).contiguous() for q in "QKV"},
        "blocks.0.attn.W_O": torch.cat(list(n["W_O"].transpose(1, 2)), dim=1),
        "blocks.0.mlp.W_in": n["W_in"].T.contiguous(),
        "blocks.0.mlp.b_in": n["b_in"],
        "blocks.0.mlp.W_out": n["W_out"].T.contiguous(),
        "blocks.0.mlp.b_out": n["b_out"],
        "unembed.W_U": n["W_U"],
    }


def same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> bool:
    return all(key in expected and torch.equal(value, expected[key].to(value.dtype)) for key, value in found.items())


def is_the_file(path: Path) -> bool:
    """Whether ``import_network`` gives what the reader of PyTorch or safetensors finds in the file."""
    network = import_network(path).network
    content = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        is_safe = content[8:9] == b"{"
        loaded = (
            safetensors.torch.load(content) if is_safe else torch.load(io.BytesIO(content), "cpu", weights_only=True)
        )
    inner = next((loaded[key] for key in ("model", "state_dict", "model_state_dict") if key in loaded), loaded)
    return same(as_challenge(network), inner)


def is_the_archive(path: Path) -> bool:
    """Whether the task of an ``.npz`` has the labels and the split that NumPy finds in the file."""
    task = named_task(str(path))
    with np.load(path, allow_pickle=False) as arrays:
        labels = np.asarray(arrays["labels"]).reshape(-1)
        split = np.asarray(arrays["train"]).reshape(-1) if "train" in arrays else None
    assert task.labels is not None
    return np.array_equal(labels, task.labels.numpy()) and (
        split is None or (task.train is not None and np.array_equal(split, task.train.numpy()))
    )


def is_the_table(path: Path) -> bool:
    """Whether the task of a ``.csv`` has the numbers in the file as its labels."""
    task = named_task(str(path))
    assert task.labels is not None
    text = path.read_bytes().decode("utf-8-sig").replace('"', "")
    numbers = [int(number) for number in text.replace(",", " ").split()]
    return numbers == task.labels.tolist()


def are_the_values(draw: random.Random) -> bool:
    """Whether ``Task.from_arrays`` keeps every value of a random array that it accepts."""
    given = random_array(draw)
    further = {} if draw.random() < 0.5 else {draw.choice(("train", "tokens", "classes", "last")): random_further(draw)}
    task = from_arrays(given, **further)  # type: ignore[arg-type]
    assert task.labels is not None
    return np.array_equal(np.asarray(given).reshape(-1), task.labels.numpy())


def originals(folder: Path) -> dict[str, tuple[bytes, str, Callable[[Path], bool], bool]]:
    """For each target: a valid file, its suffix, what reads and checks it, and whether it is an archive."""
    made, state = folder / "made", as_challenge(NETWORK)
    found: dict[str, tuple[bytes, str, Callable[[Path], bool], bool]] = {}

    def add(target: str, ending: str, check: Callable[[Path], bool], archive: bool = False) -> None:
        found[target] = (made.read_bytes(), ending, check, archive)

    save_network(made, NETWORK)
    add("sealed network", ".safetensors", lambda path: same(read_network(path).network.weights, NETWORK.weights))
    write_sealed(made, state, {"kind": "training state", "epoch": 3})
    add("sealed state", ".safetensors", lambda path: same(read_sealed(path, "training state")[0], state))
    safetensors.torch.save_file(state, made)
    add("foreign safetensors", ".safetensors", is_the_file)
    torch.save({"model": state, "epoch": 3}, made)
    add("torch archive", ".pth", is_the_file, archive=True)
    torch.save({"model": state, "losses": [0.5]}, made, _use_new_zipfile_serialization=False)
    add("torch legacy", ".pth", is_the_file)
    with made.open("wb") as file:
        np.savez(file, labels=LABELS.astype(np.uint8), train=LABELS > 0, last=np.int64(7))
    add("npz", ".npz", is_the_archive, archive=True)
    made.write_text("\n".join(",".join(map(str, row)) for row in LABELS))
    add("csv", ".csv", is_the_table)
    return found


@contextmanager
def alarm() -> Iterator[None]:
    def ring(*given: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def bytes_cases(target: str, folder: Path) -> Callable[[random.Random], Case]:
    """What changes the bytes of a valid file, or makes an object, and gives its check."""
    sound = originals(folder).get(target)

    def case(draw: random.Random) -> Case:
        if sound is None:
            return lambda: "" if are_the_values(draw) else "read, and not what was given", ()
        content, ending, is_right, is_archive = sound
        words = [*WORDS, *PICKLED] if ending == ".pth" else WORDS
        change = rezipped if is_archive and draw.random() < 0.6 else mutated
        path = folder / f"mutant{ending}"
        path.write_bytes(change(content, draw, words))
        return lambda: "" if is_right(path) else "read, and not what the file holds", ()

    return case


def cases(target: str, folder: Path) -> Callable[[random.Random], Case]:
    """What makes the files of a target."""
    if target in FURTHER:
        return FURTHER[target](folder)
    return bytes_cases(target, folder)


def run(target: str, files: int, seed: int) -> Row:
    """Mutate and read some files of a target."""
    row = Row(target)
    with tempfile.TemporaryDirectory() as name, limited():
        folder = Path(name)
        case = cases(target, folder)
        for number in range(files):
            draw = random.Random(f"{target} {seed} {number}")
            check, names = case(draw)
            found, began = "", time.perf_counter()
            try:
                with alarm(), warnings.catch_warnings(), np.errstate(all="raise"):
                    warnings.simplefilter("error")
                    found = check()
                    row.read += not found
            except ScrubjayError as error:
                row.refused[type(error).__name__] += 1
                if names and not any(name in str(error) for name in names):
                    found = f"the refusal names no file and no key: {str(error)[:150]}"
            except (Exception, Hung) as error:
                found = f"{type(error).__name__}: {str(error)[:150]}"
            row.slowest = max(row.slowest, time.perf_counter() - began)
            if (folder / MARKER).exists():
                (folder / MARKER).rmdir()
                found = "code in the file was run"
            if found:
                row.findings.append(f"{target} {seed} {number}: {found}")
            row.files += 1
    return row


@contextmanager
def limited() -> Iterator[None]:
    """Limit the memory of this process to what it has now and ``SPARE`` bytes more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + SPARE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


FURTHER: Mapping[str, Callable[[Path], Callable[[random.Random], Case]]] = {
    **{f"import {layout}": partial(fuzz_checkpoints.checkpoint_cases, layout) for layout in fuzz_checkpoints.LAYOUTS},
    "layout file": fuzz_texts.layout_cases,
    "task file": fuzz_texts.task_cases,
    "formula": fuzz_texts.formula_cases,
    "declaration": fuzz_texts.declaration_cases,
    "table of answers": fuzz_texts.table_cases,
}
"""The targets whose files are changed by their meaning too."""

TARGETS = (
    *("sealed network", "sealed state", "foreign safetensors", "torch archive", "torch legacy"),
    *("npz", "csv", "arrays", *FURTHER),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1500, help="number of files of each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=TARGETS, action="append")
    asked = parser.parse_args()
    rows = []
    for target in asked.only or TARGETS:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            try:
                rows.append(pool.submit(run, target, asked.files, asked.seed).result())
            except BrokenProcessPool:
                rows.append(Row(target, findings=[f"{target} {asked.seed}: the process crashed"]))
    print("| target | files | refused as RefusedFile | as BadInput | read, and verified | slowest | findings |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        damaged, bad = row.refused.pop("RefusedFile", 0), row.refused.pop("BadInput", 0)
        others = f" {dict(row.refused)}" if row.refused else ""
        print(
            f"| {row.target} | {row.files:,} | {damaged:,} | {bad:,}{others} | {row.read:,} | "
            f"{1000 * row.slowest:.0f} ms | {len(row.findings)} |"
        )
    print(f"| all | {sum(row.files for row in rows):,} | | | | | {sum(len(row.findings) for row in rows)} |")
    for finding in (finding for row in rows for finding in row.findings):
        print(finding, file=sys.stderr)
    sys.exit(any(row.findings for row in rows))


if __name__ == "__main__":
    main()
