"""Train the network of ``small.safetensors``, on which whole studies are tested.

It is trained on 22 x 22 inputs, for a few seconds, by

    python tests/data/small_network.py
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from scrubjay.nets.files.checkpoint import save_network
from scrubjay.nets.training.run_folder import train_into
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task, seeded_split

TOKENS = 22
PATH = Path(__file__).with_name("small.safetensors")
RECIPE = Recipe(d_model=24, n_heads=3, d_head=8, d_mlp=48, epochs=400, learning_rate=3e-3)


def small_task() -> Task:
    """Class 1 in two corners and along the diagonal; half of the inputs train."""
    a, b = np.mgrid[:TOKENS, :TOKENS]
    labels = ((a < 7) & (b > 12)) | ((a > 14) & (b < 9)) | (abs(a - b) < 3)
    domain = Domain.square(TOKENS, last=TOKENS)
    train = seeded_split(domain, 0.5, seed=0).reshape(TOKENS, TOKENS)
    return Task.from_arrays(labels.astype(np.int64), name="small", last=TOKENS, train=train.numpy())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        saved = train_into(Path(folder) / "run", small_task(), RECIPE)
        save_network(PATH, saved.network, recipe=RECIPE, training=saved.manifest["training"])
    sys.stdout.write(f"{saved.manifest['training']}\n")
