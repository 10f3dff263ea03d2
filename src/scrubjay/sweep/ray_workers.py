"""How the jobs of a sweep run on a Ray cluster (extra ``ray``).

The jobs are the same as in a local run, and so are the results. The folder of the sweep must be on a file system that
all nodes share, and scrubjay must be installed on each node. A job whose worker dies is started again and continues
from the state that its networks had saved.

Source: Ray's task API (``ray.remote`` with ``max_retries``, ``ray.wait``).
"""

from collections.abc import Callable, Sequence
from typing import Any

from scrubjay.core.errors import BadInput, OutOfResources, ScrubjayError
from scrubjay.sweep.plan import Job, Member, Workers

LOCAL = "local"
"""The address that starts a cluster on this machine."""
_RETRIES = 3
"""How often a job is started again whose worker dies."""
_LOOK_EVERY = 0.5
"""Seconds between two looks at the jobs."""


def on_ray(address: str, *, cpus: float = 1.0, gpus: float = 0.0) -> Workers:
    """Do each job as a Ray task.

    Args:
        address: the address of a running cluster (``auto``, ``ray://host:port`` or ``host:port``), or ``local`` to
            start one on this machine.
        cpus: the number of CPUs for each job.
        gpus: the number of GPUs for each job. With a fraction, several jobs share a GPU.

    Raises:
        BadInput: Ray is not installed, or there is no cluster at this address.
        OutOfResources: a job's worker died too often, or a folder cannot be written.
    """
    ray = _ray()

    def work(job: Job, groups: Sequence[Sequence[Member]], look: Callable[[], None]) -> None:
        started_here = not ray.is_initialized()
        if started_here:
            _connect(ray, address)
        try:
            task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=_RETRIES, retry_exceptions=False)(_done)
            pending = [task.remote(job, tuple(group)) for group in groups]
            while pending:
                ready, pending = ray.wait(pending, timeout=_LOOK_EVERY)
                for each in ready:
                    _check(ray, each)
                look()
        finally:
            if started_here:
                ray.shutdown()

    return work


def _done(job: Job, group: Sequence[Member]) -> str | None:
    try:
        job(group)
    except ScrubjayError as error:
        return str(error)
    return None


def _check(ray: Any, done: Any) -> None:
    try:
        stopped_by = ray.get(done)
    except ray.exceptions.RayError as error:
        raise OutOfResources(
            f"the worker of a job died {_RETRIES + 1} times on the Ray cluster; the same command continues with the "
            f"rest ({error})"
        ) from error
    if stopped_by is not None:
        raise OutOfResources(stopped_by)


def _connect(ray: Any, address: str) -> None:
    try:
        ray.init(
            address=address,
            include_dashboard=False if address == LOCAL else None,
            log_to_driver=False,
            logging_level="error",
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise BadInput(f"no Ray cluster can be reached at {address!r}: {error}") from error


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise BadInput("a sweep on Ray needs the extra: pip install 'scrubjay[ray]'") from error
    return ray
