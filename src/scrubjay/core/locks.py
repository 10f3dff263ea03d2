"""A lock file that lets only one process at a time write into a folder, and says which process that is."""

import contextlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from scrubjay.core.errors import UsageError
from scrubjay.core.files import clear_partial, writable_folder, write_whole

if sys.platform != "win32":
    import fcntl

LOCK_FILE = ".scrubjay.lock"
"""The name of the lock file in a folder that is in use."""

_STATE_FIELD = 0
"""The process state, counted from the first field after the name in ``/proc/PID/stat``."""

_START_TIME_FIELD = 19
"""The start time of the process, counted in the same way."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a folder.

    Attributes:
        pid: the process's number.
        host: the name of the machine that it runs on.
        born: when the process started, in the kernel's clock ticks since the machine started, or None where the system
            does not tell. It distinguishes the process from a later one with the same number.
        since: when the folder was locked, in UTC.
        command: the command line of the process.
    """

    pid: int
    host: str
    born: str | None
    since: str
    command: str

    @classmethod
    def me(cls) -> "Holder":
        """This process, at the present time."""
        return cls(
            pid=os.getpid(),
            host=platform.node(),
            born=_birth(os.getpid()),
            since=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        )

    @property
    def is_here(self) -> bool:
        """Whether the process runs on this machine."""
        return self.host == platform.node()

    @property
    def is_gone(self) -> bool:
        """Whether the process has certainly ended: no process has its number, or one that started at another time."""
        if not self.is_here:
            return False
        now = _birth(self.pid)
        return not _is_alive(self.pid) or (None not in (self.born, now) and self.born != now)


@contextmanager
def folder_lock(folder: str | Path) -> Iterator[None]:
    """Hold a folder while writing into it.

    The lock of a process that was killed is taken over, and the temporary files that it left are deleted. The folder is
    created if it does not exist, and deleted again at the end if nothing was written into it.

    Args:
        folder: the folder to hold.

    Raises:
        UsageError: another process holds the folder; the message names the process.
        OutOfResources: the folder cannot be created or written.
    """
    folder = Path(folder)
    was_there = folder.is_dir()
    lock, mine = writable_folder(folder) / LOCK_FILE, Holder.me()
    with _alone(folder):
        held = _holder(lock)
        if held is not None and not held.is_gone:
            raise UsageError(_in_use(folder, held))
        if lock.exists():
            clear_partial(folder)
        write_whole(lock, json.dumps(asdict(mine)).encode())
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # a lock that cannot be deleted is out of date once this process has ended
            if _holder(lock) == mine:
                lock.unlink()
            if not was_there:
                folder.rmdir()  # fails if the folder is not empty, which is what we want


def _in_use(folder: Path, held: Holder) -> str:
    """The message that says who holds a folder and what to do."""
    where = "" if held.is_here else f" on {held.host}"
    sentence = (
        f"{folder} is in use: process {held.pid}{where} ({held.command}) has been writing there since {held.since}; "
        f"wait until it has finished, or choose another folder"
    )
    if held.is_here:
        return sentence
    return f"{sentence}; if that process is no longer running, delete {folder / LOCK_FILE}"


def _holder(lock: Path) -> Holder | None:
    """The holder that a lock file names; None if there is no lock file, or if its content names no process."""
    try:
        found = Holder(**json.loads(lock.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    is_sound = type(found.pid) is int and 0 < found.pid < 2**31 and isinstance(found.born, str | None)
    return found if is_sound and all(isinstance(x, str) for x in (found.host, found.since, found.command)) else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from reading and changing the lock meanwhile, if the file system supports it."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _is_alive(pid: int) -> bool:
    """Whether a process with this number is running on this machine."""
    if sys.platform == "win32":
        return True  # on Windows, os.kill would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    fields = _stat_fields(pid)
    return not fields or fields[_STATE_FIELD] not in ("Z", "X")  # a zombie or a dead process


def _birth(pid: int) -> str | None:
    """When a process started, in clock ticks since the machine started; None where there is no ``/proc``."""
    fields = _stat_fields(pid)
    return fields[_START_TIME_FIELD] if len(fields) > _START_TIME_FIELD else None


def _stat_fields(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` after the name, the first of which is the state (see the man page proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
