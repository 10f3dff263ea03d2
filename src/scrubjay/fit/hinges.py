"""Hidden layers as hinges, and groups of neurons that become one hinge each.

``merging.py`` says what hinges and bends are, and searches for the groups.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float64, Int
from torch import Tensor

_ALIKE = 0.99999
"""The cosine from which two neurons are put together at once; it is lowered until few enough groups are left."""
_LOWERED = 1.5
"""The factor by which the distance of that cosine from 1 grows when too many groups are left."""
_POWER_STEPS = 6
"""Steps of the power iteration for the leading direction of a group."""
_OUTPUTS = 64
"""The largest number of output dimensions in which errors are compared."""
_FAINT = 1e-6
"""The share of the outputs' power below which an output dimension is left out."""
LINEAR = -1
"""The group of the neurons that the affine path takes over."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A hidden layer in the coordinates that it is read from.

    Attributes:
        planes: for each neuron, its input weights and bias, shape [m, r + 1].
        outputs: what each neuron adds to each column of the answer when it has the value 1, shape [m, c].
        linear: the affine part of everything else, shape [r + 1, c].
    """

    planes: Float64[Tensor, "m r1"]
    outputs: Float64[Tensor, "m c"]
    linear: Float64[Tensor, "r1 c"]

    def scores(self, inputs: Float64[Tensor, "n r1"]) -> Float64[Tensor, "n c"]:
        """The columns of the answer for inputs (coordinates, 1), shape [n, c]."""
        return (inputs @ self.planes.T).relu() @ self.outputs + inputs @ self.linear


@dataclass(frozen=True, eq=False)
class Weights:
    """A sample of inputs, and what an error costs there.

    Attributes:
        inputs: (coordinates, 1) of the sampled inputs, shape [n, r + 1].
        by_input: the cost of an error at each of them, with the sum 1, shape [n]; large where the decision is close.
        by_output: the cost of an error in the columns of the answer, shape [c, c], symmetric.
    """

    inputs: Float64[Tensor, "n r1"]
    by_input: Float64[Tensor, "n"]
    by_output: Float64[Tensor, "c c"]


@dataclass(frozen=True, eq=False)
class MergedLayer:
    """A hidden layer of few hinges, and where each of its parts comes from.

    The layer is ``relu(x @ planes.T) @ outputs + x @ (rest + shares.sum(0))``.

    Attributes:
        planes: the plane of each hinge, shape [k, r + 1].
        outputs: what each hinge adds to each column of the answer, shape [k, c].
        shares: the affine part that comes from the neurons of each hinge, shape [k, r + 1, c].
        rest: the affine part of everything else, shape [r + 1, c].
        groups: for each of the original's neurons the number of its hinge, or ``LINEAR``, shape [m].
        flips: for each of them whether its plane points the same way as the hinge's, 1 or -1, shape [m].
        error: the share of the squared bends that is lost, between 0 and 1.
    """

    planes: Float64[Tensor, "k r1"]
    outputs: Float64[Tensor, "k c"]
    shares: Float64[Tensor, "k r1 c"]
    rest: Float64[Tensor, "r1 c"]
    groups: Int[Tensor, "m"]
    flips: Float64[Tensor, "m"]
    error: float

    @property
    def layer(self) -> Layer:
        """The same without the origins."""
        return Layer(self.planes, self.outputs, self.rest + self.shares.sum(0))


@dataclass(frozen=True, eq=False)
class Partition:
    """A partition: for each micro group the number of its hinge or ``LINEAR``, and its flip."""

    groups: Int[Tensor, "g"]
    flips: Float64[Tensor, "g"]


@dataclass(frozen=True, eq=False)
class Bends:
    """The bends of all neurons over the sample, and the micro groups that they form.

    Inputs are whitened: their weighted second moment is the identity, so that the angle of two planes is the angle of
    their functions. Outputs are whitened too, so that errors are sums of squares.
    """

    layer: Layer
    whitener: Float64[Tensor, "r1 r1"]  # planes @ whitener are the planes of whitened inputs
    inputs: Float64[Tensor, "n r1"]  # whitened, times the square root of each input's weight; orthonormal columns
    planes: Float64[Tensor, "m r1"]
    outputs: Float64[Tensor, "m q"]
    micro: Int[Tensor, "m"]  # the micro group of each neuron
    flips: Float64[Tensor, "m"]
    sums: Float64[Tensor, "g r1 q"]  # sum of flip * plane * output over a micro group
    totals: Float64[Tensor, "g n q"]  # sum of bend * output over a micro group

    @classmethod
    def of(cls, layer: Layer, weights: Weights, most: int | None) -> "Bends":
        """The bends of a layer's neurons, in at most ``most`` micro groups; None for a group for each neuron."""
        root = weights.by_input.sqrt()[:, None]
        inputs, upper = torch.linalg.qr(weights.inputs * root)
        planes = layer.planes @ upper.T
        outputs = layer.outputs @ _root(weights.by_output, layer.outputs)
        micro, flips = _micro_groups(planes, outputs, most)
        count = int(micro.max()) + 1 if len(micro) else 0
        pieces = (flips[:, None] * planes)[:, :, None] * outputs[:, None]
        sums = pieces.new_zeros(count, *pieces.shape[1:]).index_add_(0, micro, pieces)
        totals = pieces.new_zeros(count, len(inputs), outputs.shape[1])
        for group in range(count):
            own = micro == group
            totals[group] = _bend(inputs, planes[own]).T @ outputs[own]
        return cls(layer, upper, inputs, planes, outputs, micro, flips, sums, totals)

    @cached_property
    def own(self) -> tuple[Float64[Tensor, "m n"], Float64[Tensor, "m r1"]]:
        """The bend and the affine approximation of every neuron."""
        return _bend(self.inputs, self.planes), _affine(self.inputs, self.planes)

    def hinges(self, sums: Float64[Tensor, "k r1 q"], totals: Float64[Tensor, "k n q"]) -> Float64[Tensor, "k n q"]:
        """The hinges of some groups as functions on the sample: bend times amplitude."""
        bend = _bend(self.inputs, _leading(sums))
        return bend[:, :, None] * self.amplitudes(bend, totals)[:, None]

    def explained(
        self,
        sums: Float64[Tensor, "k r1 q"],
        totals: Float64[Tensor, "k n q"],
        further: Float64[Tensor, "n q"] | None = None,
    ) -> Float64[Tensor, "k"]:
        """The squared length of the hinges of some groups, each of whose totals has ``further`` added to it."""
        bend = _bend(self.inputs, _leading(sums))
        along = torch.einsum("kn,knq->kq", bend, totals)
        if further is not None:
            along += bend @ further
        return along.square().sum(1) / bend.square().sum(1).clamp(min=torch.finfo(torch.float64).tiny)

    @staticmethod
    def amplitudes(bend: Float64[Tensor, "k n"], totals: Float64[Tensor, "k n q"]) -> Float64[Tensor, "k q"]:
        """The outputs of hinges with these bends that come nearest to the groups' totals."""
        power = bend.square().sum(1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
        return torch.einsum("kn,knq->kq", bend, totals) / power

    def of_state(self, state: Partition) -> tuple[Float64[Tensor, "k r1 q"], Float64[Tensor, "k n q"]]:
        """The sums and totals of the hinges of a partition."""
        kept = state.groups >= 0
        k = int(state.groups.max()) + 1 if bool(kept.any()) else 0
        signed = state.flips[kept, None, None] * self.sums[kept]
        sums = self.sums.new_zeros(k, *self.sums.shape[1:]).index_add_(0, state.groups[kept], signed)
        totals = self.totals.new_zeros(k, *self.totals.shape[1:])
        return sums, totals.index_add_(0, state.groups[kept], self.totals[kept])

    def finished(self, state: Partition) -> MergedLayer:
        """The merged layer of a partition, in the coordinates of the layer itself."""
        sums, totals = self.of_state(state)
        k, width = len(sums), self.layer.linear.shape[1]
        groups = state.groups[self.micro]
        # A hinge points to where most of its neurons, by the size of what they write, are on.
        planes, kept = _leading(sums), groups >= 0
        along = torch.zeros_like(self.flips)
        along[kept] = torch.where((self.planes[kept] * planes[groups[kept]]).sum(1) < 0, -1.0, 1.0).double()
        size = self.planes.norm(dim=1) * self.outputs.norm(dim=1)
        leaning = size.new_zeros(k).index_add_(0, groups[kept], (along * size)[kept])
        turned = torch.where(leaning < 0, -1.0, 1.0).double()
        planes = planes * turned[:, None]
        flips = torch.ones_like(along)
        flips[kept] = along[kept] * turned[groups[kept]]
        back = torch.linalg.inv(self.whitener).T  # from planes of whitened inputs to planes of inputs
        bend = _bend(self.inputs, planes)
        power = bend.square().sum(1).clamp(min=torch.finfo(torch.float64).tiny)
        own_bends, own_affine = self.own
        outputs = planes.new_zeros(k, width)
        shares = planes.new_zeros(k, planes.shape[1], width)
        affine = _affine(self.inputs, planes)
        for group in range(k):
            own = groups == group
            outputs[group] = (own_bends[own] @ bend[group] / power[group]) @ self.layer.outputs[own]
            # Each neuron is (z + its affine approximation) / 2 + its bend; the hinge is relu(z) likewise.
            shares[group] = (self.planes[own] / 2 + own_affine[own]).T @ self.layer.outputs[own]
            shares[group] -= torch.outer(planes[group] / 2 + affine[group], outputs[group])
        taken = groups == LINEAR
        rest = (self.planes[taken] / 2 + own_affine[taken]).T @ self.layer.outputs[taken]
        whole = self.totals.sum(0)
        lost = (whole - self.hinges(sums, totals).sum(0)).square().sum()
        return MergedLayer(
            planes=planes @ back,
            outputs=outputs,
            shares=torch.einsum("ij,kjc->kic", back.T, shares),
            rest=self.layer.linear + back.T @ rest,
            groups=groups,
            flips=flips,
            error=float(lost / whole.square().sum().clamp(min=torch.finfo(torch.float64).tiny)),
        )


def _micro_groups(
    planes: Float64[Tensor, "m r1"], outputs: Float64[Tensor, "m q"], most: int | None
) -> tuple[Int[Tensor, "m"], Float64[Tensor, "m"]]:
    """Put neurons with nearly the same plane and output together, in at most ``most`` groups.

    If ``most`` is None, every neuron is a group of its own.

    Returns:
        The group and the flip of each neuron.
    """
    if most is None:
        return torch.arange(len(planes)), torch.ones(len(planes), dtype=torch.float64)
    tiny = torch.finfo(torch.float64).tiny
    sizes = planes.norm(dim=1) * outputs.norm(dim=1)
    to_planes = planes / planes.norm(dim=1, keepdim=True).clamp(min=tiny)
    to_outputs = outputs / outputs.norm(dim=1, keepdim=True).clamp(min=tiny)
    order = sizes.argsort(descending=True, stable=True)
    alike = _ALIKE
    while True:
        groups, flips = torch.full((len(planes),), -1), torch.ones(len(planes), dtype=torch.float64)
        left, count = order, 0
        while len(left) and count <= most:
            cosine = to_planes[left] @ to_planes[left[0]]
            near = cosine.abs() * (to_outputs[left] @ to_outputs[left[0]]) > alike
            near[0] = True
            groups[left[near]] = count
            flips[left[near]] = torch.where(cosine[near] < 0, -1.0, 1.0).double()
            left, count = left[~near], count + 1
        if count <= most:
            return groups, flips
        alike = 1 - (1 - alike) * _LOWERED


def _root(metric: Float64[Tensor, "c c"], outputs: Float64[Tensor, "m c"]) -> Float64[Tensor, "c q"]:
    """A matrix that turns the metric's squared lengths of outputs into sums of squares, with as few columns as do."""
    values, vectors = torch.linalg.eigh(metric)
    half = vectors * values.clamp(min=0).sqrt()
    if len(outputs) == 0:
        last: Tensor = half[:, -1:]
        return last
    _, power, turn = torch.linalg.svd(outputs @ half, full_matrices=False)
    kept = int((power.square() > _FAINT * power.square().sum()).sum())
    root: Tensor = half @ turn[: max(1, min(kept, _OUTPUTS))].T
    return root


def _leading(sums: Float64[Tensor, "k r1 q"]) -> Float64[Tensor, "k r1"]:
    """The leading direction of each matrix, by the power method from its largest column."""
    largest = sums.square().sum(1).argmax(1)
    found = sums.gather(2, largest[:, None, None].expand(-1, sums.shape[1], 1))[:, :, 0]
    for _ in range(_POWER_STEPS if sums.shape[2] > 1 else 0):
        found = torch.einsum("kiq,kq->ki", sums, torch.einsum("kiq,ki->kq", sums, found))
        found = found / found.norm(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
    unit: Tensor = found / found.norm(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
    return unit


def _affine(inputs: Float64[Tensor, "n r1"], planes: Float64[Tensor, "k r1"]) -> Float64[Tensor, "k r1"]:
    """The best affine approximation of half the absolute value along each plane. Inputs have orthonormal columns."""
    coefficients: Tensor = (planes @ inputs.T).abs() @ inputs / 2
    return coefficients


def _bend(inputs: Float64[Tensor, "n r1"], planes: Float64[Tensor, "k r1"]) -> Float64[Tensor, "k n"]:
    """Half the absolute value along each plane, less its best affine approximation, times the root of the weights."""
    value: Tensor = (planes @ inputs.T).abs() / 2
    return value - (value @ inputs) @ inputs.T
