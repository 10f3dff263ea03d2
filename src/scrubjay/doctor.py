"""What scrubjay finds on this machine: versions, device, threads, other programs and optional packages."""

import getpass
import importlib.util
import os
import platform
import re
import shutil
import sys
import tempfile
import webbrowser
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_NOT_IN_NAMES = r'[\\/:*?"<>|]'
"""Characters that PyTorch replaces by ``_`` where it makes a folder's name from the user's."""
_CORE = ("torch", "numpy", "safetensors", "matplotlib", "Pillow", "typer")
_EXTRAS = {
    "notebook": ("anywidget", "scrubjay.explore in notebooks"),
    "transformer-lens": ("transformer_lens", "to and from TransformerLens"),
    "nnsight": ("nnsight", "tracing with nnsight"),
    "ray": ("ray", "sweeps on a Ray cluster"),
    "certify": ("flint", "scrubjay certify and scrubjay check"),
    "hub": ("huggingface_hub", "scrubjay push, and networks from hf://"),
}
"""For each extra of this package, the module that it installs and what scrubjay uses it for."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    Attributes:
        what: the thing that was looked for.
        found: what was found.
        advice: what to do if it is missing; empty if nothing needs to be done.
    """

    what: str
    found: str
    advice: str = ""


def examine() -> tuple[Finding, ...]:
    """Look at the machine. This writes no files and makes no network connections."""
    return (*_versions(), *_device(), *_programs(), *_extras())


def _versions() -> list[Finding]:
    own = [Finding("scrubjay", version("scrubjay")), Finding("Python", platform.python_version())]
    core = [(name, _version(name)) for name in _CORE]
    return own + [
        Finding(name, found or "missing", "" if found else "pip install scrubjay again") for name, found in core
    ]


def _device() -> list[Finding]:
    import torch

    if torch.cuda.is_available():
        device = f"cuda: {torch.cuda.get_device_name()}"
    else:
        device = "mps" if torch.backends.mps.is_available() else "cpu"
    return [
        Finding("device", f"{device} (used by --device auto)"),
        Finding("threads", f"{torch.get_num_threads()} of {os.cpu_count()} cores (set OMP_NUM_THREADS to change this)"),
    ]


def _programs() -> list[Finding]:
    ffmpeg = shutil.which("ffmpeg")
    try:
        browser = webbrowser.get().name
    except webbrowser.Error:
        browser = None
    return [
        Finding("ffmpeg", ffmpeg or "none", "" if ffmpeg else "animations as .mp4 need it; .gif and .webp don't"),
        Finding("browser", browser or "none", "" if browser else "`scrubjay view` will print the address instead"),
        Finding("writes to", "--out; networks from hf:// are also kept in the hub's own cache (HF_HOME moves it)"),
        Finding("matplotlib writes to", f"{' and '.join(map(str, matplotlib_folders()))} (MPLCONFIGDIR moves it)"),
        Finding("PyTorch writes to", f"{torch_folder()} (an empty folder; TORCHINDUCTOR_CACHE_DIR moves it)"),
    ]


def matplotlib_folders() -> tuple[Path, ...]:
    """The folders in which matplotlib keeps its list of fonts and looks for settings.

    They are worked out here because matplotlib would create them if it were asked.

    Source: matplotlib's ``get_cachedir`` and ``get_configdir``.
    """
    moved = os.environ.get("MPLCONFIGDIR")
    if moved:
        return (Path(moved),)
    if not sys.platform.startswith(("linux", "freebsd")):
        return (Path.home() / ".matplotlib",)
    return tuple(
        Path(os.environ.get(variable) or Path.home() / usual) / "matplotlib"
        for variable, usual in (("XDG_CACHE_HOME", ".cache"), ("XDG_CONFIG_HOME", ".config"))
    )


def torch_folder() -> Path:
    """The folder that PyTorch creates for compiled code as soon as an optimiser is used.

    It stays empty, since scrubjay compiles nothing unless it is asked to (``scrubjay sweep --compile``).

    Source: ``default_cache_dir`` in torch/_inductor/runtime/cache_dir_utils.py.
    """
    moved = os.environ.get("TORCHINDUCTOR_CACHE_DIR")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid_{os.getuid()}"
    return Path(moved or Path(tempfile.gettempdir()) / f"torchinductor_{re.sub(_NOT_IN_NAMES, '_', user)}")


def _extras() -> list[Finding]:
    found = []
    for extra, (module, purpose) in _EXTRAS.items():
        is_there = importlib.util.find_spec(module) is not None
        advice = "" if is_there else f"pip install 'scrubjay[{extra}]' for {purpose}"
        told = f"{module} {_version(module) or ''}".rstrip() if is_there else "not installed"
        found.append(Finding(f"extra {extra}", told, advice))
    return found


def _version(name: str) -> str | None:
    try:
        return version(name.replace("_", "-"))
    except PackageNotFoundError:
        return None
