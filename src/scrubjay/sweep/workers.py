"""How the jobs of a sweep run on one machine: one after another in this process, or each in a process of its own."""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from scrubjay.core.errors import OutOfResources, ScrubjayError
from scrubjay.sweep.plan import Job, Member, Workers

_TRIES = 2
"""How often a job is started whose process is killed."""
_LOOK_EVERY = 0.5
"""Seconds between two looks at the processes."""
_INTERRUPTED = 130
"""The exit code of a process that Ctrl-C has ended."""


def one_after_another(job: Job, groups: Sequence[Sequence[Member]], look: Callable[[], None]) -> None:
    """Do all jobs in this process."""
    for group in groups:
        job(group)
        look()


def in_processes(count: int) -> Workers:
    """Do each job in a process of its own. A job whose process is killed is started once more.

    The processes are started by multiprocessing's method ``spawn``, which imports the main module again. A script must
    therefore call this below ``if __name__ == "__main__":``.

    Args:
        count: the largest number of processes at a time.

    Raises:
        OutOfResources: a job's process was killed twice, or a folder cannot be written. The other processes are
            stopped first; the same sweep continues where they were.
    """

    def work(job: Job, groups: Sequence[Sequence[Member]], look: Callable[[], None]) -> None:
        waiting = [(group, 1) for group in groups]
        running: list[_Running] = []
        try:
            while waiting or running:
                while waiting and len(running) < count:
                    running.append(_Running.start(job, *waiting.pop(0)))
                multiprocessing.connection.wait([each.process.sentinel for each in running], _LOOK_EVERY)
                for each in [each for each in running if not each.process.is_alive()]:
                    running.remove(each)
                    if not each.has_died():
                        continue
                    if each.tries == _TRIES:
                        raise OutOfResources(
                            f"the process that worked on {', '.join(member.name for member in each.group)} was "
                            f"killed {_TRIES} times (exit code {each.process.exitcode}), probably for lack of memory. "
                            f"The same command continues with the rest"
                        )
                    waiting.append((each.group, each.tries + 1))
                look()
        except BaseException:
            for each in running:
                each.stop()
            raise

    return work


@dataclass(frozen=True, eq=False)
class _Running:
    process: SpawnProcess
    told: Connection
    group: Sequence[Member]
    tries: int

    @classmethod
    def start(cls, job: Job, group: Sequence[Member], tries: int) -> "_Running":
        spawn = multiprocessing.get_context("spawn")
        told, tells = spawn.Pipe(duplex=False)
        process = spawn.Process(target=_do, args=(job, group, tells))
        process.start()
        tells.close()
        return cls(process, told, group, tries)

    def has_died(self) -> bool:
        """Whether the process has ended before its job was done.

        Raises:
            OutOfResources: the process has sent this error.
            KeyboardInterrupt: the process was interrupted.
        """
        if self.process.exitcode == _INTERRUPTED:
            raise KeyboardInterrupt
        with contextlib.suppress(EOFError):  # a process that was killed has sent nothing
            if self.process.exitcode and self.told.poll():
                raise OutOfResources(self.told.recv())
        return self.process.exitcode != 0

    def stop(self) -> None:
        """Interrupt the process as Ctrl-C does, so that it saves its state, and wait for its end."""
        if self.process.is_alive() and self.process.pid is not None:
            os.kill(self.process.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGINT)
        self.process.join()


def _do(job: Job, group: Sequence[Member], tells: Connection) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the children of a background job ignore this signal
    try:
        job(group)
    except ScrubjayError as error:
        tells.send(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
