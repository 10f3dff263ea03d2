"""The checker alone: it needs nothing of ours, and refuses certificates and networks that were changed."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch

from scrubjay.certify import certificate_checker
from scrubjay.certify.certificate_checker import check_certificate
from scrubjay.certify.prove import certify
from scrubjay.nets.files.checkpoint import save_network
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.cli.in_process import scrubjay
from tests.nets.architectures import BASE, random_weights

CHECKER = Path(certificate_checker.__file__)
BLOCKED = "import sys, runpy; sys.modules |= dict.fromkeys(('torch', 'numpy', 'safetensors', 'scrubjay')); "


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A network file, and its certificate."""
    folder = tmp_path_factory.mktemp("proved")
    network = random_weights(BASE, seed=4)  # both classes occur
    save_network(folder / "net.safetensors", network)
    labels = torch.tensor([0, 1] * 6)
    task = Task("small", Domain(((0, 1, 2), (3, 4), (5, 6))), ((0,), (1,)), labels=labels, answer="groups")
    certify(folder / "net.safetensors", task, jobs=1).save(folder / "cert.json")
    return folder / "net.safetensors", folder / "cert.json"


def test_it_is_one_short_file_that_imports_python_and_flint_only() -> None:
    imported = set()
    for node in ast.walk(ast.parse(CHECKER.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"flint"}
    assert len(CHECKER.read_text().splitlines()) < 300


def test_it_runs_where_nothing_of_ours_can_be_imported(proved: tuple[Path, Path]) -> None:
    network, certificate = proved
    told = f"sys.argv[1:] = {[str(certificate), str(network)]}; runpy.run_path({str(CHECKER)!r}, run_name='__main__')"
    program = BLOCKED + told
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0 and ran.stdout.startswith("holds: network, {'proved': 12"), ran.stderr


def counts(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = content["counts"]["network"]
    return found


def other_answer(content: dict[str, Any]) -> None:
    answers, labels = content["networks"]["network"]["answers"], content["task"]["labels"]
    was_right = answers[3] == labels[3]
    answers[3] = 1 - answers[3]
    counts(content)["right"] += -1 if was_right else 1
    counts(content)["wrong"] += 1 if was_right else -1


def larger_margin(content: dict[str, Any]) -> None:
    content["networks"]["network"]["least_margin"] *= 1.001


def no_margin(content: dict[str, Any]) -> None:
    content["networks"]["network"]["least_margin"] = 0.0


def hidden_input(content: dict[str, Any]) -> None:
    content["networks"]["network"]["answers"][0] = None


def more_right(content: dict[str, Any]) -> None:
    counts(content)["right"] += 1


def smaller_domain(content: dict[str, Any]) -> None:
    content["task"]["positions"][0] = [0, 1]


def other_domain(content: dict[str, Any]) -> None:
    content["task"]["positions"][0] = [1, 0, 2]


def doubled_domain(content: dict[str, Any]) -> None:
    content["task"]["positions"][1] = [3, 3]


def negative_token(content: dict[str, Any]) -> None:
    content["task"]["positions"][2] = [5, -1]  # from the end, this is the token 6


def other_rule(content: dict[str, Any]) -> None:
    content["task"]["answer"] = "argmax"


def other_labels(content: dict[str, Any]) -> None:
    content["task"]["labels"] = [1, *content["task"]["labels"][1:]]


def other_network(content: dict[str, Any]) -> None:
    content["networks"]["network"]["weights_sha256"] = "0" * 64


def second_network(content: dict[str, Any]) -> None:
    content["networks"]["inner network"] = content["networks"]["network"]


CHANGES: dict[Callable[[dict[str, Any]], None], str] = {
    other_answer: "has an answer of class",
    larger_margin: "is not shown to be",
    no_margin: "its undecided inputs are others",
    hidden_input: "its undecided inputs are others",
    more_right: "its counts do not follow",
    smaller_domain: "12 answers of the network for 8 inputs",
    other_domain: "has an answer of class",
    doubled_domain: "an input occurs twice",
    negative_token: "below 0",
    other_rule: "has an answer of class -1",
    other_labels: "its counts do not follow",
    other_network: "about another network, which has other hashes",
    second_network: "about the network and inner network, and not the network",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_certificate_is_refused_even_if_its_digest_is_made_again(
    change: Callable[[dict[str, Any]], None], proved: tuple[Path, Path], tmp_path: Path
) -> None:
    network, certificate = proved
    content = json.loads(certificate.read_text())
    change(content)
    (tmp_path / "changed.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="its content has another digest"):
        check_certificate(tmp_path / "changed.json", {"network": str(network)}, jobs=1)
    del content["sha256"]
    content["sha256"] = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    (tmp_path / "changed.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=CHANGES[change]):
        check_certificate(tmp_path / "changed.json", {"network": str(network)}, jobs=1)


def test_a_network_with_one_flipped_bit_is_refused_by_the_command(proved: tuple[Path, Path], tmp_path: Path) -> None:
    network, certificate = proved
    changed = bytearray(network.read_bytes())
    changed[-5] ^= 1
    (tmp_path / "net.safetensors").write_bytes(changed)
    ran = scrubjay(tmp_path, "check", str(certificate), "net.safetensors", "--jobs", "1")
    assert ran.code == 4 and "is refused: it is about another network" in ran.stderr and not ran.stdout


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"task": 1}', "\x00"])
def test_a_file_that_is_no_certificate_is_refused_with_a_sentence(
    content: str, proved: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "cert.json").write_text(content)
    ran = scrubjay(tmp_path, "check", "cert.json", str(proved[0]))
    assert ran.code == 4 and ran.stderr.startswith("scrubjay: cert.json is refused: ") and not ran.stdout


def test_the_commands_prove_and_check(proved: tuple[Path, Path], tmp_path: Path) -> None:
    network, _ = proved
    (tmp_path / "net.safetensors").write_bytes(network.read_bytes())
    (tmp_path / "task.toml").write_text(
        'name = "small"\nclasses = [["0"], ["1"]]\nanswer = "groups"\ntokens = ["0", "1", "2", "3", "4", "5", "6"]\n'
        + "".join(f'[[position]]\ntokens = "{allowed}"\n' for allowed in ("0-2", "3-4", "5-6"))
    )
    ran = scrubjay(tmp_path, "certify", "net.safetensors", "--task", "task.toml", "--out", "c.json", "--jobs", "1")
    assert ran.code == 0, ran.stderr
    assert "gives the listed answer on 12 of 12 inputs, each by a margin of at least" in ran.stdout
    assert "Run in float64, the network gives the proved answer on every input." in ran.stdout
    checked = scrubjay(tmp_path, "check", "c.json", "net.safetensors", "--jobs", "1")
    assert checked.code == 0 and checked.stdout.startswith("The certificate holds.\nThe domain is the 12 inputs")
    same = scrubjay(tmp_path, "certify", "net.safetensors", "--out", "net.safetensors")
    assert same.code == 2 and "are the same file" in same.stderr


def test_a_missing_flint_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flint", None)
    for words in (["certify", "modular"], ["check", "cert.json", "modular"]):
        ran = scrubjay(tmp_path, *words)
        assert ran.code == 5 and "pip install 'scrubjay[certify]'" in ran.stderr
