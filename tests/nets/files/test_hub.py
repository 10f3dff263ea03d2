"""Reading networks from anywhere; pushing to and loading from an imitation of the hub, with every error a sentence."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from scrubjay.cli import main
from scrubjay.core.errors import BadInput, OutOfResources, RefusedFile, UsageError
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork, bundled_network, save_network
from scrubjay.nets.files.hub import Address, load_network, push_network
from tests.fake_hub import COMMIT, TOKEN, FakeHub, Repo, running_hub
from tests.nets.test_transformer import random_network

MINE = "me/replica"
SIZES = Config(8, 3, 4, 2, 2, 4)

# huggingface_hub passes the LFS upload to httpx2 in a way that httpx2 has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw bytes:DeprecationWarning")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeHub]:
    with running_hub() as hub:
        hub.repos["me/empty"] = Repo(private=False)
        hub.repos["me/foreign"] = Repo(private=False, files={"network.safetensors": b"not a network"})
        hub.repos["me/secret"] = Repo(private=True)
        yield hub


def turn_client_to(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the same effect as HF_ENDPOINT, which is read when the client is imported."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    url = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", url)


@pytest.fixture
def hub(server: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeHub:
    """The client in this process uses the imitation, with a token and a cache of its own."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="the extra hub is not installed")
    turn_client_to(server.address, monkeypatch)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return server


def test_a_network_goes_there_and_comes_back_to_the_bit(hub: FakeHub, bundled: SavedNetwork) -> None:
    page = push_network(bundled_network(), MINE)
    assert page == f"{hub.address}/{MINE}/commit/{COMMIT}"
    assert hub.repos[MINE].files["network.safetensors"] == bundled_network().read_bytes()
    back = load_network(f"hf://{MINE}")
    assert back.name == "replica" and back.task == bundled.task and back.manifest == bundled.manifest
    assert all(
        torch.equal(back.network.weights[name], bundled.network.weights[name]) for name in bundled.network.weights
    )
    assert load_network(f"hf://{MINE}@{COMMIT}/").manifest == bundled.manifest
    push_network(bundled_network(), f"hf://{MINE}", licence="apache-2.0")  # once more
    assert "license: apache-2.0" in hub.repos[MINE].files["README.md"].decode()


def test_a_private_repository_is_made_private(hub: FakeHub) -> None:
    push_network(bundled_network(), "me/private", private=True)
    push_network(bundled_network(), "me/public")
    assert hub.repos["me/private"].private and not hub.repos["me/public"].private


def test_load_network_reads_every_way_to_name_a_network(
    bundled: SavedNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    Path("run/network.safetensors").write_bytes(bundled_network().read_bytes())
    for where in (bundled_network(), str(bundled_network()), "bundled"):
        saved = load_network(where)
        assert saved.name == "challenge2-replica" and saved.manifest == bundled.manifest
    for folder in ("run", "run/", Path("run"), tmp_path / "run"):
        assert load_network(folder).name == "run"


def test_a_string_that_names_nothing_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for where in ("a string", Path("a string"), Path("bundled"), "./bundled"):
        with pytest.raises(BadInput, match=f"cannot read {re.escape(str(Path(where)))}: "):
            load_network(where)
    with pytest.raises(BadInput, match=r"cannot read a.*b: embedded null byte"):
        load_network("a\0b")


def test_a_file_called_bundled_is_read_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_network("bundled", random_network(SIZES))
    assert load_network("./bundled").network.config == load_network(Path("bundled")).network.config == SIZES
    assert load_network("bundled").network.config != SIZES


def test_a_network_is_pushed_by_path_by_words_and_from_a_run_folder(hub: FakeHub, tmp_path: Path) -> None:
    save_network(tmp_path / "network.safetensors", random_network(SIZES))
    push_network(tmp_path, "me/folder")
    push_network(str(tmp_path / "network.safetensors"), "me/file")
    push_network("bundled", "me/word")
    own = (tmp_path / "network.safetensors").read_bytes()
    pushed = [hub.repos[f"me/{name}"].files["network.safetensors"] for name in ("folder", "file", "word")]
    assert pushed == [own, own, bundled_network().read_bytes()]
    cards = [hub.repos[f"me/{name}"].files["README.md"].decode() for name in ("folder", "word")]
    assert "license: unknown" in cards[0] and "license: mit" in cards[1]


def test_a_foreign_file_of_the_hub_is_refused(hub: FakeHub) -> None:
    with pytest.raises(RefusedFile, match="is not a scrubjay network"):
        load_network("hf://me/foreign")


@pytest.mark.parametrize(
    ("address", "error", "says"),
    [
        ("hf://me/nothing", BadInput, r"hf://me/nothing does not exist at http://127\.0\.0\.1:\d+, or is private"),
        ("hf://me/empty", BadInput, r"hf://me/empty holds no network\.safetensors"),
        ("hf://me/empty@next", BadInput, "hf://me/empty has no such branch, tag or commit"),
        ("hf://alone", UsageError, "'hf://alone' is not a repository of the hub; write owner/name"),
        ("hf://a/b/c", UsageError, "'hf://a/b/c' is not a repository"),
        ("hf://me/a..b", UsageError, "is not a repository of the hub"),
    ],
)
def test_an_address_that_leads_nowhere_is_a_sentence(
    hub: FakeHub, address: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        load_network(address)
    assert "\n" not in str(raised.value)


def test_pushing_where_one_may_not_is_a_sentence(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"does not let you write to hf://somebody-else/x \(status 403\); log in"):
        push_network(bundled_network(), "somebody-else/x")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(UsageError, match=r"does not let you write to hf://me/x \(status 401\); log in"):
        push_network(bundled_network(), "me/x")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(UsageError, match=r"you are not logged in .* me/x; log in with `hf auth login`, or set"):
        push_network(bundled_network(), "me/x")
    assert "me/x" not in hub.repos


def test_an_upload_that_breaks_off_is_a_sentence(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "is_broken", True)
    with pytest.raises(OutOfResources, match=r"hf://me/broken: Error while uploading 'network\.safetensors'"):
        push_network(bundled_network(), "me/broken")
    assert hub.repos["me/broken"].files == {}


def test_a_hub_that_is_not_there_is_a_sentence(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_client_to("http://127.0.0.1:9", monkeypatch)
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the client tries again a few times
    for act in (lambda: load_network("hf://me/replica"), lambda: push_network(bundled_network(), "me/x")):
        with pytest.raises(OutOfResources, match=r"hf://me/\w+.* the hub at http://127\.0\.0\.1:9 cannot be reached"):
            act()


def test_without_huggingface_hub_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UsageError, match=r"pip install 'scrubjay\[hub\]'"):
        load_network("hf://me/replica")
    with pytest.raises(UsageError, match=r"pip install 'scrubjay\[hub\]'"):
        push_network(bundled_network(), "me/x")


def test_no_extra_is_imported_before_it_is_needed() -> None:
    words = "import scrubjay as s, sys; s.load_network('bundled'); s.to_transformer_lens; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True, timeout=100)
    assert {"torch", "scrubjay.nets.files.hub", "scrubjay.nets.bridges.transformer_lens"} <= set(done.stdout.split())
    assert not {"transformer_lens", "nnsight", "huggingface_hub"} & set(done.stdout.split())


def test_addresses() -> None:
    assert Address.parse("hf://a/b@v1.0") == Address.parse("a/b@v1.0") == Address("a/b", "v1.0")
    assert Address.parse("hf://a/b/") == Address("a/b", None)


def test_the_command_line_pushes_to_the_hub_that_the_environment_names(
    hub: FakeHub, tmp_path: Path, bundled: SavedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    further = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path), "HF_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "scrubjay", "push", "bundled", "me/from-cli"],
        cwd=tmp_path,
        env={**os.environ, **further, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "next: scrubjay explain hf://me/from-cli" in done.stdout
    assert command(capsys, "info", "hf://me/from-cli") == (0, json.dumps(bundled.manifest, indent=2) + "\n", "")


@pytest.mark.parametrize(
    ("words", "token", "code", "says"),
    [
        ("push bundled me/nobody", None, 2, "scrubjay: you are not logged in to the hub"),
        ("info hf://me/nothing", TOKEN, 3, "scrubjay: hf://me/nothing does not exist at http"),
        ("explain hf://nothing --out x", TOKEN, 2, "scrubjay: 'hf://nothing' is not a repository"),
    ],
)
def test_an_error_of_the_hub_is_a_code_and_a_sentence(
    hub: FakeHub,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: str,
    token: str | None,
    code: int,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if token is None:
        monkeypatch.delenv("HF_TOKEN")
    ended, out, complaint = command(capsys, *words.split())
    assert (ended, out) == (code, "") and says in complaint
    assert list(tmp_path.iterdir()) == []


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command in this process: its exit code, its stdout and its stderr."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["scrubjay", *words])
        main()
    out, complaint = capsys.readouterr()
    return int(ended.value.code or 0), out, complaint
