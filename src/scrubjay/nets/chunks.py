"""How many inputs to run at a time."""

import time
from functools import lru_cache

import torch

from scrubjay.nets.memory import free_memory

_CPU_HIDDEN_BYTES = 8 * 2**20
"""The size of a chunk's hidden layer on a CPU; it should fit into the cache."""

_ACCELERATOR_HIDDEN_BYTES = 2**30
"""The size of a chunk's hidden layer on an accelerator, which is fastest with large matrix products."""

_LEAST_HIDDEN_BYTES = 2**18
"""The smallest size that low memory leads to; below it, the hidden layer takes little of the memory in use."""

_CPU_SHARE = 16
"""How many hidden layers of a chunk must fit into the free memory of the machine."""

_ACCELERATOR_SHARE = 4
"""How many hidden layers of a chunk must fit into the free memory of an accelerator."""


def chunk_rows(width: int, dtype: torch.dtype, device: torch.device) -> int:
    """The number of rows in a chunk of an array with ``width`` columns.

    A chunk has fewer rows only if free memory is low (on a CPU, below 128 MiB). Sums may then be rounded differently in
    their last digits.

    Args:
        width: the number of columns, usually ``d_mlp``.
        dtype: the number type of the array.
        device: the device that the array is on.
    """
    on_cpu = device.type == "cpu"
    budget = _CPU_HIDDEN_BYTES if on_cpu else _ACCELERATOR_HIDDEN_BYTES
    free = _free_here(int(time.monotonic())) if on_cpu else _free_on(device)
    if free is not None:
        share = free // (_CPU_SHARE if on_cpu else _ACCELERATOR_SHARE)
        budget = min(budget, max(share, _LEAST_HIDDEN_BYTES))
    return max(1, budget // (max(1, width) * dtype.itemsize))


@lru_cache(maxsize=1)
def _free_here(second: int) -> int | None:
    """Free memory in bytes, looked up at most once a second, because the lookup can take a millisecond."""
    return free_memory()


def _free_on(device: torch.device) -> int | None:
    """Free memory of a CUDA device in bytes, counting what PyTorch has reserved there; None for other devices."""
    if device.type != "cuda":
        return None
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept
