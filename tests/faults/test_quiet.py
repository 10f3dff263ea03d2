"""No surprise: no socket is opened, nothing is written elsewhere, and the same command gives the same bytes."""

import copy
import importlib.util
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch

from scrubjay.doctor import matplotlib_folders, torch_folder
from scrubjay.nets.files.checkpoint import save_network
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Settings
from scrubjay.study import explain
from tests.evidence.quick import short_fits
from tests.faults.small import small_network, small_task

ROOT = Path(__file__).parents[2]
COMMAND = "explain net.safetensors --task labels.npz --out out --draws 2"
FORBIDDEN = """
import json, socket, sys

def forbidden(*given, **named):
    raise AssertionError("the network was asked")

class Socket(socket.socket):
    __init__ = forbidden

socket.socket = Socket
socket.create_connection = socket.getaddrinfo = socket.gethostbyname = socket.socketpair = forbidden
from scrubjay.cli import app
from scrubjay.doctor import examine

print("named", json.dumps({each.what: each.found for each in examine()}))
sys.argv = ["scrubjay", *sys.argv[1:]]
from tests.evidence.quick import short_fits

with short_fits():  # how well filters fit does not matter here
    app(standalone_mode=False)
    first = open("out/claims.json", "rb").read()
    import scrubjay.report.write
    scrubjay.report.write.write_figures = lambda study, folder, progress: []
    app(standalone_mode=False)
assert open("out/claims.json", "rb").read() == first, "claims.json has changed"
"""


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder below, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes | None], str]:
    """`scrubjay explain`, twice in a row, in a home of its own and with sockets that raise."""
    home = tmp_path_factory.mktemp("quiet")
    for name in ("work", "tmp"):
        (home / name).mkdir()
    save_network(home / "work" / "net.safetensors", small_network(seed=6))
    labels = small_task().labels
    assert labels is not None
    np.savez(home / "work" / "labels.npz", labels=labels.reshape(12, 12).numpy())
    before = tree(home)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "MPL", "HF_", "TORCH"))}
    ran = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, *shlex.split(COMMAND)],
        cwd=home / "work",
        env=kept
        | {
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "USER": "me",
            "LOGNAME": "me",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    return home, before, ran.stdout


def test_no_socket_is_opened_and_the_same_command_gives_the_same_bytes(
    quiet: tuple[Path, dict[str, bytes | None], str],
) -> None:
    claims = json.loads((quiet[0] / "work" / "out" / "claims.json").read_text())
    assert claims["provenance"]["command"].startswith("scrubjay explain net.safetensors")
    assert any(claim["id"].startswith("scrub.") for claim in claims["claims"])


def test_only_out_and_the_caches_that_doctor_names_are_written(
    quiet: tuple[Path, dict[str, bytes | None], str],
) -> None:
    home, before, printed = quiet
    named = json.loads(printed.splitlines()[0].removeprefix("named "))
    after = tree(home)
    assert {name: after.get(name) for name in before} == before
    fonts, compiled = (
        [home / ".cache" / "matplotlib", home / ".config" / "matplotlib"],
        home / "tmp" / "torchinductor_me",
    )
    assert all(str(folder) in named["matplotlib writes to"] for folder in fonts)
    assert str(compiled) in named["PyTorch writes to"]
    allowed = [home / "work" / "out", *fonts, compiled]
    for name in set(after) - set(before):
        path = home / name
        assert any(path.is_relative_to(folder) or folder.is_relative_to(path) for folder in allowed), name
    assert (home / "work" / "out" / "report.html").exists()
    assert not compiled.exists() or list(compiled.iterdir()) == []


def test_doctor_knows_where_libraries_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert matplotlib_folders()[0] == Path(matplotlib.get_cachedir())
    assert matplotlib_folders()[-1] == Path(matplotlib.get_configdir())
    file = Path(torch.__file__).parent / "_inductor" / "runtime" / "cache_dir_utils.py"  # its package takes seconds
    spec = importlib.util.spec_from_file_location("cache_dir_utils", file)
    assert spec is not None and spec.loader is not None
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    assert torch_folder() == Path(theirs.default_cache_dir())
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    assert matplotlib_folders() == (tmp_path,)


@dataclass(frozen=True)
class State:
    """Everything about a network that a study could disturb, besides the numbers in its weights."""

    device: torch.device
    dtype: torch.dtype
    training: bool
    places: list[int]
    with_gradients: list[bool]
    gradients: list[int | None]
    hooks: list[int]

    @classmethod
    def of(cls, network: Transformer) -> "State":
        weights = list(network.parameters())
        return cls(
            network.device,
            network.dtype,
            network.training,
            [weight.data_ptr() for weight in weights],
            [weight.requires_grad for weight in weights],
            [None if weight.grad is None else id(weight.grad) for weight in weights],
            [len(module._forward_hooks) for module in network.modules()],
        )


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_a_study_leaves_the_network_and_torch_as_they_were(device: str, two_threads: None) -> None:
    """``cpu:0`` counts as another device than ``cpu``, so the study runs on a copy there."""
    network = small_network(seed=6).requires_grad_(True).train()
    network.W_E.grad = torch.ones_like(network.W_E)
    network.W_Q.requires_grad_(False)
    before, weights = State.of(network), copy.deepcopy(network.state_dict())
    draws = torch.get_rng_state()
    with short_fits():
        study = explain(network, small_task(), Settings(draws=2), device=device)
    assert State.of(network) == before
    assert all(torch.equal(weight, weights[name]) for name, weight in network.state_dict().items())
    assert (study.run.network is network) == (device == "cpu")
    assert torch.get_num_threads() == 2 and torch.equal(torch.get_rng_state(), draws)
    assert torch.is_grad_enabled()
