"""A recovered program, together with what the same search finds where there is nothing to find."""

from dataclasses import dataclass, replace

import numpy as np

from scrubjay.core.progress import Progress, part_of, silent
from scrubjay.program.assembly import misses
from scrubjay.program.expression import Length, Program
from scrubjay.program.observed import Observed
from scrubjay.program.search import MOST_SEARCHED, best_program

_SEARCH_DONE = 0.5
"""The share of the whole work that the search itself takes; the two controls share the rest."""


@dataclass(frozen=True, eq=False)
class Recovered:
    """What the search found behind known labels, and behind two matrices without a program.

    Attributes:
        program: the shortest program, or None if none is much shorter than the table.
        length: the bits of the program and of its exceptions on these labels, or None without a program.
        n: how many labels are known.
        ones: how many of them are 1.
        searched: how many of them the search saw; fewer than ``n`` if it worked on a sample. Everything else is counted
            over all ``n`` labels.
        table_bits: the bits of the table of labels itself.
        exceptions: the pairs (a, b) for which the program is wrong.
        shuffled: what is found behind the same labels with their rows in random order (their columns, if the program
            reads b alone), or None if nothing is found, as it should be.
        random: the same behind random labels of the same density.
    """

    program: Program | None
    length: Length | None
    n: int
    ones: int
    searched: int
    table_bits: float
    exceptions: tuple[tuple[int, int], ...]
    shuffled: Length | None
    random: Length | None

    @property
    def agreement(self) -> float | None:
        """The share of known labels that the program gives, or None without a program."""
        return None if self.length is None else 1 - self.length.exceptions / self.n


def recover(seen: Observed, *, most: int = MOST_SEARCHED, seed: int = 0, progress: Progress = silent) -> Recovered:
    """Search the program behind known labels, and then behind two kinds of labels that have none.

    Args:
        seen: the known labels.
        most: how many labels a search may see. Of more it sees a sample of this size.
        seed: seed for the sample, the shuffle and the random labels.
        progress: called with the present stage and the share of the work that is done.
    """
    draw = np.random.default_rng(seed)
    last = (1 + _SEARCH_DONE) / 2
    found = best_program(seen, part_of(progress, 0.0, _SEARCH_DONE), most=most, seed=seed)
    exceptions = [] if found is None else np.flatnonzero(misses(found.program, seen)).tolist()
    shuffled = best_program(
        _shuffled(seen, None if found is None else found.program, draw),
        part_of(progress, _SEARCH_DONE, last, "the same search with shuffled labels"),
        most=most,
        seed=seed,
    )
    random = best_program(
        replace(seen, y=draw.permutation(seen.y)),
        part_of(progress, last, 1.0, "the same search with random labels"),
        most=most,
        seed=seed,
    )
    return Recovered(
        program=None if found is None else found.program,
        length=None if found is None else found.length,
        n=seen.n,
        ones=int(seen.y.sum()),
        searched=seen.sample(most, seed=seed).n,
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
