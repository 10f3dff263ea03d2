"""A recovered program with what the same search finds where there is nothing to find."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from scrubjay.program.assembly import misses
from scrubjay.program.expression import Length, Program
from scrubjay.program.observed import Observed
from scrubjay.program.search import best_program


@dataclass(frozen=True, eq=False)
class Recovered:
    """What a search found behind known labels, and behind two matrices without a program.

    Attributes:
        program: the shortest program, or None where none is worth the name; length: its bits on these labels.
        n, ones: how many labels are known, and how many of them are 1.
        table_bits: of the table itself.
        exceptions: the pairs (a, b) on which the program is wrong.
        shuffled: the length of what is found behind the same labels with their rows in random order (their columns,
            if the program reads b alone); None for nothing, as it should be.
        random: the same for random labels of the same density.
    """

    program: Program | None
    length: Length | None
    n: int
    ones: int
    table_bits: float
    exceptions: tuple[tuple[int, int], ...]
    shuffled: Length | None
    random: Length | None

    @property
    def agreement(self) -> float | None:
        """The share of known labels that the program gives."""
        return None if self.length is None else 1 - self.length.exceptions / self.n


def recover(seen: Observed, *, seed: int = 0, progress: Callable[[str], None] = lambda stage: None) -> Recovered:
    """Search the program behind known labels, then do the same where there is none.

    Args:
        seen: the known labels.
        seed: of the shuffle and of the random labels.
        progress: told each stage as it begins.
    """
    draw = np.random.default_rng(seed)
    found = best_program(seen, progress)
    exceptions = [] if found is None else np.flatnonzero(misses(found.program, seen)).tolist()
    progress("the same search behind shuffled labels")
    shuffled = best_program(_shuffled(seen, None if found is None else found.program, draw))
    progress("the same search behind random labels")
    random = best_program(replace(seen, y=draw.permutation(seen.y)))
    return Recovered(
        program=None if found is None else found.program,
        length=None if found is None else found.length,
        n=seen.n,
        ones=int(seen.y.sum()),
        table_bits=seen.table_bits,
        exceptions=tuple((int(seen.a[at]), int(seen.b[at])) for at in exceptions),
        shuffled=None if shuffled is None else shuffled.length,
        random=None if random is None else random.length,
    )


def _shuffled(seen: Observed, program: Program | None, draw: np.random.Generator) -> Observed:
    axis = "a" if program is None or program.reads_a else "b"
    numbers, at = np.unique(getattr(seen, axis), return_inverse=True)
    moved = draw.permutation(numbers)[at.reshape(-1)]
    return replace(seen, a=moved) if axis == "a" else replace(seen, b=moved)
