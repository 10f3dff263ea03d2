"""The domain of a task: which inputs there are, and at which position the answer is read.

A ``Domain`` is a product: every input that has, at each position, one token of that position's set. A ``ListedDomain``
holds its inputs as a list, which is either all of them or a sample.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from jaxtyping import Shaped
from torch import Tensor

from scrubjay.core.axes import Choices, Inputs, Tokens
from scrubjay.core.errors import BadInput

Values = TypeVar("Values", bound=Tensor)
MOST_INPUTS = 10_000_000
"""The largest number of inputs that are run."""
LARGEST_TOKEN = 10_000_000
"""The largest token that is accepted. It is larger than any vocabulary, and a table over all tokens still fits."""


@dataclass(frozen=True)
class Domain:
    """All inputs that have, at each position, one token of that position's set.

    Inputs are numbered in row-major order, so the first position varies slowest. Only the token sets are stored, so a
    domain of 10^7 inputs takes no more memory than a small one.

    Example:
        >>> Domain(((0, 1), (0, 1, 2), (3,))).size
        6

    Attributes:
        positions: the tokens that may stand at each position, in the order in which they are numbered.
        read_at: the position, from 0, at which the network's answer is read. Negative numbers count from the end; by
            default it is the last position.

    Raises:
        BadInput: a position has no tokens, or a repeated, negative or too large token, or there is no position
            ``read_at``.
    """

    positions: tuple[tuple[int, ...], ...]
    read_at: int = -1

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
        if not -len(self.positions) <= self.read_at < len(self.positions):
            raise BadInput(
                f"the answer is read at position {self.read_at}, but the domain has only the positions 0 to "
                f"{len(self.positions) - 1}"
            )
        object.__setattr__(self, "read_at", self.read_at % len(self.positions))

    @classmethod
    def square(cls, tokens: int, last: int) -> "Domain":
        """Make the domain of all pairs of the tokens 0 to ``tokens - 1``, each pair followed by the token ``last``."""
        return cls((tuple(range(tokens)), tuple(range(tokens)), (last,)))

    @property
    def is_product(self) -> bool:
        """Whether every combination of the positions' tokens is an input."""
        return True

    @property
    def is_sample(self) -> bool:
        """Whether the inputs are a sample of further inputs."""
        return False

    @property
    def in_words(self) -> str:
        """The inputs in words: "all 12,769 inputs" or "a sample of 5,000 inputs"."""
        return f"a sample of {self.size:,} inputs" if self.is_sample else f"all {self.size:,} inputs"

    @property
    def has_constant_query(self) -> bool:
        """Whether every input has the same token at the position where the answer is read."""
        return self.counts[self.read_at] == 1

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
        """The tokens that may stand at other positions than the one that is read, in ascending order."""
        others = (tokens for at, tokens in enumerate(self.positions) if at != self.read_at)
        return tuple(sorted({token for tokens in others for token in tokens}))

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


@dataclass(frozen=True, eq=False)
class ListedDomain(Domain):
    """Inputs that are given as a list. Use ``ListedDomain.of`` to make one.

    Example:
        >>> domain = ListedDomain.of(torch.tensor([[0, 1, 9], [2, 0, 9]]))
        >>> domain.size, domain.positions
        (2, ((0, 2), (0, 1), (9,)))

    Attributes:
        positions: the tokens that occur at each position, in ascending order.
        read_at: the position at which the answer is read.
        listed: for each input and position, the index of its token within the position's tokens, shape [n, s].
        sampled: whether the inputs are a sample of further inputs.
    """

    listed: Choices = field(default_factory=lambda: torch.zeros(0, 0, dtype=torch.int64))
    sampled: bool = False

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ListedDomain)
            and (self.positions, self.read_at, self.sampled) == (other.positions, other.read_at, other.sampled)
            and torch.equal(self.listed, other.listed)
        )

    def __hash__(self) -> int:
        return hash((self.positions, self.read_at, self.sampled, len(self.listed)))

    @classmethod
    def of(cls, tokens: Tokens, *, read_at: int = -1, sampled: bool = False) -> "ListedDomain":
        """Make a domain from the tokens of its inputs.

        Args:
            tokens: the tokens of each input, shape [n, s].
            read_at: the position at which the answer is read.
            sampled: whether the inputs are a sample of further inputs. Only a sample may contain an input twice.

        Raises:
            BadInput: there are no inputs, or an input occurs twice in a list that is not a sample.
        """
        if tokens.ndim != 2 or not tokens.numel():
            raise BadInput(f"a list of inputs has the shape [inputs, positions], and this one {tuple(tokens.shape)}")
        if not sampled and len(torch.unique(tokens, dim=0)) < len(tokens):
            raise BadInput("the list of inputs contains an input twice; only a sample may")
        found = [torch.unique(column, return_inverse=True) for column in tokens.long().unbind(1)]
        return cls(
            positions=tuple(tuple(values.tolist()) for values, _ in found),
            read_at=read_at,
            listed=torch.stack([places for _, places in found], 1),
            sampled=sampled,
        )

    @property
    def is_product(self) -> bool:
        """Whether every combination of the positions' tokens is an input."""
        return False

    @property
    def is_sample(self) -> bool:
        """Whether the inputs are a sample of further inputs."""
        return self.sampled

    @property
    def size(self) -> int:
        """Number of inputs."""
        return len(self.listed)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of inputs: a list cannot be drawn as an image."""
        return (self.size,)

    def choices(self, inputs: Inputs) -> Choices:
        """For each input, the place of each of its tokens in the token set of that position, shape [n, s]."""
        return self.listed[inputs]

    def index(self, tokens: Tokens) -> Inputs:
        """Find the index of each input from its tokens; of an input that occurs twice, the last one.

        Raises:
            BadInput: an input is not in the list. The message names it.
        """
        known = {tuple(row): at for at, row in enumerate(self.tokens(self.inputs()).tolist())}
        rows = [tuple(row) for row in tokens.tolist()]
        foreign = next((row for row in rows if row not in known), None)
        if foreign is not None:
            raise BadInput(f"the input {list(foreign)} is not among the {self.size:,} inputs of this domain")
        return torch.tensor([known[row] for row in rows])


def sampled_from(domain: Domain, count: int, seed: int) -> ListedDomain:
    """A sample of different inputs of a product domain, drawn at random.

    Args:
        domain: the domain, of any size.
        count: how many inputs to draw.
        seed: seed for the draw.

    Raises:
        BadInput: there are fewer inputs than that.
    """
    if not 0 < count <= domain.size:
        raise BadInput(f"a sample of {count:,} inputs cannot be drawn from a domain of {domain.size:,}")
    drawn: set[int] = set()
    draw = random.Random(seed)
    while len(drawn) < count:
        drawn.add(draw.randrange(domain.size))
    rows = []
    for number in sorted(drawn):
        row = []
        for tokens in reversed(domain.positions):
            number, place = divmod(number, len(tokens))
            row.append(tokens[place])
        rows.append(row[::-1])
    return ListedDomain.of(torch.tensor(rows), read_at=domain.read_at, sampled=True)


def _shortened(tokens: tuple[int, ...]) -> str:
    return str(list(tokens)) if len(tokens) <= 8 else f"[{tokens[0]}, {tokens[1]}, ..., {tokens[-1]}]"
