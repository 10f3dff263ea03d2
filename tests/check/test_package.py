"""The wheel and the source archive contain what the program needs, and the wheel works without the repository."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = {path.relative_to(ROOT / "src").as_posix() for folder in ("networks", "report/assets")
        for path in (ROOT / "src" / "scrubjay" / folder).rglob("*") if path.is_file()}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both archives. They are built from a copy, so that the repository stays as it is."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("src", "README.md", "LICENSE", "pyproject.toml"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(copy)], check=True)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    return out


def test_both_archives_hold_the_bundled_network_and_the_explorer(built: Path) -> None:
    assert len(DATA) > 20
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        entry_points = next(wheel.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    assert DATA | {"scrubjay/py.typed"} <= names
    assert not any(name.startswith("tests/") for name in names)
    assert "scrubjay = scrubjay.cli:main" in entry_points
    with tarfile.open(next(built.glob("*.tar.gz"))) as source:
        held = {name.split("/src/")[-1] for name in source.getnames()}
    assert held >= DATA


def test_the_wheel_works_without_the_repository(built: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path)
    code = (
        "import scrubjay, scrubjay.report.bundle as bundle; print(scrubjay.__file__); "
        "print(scrubjay.load_network('bundled').name, len(bundle.page_script()) > 50_000)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    where, loaded = done.stdout.splitlines()
    assert Path(where).is_relative_to(tmp_path)
    assert loaded == "challenge2-replica True"
