"""`scrubjay import`: the task that is stored with the network, above all when a file is imported again."""

from pathlib import Path

import numpy as np
import pytest
import torch

from scrubjay.nets.config import Config
from scrubjay.nets.files.hub import load_network
from tests.cli.in_process import Ran, scrubjay
from tests.nets.files.test_layouts import challenge_state
from tests.nets.test_transformer import random_network

SIDE = 7
LABELS = np.indices((SIDE, SIDE)).sum(0) % 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two checkpoints, of 8 and of 10 tokens, and two files of labels."""
    for name, tokens in (("eight.pth", SIDE + 1), ("ten.pth", SIDE + 3)):
        network = random_network(Config(d_vocab=tokens, n_ctx=3, d_model=4, n_heads=2, d_head=2, d_mlp=4))
        torch.save(challenge_state(network), tmp_path / name)
    np.savez(tmp_path / "labels.npz", labels=LABELS)
    np.savez(tmp_path / "corner.npz", labels=LABELS[:5, :5])
    return tmp_path


def scrubjay_import(folder: Path, words: str) -> Ran:
    return scrubjay(folder, "import", *words.split(), "--out", "net.safetensors")


def stored(folder: Path) -> str | None:
    return load_network(folder / "net.safetensors").task


def test_a_task_is_kept_when_its_file_is_written_again(folder: Path) -> None:
    first = scrubjay_import(folder, "eight.pth --task modular_addition:p=7")
    assert first.code == 0 and stored(folder) == "modular_addition:p=7"
    assert "Kept" not in first.stdout and "Replaced" not in first.stdout
    again = scrubjay_import(folder, "eight.pth")
    assert again.code == 0 and stored(folder) == "modular_addition:p=7"
    assert "Kept the task that net.safetensors named before: modular_addition:p=7." in again.stdout


def test_a_task_that_is_replaced_is_named(folder: Path) -> None:
    scrubjay_import(folder, "eight.pth --task modular_addition:p=7")
    same = scrubjay_import(folder, "eight.pth --task modular_addition:p=7")
    assert same.code == 0 and "Kept" not in same.stdout and "Replaced" not in same.stdout
    other = scrubjay_import(folder, "eight.pth --task modular_addition:below=3,p=7")
    assert other.code == 0 and stored(folder) == "modular_addition:p=7,below=3"
    assert "Replaced the task that net.safetensors named before: modular_addition:p=7\n" in other.stdout


def test_a_task_that_does_not_suit_the_new_network_is_not_dropped(folder: Path) -> None:
    scrubjay_import(folder, "ten.pth --task modular_addition:p=9")
    before = (folder / "net.safetensors").read_bytes()
    refused = scrubjay_import(folder, "eight.pth")
    assert refused.code == 3 and refused.stdout == ""
    assert "net.safetensors names the task modular_addition:p=9 already" in refused.stderr
    assert "the token 9" in refused.stderr and "with --task" in refused.stderr
    assert (folder / "net.safetensors").read_bytes() == before


def test_without_a_task_none_is_stored_and_nothing_is_said(folder: Path) -> None:
    for _ in range(2):
        ran = scrubjay_import(folder, "eight.pth")
        assert ran.code == 0 and stored(folder) is None and len(ran.stdout.splitlines()) == 2


def test_a_file_that_is_no_network_is_written_over(folder: Path) -> None:
    (folder / "net.safetensors").write_text("something else")
    assert scrubjay_import(folder, "eight.pth").code == 0
    assert stored(folder) is None


def test_a_file_of_labels_is_stored_with_its_absolute_path(folder: Path) -> None:
    ran = scrubjay_import(folder, "eight.pth --task labels.npz")
    assert ran.code == 0, ran.stderr
    assert str(stored(folder)).startswith(f"{folder.resolve() / 'labels.npz'}:last=7,sha256=")


def test_labels_that_leave_the_last_token_open_are_refused(folder: Path) -> None:
    ran = scrubjay_import(folder, "eight.pth --task corner.npz")
    assert ran.code == 3 and "does not state its constant last token" in ran.stderr
    assert "LABELS.npz:last=7 on the command line" in ran.stderr and not (folder / "net.safetensors").exists()
    ran = scrubjay_import(folder, "eight.pth --task corner.npz:last=7")
    assert ran.code == 0 and ":last=7," in str(stored(folder))


def test_a_task_whose_answers_the_network_lacks_is_refused(folder: Path) -> None:
    np.savez(folder / "many.npz", labels=np.arange(SIDE**2).reshape(SIDE, SIDE))
    ran = scrubjay_import(folder, "eight.pth --task many.npz")
    assert ran.code == 3 and "class 8 of task many has the token 8" in ran.stderr
