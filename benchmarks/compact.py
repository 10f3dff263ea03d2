"""Bound how many answers are right without running every input: the bound, its cost, and the value, beside each other.

    python -m benchmarks.compact

The first table counts pairs of tokens above thresholds after sorting. The contributions of 113 tokens are those of the
bundled network with frozen attention along its first three principal components; those of 509 and 1,009 tokens are
mixtures of two of them. The second table bounds the answers of the bundled network with frozen attention block by
block, and those of the network inside it, frozen too: against its labels for 113 tokens, and the number of inputs of
class 1 for more tokens, for which there are no labels. The work is the number of multiplications. The command takes
some minutes.
"""

import time

import numpy as np
import torch

from scrubjay.certify.compact import Numbers, PairNetwork, compact_bound, pairs_above_all
from scrubjay.condensation import condense
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.challenge2 import challenge2

TOKENS = (113, 509, 1009)


def mixtures(table: Numbers, tokens: int, seed: int) -> Numbers:
    """The table itself, or rows that lie between two of its rows."""
    if tokens == len(table):
        return table
    draw = np.random.default_rng(seed)
    one, other, share = (
        draw.integers(len(table), size=tokens),
        draw.integers(len(table), size=tokens),
        draw.random(tokens),
    )
    return table[one] * share[:, None] + table[other] * (1 - share[:, None])


def contributions(network: Transformer, tokens: int) -> tuple[Numbers, Numbers, Numbers]:
    """What the constant, each first and each second token add to the stream of the frozen network."""
    task = challenge2()
    embedding = ExtendedEmbedding.of(network, task.domain, mean_pattern(record(network, task)))
    first, second = (table.double().numpy() for table in embedding.tables)
    return embedding.const.double().numpy(), mixtures(first, tokens, 1), mixtures(second, tokens, 2)


def counted_rows() -> None:
    print("| tokens | pairs | thresholds | at least | at most | all pairs | seconds | seconds of all pairs |")
    print("|---|---|---|---|---|---|---|---|")
    for tokens in TOKENS:
        _, first, second = contributions(load_network("bundled").network, tokens)
        centred = first - first.mean(0)
        directions = np.linalg.svd(np.vstack([centred, second - second.mean(0)]), full_matrices=False)[2][:3]
        a, b = first @ directions.T, second @ directions.T
        thresholds = [float(each) for each in a.mean(0) + b.mean(0) - 0.5 * (a.std(0) + b.std(0))]
        for k in (1, 2, 3):
            began = time.perf_counter()
            low, high = pairs_above_all(a[:, :k], b[:, :k], thresholds[:k])
            middle = time.perf_counter()
            true = int((a[:, None, :k] + b[None, :, :k] > np.array(thresholds[:k])).all(-1).sum())
            end = time.perf_counter()
            print(
                f"| {tokens:,} | {tokens**2:,} | {k} | {low:,} | {high:,} | {true:,} | {middle - began:.4f} | "
                f"{end - middle:.4f} |",
                flush=True,
            )


def bounded_rows(name: str, network: Transformer) -> None:
    print("| network | tokens | inputs | counted | blocks down to | at least | at most | value | work, of all pairs |")
    print("|---|---|---|---|---|---|---|---|---|")
    task = challenge2()
    assert task.labels is not None
    read, out = network.W_in.double().numpy(), network.W_out.double()
    along = (network.W_U[:, 1] - network.W_U[:, 0]).double()
    for tokens in TOKENS:
        const, first, second = contributions(network, tokens)
        bias, rest = network.b_in.double().numpy(), float(network.b_out.double() @ along)
        pair = PairNetwork(
            (first + const) @ read + bias,
            second @ read,
            (out @ along).numpy(),
            ((first + const) @ along.numpy() + rest, second @ along.numpy()),
        )
        has_labels = tokens == len(task.domain.positions[0])
        right = task.labels.numpy().reshape(tokens, tokens) == 1 if has_labels else np.ones((tokens, tokens), bool)
        every = np.arange(tokens)
        true = sum(int(((pair.margins(every[[at]], every) > 0) == right[[at]]).sum()) for at in every)
        for smallest in (16, 8, 4, 3):
            found = compact_bound(pair, right, smallest)
            print(
                f"| {name} | {tokens:,} | {tokens**2:,} | {'right' if has_labels else 'class 1'} | {smallest} | "
                f"{found.least / tokens**2:.1%} | {found.most / tokens**2:.1%} | {true / tokens**2:.1%} | "
                f"{found.work / found.brute:.2f} |",
                flush=True,
            )


def main() -> None:
    torch.set_num_threads(1)
    counted_rows()
    print()
    bounded_rows("frozen", load_network("bundled").network)
    print()
    inner = condense("bundled").inner
    bounded_rows(f"inner, frozen, {inner.parts.hinges} hinges", inner.network)


if __name__ == "__main__":
    main()
