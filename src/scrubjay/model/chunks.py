"""How many inputs to run at a time."""

import torch

_CPU_HIDDEN_BYTES = 8 * 2**20
_ACCELERATOR_HIDDEN_BYTES = 2**30


def chunk_rows(width: int, dtype: torch.dtype, device: torch.device) -> int:
    """Rows of an array of ``width`` columns that a chunk may have.

    On a CPU the hidden layer should stay in the cache and its memory be used again; on an accelerator large products
    are fastest.
    """
    budget = _CPU_HIDDEN_BYTES if device.type == "cpu" else _ACCELERATOR_HIDDEN_BYTES
    return max(1, budget // (width * dtype.itemsize))
