"""Who does a sweep's jobs on a Ray cluster (extra ``ray``).

The jobs are those of the local run, with as many threads, so that the results are the same. The sweep's folder must be
on a file system that all nodes see, and scrubjay installed on each. A job whose worker dies is tried again, and goes on
from the state that its networks had saved.

Source: Ray's task API (``ray.remote`` with ``max_retries``, ``ray.wait``).
"""

from collections.abc import Callable, Sequence
from typing import Any

from scrubjay.core.errors import BadInput, OutOfResources, ScrubjayError
from scrubjay.sweep.plan import Job, Member, Workers

LOCAL = "local"
_RETRIES, _LOOK_EVERY = 3, 0.5


def on_ray(address: str, *, cpus: float = 1.0, gpus: float = 0.0) -> Workers:
    """Do jobs as Ray tasks.

    Args:
        address: of a running cluster (``auto``, ``ray://host:port``, ``host:port``), or ``local`` to start one here.
        cpus: that each job takes.
        gpus: that each job takes; fractions of one let several jobs share it.

    Raises:
        BadInput: Ray is not installed.
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
            f"a job was ended {_RETRIES + 1} times on the Ray cluster; the same command goes on with the rest ({error})"
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
