"""Who does a sweep's jobs on one machine: this process, or processes of their own, each for one job."""

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
_LOOK_EVERY = 0.5  # seconds


def one_after_another(job: Job, groups: Sequence[Sequence[Member]], look: Callable[[], None]) -> None:
    """Do all jobs in this process."""
    for group in groups:
        job(group)
        look()


def in_processes(count: int) -> Workers:
    """Do jobs in processes of their own, so many at a time; one that dies (killed, say) is tried once more.

    The module that starts this must be importable without side effects, as multiprocessing's spawn wants it.
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
                            f"the process at work on {', '.join(member.name for member in each.group)} was ended "
                            f"{_TRIES} times (exit code {each.process.exitcode}); is there too little memory? The same "
                            f"command goes on with the rest"
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
        """Whether the process ended without having done its job.

        Raises:
            OutOfResources: it said why.
            KeyboardInterrupt: it was interrupted.
        """
        if self.process.exitcode == 130:
            raise KeyboardInterrupt
        with contextlib.suppress(EOFError):  # one that was killed has said nothing
            if self.process.exitcode and self.told.poll():
                raise OutOfResources(self.told.recv())
        return self.process.exitcode != 0

    def stop(self) -> None:
        """Let it save where it stands, as on Ctrl-C."""
        if self.process.is_alive() and self.process.pid is not None:
            os.kill(self.process.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGINT)
        self.process.join()


def _do(job: Job, group: Sequence[Member], tells: Connection) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's children are deaf to it
    try:
        job(group)
    except ScrubjayError as error:
        tells.send(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
