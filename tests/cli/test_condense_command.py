"""``scrubjay condense``: what it prints and writes, and that nothing is lost or half written when it fails."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scrubjay import condensation
from scrubjay.nets.files.checkpoint import read_network, save_network
from scrubjay.nets.transformer import Transformer
from tests.cli.in_process import Ran, scrubjay
from tests.data.small_network import PATH, TOKENS, small_task
from tests.test_condensation import ADDITION, HEADS_ALONE, SIZES, untrained

CONDENSE = ("condense", "net.safetensors")
REFUSED = {
    "no share": ("condense net.safetensors --at-least 0 --out {out}", 2, "--at-least is a percentage above 0 and at m"),
    "more than all": ("condense net.safetensors --at-least 101 --out {out}", 2, "at most 100, and was given as 101"),
    "not a number": ("condense net.safetensors --at-least nan --out {out}", 2, "at most 100, and was given as nan"),
    "a word": ("condense net.safetensors --at-least much --out {out}", 2, "--at-least.*valid"),
    "wrong path": ("condense missing.safetensors --out {out}", 3, "cannot read missing.safetensors: No such file"),
    "wrong task": ("condense net.safetensors --task mnist --out {out}", 3, "there is no task called 'mnist'"),
    "a task that does not fit": (
        "condense net.safetensors --task modular_addition:p=40 --out {out}",
        3,
        "the token 40, .* 0 to 22",
    ),
    "no task": ("condense taskless.safetensors --out {out}", 2, "names no task; give one with --task"),
    "below a file": (
        "condense net.safetensors --out occupied/inner.safetensors",
        5,
        "cannot write into the folder .*occ",
    ),
    "python below a file": (
        "condense net.safetensors --python occupied/a/b.py",
        5,
        "cannot write into the folder .*occ",
    ),
    "a folder": ("condense net.safetensors --out .", 5, r"cannot write \.: it is a folder"),
    "the network itself": ("condense net.safetensors --out ./net.safetensors", 2, "--out and the network are the same"),
    "the network as Python": ("condense net.safetensors --python net.safetensors", 2, "--python and the network are"),
    "one file twice": (
        "condense net.safetensors --out x --python ./x",
        2,
        "--python and --out are the same file, x; w",
    ),
}
"""Commands that are refused before the network is condensed, each with its exit code and what it says."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained network that names its task."""
    here = tmp_path_factory.mktemp("condense")
    labels = small_task().labels
    assert labels is not None
    np.savez(here / "labels.npz", labels=labels.reshape(TOKENS, TOKENS).numpy(), last=TOKENS)
    save_network(here / "net.safetensors", read_network(PATH).network, task=str(here / "labels.npz"))
    save_network(here / "taskless.safetensors", read_network(PATH).network)
    save_network(here / "one.safetensors", Transformer(SIZES), task=ADDITION.name)
    save_network(here / "untrained.safetensors", untrained(HEADS_ALONE), task=ADDITION.name)
    (here / "occupied").write_text("a file")
    return here


@pytest.fixture(scope="module")
def ran(folder: Path) -> Ran:
    """The command with both files to write, one of them in a folder that does not exist yet."""
    return scrubjay(folder, *CONDENSE, "--out", "new/in ner.safetensors", "--python", "in ner.py")


def test_it_writes_both_files_and_says_what_to_do_next(folder: Path, ran: Ran) -> None:
    assert ran.code == 0 and ran.stderr == ""
    table, _, ends = ran.stdout.partition("Wrote ")
    assert table.startswith("The network inside net, on labels:\n") and "<- this one" in table
    said = re.fullmatch(
        r"in ner\.py; next: (python .*)\nWrote new/in ner\.safetensors; next: (scrubjay .*), or (scrubjay .*)\n", ends
    )
    assert said is not None
    python, info, explain = map(shlex.split, said.groups())
    answered = subprocess.run([sys.executable, *python[1:]], cwd=folder, capture_output=True, text=True, timeout=60)
    network, task = read_network(folder / "new/in ner.safetensors").network, small_task()
    last = int(network(task.domain.tokens(task.domain.inputs()[-1:]))[0, -1].argmax())
    assert answered.stdout == f"{last}\n" and answered.stderr == ""
    printed = scrubjay(folder, *info[1:])
    assert printed.code == 0 and printed.stdout.startswith("W_E [v d] 23 x ")
    assert explain == ["scrubjay", "explain", "new/in ner.safetensors"]


def test_json_is_all_that_stands_on_stdout(folder: Path, ran: Ran) -> None:
    found = scrubjay(folder, *CONDENSE, "--json", "--out", "again.safetensors", "--python", "again.py")
    assert found.code == 0
    said = json.loads(found.stdout)
    assert set(said) == {
        *("dimensions", "heads", "ranks", "hinges", "numbers", "bits", "agreement", "mistakes"),
        *("at_least", "smallest", "front"),
    }
    assert [line.partition(";")[0] for line in found.stderr.splitlines()] == [
        "Wrote again.py",
        "Wrote again.safetensors",
    ]
    assert f"gives {said['agreement']:.2%} of the network's 484 answers" in ran.stdout
    assert (folder / "again.py").read_bytes() == (folder / "in ner.py").read_bytes()
    assert (folder / "again.safetensors").read_bytes() == (folder / "new/in ner.safetensors").read_bytes()


def test_less_agreement_takes_fewer_numbers(folder: Path) -> None:
    sizes = {}
    for share in ("60", "99.5", "100"):
        said = json.loads(scrubjay(folder, *CONDENSE, "--json", "--at-least", share).stdout)
        assert said["at_least"] == float(share) / 100 <= said["agreement"]
        assert said["smallest"][str(float(share) / 100)]["numbers"] == said["numbers"]
        sizes[share] = said["numbers"]
    assert sorted(sizes.values()) == list(sizes.values()) and len(set(sizes.values())) == 3


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_be_refused_is_refused_before_the_work(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("the network is being condensed")

    monkeypatch.setattr(condensation, "condense", work)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    words, code, says = REFUSED[name]
    found = scrubjay(folder, *words.format(out="new2/inner.safetensors").split())
    assert found.code == code and found.stdout == ""
    assert re.search(says, found.stderr), found.stderr
    assert "Traceback" not in found.stderr and (code != 2 or "Usage:" in found.stderr or found.stderr.count("\n") == 1)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (folder / "new2").exists()


def test_the_refused_commands_reach_the_work_where_nothing_is_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("the network is being condensed")

    monkeypatch.setattr(condensation, "condense", work)
    with pytest.raises(AssertionError, match="being condensed"):
        scrubjay(folder, *CONDENSE, "--out", "new2/inner.safetensors", "--python", "new2/inner.py")


@pytest.mark.parametrize(
    ("net", "share", "says"),
    [
        ("one", "99", "scrubjay: the network gives all 81 inputs the same answer; there is nothing to condense\n"),
        (
            "untrained",
            "99.99",
            "scrubjay: no smaller network was found that gives 99.99% of the answers of untrained; the best one gives "
            r"\d\d\.\d\d%. A network that training has not condensed does not shrink"
            "\n",
        ),
    ],
)
def test_a_network_that_does_not_shrink_leaves_the_old_files(folder: Path, net: str, share: str, says: str) -> None:
    old = {"old.safetensors": b"old", "old.py": b"older"}
    for name, content in old.items():
        (folder / name).write_bytes(content)
    words = ("condense", f"{net}.safetensors", "--at-least", share, "--out", "old.safetensors", "--python", "old.py")
    found = scrubjay(folder, *words)
    assert (found.code, found.stdout) == (3, "") and re.fullmatch(says, found.stderr)
    assert {name: (folder / name).read_bytes() for name in old} == old


def test_an_old_file_is_replaced_as_a_whole(folder: Path) -> None:
    (folder / "replaced.safetensors").write_bytes(b"old" * 100_000)
    assert scrubjay(folder, *CONDENSE, "--out", "replaced.safetensors").code == 0
    assert read_network(folder / "replaced.safetensors").manifest["inner"]["parent"] == "net"
    assert not list(folder.glob(".*partial*"))


def test_the_inner_network_opens_in_other_commands(folder: Path, ran: Ran) -> None:
    assert ran.code == 0
    inner = "new/in ner.safetensors"
    manifest = json.loads(scrubjay(folder, "info", inner).stdout)
    assert manifest["inner"]["parent_sha256"] == read_network(folder / "net.safetensors").manifest["sha256"]
    assert manifest["task"].startswith(str(folder / "labels.npz"))
    again = json.loads(scrubjay(folder, "condense", inner, "--json", "--at-least", "100").stdout)
    assert again["numbers"] <= json.loads(scrubjay(folder, *CONDENSE, "--json").stdout)["numbers"]
    recovered = scrubjay(folder, "recover", "--network", inner)
    assert recovered.code == 0 and "bits" in recovered.stdout
    moving = scrubjay(folder, "animate", "neurons", inner, "--frames", "2", "--out", "moving.gif")
    assert moving.code == 0 and (folder / "moving.gif").read_bytes().startswith(b"GIF8")


def test_the_help_explains_every_option(folder: Path) -> None:
    said = " ".join(scrubjay(folder, "condense", "--help").stdout.split())
    assert (
        "Find the smallest network inside a network. It is the smallest one that still gives the network's answers."
        in said
    )
    for option in ("--out", "--python", "--task", "--json", "--at-least", "--refine", "--seed"):
        assert re.search(rf"{option}( <[a-z ]+>)? +[A-Z]", said), option
    assert "[default: 99.5]" in said
