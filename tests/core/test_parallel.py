"""Work side by side: order, errors, gradients, and results that do not depend on the number of threads."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import torch

from scrubjay.core.parallel import one_thread_each, side_by_side


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items_whichever_ends_first() -> None:
    def work(item: int) -> int:
        time.sleep(0.03 if item == 0 else 0)
        return item * item

    with one_thread_each():
        assert side_by_side(work, range(6)) == [0, 1, 4, 9, 16, 25]
        assert side_by_side(work, (item for item in (3, 2))) == [9, 4]
        assert side_by_side(work, []) == []
    assert side_by_side(work, range(3)) == [0, 1, 4]


def test_two_pieces_of_work_really_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=10)  # broken, with an error, unless two wait at it
    with one_thread_each():
        assert sorted(side_by_side(lambda item: meeting.wait(), range(2))) == [0, 1]


def test_outside_and_with_one_thread_all_work_runs_where_it_was_called() -> None:
    def here(item: int) -> int:
        return threading.get_ident()

    assert set(side_by_side(here, range(4))) == {threading.get_ident()}
    torch.set_num_threads(1)
    with one_thread_each():
        assert set(side_by_side(here, range(4))) == {threading.get_ident()}


def test_at_most_as_many_run_at_a_time_as_pytorch_had_threads() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(item: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1

    with one_thread_each():
        side_by_side(work, range(8))
    assert most == 2


def test_every_operation_runs_on_one_thread_and_pytorchs_number_comes_back() -> None:
    with one_thread_each():
        assert torch.get_num_threads() == 1
        assert side_by_side(lambda item: torch.get_num_threads(), range(4)) == [1] * 4
        with one_thread_each():  # inside, there are still two workers
            assert len(set(side_by_side(waiting_thread, range(2)))) == 2
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with pytest.raises(ZeroDivisionError), one_thread_each():
        _ = 1 / 0
    assert torch.get_num_threads() == 2


def waiting_thread(item: int) -> int:
    time.sleep(0.02)
    return threading.get_ident()


def test_the_first_error_is_raised_and_work_that_has_not_begun_is_left() -> None:
    begun = []

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.02)
        if item in (1, 2):
            raise ValueError(f"item {item} fails")
        return item

    for threads in (1, 2):
        torch.set_num_threads(threads)
        begun.clear()
        with pytest.raises(ValueError, match="item 1 fails"), one_thread_each():
            side_by_side(work, range(50))
        assert 1 in begun and len(begun) < 10


@pytest.mark.parametrize("enabled", [True, False])
def test_workers_have_the_callers_gradient_mode(enabled: bool) -> None:
    with torch.set_grad_enabled(enabled), one_thread_each():
        assert side_by_side(lambda item: torch.is_grad_enabled(), range(4)) == [enabled] * 4
    weight = torch.ones(3, requires_grad=True)
    with one_thread_each():
        assert all(side_by_side(lambda item: (item * weight).sum().requires_grad, range(4)))


def seeded(item: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(item)
    points = torch.randn(400, 300, generator=draw)
    return (points @ points.T).softmax(1).sum(0)


def nested(item: int) -> torch.Tensor:
    return torch.stack(side_by_side(seeded, range(item, item + 2)))


@pytest.mark.parametrize("work", [seeded, nested])
def test_results_are_the_same_for_one_thread_and_for_two(work: Callable[[int], torch.Tensor]) -> None:
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with one_thread_each():
            found.append(torch.stack(side_by_side(work, range(4))))
    assert torch.equal(*found)
