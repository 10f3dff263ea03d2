"""A very small network and task."""

import numpy as np
import torch

from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.task import Task

SIDE = 12
CONFIG = Config(d_vocab=SIDE + 1, n_ctx=3, d_model=2, n_heads=1, d_head=2, d_mlp=8)


def small_task() -> Task:
    """Class 1 where a + b is a multiple of 3; half of the inputs train."""
    sums = np.add.outer(np.arange(SIDE), np.arange(SIDE))
    return Task.from_arrays((sums % 3 == 0).astype(np.int64), name="small", train=(sums * 7 + 3) % 4 < 2)


@torch.no_grad()
def small_network(config: Config = CONFIG, seed: int = 1) -> Transformer:
    """An untrained network whose answers are class 0 or class 1, and include both."""
    network = Transformer.initialised(config, seed=seed)
    network.b_in.normal_(generator=torch.Generator().manual_seed(seed))
    network.W_U[:, 2:] = 0
    network.W_U[:, 1] = -network.W_U[:, 0]
    return network.requires_grad_(False)


def saved(network: Transformer, name: str = "small") -> SavedNetwork:
    return SavedNetwork(network, name, None, None, {"sha256": "0" * 64})
