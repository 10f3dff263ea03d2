"""Work on several cores without PyTorch's own threads.

PyTorch splits each operation among its threads, and they wait for each other actively. In a study most operations are
small, so on a busy machine the threads spend their time waiting: two threads took several times as long as one.
Here every operation runs on one thread, and whole pieces of work run side by side instead. Results therefore do not
depend on the number of threads at all.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")

_workers: ContextVar[int] = ContextVar("workers", default=1)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Run tensor operations on one thread, and let ``side_by_side`` use as many workers as PyTorch had threads."""
    threads = torch.get_num_threads()
    token = _workers.set(max(threads, _workers.get()))
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        _workers.reset(token)


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The result of ``work`` for each item, in their order; several at a time inside ``one_thread_each``.

    The pieces of work must not depend on each other. The first error that one of them raises is raised here.
    """
    waiting = list(items)
    workers = min(_workers.get(), len(waiting))
    if workers <= 1:
        return [work(item) for item in waiting]
    with_gradients = torch.is_grad_enabled()  # a setting of each thread

    def there(item: Item) -> Result:
        with torch.set_grad_enabled(with_gradients):
            return work(item)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(there, waiting))
