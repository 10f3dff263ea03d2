"""Files with false sizes, folders that cannot be written, full disks; most faults are made by limits of the kernel."""

import os
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from scrubjay.core.errors import BadInput, OutOfResources, RefusedFile, ScrubjayError
from scrubjay.core.files import write_whole
from scrubjay.evidence.drawing import save
from scrubjay.nets.files import checkpoint
from scrubjay.nets.files.checkpoint import bundled_network, import_network, save_network, versions
from scrubjay.nets.files.hub import load_network
from tests.faults.small import small_network
from tests.nets.files.test_layouts import challenge_state

OLD = b"what stood there before"
NOBODY = 65534


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes, so that a write fails midway, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a file that this process may read but not write, even if the tests run as root."""
    known = versions()  # another user may not be allowed to read this environment
    monkeypatch.setattr(checkpoint, "versions", lambda: known)
    folder = Path(tempfile.mkdtemp())
    file = folder / "net.safetensors"
    file.write_bytes(OLD)
    file.chmod(0o444)
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)
        file.unlink()
        folder.rmdir()


def drawn() -> Figure:
    """A figure whose file is larger than the limits below."""
    figure = Figure()
    figure.subplots().plot([0, 2, 1])
    return figure


WRITERS: dict[str, Callable[[Path], object]] = {
    "network": lambda path: save_network(path, small_network()),
    "plain": lambda path: write_whole(path, bytes(5000)),
    "figure": lambda path: save(drawn(), path),
}


@pytest.mark.parametrize("what", WRITERS)
def test_a_disk_that_fills_up_midway_leaves_the_old_file_and_no_other(tmp_path: Path, what: str) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(OLD)
    with files_end_at(1000), pytest.raises(OutOfResources, match=r"cannot write .*net\.safetensors: File too large"):
        WRITERS[what](file)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.read_bytes() == OLD
    WRITERS[what](file)
    assert file.stat().st_size > 1000


@pytest.mark.parametrize("what", WRITERS)
def test_a_read_only_folder_keeps_its_file(read_only: Path, what: str) -> None:
    with pytest.raises(OutOfResources, match=r"cannot write .*net\.safetensors: Permission denied"):
        WRITERS[what](read_only / "net.safetensors")
    assert [path.name for path in read_only.iterdir()] == ["net.safetensors"]
    assert (read_only / "net.safetensors").read_bytes() == OLD


def test_a_file_of_one_and_a_half_kilobytes_that_claims_four_gigabytes(tmp_path: Path) -> None:
    file = tmp_path / "claims.pth"
    torch.save({"W": torch.zeros(1).expand(10**9)}, file, _use_new_zipfile_serialization=False)
    assert file.stat().st_size < 1500
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + 500 * 2**20, hard))
    try:
        with pytest.raises(
            RefusedFile, match=r"W claims 1000000000 elements of shape \(1000000000,\) \(strides \(0,\)\)"
        ):
            import_network(file)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_checkpoint_cut_short_is_refused(tmp_path: Path, share: float) -> None:
    file = tmp_path / "cut"
    torch.save(challenge_state(small_network()), file)
    for whole, read in ((file.read_bytes(), import_network), (bundled_network().read_bytes(), load_network)):
        file.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(RefusedFile, match="cut"):
            read(file)


@cache
def native() -> bytes:
    return bundled_network().read_bytes()


@settings(deadline=None, max_examples=60)
@given(place=st.floats(0, 1, exclude_max=True), other=st.integers(1, 255))
def test_a_flipped_byte_anywhere_in_the_bundled_network_is_seen(place: float, other: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flipped"
        content = bytearray(native())
        content[int(place * len(content))] ^= other
        file.write_bytes(content)
        with pytest.raises(ScrubjayError):
            load_network(file)


@pytest.mark.parametrize(("heads", "width"), [(2, 5), (3, 4)])
def test_heads_that_do_not_divide_are_refused(tmp_path: Path, heads: int, width: int) -> None:
    state = challenge_state(small_network())
    for name in "QKV":
        state[f"blocks.0.attn.W_{name}"] = torch.ones(heads, width, 2)
    state["blocks.0.attn.W_O"] = torch.ones(2, heads * width - 1)
    torch.save(state, tmp_path / "heads.pth")
    with pytest.raises(
        RefusedFile, match=rf"W_O has the shape \(2, {heads * width - 1}\); expected \(2, {heads * width}"
    ):
        import_network(tmp_path / "heads.pth")


def test_a_nan_that_is_sealed_is_refused_too(tmp_path: Path) -> None:
    network = small_network()
    network.W_out[0, 0] = torch.nan
    save_network(tmp_path / "nan.safetensors", network)
    with pytest.raises(BadInput, match="has NaN or infinity in W_out"):
        load_network(tmp_path / "nan.safetensors")
