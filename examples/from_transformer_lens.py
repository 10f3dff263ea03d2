"""Train small transformers with TransformerLens 4, and let scrubjay explain them.

    python examples/from_transformer_lens.py one     # one layer without normalisation
    python examples/from_transformer_lens.py two     # two layers with LayerNorm

Each takes about a minute on one core, most of it to train, and writes a report into the folder ``one`` or ``two``.
"""

import sys
import warnings

import numpy as np
import torch

import scrubjay

warnings.simplefilter("ignore")  # TransformerLens and what it imports give warnings
from transformer_lens.config import TransformerBridgeConfig  # noqa: E402
from transformer_lens.model_bridge import TransformerBridge  # noqa: E402


def sum_is_small(p: int = 23) -> scrubjay.Task:
    """Is (a + b) mod p below p / 2? The last token is always p, and the answer there is the token 0 or 1."""
    a, b = np.indices((p, p))
    train = np.random.default_rng(0).random((p, p)) < 0.8
    name = f"(a + b) mod {p} < {p // 2}"
    return scrubjay.Task.from_arrays((a + b) % p < p // 2, name=name, last=p, train=train, names=("a", "b", "="))


def largest_of_three(n: int = 10) -> scrubjay.Task:
    """Which is the largest of three numbers below n? The last token is always n, and the answer there is a number."""
    largest = np.indices((n, n, n)).max(0)
    train = np.random.default_rng(0).random(largest.shape) < 0.8
    return scrubjay.Task.from_arrays(
        largest, name=f"largest of three numbers below {n}", last=n, train=train, names=("a", "b", "c", "=")
    )


def one_layer() -> TransformerBridge:
    """A model with TransformerLens's defaults, but without LayerNorm."""
    config = TransformerBridgeConfig(
        d_model=32, d_head=8, n_layers=1, n_ctx=3, d_vocab=24, normalization_type=None, seed=0
    )
    return TransformerBridge.boot_native(config)


def two_layers() -> TransformerBridge:
    """A model with TransformerLens's defaults, among them LayerNorm."""
    return TransformerBridge.boot_native(
        TransformerBridgeConfig(d_model=32, d_head=8, n_layers=2, n_ctx=4, d_vocab=11, seed=0)
    )


def fit(model: TransformerBridge, task: scrubjay.Task, epochs: int) -> None:
    """Train on the task's training inputs, all in one batch."""
    tokens, targets = task.domain.tokens(task.domain.inputs()), task.targets()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1.0)
    for _ in range(epochs):
        loss = torch.nn.functional.cross_entropy(model(tokens[task.train])[:, -1], targets[task.train])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def main(which: str, epochs: int) -> None:
    """Train one of the two models, explain it, and write the report."""
    task, model = (sum_is_small(), one_layer()) if which == "one" else (largest_of_three(), two_layers())
    fit(model, task, epochs)
    study = scrubjay.explain(model, task)
    print(study.paragraph)
    for claim in study.headlines:
        print(f"{claim.topic}: {claim.shown}, {claim.verdict}")
    for line in study.skipped:
        print(f"Skipped: {line.title}; {line.reason}.")
    scrubjay.write_report(study, which)


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "one"
    main(chosen, int(sys.argv[2]) if len(sys.argv) > 2 else {"one": 5000, "two": 2000}[chosen])
