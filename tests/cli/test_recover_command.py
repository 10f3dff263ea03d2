"""`scrubjay recover`: results on stdout, a sentence for what can't be used, nothing found is no error."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scrubjay.cli import main

SIDE = 24


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def scrubjay(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command in the folder, in this process."""

    def run(*words: str) -> Ran:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["scrubjay", *words])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return Ran(int(left.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("recover")
    a, b = np.indices((SIDE, SIDE))
    labels = (a * b < 90).astype(np.int64)
    np.savetxt(here / "product.csv", labels, fmt="%d", delimiter=",")
    np.savez(here / "half.npz", labels=labels, train=np.random.default_rng(0).random(labels.shape) < 0.5)
    labels[5, 5] ^= 1
    np.savez(here / "flipped.npz", labels=labels)
    np.savez(here / "noise.npz", labels=np.random.default_rng(1).integers(0, 2, (SIDE, SIDE)))
    np.savez(here / "three.npz", labels=(a + b) % 3)
    np.savez(here / "cube.npz", labels=np.arange(8).reshape(2, 2, 2) % 2)
    np.save(here / "median.npy", np.median(np.indices((5, 5, 5)), axis=0).astype(np.int64))
    mixed = (2 * a + 5 * b + 3) % SIDE
    mixed[7, 2], mixed[9, 9] = (mixed[7, 2] + 1) % SIDE, -1
    np.savetxt(here / "mixed.csv", mixed, fmt="%d", delimiter=",")
    np.savez(here / "packed.npz", labels=labels)
    (here / "packed.npz").rename(here / "packed.npy")
    (here / "broken.npy").write_bytes(b"\x93NUMPY no array")
    np.save(here / "objects.npy", np.array([1, "two"], dtype=object), allow_pickle=True)
    np.save(here / "halves.npy", np.array([[0.5, 1.0]]))
    np.savez(here / "less.npz", labels=(a < b).astype(np.int64))
    (here / "ragged.csv").write_text("0,1\n1\n")
    (here / "words.csv").write_text("0,1\n1,yes\n")
    (here / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    (here / "empty.csv").write_text("")
    return here


def test_a_program_is_printed_with_its_bits_and_controls(scrubjay: Callable[..., Ran]) -> None:
    found = scrubjay("recover", "product.csv")
    assert found.returncode == 0, found.stderr
    names: dict[str, Any] = {}
    exec(found.stdout[found.stdout.index("def label") : found.stdout.index("\n\n", found.stdout.index("def "))], names)
    assert all(names["label"](a, b) == (a * b < 90) for a in range(SIDE) for b in range(SIDE))
    for words in (r"a·b < \d+", r"together +\d+ bits; the table takes \d+ bits", r"agreement +100\.0000%"):
        assert re.search(words, found.stdout), found.stdout
    assert "shuffled labels: nothing" in found.stdout and "same density: nothing" in found.stdout
    assert "Traceback" not in found.stderr


def test_exceptions_are_listed(scrubjay: Callable[..., Ran]) -> None:
    content = json.loads(scrubjay("recover", "flipped.npz", "--json").stdout)
    assert content["found"] and content["exceptions"] == [[5, 5]]
    assert content["bits"]["total"] == content["bits"]["program"] + content["bits"]["exceptions"]
    assert content["bits"]["total"] < content["bits"]["table"]
    assert content["controls"] == {"shuffled": None, "random": None}
    assert content["agreement"] == 1 - 1 / SIDE**2


def test_holes_are_filled_by_the_program(scrubjay: Callable[..., Ran]) -> None:
    found = scrubjay("recover", "half.npz", "--train-only")
    assert found.returncode == 0 and re.search(r"unseen +(99|100)\.\d+% of the other half", found.stdout), found.stdout


def test_nothing_found_is_said_and_is_no_error(scrubjay: Callable[..., Ran]) -> None:
    found = scrubjay("recover", "noise.npz")
    assert found.returncode == 0 and "Nothing found" in found.stdout and "def label" not in found.stdout


def test_tasks_that_no_program_search_takes_get_a_function_or_a_refusal(scrubjay: Callable[..., Ran]) -> None:
    found = scrubjay("recover", "three.npz")
    assert found.returncode == 0 and "It computes (a + b) mod 3." in found.stdout, found.stdout
    found = scrubjay("recover", "cube.npz")
    assert found.returncode == 0 and "Nothing found: 8 answers are too few" in found.stdout, found.stdout
    assert not json.loads(scrubjay("recover", "cube.npz", "--json").stdout)["found"]


def test_an_exact_function_of_a_binary_matrix_comes_before_a_program(scrubjay: Callable[..., Ran]) -> None:
    found = scrubjay("recover", "less.npz")
    assert "It computes whether a < b." in found.stdout and "shuffled labels" not in found.stdout, found.stdout


def test_a_plain_table_is_named_with_its_exceptions(scrubjay: Callable[..., Ran]) -> None:
    found = scrubjay("recover", "--table", "median.npy")
    assert found.returncode == 0 and "It computes the median of 3 tokens.\n" in found.stdout, found.stdout
    assert "does not depend on their order" in found.stdout and ": 1 5 15 5." in found.stdout
    found = scrubjay("recover", "--table", "mixed.csv")
    assert f"It computes (2·a + 5·b + 3) mod {SIDE}, with 1 exception.\n" in found.stdout, found.stdout
    assert "wrong at    (a, b) = (7, 2)\n" in found.stdout
    content = json.loads(scrubjay("recover", "--table", "mixed.csv", "--json").stdout)
    assert content["found"] and content["exceptions"] == [[7, 2]] and content["labels"] == SIDE**2 - 1
    assert content["bits"]["total"] == content["bits"]["program"] + content["bits"]["exceptions"]
    names: dict[str, Any] = {}
    exec(content["python"], names)
    assert all(names["answer"](a, b) == (2 * a + 5 * b + 3) % SIDE for a in range(SIDE) for b in range(SIDE))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("missing.npz", 3, "cannot read missing.npz: No such file"),
        ("missing.csv", 3, "cannot read missing.csv: No such file"),
        ("mnist", 3, "no task called 'mnist'"),
        ("ragged.csv", 3, r"row 2 of ragged.csv has 1 entries, and the first has 2"),
        ("words.csv", 3, r"entry 2 of row 2 of words.csv must be a whole number, and is 'yes'"),
        ("binary.csv", 4, "binary.csv is no table of text"),
        ("empty.csv", 3, "empty.csv is empty"),
        ("product.csv --train-only", 3, "task product has no split"),
        ("product.csv --network bundled", 2, "one of the two"),
        ("product.csv --task challenge2", 2, "--task belongs to --network"),
        ("--network missing.safetensors", 3, "cannot read missing.safetensors"),
        ("", 2, "give either LABELS or --network"),
        ("product.csv --table product.csv", 2, "--table TABLE alone"),
        ("--table product.csv --train-only", 2, "a --table has none"),
        ("--table missing.npy", 3, "cannot read missing.npy: No such file"),
        ("--table half.npz", 3, "is a file .csv or .npy, and half.npz is neither"),
        ("--table packed.npy", 4, "packed.npy is an archive of several arrays"),
        ("--table broken.npy", 4, "broken.npy is no plain array of NumPy"),
        ("--table objects.npy", 4, "objects.npy is no plain array of NumPy"),
        ("--table halves.npy", 3, r"halves.npy: a table of answers is an array of whole numbers .* type float64"),
        ("--table ragged.csv", 3, r"row 2 of ragged.csv has 1 entries, and the first has 2"),
        ("--table words.csv", 3, r"entry 2 of row 2 of words.csv must be a whole number, and is 'yes'"),
        ("--table empty.csv", 3, "empty.csv is empty"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(
    scrubjay: Callable[..., Ran], words: str, code: int, says: str
) -> None:
    found = scrubjay("recover", *words.split())
    assert found.returncode == code, found.stderr
    assert re.search(says, found.stderr), found.stderr
    assert "Traceback" not in found.stderr and found.stdout == ""
