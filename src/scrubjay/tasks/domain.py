"""The domain of a task: the tokens that may stand at each position, and all inputs that they make."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
from jaxtyping import Shaped
from torch import Tensor

from scrubjay.core.axes import Choices, Inputs, Tokens
from scrubjay.core.errors import BadInput

Values = TypeVar("Values", bound=Tensor)
LARGEST_TOKEN = 10_000_000
"""The largest token that is accepted. It is larger than any vocabulary, and a table over all tokens still fits."""


@dataclass(frozen=True)
class Domain:
    """All inputs that have, at each position, one token of that position's set.

    Inputs are numbered in row-major order, so the first position varies slowest. The last position holds the same token
    in every input, and the network's answer is read there. Only the token sets are stored, so a domain of 10^7 inputs
    takes no more memory than a small one.

    Example:
        >>> Domain(((0, 1), (0, 1, 2), (3,))).size
        6

    Attributes:
        positions: the tokens that may stand at each position, in the order in which they are numbered.

    Raises:
        BadInput: a position has no tokens, or a repeated, negative or too large token, or the last position varies.
    """

    positions: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if not self.positions:
            raise BadInput("a domain needs at least one position, and got none")
        for at, tokens in enumerate(self.positions):
            if not tokens:
                raise BadInput(f"position {at} of the domain has no tokens")
            if len(set(tokens)) != len(tokens):
                raise BadInput(f"position {at} of the domain repeats a token: {_shortened(tokens)}")
            if min(tokens) < 0:
                raise BadInput(f"position {at} of the domain has the negative token {min(tokens)}")
            if max(tokens) > LARGEST_TOKEN:
                raise BadInput(
                    f"position {at} of the domain has the token {max(tokens)}; the largest is {LARGEST_TOKEN}"
                )
        if len(self.positions[-1]) != 1:
            raise BadInput(
                f"the last position must be constant, since everything is read there; it has "
                f"{len(self.positions[-1])} tokens: {_shortened(self.positions[-1])}"
            )

    @classmethod
    def square(cls, tokens: int, last: int) -> "Domain":
        """Make the domain of all pairs of the tokens 0 to ``tokens - 1``, each pair followed by the token ``last``."""
        return cls((tuple(range(tokens)), tuple(range(tokens)), (last,)))

    @property
    def n_ctx(self) -> int:
        """Number of positions of an input."""
        return len(self.positions)

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of tokens that may stand at each position."""
        return tuple(len(tokens) for tokens in self.positions)

    @property
    def varying(self) -> tuple[int, ...]:
        """The positions, counted from 0, at which more than one token may stand."""
        return tuple(at for at, count in enumerate(self.counts) if count > 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of tokens at each varying position. This is the shape of an image of the domain."""
        return tuple(self.counts[at] for at in self.varying)

    @property
    def size(self) -> int:
        """Number of inputs."""
        return math.prod(self.counts)

    @property
    def largest_token(self) -> int:
        """The largest token at any position."""
        return max(max(tokens) for tokens in self.positions)

    @property
    def early_tokens(self) -> tuple[int, ...]:
        """The tokens that may stand before the last position, in ascending order."""
        return tuple(sorted({token for tokens in self.positions[:-1] for token in tokens}))

    def inputs(self) -> Inputs:
        """The indices of all inputs, shape [n]."""
        return torch.arange(self.size)

    def chunks(self, rows: int) -> Iterator[Inputs]:
        """Yield the indices of all inputs in order, at most ``rows`` at a time."""
        for start in range(0, self.size, rows):
            yield torch.arange(start, min(start + rows, self.size))

    def choices(self, inputs: Inputs) -> Choices:
        """For each input, the place of each of its tokens in the token set of that position, shape [n, s]."""
        rest, columns = inputs, []
        for count in reversed(self.counts):
            columns.append(rest % count)
            rest = rest // count
        return torch.stack(columns[::-1], dim=1)

    def tokens(self, inputs: Inputs) -> Tokens:
        """The tokens of each input, shape [n, s]."""
        choices = self.choices(inputs)
        return torch.stack([torch.tensor(tokens)[choices[:, at]] for at, tokens in enumerate(self.positions)], dim=1)

    def varying_tokens(self) -> Tokens:
        """The tokens of all inputs at the varying positions, shape [n, number of varying positions]."""
        return self.tokens(self.inputs())[:, self.varying]

    def index(self, tokens: Tokens) -> Inputs:
        """Find the index of each input from its tokens.

        Args:
            tokens: the tokens of each input, shape [n, s].

        Raises:
            BadInput: the inputs have another length, or a token may not stand at its position. The message names both.
        """
        if tokens.shape[1] != self.n_ctx:
            raise BadInput(f"an input of this domain has {self.n_ctx} tokens; these have {tokens.shape[1]}")
        index = torch.zeros(len(tokens), dtype=torch.int64)
        for at, allowed in enumerate(self.positions):
            place = torch.full((self.largest_token + 1,), -1)
            place[torch.tensor(allowed)] = torch.arange(len(allowed))
            column = tokens[:, at]
            known = (column >= 0) & (column <= self.largest_token)
            choice = torch.where(known, place[column.clamp(0, self.largest_token)], -1)
            if bool((choice < 0).any()):
                foreign = int(column[choice < 0][0])
                raise BadInput(f"token {foreign} can't stand at position {at}, which has {_shortened(allowed)}")
            index = index * len(allowed) + choice
        return index

    def image(self, values: Shaped[Tensor, "n ..."]) -> Shaped[Tensor, "..."]:
        """Arrange one value for each input by the varying positions.

        Args:
            values: the values of all inputs, shape [n, ...].

        Returns:
            The same values in the shape ``self.shape`` followed by their further axes. With two varying positions the
            first one gives the rows and the second one the columns.

        Raises:
            BadInput: the number of values differs from the number of inputs.
        """
        if len(values) != self.size:
            raise BadInput(f"an image of this domain takes {self.size} values, one an input; it got {len(values)}")
        return values.reshape(self.shape + tuple(values.shape[1:]))


def _shortened(tokens: tuple[int, ...]) -> str:
    return str(list(tokens)) if len(tokens) <= 8 else f"[{tokens[0]}, {tokens[1]}, ..., {tokens[-1]}]"
