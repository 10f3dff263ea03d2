"""The same sweep on a local Ray with two workers, one of which is killed on the way."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from scrubjay.core.errors import BadInput
from scrubjay.sweep.plan import Job, Member, Plan, run_sweep
from scrubjay.sweep.ray_workers import on_ray
from scrubjay.sweep.workers import one_after_another
from tests.sweep.test_plan import claims_of, plan_in

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray leaves sockets and files to the garbage collector


@pytest.fixture(scope="module")
def two_workers() -> Iterator[None]:
    ray = pytest.importorskip("ray")
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


def test_a_ray_with_a_killed_worker_finds_what_one_process_finds(two_workers: None, tmp_path: Path) -> None:
    local, cluster, marker = plan_in(tmp_path / "local"), plan_in(tmp_path / "ray"), tmp_path / "died"
    run_sweep(local, one_after_another)
    work = on_ray("local")

    def killing(job: Job, groups: Sequence[Sequence[Member]], look: Callable[[], None]) -> None:
        def die_once(group: Sequence[Member]) -> None:
            if group[0].name == "seed-01" and not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            job(group)

        work(die_once, groups, look)

    run_sweep(cluster, killing)
    assert marker.exists()
    assert claims_of(cluster) == claims_of(local)
    assert network_bytes(cluster) == network_bytes(local)


def network_bytes(plan: Plan) -> list[bytes]:
    return [(plan.out / member.name / "network.safetensors").read_bytes() for member in plan.members]


def test_an_address_where_nobody_is_ends_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)

    def nobody(**options: object) -> None:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(ray, "init", nobody)
    with pytest.raises(BadInput, match=r"no Ray cluster can be reached at '10\.0\.0\.9:6379': nobody answers"):
        on_ray("10.0.0.9:6379")(lambda group: None, [()], lambda: None)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadInput, match=r"pip install 'scrubjay\[ray\]'"):
        on_ray("local")
