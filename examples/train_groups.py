"""Train small networks on group products and on two controls, for the table in docs/algorithm.md.

    python examples/train_groups.py FOLDER

Each network has 64 dimensions, 4 heads and 256 neurons, and is trained on 70% of its table for 3,000 steps or fewer.
The elements of the groups are numbered at random. All of them together take about 20 minutes of one core.
"""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np

EPOCHS = {
    "minus43": 3000,
    "C6xC6": 2500,
    "D23": 3000,
    "A5": 3000,
    "S4": 2500,
    "plus41": 2500,
    "larger31": 1500,
    "square31": 1500,
    "random31": 1500,
}
"""How many steps each network is trained."""


def permutations_table(letters: int, *, even: bool = False) -> np.ndarray:
    """The table of all permutations of some letters, or of the even ones; the right factor acts first."""
    elements = [
        p
        for p in itertools.permutations(range(letters))
        if not (even and sum(p[i] > p[j] for j in range(letters) for i in range(j)) % 2)
    ]
    place = {p: at for at, p in enumerate(elements)}
    return np.array([[place[tuple(p[i] for i in q)] for q in elements] for p in elements])


def dihedral_table(sides: int) -> np.ndarray:
    """The table of the symmetries of a polygon: the rotations first, then the reflections."""
    turned, mirrored = np.arange(2 * sides) % sides, np.arange(2 * sides) // sides
    signs = np.where(mirrored == 0, 1, -1)
    turns = (turned[:, None] + signs[:, None] * turned[None]) % sides
    table: np.ndarray = turns + sides * (mirrored[:, None] ^ mirrored[None])
    return table


def tables() -> dict[str, np.ndarray]:
    """The tables of answers, by the names of the networks."""
    draw = np.random.default_rng(11)

    def renumbered(table: np.ndarray) -> np.ndarray:
        order = draw.permutation(len(table))
        back = np.argsort(order)
        new: np.ndarray = order[table[np.ix_(back, back)]]
        return new

    def indices(n: int) -> np.ndarray:
        return np.indices((n, n))

    six = sum(((x // w) % 6 + (y // w) % 6) % 6 * w for w in (6, 1) for x, y in [indices(36)])
    (a, b), (c, d), (e, f) = indices(43), indices(41), indices(31)
    return {
        "D23": renumbered(dihedral_table(23)),
        "S4": renumbered(permutations_table(4)),
        "A5": renumbered(permutations_table(5, even=True)),
        "C6xC6": renumbered(np.asarray(six)),
        "minus43": (a - b) % 43,
        "plus41": (2 * c + 3 * d + 5) % 41,
        "larger31": np.maximum(e, f),
        "square31": (e * e + f) % 31,
        "random31": draw.integers(0, 31, (31, 31)),
    }


def main(folder: Path) -> None:
    """Write the tables into a folder and train a network on each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables().items():
        file = folder / f"{name}.npz"
        np.savez(file, labels=table, last=len(table), classes=np.array([*range(len(table)), -1]))
        options = ["--fraction", "0.7", "--seed", "3", "--epochs", str(EPOCHS[name]), "--out", str(folder / name)]
        subprocess.run([sys.executable, "-m", "scrubjay", "train", str(file), *options], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
