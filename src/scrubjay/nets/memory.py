"""How much memory this process can still use, given the machine, its container and its own limits."""

import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import resource

_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")
"""The files of a version 1 control group that hold its limit and its usage."""

_V2 = ("memory.max", "memory.current")
"""The same files of a version 2 control group."""


def free_memory(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """The number of bytes that this process can still use, or None on a system without ``/proc``.

    It is the smallest of what the machine, each control group around the process and the process's own limit on its
    address space (RLIMIT_AS) leave.

    Args:
        proc: the folder in which the kernel reports about the machine and this process.
        cgroups: the folder in which it reports about control groups, of version 1 or 2.
    """
    left = [*_machine(proc), *_containers(proc, cgroups), *_limit(proc)]
    return max(0, min(left)) if left else None


def _machine(proc: Path) -> Iterator[int]:
    for line in _read(proc / "meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024


def _containers(proc: Path, cgroups: Path) -> Iterator[int]:
    """What each control group around this process leaves. Any group in the hierarchy may have a limit."""
    for line in _read(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root, names = (cgroups / "memory", _V1) if controllers else (cgroups, _V2)
        inside = root / path.lstrip("/")
        for group in (inside, *inside.parents):
            if not group.is_relative_to(root):
                break
            limit, used = (_read(group / name).strip() for name in names)
            if limit.isdigit() and used.isdigit():
                yield int(limit) - int(used) + _cache(group, nested=controllers == "memory")


def _cache(group: Path, *, nested: bool) -> int:
    """Bytes of cached files that count as used by the group, and that the kernel frees when memory is needed."""
    prefix = "total_" if nested else ""
    wanted = (f"{prefix}inactive_file", f"{prefix}active_file")
    entries = (line.split() for line in _read(group / "memory.stat").splitlines())
    return sum(int(entry[1]) for entry in entries if entry[0] in wanted)


def _limit(proc: Path) -> Iterator[int]:
    """What the limit on the address space (RLIMIT_AS) leaves."""
    if sys.platform == "win32":
        return
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _read(proc / "self" / "statm").split()
    if soft != resource.RLIM_INFINITY and pages:
        yield soft - int(pages[0]) * resource.getpagesize()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
