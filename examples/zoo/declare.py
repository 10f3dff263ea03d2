"""Write the lists of inputs that the declarations of the published networks need, beside their tasks.

    python examples/zoo/declare.py

Two languages are listed whole, up to one length. Of three tasks that have far too many inputs, a sample is drawn.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

TASKS = Path(__file__).parent / "declarations" / "tasks"
SEED = 0
Word = tuple[int, ...]


def beginnings(length: int, is_one: Callable[[Word], bool]) -> np.ndarray:
    """All words of zeros and ones all of whose beginnings pass a test, after the token 2; shape [n, 1 + length]."""
    words: list[Word] = [()]
    for _ in range(length):
        words = [(*word, bit) for word in words for bit in (0, 1) if is_one((*word, bit))]
    return np.array([(2, *word) for word in words])


def nests_at_most_twice(word: Word) -> bool:
    depth = word.count(0) - word.count(1)
    return 0 <= depth <= 2


def has_no_three_zeros_at_its_end(word: Word) -> bool:
    return word[-3:] != (0, 0, 0)


def different(draw: np.random.Generator, count: int, tokens: int, length: int) -> np.ndarray:
    """Lists of different tokens, shape [count, length]."""
    return np.stack([draw.permutation(tokens)[:length] for _ in range(count)])


def sorted_lists(draw: np.random.Generator, count: int = 5_000) -> np.ndarray:
    numbers = different(draw, count, 51, 10)
    return np.hstack([numbers, np.full((count, 1), 51), np.sort(numbers, 1)[:, :5]])


def palindromes(draw: np.random.Generator, count: int = 5_000) -> np.ndarray:
    """Half of them are palindromes; in the others, one to ten entries of the second half are drawn anew."""
    half = draw.integers(31, size=(count, 10))
    mirrored = half[:, ::-1].copy()
    for row in range(count // 2, count):
        changed = draw.permutation(10)[: draw.integers(1, 11)]
        mirrored[row, changed] = draw.integers(31, size=len(changed))
    return np.hstack([np.full((count, 1), 31), half, mirrored, np.full((count, 1), 32)])


def copies(draw: np.random.Generator, count: int = 2_000) -> np.ndarray:
    words = different(draw, count, 150, 20)
    return np.hstack([np.full((count, 1), 150), words, np.full((count, 1), 151), words[:, :10]])


def main() -> None:
    """Write the lists."""
    lists = {
        "dyck_of_depth_two": beginnings(20, nests_at_most_twice),
        "tomita4": beginnings(12, has_no_three_zeros_at_its_end),
        "sorted_list": sorted_lists(np.random.default_rng(SEED)),
        "palindrome": palindromes(np.random.default_rng(SEED)),
        "unique_copy": copies(np.random.default_rng(SEED)),
    }
    for name, inputs in lists.items():
        np.savez_compressed(TASKS / f"{name}.npz", inputs=inputs)
        sys.stdout.write(f"{name}.npz: {len(inputs):,} inputs of {inputs.shape[1]} tokens\n")


if __name__ == "__main__":
    main()
