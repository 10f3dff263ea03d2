"""The parts that a network is taken apart into, and the smaller network that merged parts make."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Choices, Inputs
from scrubjay.evidence.inner.given_scales import ReadStream
from scrubjay.fit.decisive import Coordinates
from scrubjay.fit.head_merging import SILENT, HeadTables, MergedHeads
from scrubjay.fit.hinges import Layer, MergedLayer
from scrubjay.fit.pca import ROWS
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.readout import HingeReadout
from scrubjay.nets.tables import Tables
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A network in the coordinates of the stream that decide, with its idle neurons taken out.

    Attributes:
        read: what is read of the stream, in b blocks.
        domain: the inputs.
        coordinates: the coordinates of what is read; everything else in it is held at its mean.
        heads: what the heads do, in these coordinates before each block's factor.
        base: what the stream has besides what the heads add, for each token at the position that is read, shape
            [q, b r].
        layer: the neurons that are on for some inputs and off for others, and the affine path, into which the neurons
            that are on for every input are folded.
        bending: the numbers of these neurons.
        always_on: the numbers of the neurons that are on for every input.
        never_on: the numbers of the neurons that are off for every input.
    """

    read: ReadStream
    domain: Domain
    coordinates: Coordinates
    heads: HeadTables
    base: Float64[Tensor, "q br"]
    layer: Layer
    bending: Int[Tensor, "_bending"]
    always_on: Int[Tensor, "_always"]
    never_on: Int[Tensor, "_never"]

    @classmethod
    def of(cls, network: Transformer, domain: Domain, read: ReadStream, coordinates: Coordinates) -> "Anatomy":
        """Take a network apart.

        Args:
            network: the network.
            domain: its inputs.
            read: what is read of the stream on all inputs.
            coordinates: the coordinates to keep.
        """
        values, readers = coordinates.of(read.rows), read.readers(coordinates)
        heads = _head_tables(network, domain, readers)
        some = _one_of_each(domain)
        moved = heads.moved(domain.choices(some))[:, :, :-1].sum(1)
        whole = read.resid_mid[some].double() @ readers.T if read.has_norm else values[some]
        planes, layer = _in_coordinates(read.readout, coordinates)
        low, high = _reach(planes, values)
        always, never = low > 0, high <= 0
        bending = ~(always | never)
        linear = layer.linear + planes[always].T @ layer.outputs[always]
        return cls(
            read,
            domain,
            coordinates,
            heads,
            whole - moved,
            Layer(planes[bending], layer.outputs[bending], linear),
            bending.nonzero()[:, 0],
            always.nonzero()[:, 0],
            never.nonzero()[:, 0],
        )

    def numbers(self, ranks: Sequence[int], hinges: int) -> int:
        """How many numbers a smaller network in these coordinates is made of.

        Each head has a score and as many values as its rank for every token that may stand at the other positions, and
        one of each for every such position but the first; and it writes each of its values, and how much it attends to
        other positions, into every coordinate. If several tokens may stand at the position that is read, there is a
        score for each of them, and each adds to every coordinate. Each hinge has a plane and its outputs, of which one
        is fixed by scaling; the affine path has a number for each coordinate and output, and a constant. With
        normalisations a token has numbers of its own at each position, whatever is added is added to each block, and
        the last scale is added to every coordinate. The scales themselves are given, and not counted.

        Args:
            ranks: the rank of each head's values.
            hinges: the number of hinges.
        """
        before = len(self.heads.scores) - 1
        r, c = self.coordinates.r, self.layer.outputs.shape[1]
        q, blocks = self.heads.q, self.read.blocks
        scores = 0 if self.heads.attn_coeff == 0 else q
        rows = len(self.domain.early_tokens) + before - 1
        if self.read.has_norm:
            rows = sum(self.domain.counts) - self.domain.counts[self.domain.read_at]
        heads = sum((rank + scores) * rows + (rank + 1) * r * blocks for rank in ranks)
        queries = ((blocks - 1) if q == 1 else q * blocks) * r
        return heads + queries + r * self.read.has_norm + hinges * (r + c) + (r + 1) * c

    def base_of(self, choices: Choices) -> Float64[Tensor, "_n br"]:
        """What the stream has besides what the heads add: [n, b r] for the given inputs, or [1, b r] for all inputs."""
        return self.base if len(self.base) == 1 else self.base[choices[:, self.heads.read_at]]


@dataclass(frozen=True, eq=False)
class InnerParts:
    """A smaller network, made of merged heads and hinges.

    Attributes:
        anatomy: the network that it comes from, taken apart.
        heads: the merged heads.
        layer: the hinges and the affine path.
    """

    anatomy: Anatomy
    heads: MergedHeads
    layer: MergedLayer

    @property
    def dimensions(self) -> int:
        """The number of coordinates of the stream."""
        return self.anatomy.coordinates.r

    @property
    def ranks(self) -> tuple[int, ...]:
        """The rank of each head's values."""
        return tuple(head.rank for head in self.heads.heads)

    @property
    def hinges(self) -> int:
        """The number of hinges."""
        return len(self.layer.planes)

    @property
    def constant(self) -> Float64[Tensor, "r"]:
        """The part of the stream that no input changes, shape [r], if the token that is read is constant."""
        return sum((head.writes[-1] for head in self.heads.heads), self.anatomy.base[0] + self.heads.offset)

    def adds(self, inputs: Inputs) -> list[Float64[Tensor, "n br"]]:
        """What each merged head adds to the coordinates of each block, shape [n, b r] each."""
        choices = self.anatomy.domain.choices(inputs)
        return [head.adds(head.merged(self.anatomy.heads).moved(choices)[:, 0]) for head in self.heads.heads]

    def stream(self, inputs: Inputs) -> Float64[Tensor, "n r"]:
        """The coordinates of what is read of the stream, shape [n, r]."""
        return self.stream_of(self.adds(inputs), inputs)

    def stream_of(self, adds: Sequence[Float64[Tensor, "n br"]], inputs: Inputs) -> Float64[Tensor, "n r"]:
        """The coordinates of what is read on some inputs, shape [n, r], from what each merged head adds."""
        anatomy = self.anatomy
        base = anatomy.base_of(anatomy.domain.choices(inputs)) + self.heads.offset
        return anatomy.read.coordinates_from(inputs, sum(adds, base), anatomy.coordinates)

    def scores(self, inputs: Inputs) -> Float64[Tensor, "n c"]:
        """The class margin or the logits, shape [n, c]; with normalisations in the units of ``ReadStream``."""
        return self.layer.layer.scores(with_one(self.stream(inputs)))

    @cached_property
    def numbers(self) -> int:
        """How many numbers the smaller network is made of; see ``Anatomy.numbers``."""
        return self.anatomy.numbers(self.ranks, self.hinges)


def with_one(coordinates: Float64[Tensor, "n r"]) -> Float64[Tensor, "n r1"]:
    """Coordinates with a column of ones, shape [n, r + 1]."""
    return torch.cat([coordinates, coordinates.new_ones(len(coordinates), 1)], 1)


def _head_tables(network: Transformer, domain: Domain, readers: Float64[Tensor, "br d"]) -> HeadTables:
    tables = Tables.of(network, domain)
    h, e = network.config.n_heads, network.config.d_head
    written = tables.W_O.double().cpu().view(h, e, -1) @ readers.T  # [h, e, b r]
    values = [torch.einsum("the,her->thr", table.double().cpu().view(-1, h, e), written) for table in tables.values]
    scores = [table.double().cpu() for table in tables.scores]
    read_at = domain.read_at
    if domain.has_constant_query:
        own, own_value = scores[read_at][0].clamp(min=SILENT), values[read_at][0]
        scores = [table - own for table in scores]
        values = [table - own_value for table in values]
    # a frozen pattern that contains 0, and a position that attention does not reach, have the score minus infinity
    scores = [table.clamp(min=SILENT) for table in scores]
    return HeadTables(tuple(scores), tuple(values), read_at, network.config.attn_coeff)


def _one_of_each(domain: Domain) -> Inputs:
    """An input for each token at the position that is read."""
    found = torch.full((domain.counts[domain.read_at],), -1)
    for inputs in domain.chunks(ROWS):
        column = domain.choices(inputs)[:, domain.read_at]
        for token in (found < 0).nonzero()[:, 0].tolist():
            where = (column == token).nonzero()
            if len(where):
                found[token] = inputs[where[0, 0]]
        if bool((found >= 0).all()):
            break
    return found


def _in_coordinates(readout: HingeReadout, coordinates: Coordinates) -> tuple[Float64[Tensor, "m r1"], Layer]:
    W_in, direct = readout.W_in.double().cpu(), readout.direct.double().cpu()
    bias = readout.b_in.double().cpu() + coordinates.mean @ W_in
    constant = readout.offset.double().cpu() + coordinates.mean @ direct
    planes = torch.cat([coordinates.carriers @ W_in, bias[None]]).T
    linear = torch.cat([coordinates.carriers @ direct, constant[None]])
    return planes, Layer(planes, readout.hidden.double().cpu(), linear)


def _reach(
    planes: Float64[Tensor, "m r1"], values: Float64[Tensor, "n r"]
) -> tuple[Float64[Tensor, "m"], Float64[Tensor, "m"]]:
    """The lowest and the highest value of each neuron before the ReLU, over all inputs."""
    low = torch.full((len(planes),), torch.inf, dtype=torch.float64)
    high = -low
    for some in torch.split(values, chunk_rows(len(planes), values.dtype, values.device)):
        pre = torch.addmm(planes[:, -1], some, planes[:, :-1].T)
        low, high = torch.minimum(low, pre.amin(0)), torch.maximum(high, pre.amax(0))
    return low, high
