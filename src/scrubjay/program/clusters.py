"""The code of exceptions that lie together, as a network's errors do.

The labels are read row by row. Before a label is read, it is known how many exceptions lie near it, which are those at
most ``REACH`` rows and columns away that were read before. Labels with equally many exceptions near them form a class,
and in each class the code says which of its labels are exceptions. For exceptions that lie apart, this takes some ten
bits more than one list of all of them. For a network's errors it takes much less, so that a curve around a few errors
that lie together saves little.

Source: Rissanen and Langdon (1981), "Universal modeling and coding", whose contexts are those of an image's pixels.
"""

import numpy as np
from jaxtyping import Bool

from scrubjay.program.code import choice_bits
from scrubjay.program.observed import Observed

REACH = 3
"""How many rows and columns away an exception counts as near."""
_MOST_NEAR = 3
"""Labels with this many exceptions near them or more form one class."""


def clustered_bits(seen: Observed, wrong: Bool[np.ndarray, "n"]) -> float:
    """The bits that say which known labels are exceptions, if exceptions are expected to lie together.

    Args:
        seen: the known labels.
        wrong: which of them are exceptions.
    """
    rows, columns = seen.places
    width = int(columns.max()) + 1 + 2 * REACH  # a margin, so that nothing is near across the edge
    place = rows * width + columns + REACH
    after = [
        down * width + right
        for down in range(REACH + 1)
        for right in range(-REACH, REACH + 1)
        if down or right > 0
    ]  # fmt: skip
    met, times = np.unique((place[wrong, None] + after).reshape(-1), return_counts=True)
    near = np.zeros((int(rows.max()) + 1 + REACH) * width, dtype=np.int8)
    near[met] = np.minimum(times, _MOST_NEAR)
    sizes, exceptions = (np.bincount(near[at], minlength=_MOST_NEAR + 1).tolist() for at in (place, place[wrong]))
    return sum(choice_bits(size, count) for size, count in zip(sizes, exceptions, strict=True))
