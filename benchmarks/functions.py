"""How often a table without a function gets a name, and how long each family takes.

    python -m benchmarks.functions [seeds]    # two tables; 25 seeds of each kind of table without a function by default

The kinds without a function are those of `tests/functions/no_function.py`, with other seeds than the tests have. Times
are CPU times of one process.
"""

import sys
import time
from collections.abc import Iterator

import numpy as np
from tests.functions.no_function import WITHOUT

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.catalogue import Factor
from scrubjay.functions.found_function import Named
from scrubjay.functions.recognition import name_function
from scrubjay.functions.structure import structure_of

FIRST_SEED = 1000


def main() -> None:
    seeds = int((sys.argv[1:] or ["25"])[0])
    print("| tables without a function | tables | named | seconds, mean |\n|---|---|---|---|")
    for kind, make in WITHOUT.items():
        print(without(kind, [make(seed) for seed in range(FIRST_SEED, FIRST_SEED + seeds)]))
    print("\n| table | inputs | it computes | seconds |\n|---|---|---|---|")
    for words, answers in tables():
        print(timed(words, answers))


def without(kind: str, tables: list[np.ndarray]) -> str:
    began = time.process_time()
    named = sum(isinstance(name_function(AnswerTable.of(table)), Named) for table in tables)
    return f"| {kind} | {len(tables)} | {named} | {(time.process_time() - began) / len(tables):.2f} |"


def timed(words: str, answers: np.ndarray) -> str:
    table = AnswerTable.of(answers)
    began = time.process_time()
    found = structure_of(table) if words.startswith("structure") else name_function(table)
    seconds = time.process_time() - began
    if isinstance(found, Named):
        said = found.words.partition(", the symm")[0] + (
            f", {len(found.exceptions):,} exceptions" if found.exceptions else ""
        )
    else:
        said = "" if words.startswith("structure") else "no name"
    return f"| {words} | {answers.size:,} | {said} | {seconds:.2f} |"


def tables() -> Iterator[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(0)
    a, b = np.indices((113, 113))
    yield "2a + 3b + 5 mod 113", (2 * a + 3 * b + 5) % 113
    yield "the maximum", np.maximum(a, b)
    yield "a < b", (a < b).astype(np.int64)
    yield "random answers", draw.integers(0, 113, (113, 113))
    yield "C113, elements renamed", renamed((a + b) % 113, draw)
    for letters in (5, 6):
        table = renamed(Factor("symmetric", letters).table, draw)
        yield f"S{letters}, elements renamed", table
        yield f"S{letters}, a fifth of the answers random", noisy(table, draw)
    digits = np.indices((10,) * 5)
    yield "the maximum of five digits", digits.max(0)
    yield "how many of five digits are 3", (digits == 3).sum(0)
    yield "random answers to five digits", draw.integers(0, 10, digits.shape[1:])
    yield "structure of the maximum of five digits", digits.max(0)


def renamed(table: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    order = draw.permutation(len(table))
    back = np.argsort(order)
    moved: np.ndarray = order[table[back][:, back]]
    return moved


def noisy(table: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return np.where(draw.random(table.shape) < 0.2, draw.integers(0, len(table), table.shape), table)


if __name__ == "__main__":
    main()
