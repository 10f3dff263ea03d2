"""Network files: what is saved can be read again, the manifest is true, and no failed write leaves half a file."""

import errno
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from scrubjay.core.errors import BadInput, OutOfResources, RefusedFile
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork, import_network, save_network
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.files.sealed import write_sealed
from scrubjay.run import Run
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task
from tests.nets.files.test_layouts import assert_same_weights, challenge_state
from tests.nets.test_transformer import random_network

SIZES = Config(d_vocab=6, n_ctx=3, d_model=5, n_heads=2, d_head=3, d_mlp=4)
RECIPE = Recipe(d_model=5, n_heads=2, d_head=3, d_mlp=4, epochs=9, learning_rate=0.02, betas=(0.8, 0.9), seed=7)
MANIFEST = {"kind": "network", "config": asdict(SIZES), "task": None, "recipe": None, "versions": {}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "net.safetensors"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_network_comes_back_as_it_was(file: Path, dtype: torch.dtype) -> None:
    network = random_network(SIZES, dtype=dtype)
    save_network(file, network)
    saved = load_network(file)
    assert_same_weights(saved.network, network)
    assert not any(weight.requires_grad for weight in saved.network.parameters())
    assert (saved.name, saved.task, saved.recipe) == ("net", None, None)


def test_the_manifest_says_what_is_known(file: Path) -> None:
    digest = save_network(file, random_network(SIZES), task="challenge2", recipe=RECIPE, epoch=9, source={"file": "x"})
    saved = load_network(file)
    assert (saved.task, saved.recipe) == ("challenge2", RECIPE)
    assert saved.manifest["sha256"] == digest
    assert saved.manifest["config"] == asdict(SIZES)
    assert (saved.manifest["epoch"], saved.manifest["source"]) == (9, {"file": "x"})
    assert saved.manifest["versions"]["torch"] == torch.__version__
    assert saved.manifest["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert saved.manifest["versions"].keys() == {"scrubjay", "torch", "numpy", "python"}


def test_the_same_network_makes_the_same_bytes(file: Path, tmp_path: Path) -> None:
    save_network(file, random_network(SIZES), recipe=RECIPE)
    save_network(tmp_path / "again", random_network(SIZES), recipe=RECIPE)
    assert file.read_bytes() == (tmp_path / "again").read_bytes()


def test_a_folder_stands_for_the_network_in_it(tmp_path: Path) -> None:
    save_network(tmp_path / "run" / "network.safetensors", random_network(SIZES))
    assert load_network(tmp_path / "run").name == "run"
    with pytest.raises(BadInput, match=re.escape(f"cannot read {tmp_path / 'network.safetensors'}: No such file")):
        load_network(tmp_path)


def test_the_bundled_network_is_what_its_manifest_says(bundled: SavedNetwork, challenge: Task, run: Run) -> None:
    assert bundled.task == "challenge2" and bundled.recipe == challenge.recipe
    assert challenge.labels is not None and challenge.train is not None
    right, said = run.full.classes == challenge.labels, bundled.manifest["training"]
    assert float(right[challenge.train].double().mean()) == said["train_accuracy"]
    assert float(right[~challenge.train].double().mean()) == pytest.approx(said["test_accuracy"], abs=2 / 6385)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_network_without_answers_is_refused(file: Path, value: float) -> None:
    network = random_network(SIZES)
    network.W_Q[1, 0, 0] = network.b_in[2] = value
    save_network(file, network)
    with pytest.raises(BadInput, match=r"has NaN or infinity in (W_Q, b_in|b_in, W_Q); such a network has no answers"):
        load_network(file)


def test_weights_that_do_not_fit_the_config_are_refused(file: Path) -> None:
    weights = random_network(SIZES).weights
    for wrong in (
        weights | {"W_E": weights["W_E"].T},
        {name: weight for name, weight in weights.items() if name != "b_out"},
        weights | {"W_more": torch.ones(1)},
    ):
        write_sealed(file, wrong, MANIFEST)
        with pytest.raises(RefusedFile, match="and these do not fit its config"):
            load_network(file)
    write_sealed(file, weights, MANIFEST)
    assert load_network(file).network.config == SIZES


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d_mlp": None}, "missing here: ['d_mlp']"),
        ({"d_more": 3}, "unknown: ['d_more']"),
        ({"n_heads": 0}, "n_heads must be a positive whole number, and is 0"),
        ({"d_head": -2}, "d_head must be a positive whole number, and is -2"),
        ({"d_model": True}, "d_model must be a positive whole number, and is True"),
        ({"d_mlp": -1}, "d_mlp must be 0 or a positive whole number, and is -1"),
    ],
)
def test_a_config_that_makes_no_network_is_refused(file: Path, change: dict[str, object], message: str) -> None:
    config = {key: size for key, size in {**asdict(SIZES), **change}.items() if size is not None}
    write_sealed(file, random_network(SIZES).weights, {**MANIFEST, "config": config})
    with pytest.raises(BadInput, match=re.escape(message)):
        load_network(file)


def test_a_training_state_is_no_network(file: Path) -> None:
    write_sealed(file, random_network(SIZES).weights, {**MANIFEST, "kind": "training state"})
    with pytest.raises(RefusedFile, match="holds a training state, but a network is needed here"):
        load_network(file)


@pytest.mark.parametrize("key", ["config", "task", "recipe"])
def test_a_manifest_without_a_key_is_refused(file: Path, key: str) -> None:
    write_sealed(file, random_network(SIZES).weights, {name: value for name, value in MANIFEST.items() if name != key})
    with pytest.raises(RefusedFile, match=f"does not state its {key}"):
        load_network(file)


STATED = {**asdict(RECIPE), "betas": [0.8, 0.9]}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"config": 7}, "must state its config as an object and its task as a string or null; it states 7 and None"),
        ({"task": ["challenge2"]}, "its task as a string or null"),
        ({"recipe": "fast"}, "must state its recipe as an object with the keys"),
        ({"recipe": {**STATED, "momentum": 0.9}}, "must state its recipe as an object with the keys"),
        ({"recipe": {key: value for key, value in STATED.items() if key != "d_mlp"}}, "must state its recipe"),
        ({"recipe": {**STATED, "betas": 0.9}}, "states a recipe with a value of a wrong type"),
        ({"recipe": {**STATED, "learning_rate": "high"}}, "states a recipe with a value of a wrong type"),
        ({"recipe": {**STATED, "frozen_pattern": [1.0]}}, "states a recipe with a value of a wrong type"),
    ],
)
def test_a_manifest_with_other_entries_is_refused(file: Path, entries: dict[str, object], message: str) -> None:
    write_sealed(file, random_network(SIZES).weights, {**MANIFEST, **entries})
    with pytest.raises(RefusedFile, match=re.escape(message)) as refused:
        load_network(file)
    assert str(file) in str(refused.value)


def test_a_recipe_of_an_older_file_has_the_defaults_of_what_it_does_not_state(file: Path) -> None:
    recipe = {key: value for key, value in STATED.items() if key != "frozen_pattern"}
    write_sealed(file, random_network(SIZES).weights, {**MANIFEST, "recipe": recipe})
    assert load_network(file).recipe == RECIPE


def test_files_are_written_and_imported_by_strings_too(tmp_path: Path) -> None:
    network, path = random_network(SIZES), str(tmp_path / "net.safetensors")
    save_network(path, network)
    assert_same_weights(load_network(path).network, network)
    torch.save(challenge_state(network), tmp_path / "other.pth")
    imported = import_network(str(tmp_path / "other.pth"))
    assert_same_weights(imported.network, network)
    assert imported.source["file"] == "other.pth"


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    save_network(file, random_network(SIZES, seed=1))
    before = file.read_bytes()

    def no_space(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os if failing == "fsync" else Path, failing, no_space)
        with pytest.raises(OutOfResources, match=re.escape(f"cannot write {file}: No space left on device")):
            save_network(file, random_network(SIZES, seed=2))
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    save_network(file, random_network(SIZES, seed=2))
    assert_same_weights(load_network(file).network, random_network(SIZES, seed=2))


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_network(file, random_network(SIZES, seed=1))
    before = file.read_bytes()

    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_network(file, random_network(SIZES, seed=2))
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file")
    below = tmp_path / "occupied" / "net.safetensors"
    with pytest.raises(OutOfResources, match=re.escape(f"cannot write {below}")):
        save_network(below, random_network(SIZES))
    with pytest.raises(OutOfResources, match=re.escape(f"cannot write {tmp_path}")):
        save_network(tmp_path, random_network(SIZES))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["occupied"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_file_has_the_permissions_that_the_umask_gives(file: Path) -> None:
    old = os.umask(0o027)
    try:
        save_network(file, random_network(SIZES))
    finally:
        os.umask(old)
    assert file.stat().st_mode & 0o777 == 0o640
