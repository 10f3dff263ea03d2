"""Networks that hide a smaller network of known size.

``hide`` draws a small network: a few heads with values of low rank, which write into a few coordinates, and a few
hinges. Networks are redrawn until every part of one matters: without a part, or with one part in place of two, at most
97% of the answers are left, even if the rest is fitted to make up for it. So the answers determine the size, as far as
such a check can tell. It then builds a transformer that computes the same scores and shows none of this:

* The residual stream is rotated at random. Besides the coordinates it holds things that vary and do not matter.
* Each hinge is split into many neurons of random scales. Some have outputs of the opposite sign. Some are flipped: they
  compute relu(-z) in place of relu(z) = relu(-z) + z, and z is added elsewhere.
* Further neurons are on for every input, or for none.
* Each head is split into several that attend alike and divide its values among them; each of these also moves things
  that do not matter. The order of heads and of neurons is random.

Nothing here uses the code that takes networks apart, so that it can be judged by what was hidden.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import torch
from torch import Tensor

from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

ALWAYS_ON = -1
"""Stands in place of a hinge for neurons that are on for every input."""
NEVER_ON = -2
"""Stands in place of a hinge for neurons that are on for no input."""
MATTERS = 0.97
"""Every part matters so much that without it at most this share of the answers is left."""
_DRAWS = 20_000
"""The largest number of small networks that are drawn until every part of one matters."""
_LARGEST_CLASS = 0.65
"""The largest share of the answers that one class may have."""
_SMALLEST_CLASS = 0.1
"""The smallest share of the answers that each class must have."""
_LEAST_CROSSED = 0.15
"""The smallest share of the inputs on either side of each hinge."""
_CLUTTER = 0.1
"""The size of what does not matter: of the rest of the stream, and of the rest of queries and keys."""
_MIXTURES = (0.2, 0.35, 0.5, 0.65, 0.8)
"""The shares of the first of two parts when one part is put in their place."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of a small network.

    Attributes:
        ranks: the rank of the values of each head.
        dimensions: the number of coordinates that the heads write into.
        hinges: the number of hinges.
        classes: the number of classes; with two of them the answer is the sign of one margin.
        tokens: the number of tokens that may stand at each of the two varying positions.
    """

    ranks: tuple[int, ...]
    dimensions: int
    hinges: int
    classes: int = 2
    tokens: int = 24

    @classmethod
    def drawn(cls, draw: torch.Generator, *, classes: int = 2, tokens: int = 24) -> "Sizes":
        """Draw 1 to 4 heads and 1 to 5 hinges, and as many dimensions, from 2 to 4, as both of them can use."""

        def pick(low: int, high: int) -> int:
            return int(torch.randint(low, high + 1, (), generator=draw))

        heads, hinges = pick(1, 4), pick(1, 5)
        ranks = tuple(pick(1, 3) for _ in range(heads))
        written, read = sum(ranks) + heads, hinges + classes - 1
        dimensions = pick(2, max(2, min(4, written, read)))
        return cls(tuple(min(rank, dimensions) for rank in ranks), dimensions, hinges, classes, tokens)

    @property
    def columns(self) -> int:
        """The number of columns of the answer: a margin, or a score for each class."""
        return 1 if self.classes == 2 else self.classes


@dataclass(frozen=True, eq=False)
class Head:
    """A head of the small network. A token at a position has the sum of the two entries.

    Attributes:
        scores: by token [t] and by position [2], relative to the last token's.
        codes: what a token has to tell, by token [t, rank] and by position [2, rank].
        writes: what one unit of each code adds to the coordinates, shape [rank, r].
        attending: what each unit of attention before the last position adds to them, shape [r].
    """

    scores: tuple[Tensor, Tensor]
    codes: tuple[Tensor, Tensor]
    writes: Tensor
    attending: Tensor

    @property
    def by_input(self) -> tuple[Tensor, Tensor]:
        """The scores [t, t, 2] and the codes [t, t, 2, rank] at both positions of every input."""
        at = [[token + position for position in positions] for token, positions in (self.scores, self.codes)]
        return tuple(_both(*each) for each in at)  # type: ignore[return-value]

    def moved(self, scores: Tensor) -> Tensor:
        """The codes that are moved, and the attention before the last position, under given scores, [n, rank + 1]."""
        pattern = torch.cat([scores, torch.zeros_like(scores[..., :1])], -1).softmax(-1)[..., :2]
        codes = (self.by_input[1] * pattern[..., None]).sum(-2)
        return torch.cat([codes, pattern.sum(-1, keepdim=True)], -1).flatten(0, 1)

    @cached_property
    def own(self) -> Tensor:
        """What is moved under the head's own scores, shape [n, rank + 1]."""
        return self.moved(self.by_input[0])

    @property
    def adds(self) -> Tensor:
        """What the head adds to the coordinates, shape [n, r]."""
        return self.own @ torch.cat([self.writes, self.attending[None]])


def _both(first: Tensor, second: Tensor) -> Tensor:
    t = len(first)
    return torch.stack([first[:, None].expand(t, t, *first.shape[1:]), second.expand(t, *second.shape)], 2)


@dataclass(frozen=True, eq=False)
class Small:
    """A small network on all inputs of two varying positions.

    Attributes:
        heads: its heads.
        planes: the input weights and the bias of each hinge, shape [k, r + 1].
        outputs: what each hinge adds to the columns of the answer, shape [k, c].
        linear: the linear path and the constant, shape [r + 1, c].
    """

    heads: tuple[Head, ...]
    planes: Tensor
    outputs: Tensor
    linear: Tensor

    @cached_property
    def stream(self) -> Tensor:
        """The coordinates and a column of ones, shape [n, r + 1]."""
        return _with_one(torch.stack([head.adds for head in self.heads]).sum(0))

    @cached_property
    def hidden(self) -> Tensor:
        """The hinges, shape [n, k]."""
        return (self.stream @ self.planes.T).relu()

    @cached_property
    def scores(self) -> Tensor:
        """The columns of the answer, shape [n, c]."""
        return self.from_stream(self.stream)

    @cached_property
    def answers(self) -> Tensor:
        """The class of each input, shape [n]."""
        return classes_of(self.scores)

    def from_stream(self, stream: Tensor) -> Tensor:
        """The columns of the answer for other coordinates."""
        return (stream @ self.planes.T).relu() @ self.outputs + stream @ self.linear

    @cached_property
    def importance(self) -> Tensor:
        """The mean of g gᵀ over inputs and columns, where g is the derivative by the coordinates, shape [r, r]."""
        live = (self.hidden > 0).double()
        slopes = torch.einsum("nk,kr,kc->ncr", live, self.planes[:, :-1], self.outputs) + self.linear[:-1].T
        slopes = slopes - (slopes.mean(1, keepdim=True) if slopes.shape[1] > 1 else 0)
        return torch.einsum("ncr,ncq->rq", slopes, slopes) / len(slopes)

    @cached_property
    def closeness(self) -> Tensor:
        """The weight of each input when parts are fitted, which is large where another answer is close, shape [n]."""
        best = self.scores.topk(min(2, self.scores.shape[1]), dim=1).values
        margin = best[:, 0].abs() if best.shape[1] == 1 else best[:, 0] - best[:, 1]
        return (margin + 0.1 * margin.median()) ** -2

    def without_a_part(self) -> Iterator[Tensor]:
        """The scores when one part is missing, or one part stands for two, and the rest is fitted to make up for it."""
        every = range(len(self.planes))
        for one in every:
            yield self._with_scores_of(self.hidden[:, [at for at in every if at != one]])
        for one, other in combinations(every, 2):
            others = self.hidden[:, [at for at in every if at not in (one, other)]]
            sizes = [self.planes[at] * self.outputs[at].norm() for at in (one, other)]
            for part in _MIXTURES:
                for sign in (1, -1):
                    plane = part * sizes[0] + sign * (1 - part) * sizes[1]
                    yield self._with_scores_of(torch.cat([(self.stream @ plane).relu()[:, None], others], 1))
        for one_head in self.heads:
            rest = [head.own for head in self.heads if head is not one_head]
            yield self._with_stream_of(rest)
            if len(one_head.writes) > 1:
                yield self._with_stream_of([_lower(one_head, self.importance), *rest])
        for one_head, other_head in combinations(self.heads, 2):
            rest = [head.own for head in self.heads if head is not one_head and head is not other_head]
            for part in _MIXTURES:
                scores = part * one_head.by_input[0] + (1 - part) * other_head.by_input[0]
                yield self._with_stream_of([one_head.moved(scores), other_head.moved(scores)[:, :-1], *rest])
        values = self.stream[:, :-1]
        spread = _root(values.T.cov())
        along = torch.linalg.eigh(spread @ self.importance @ spread).eigenvectors[:, :1]
        along_it = (values - values.mean(0)) @ torch.linalg.solve(spread, along) @ (along.T @ spread)
        yield self.from_stream(_with_one(values - along_it))

    def _with_scores_of(self, hidden: Tensor) -> Tensor:
        """The scores that come nearest with other hinges."""
        return _fitted(self.scores, torch.cat([hidden, self.stream], 1), self.closeness)

    def _with_stream_of(self, moved: list[Tensor]) -> Tensor:
        """The scores with the coordinates that come nearest when other things are moved."""
        features = torch.cat([self.stream[:, -1:], *moved], 1)
        return self.from_stream(_with_one(_fitted(self.stream[:, :-1], features, self.closeness)))

    @property
    def is_balanced(self) -> bool:
        """Whether no class is too frequent or too rare, and every hinge bends well within the inputs."""
        shares = self.answers.bincount(minlength=max(2, self.linear.shape[1])) / len(self.answers)
        crossed = (self.hidden > 0).double().mean(0)
        return bool(
            shares.max() <= _LARGEST_CLASS
            and shares.min() >= _SMALLEST_CLASS
            and ((crossed > _LEAST_CROSSED) & (crossed < 1 - _LEAST_CROSSED)).all()
        )

    @property
    def every_part_matters(self) -> bool:
        """Whether enough answers change when any part is missing."""
        return all(share(self.answers, classes_of(scores)) <= MATTERS for scores in self.without_a_part())

    @classmethod
    def drawn(cls, sizes: Sizes, draw: torch.Generator) -> "Small":
        """Draw small networks until every part of one matters."""
        for _ in range(_DRAWS):
            made = cls._random(sizes, draw)
            if made.is_balanced and made.every_part_matters:
                return made
        raise ValueError(f"no network of the sizes {sizes} was drawn in which every part matters")

    @classmethod
    def _random(cls, sizes: Sizes, draw: torch.Generator) -> "Small":
        t, r, k, c = sizes.tokens, sizes.dimensions, sizes.hinges, sizes.columns
        heads = []
        for rank in sizes.ranks:
            writes = torch.linalg.qr(normal(draw, r, r))[0][:rank]
            heads.append(
                Head(
                    (1.5 * normal(draw, t), 0.5 * normal(draw, 2)),
                    (normal(draw, t, rank), 0.5 * normal(draw, 2, rank)),
                    writes,
                    0.5 * normal(draw, r),
                )
            )
        # The coordinates are made uncorrelated and of the variance 1.
        whiten = torch.linalg.pinv(_root(torch.stack([head.adds for head in heads]).sum(0).T.cov()))
        heads = [replace(head, writes=head.writes @ whiten, attending=head.attending @ whiten) for head in heads]
        mean = torch.stack([head.adds for head in heads]).sum(0).mean(0)
        planes = torch.nn.functional.normalize(normal(draw, k, r))
        planes = torch.cat([planes, -(planes @ mean + 0.5 * normal(draw, k))[:, None]], 1)
        outputs = (1 + uniform(draw, k, 1)) * torch.nn.functional.normalize(normal(draw, k, c))
        linear = 0.7 * normal(draw, r, c)
        made = cls(tuple(heads), planes, outputs, torch.cat([linear, torch.zeros(1, c).double()]))
        made.linear[-1] = -(_in_a_gap(made.scores[:, 0]) if c == 1 else made.scores.mean(0))
        return cls(made.heads, planes, outputs, made.linear)


def classes_of(scores: Tensor) -> Tensor:
    """The class of each row of scores: the sign of a margin, or the largest score."""
    return (scores[:, 0] > 0).long() if scores.shape[1] == 1 else scores.argmax(1)


def share(one: Tensor, other: Tensor) -> float:
    """The share of equal entries."""
    return float((one == other).double().mean())


def normal(draw: torch.Generator, *shape: int) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def uniform(draw: torch.Generator, *shape: int) -> Tensor:
    """Uniform numbers between 0 and 1."""
    return torch.rand(shape, generator=draw, dtype=torch.float64)


def _in_a_gap(values: Tensor) -> Tensor:
    """The middle of the widest gap between values near their median, so that no value lies next to it."""
    ordered, middle = values.sort().values, len(values) // 2
    near = ordered[middle - len(values) // 20 : middle + len(values) // 20]
    widest = int(near.diff().argmax())
    return near[widest : widest + 2].mean()


def _with_one(values: Tensor) -> Tensor:
    return torch.cat([values, values.new_ones(len(values), 1)], 1)


def _fitted(wanted: Tensor, features: Tensor, weights: Tensor) -> Tensor:
    """What comes nearest to the wanted values by weighted least squares."""
    root = weights.sqrt()[:, None]
    fitted: Tensor = features @ (torch.linalg.pinv(features * root) @ (wanted * root))
    return fitted


def _root(matrix: Tensor) -> Tensor:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = vectors * values.clamp(min=0).sqrt() @ vectors.T
    return root


def _lower(head: Head, importance: Tensor) -> Tensor:
    """What a head moves without the direction of its codes that matters least."""
    codes = head.own[:, :-1]
    written = (codes - codes.mean(0)) @ head.writes @ _root(importance)
    kept = torch.linalg.svd(written, full_matrices=False)[2][: codes.shape[1] - 1]
    return torch.cat([codes @ head.writes @ _root(importance) @ kept.T, head.own[:, -1:]], 1)


@dataclass(frozen=True)
class Hiding:
    """How a small network is hidden.

    Attributes:
        d_model: the width of the residual stream.
        d_mlp: the number of neurons.
        d_head: the width of a head.
        pieces: the number of heads that each head of the small network is split into, for each of them; by default 1 to
            3 each, as drawn, and at most 8 in all.
        always: the share of the neurons that are on for every input.
        never: the share of the neurons that are on for no input.
        opposite: the share of the pieces of a hinge whose outputs have the opposite sign.
        flipped: the share of the pieces of a hinge that are flipped.
        noise: the standard deviation of the noise that is added to each weight, as a share of that of the weights.
    """

    d_model: int = 128
    d_mlp: int = 128
    d_head: int = 8
    pieces: tuple[int, ...] | None = None
    always: float = 0.15
    never: float = 0.1
    opposite: float = 0.15
    flipped: float = 0.4
    noise: float = 0.0


@dataclass(frozen=True, eq=False)
class HiddenInner:
    """A network that hides a small one, and the truth about it.

    Attributes:
        network: the network, in float64.
        task: its task. The labels are the answers of the small network.
        sizes: the sizes of the small network.
        small: the small network itself.
        neurons: for each neuron its hinge, or ``ALWAYS_ON`` or ``NEVER_ON``, shape [m].
        heads: for each head the head of the small network that it is a piece of, shape [h].
        flips: for each neuron 1 if it points the same way as its hinge, and -1 if it is flipped, shape [m].
    """

    network: Transformer
    task: Task
    sizes: Sizes
    small: Small
    neurons: Tensor
    heads: Tensor
    flips: Tensor

    def groups_of_neurons(self) -> set[frozenset[int]]:
        """The neurons of each hinge."""
        return _groups(self.neurons, self.sizes.hinges)

    def groups_of_heads(self) -> set[frozenset[int]]:
        """The heads that each head of the small network was split into."""
        return _groups(self.heads, len(self.sizes.ranks))

    def idle_neurons(self) -> list[set[int]]:
        """The neurons that are always on, and those that never are."""
        return [set((self.neurons == kind).nonzero()[:, 0].tolist()) for kind in (ALWAYS_ON, NEVER_ON)]


def hide(seed: int, sizes: Sizes | None = None, hiding: Hiding | None = None) -> HiddenInner:
    """Draw a small network and hide it.

    Args:
        seed: seed for all that is random.
        sizes: the sizes of the small network; drawn if they are not given.
        hiding: how to hide it.
    """
    draw = torch.Generator().manual_seed(seed)
    sizes = sizes or Sizes.drawn(draw)
    small = Small.drawn(sizes, draw)
    return hidden(small, sizes, hiding or Hiding(), draw)


def hidden(small: Small, sizes: Sizes, hiding: Hiding, draw: torch.Generator) -> HiddenInner:
    """Hide a small network in a larger one."""
    t, r, c = sizes.tokens, sizes.dimensions, sizes.columns
    pieces = _pieces(sizes, hiding, draw)
    config = Config(t + 1, 3, hiding.d_model, len(pieces), hiding.d_head, hiding.d_mlp)
    network = Transformer(config, torch.float64).requires_grad_(False)
    # The channels of the stream before it is rotated. The first r are the coordinates.
    one, before, channel = r, r + 1, r + 2
    scores, codes = [], []
    for head in small.heads:
        scores.append(channel)
        codes.append(range(channel + 1, channel + 1 + len(head.writes)))
        channel = codes[-1].stop
        table = [torch.cat([by[:, None], code], 1) for by, code in zip(head.scores, head.codes, strict=True)]
        network.W_E[:-1, scores[-1] : channel], network.W_pos[:-1, scores[-1] : channel] = table
    answer, rest = slice(channel, channel + c), slice(channel + c, hiding.d_model)
    spare = hiding.d_model - rest.start
    if spare < 4:
        raise ValueError(f"{hiding.d_model} dimensions are too few for a network of the sizes {sizes}")
    network.W_pos[-1, one], network.W_pos[:-1, before] = 1, 1
    network.W_E[:, rest] = _CLUTTER * normal(draw, t + 1, spare)
    network.W_pos[:, rest] = _CLUTTER * normal(draw, 3, spare)
    split = [_divided(pieces.count(h), len(head.writes), draw) for h, head in enumerate(small.heads)]
    taken = [0] * len(small.heads)
    for number, h in enumerate(pieces):
        head, shares = small.heads[h], split[h][taken[h]]
        taken[h] += 1
        writes = torch.cat([shares[:-1, :-1] @ head.writes, shares[-1:, -1:] * head.attending])
        _hide_head(network, number, scores[h], [*codes[h], before], writes, rest, draw)
    neurons, flips = _hide_hinges(network, small, hiding, answer, rest, draw)
    low = small.scores.std()
    if c == 1:
        network.W_U[:r, 1], network.W_U[:r, 0] = network.W_U[:r, 2] / 2, -network.W_U[:r, 2] / 2
        network.W_U[answer, 1], network.W_U[answer, 0] = 0.5, -0.5
        network.W_U[:, 2:] = 0
        network.W_U[one, 2:] = -low
    else:
        network.W_U[answer, :c] = torch.eye(c, dtype=torch.float64)
        network.W_U[one, c:] = small.scores.min() - low
    _rotate(network, torch.linalg.qr(normal(draw, hiding.d_model, hiding.d_model))[0])
    for name in network.weights:
        weight = getattr(network, name)
        weight += hiding.noise * weight.std() * normal(draw, *weight.shape)
    domain = Domain.square(t, last=t)
    task = Task("hidden", domain, tuple((token,) for token in range(sizes.classes)), labels=small.answers)
    return HiddenInner(network, task, sizes, small, neurons, torch.tensor(pieces), flips)


def _groups(owners: Tensor, count: int) -> set[frozenset[int]]:
    return {frozenset((owners == number).nonzero()[:, 0].tolist()) for number in range(count)}


def _pieces(sizes: Sizes, hiding: Hiding, draw: torch.Generator) -> list[int]:
    """For each head of the large network the head of the small one that it is a piece of, in random order."""
    counts = hiding.pieces
    if counts is None:
        most = min(3, 8 // len(sizes.ranks))
        counts = tuple(torch.randint(1, most + 1, (len(sizes.ranks),), generator=draw).tolist())
    owners = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return [int(owners[at]) for at in torch.randperm(len(owners), generator=draw)]


def _divided(count: int, rank: int, draw: torch.Generator) -> list[Tensor]:
    """Some matrices whose sum is the identity, shape [rank + 1, rank + 1]; with several of them, none is near zero."""
    loose = normal(draw, count, rank + 1, rank + 1)
    loose = loose - loose.mean(0)
    return list(torch.eye(rank + 1, dtype=torch.float64) / count + 0.5 * loose)


def _hide_head(
    network: Transformer,
    number: int,
    score: int,
    reads: list[int],
    writes: Tensor,
    rest: slice,
    draw: torch.Generator,
) -> None:
    """Let a head attend by one channel and move a few others to the coordinates, besides what does not matter."""
    d, e = network.W_K.shape[1:]
    r, used, spare = writes.shape[1], len(reads), d - rest.start
    last = network.W_E[-1] + network.W_pos[-1]
    query = normal(draw, e)
    loose = _CLUTTER * normal(draw, d, e)
    network.W_Q[number] = loose + torch.outer(last, query - last @ loose) / last.square().sum()
    away = torch.eye(e, dtype=torch.float64) - torch.outer(query, query) / query.square().sum()
    network.W_K[number] = _CLUTTER * normal(draw, d, e) @ away
    network.W_K[number, score] += query * e**0.5 / query.square().sum()
    inside = torch.zeros(d, e).double()
    inside[reads, range(used)] = 1
    inside[rest, used:] = normal(draw, spare, e - used) / spare**0.5
    out = torch.zeros(e, d).double()
    out[:used, :r] = writes
    out[:, rest] = normal(draw, e, spare) / spare**0.5
    turn = torch.linalg.qr(normal(draw, e, e))[0] * (0.7 + 0.6 * uniform(draw, e))
    network.W_V[number], network.W_O[number] = inside @ turn, torch.linalg.inv(turn) @ out


def _hide_hinges(
    network: Transformer, small: Small, hiding: Hiding, answer: slice, rest: slice, draw: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Split hinges among neurons, add idle ones, and set the linear path; which neuron belongs where, and its flip."""
    m, (k, c), r = hiding.d_mlp, small.outputs.shape, small.planes.shape[1] - 1
    always, never = round(hiding.always * m), round(hiding.never * m)
    bending = m - always - never
    owners = torch.cat([torch.arange(k).repeat(2), torch.randint(k, (bending - 2 * k,), generator=draw)])
    planes, outputs = torch.zeros(m, r + 1).double(), torch.zeros(m, c).double()
    flips = torch.where(uniform(draw, m) < hiding.flipped, -1.0, 1.0).double()
    linear = small.linear.clone()
    for hinge in range(k):
        own = (owners == hinge).nonzero()[:, 0]
        signs = torch.where(uniform(draw, len(own)) < hiding.opposite, -1.0, 1.0).double()
        signs[0] = 1
        amounts = signs * (0.2 + uniform(draw, len(own)))
        amounts = amounts / amounts.sum()
        # As in trained networks, a neuron that writes much also reads much.
        scales = amounts.abs().sqrt() * torch.exp(0.5 * normal(draw, len(own)))
        planes[own] = (flips[own] * scales)[:, None] * small.planes[hinge]
        turned = amounts[:, None] * small.outputs[hinge]
        if c > 1:  # pieces also write what cancels among them
            loose = normal(draw, len(own), c) / len(own)
            turned = turned + 0.5 * (loose - loose.mean(0)) * small.outputs[hinge].norm()
        outputs[own] = turned / scales[:, None]
        # relu(-z) = relu(z) - z
        linear += torch.outer(small.planes[hinge], turned[flips[own] < 0].sum(0))
    for neuron in range(bending, m):
        plane = 0.3 * normal(draw, r + 1)
        if neuron < bending + k and neuron < bending + always:  # this one makes up for flipped neurons
            plane = 0.3 * small.planes[neuron - bending]
        reach = (small.stream[:, :-1] @ plane[:-1]).abs().max()
        is_on = neuron < bending + always
        plane[-1] = (1.1 + 0.4 * float(uniform(draw, 1))) * reach * (1 if is_on else -1)
        planes[neuron], outputs[neuron] = plane, 0.3 * normal(draw, c)
        if is_on:
            linear -= torch.outer(plane, outputs[neuron])
    owners = torch.cat([owners, torch.full((always,), ALWAYS_ON), torch.full((never,), NEVER_ON)])
    flips[bending:] = 1
    order = torch.randperm(m, generator=draw)
    network.W_in[:r], network.b_in[:] = planes[order, :-1].T, planes[order, -1]
    network.W_out[:, answer] = outputs[order]
    network.W_out[:, rest] = normal(draw, m, network.W_out[:, rest].shape[1]) * outputs.std()
    network.b_out[answer] = linear[-1]
    network.W_U[:r, (2 if c == 1 else slice(c))] = linear[:-1, 0] if c == 1 else linear[:-1]
    return owners[order], flips[order]


def _rotate(network: Transformer, turn: Tensor) -> None:
    """Rotate the residual stream."""
    for name in ("W_E", "W_pos", "W_O", "W_out", "b_out"):
        getattr(network, name)[:] = getattr(network, name) @ turn
    for name in ("W_Q", "W_K", "W_V", "W_in", "W_U"):
        getattr(network, name)[:] = turn.T @ getattr(network, name)
