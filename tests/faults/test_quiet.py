"""No surprise: no socket is opened, nothing is written elsewhere, and the same command gives the same bytes."""

import importlib.util
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch

from scrubjay.doctor import matplotlib_folders, torch_folder
from scrubjay.nets.files.checkpoint import save_network
from tests.faults.small import small_network, small_task

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
from scrubjay.geometry import filters
from scrubjay.study import take_apart
take_apart.FILTERS = (1, 2)
descend = filters.descend  # it takes most of the time; how well it fits does not matter here
filters.descend = lambda *given, cross_entropy, error: descend(*given, cross_entropy=8, error=6)
app(standalone_mode=False)
first = open("out/claims.json", "rb").read()
import scrubjay.report.figures
scrubjay.report.figures.write_figures = lambda study, folder: []
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
