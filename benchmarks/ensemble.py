"""Time a training step, for one network and for several at once, and compare it with its bare matrix products.

    python benchmarks/ensemble.py                       # on the CPU
    python benchmarks/ensemble.py --device cuda --networks 1 16 64 --tf32 --compile

Prints a table with a row for each number of networks that are trained at once: the time of a step, the time of the bare
matrix products that a step cannot avoid, their ratio, the share of the device's peak speed (measured with a large
square product), and how long 5,000 epochs would take. Steps and bare products are timed in turn, and medians are shown.
"""

import argparse
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch

import scrubjay
from scrubjay.nets.training.ensemble import Ensemble, Trainee

_SQUARE = 4096
"""The side of the square matrices that measure the peak speed."""

_WARM_UP = 3
"""Steps that are taken before the timing starts."""


def bare_products(networks: int, n: int, device: torch.device) -> tuple[Callable[[], None], float]:
    """A function that computes the matrix products of one step, forward and backward, and their number of operations.

    Args:
        networks: the number of networks.
        n: the number of training inputs.
        device: the device to compute on.
    """
    d, m, v, he = 128, 1024, 114, 128
    products = []
    for rows, columns in ((he, d), (d, m), (m, d), (d, v)):  # W_O, W_in, W_out, W_U
        x = torch.randn(networks, n, rows, device=device)
        w = torch.randn(networks, rows, columns, device=device)
        y = torch.randn(networks, n, columns, device=device)
        products.append((x, w, y, torch.empty_like(y), torch.empty_like(x), torch.empty_like(w)))
    operations = sum(3 * 2 * networks * n * x.shape[2] * w.shape[2] for x, w, *_ in products)

    def run() -> None:
        for x, w, y, forward, to_input, to_weight in products:
            for at in range(networks) if device.type == "cpu" else (slice(None),):
                torch.matmul(x[at], w[at], out=forward[at])
                torch.matmul(y[at], w[at].mT, out=to_input[at])
                torch.matmul(x[at].mT, y[at], out=to_weight[at])

    return run, operations


def seconds(run: Callable[[], object], device: torch.device) -> float:
    """The time that one call takes, including the work that it starts on the GPU."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def peak(device: torch.device) -> float:
    """The number of operations per second in a large square matrix product."""
    a = torch.randn(_SQUARE, _SQUARE, device=device)
    out = torch.empty_like(a)
    times = [seconds(lambda: torch.matmul(a, a, out=out), device) for _ in range(8)]
    return 2 * _SQUARE**3 / min(times[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--networks", type=int, nargs="*", default=[1, 4])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--compile", action="store_true")
    asked = parser.parse_args()
    device, task = torch.device(asked.device), scrubjay.challenge2()
    assert task.recipe is not None and task.train is not None
    n = int(task.train.sum())
    if asked.tf32:
        torch.set_float32_matmul_precision("high")
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"{platform.processor() or platform.machine()}, "
    name += "" if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    best = peak(device)
    print(f"{name}; torch {torch.__version__}; a {_SQUARE} x {_SQUARE} product: {best / 1e12:.3f} TFLOP/s\n")
    print("| networks at once | a step | its bare products | ratio | of the product peak | 5,000 epochs of all |")
    print("|---|---|---|---|---|---|")
    for networks in asked.networks:
        ensemble = Ensemble(
            [Trainee(task, replace(task.recipe, seed=seed)) for seed in range(networks)],
            device,
            compiled=asked.compile,
            tf32=asked.tf32,
        )
        products, operations = bare_products(networks, n, device)
        for _ in range(_WARM_UP):
            ensemble.step()
            products()
        steps, bare = [], []
        for _ in range(asked.steps):
            steps.append(seconds(ensemble.step, device))
            bare.append(seconds(products, device))
        step, floor = median(steps), median(bare)
        print(
            f"| {networks} | {1e3 * step:.1f} ms | {1e3 * floor:.1f} ms | {step / floor:.2f} | "
            f"{operations / step / best:.0%} | {5000 * step / 60:.1f} min |",
            flush=True,
        )


if __name__ == "__main__":
    main()
