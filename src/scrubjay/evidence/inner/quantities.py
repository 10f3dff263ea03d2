"""What the inner network computes with: its hinges' inputs and its linear path, as tables of single tokens.

With hinges written as absolute values, the scores are ``l + sum_g s_g |z_g| / 2``, where each z_g and l are linear in
the coordinates of the stream. Attention mixes the tokens, so z_g and l depend on all of them. Their main effects are
tables of one token each: the mean over all inputs with this token, minus the mean over all inputs. The *additive*
network has these tables and no attention.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Residual
from scrubjay.core.stats import SEED_STRIDE, Score, Stopping, share_of
from scrubjay.evidence.inner.parts import Anatomy, with_one
from scrubjay.fit.hinges import MergedLayer
from scrubjay.nets.readout import Readout
from scrubjay.tasks.domain import Domain

ENDS = 0.05
"""The share of the second token's values that counts as an end."""
SWAPS = 10
"""The largest number of draws of other rows for each row."""
_CONSTANT = 1e-20
"""A quantity whose variance is at most this share of the largest one does not vary, except for rounding."""


@dataclass(frozen=True, eq=False)
class Quantities:
    """The hinges' inputs and the linear path on all inputs.

    Attributes:
        hinges: z of each hinge, shape [n, k]; for a class margin in units of the margin.
        linear: l, shape [n, c].
        outputs: what half of ``|z|`` adds to each column of the scores, shape [k, c]; for a class margin 1 or -1.
        slopes: how each z and l change with each coordinate, shape [k + c, r].
    """

    hinges: Float64[Tensor, "n k"]
    linear: Float64[Tensor, "n c"]
    outputs: Float64[Tensor, "k c"]
    slopes: Float64[Tensor, "kc r"]

    @classmethod
    def of(cls, layer: MergedLayer, coordinates: Float64[Tensor, "n r"], domain: Domain) -> "Quantities":
        """Read the quantities off the stream's coordinates.

        The sign of z is free. It is chosen so that z grows with the number of the last varying token. Hinges that add
        to a class margin come before those that subtract from it, and large ones before small ones.

        Args:
            layer: the hinges.
            coordinates: shape [n, r].
            domain: the inputs.
        """
        planes, outputs = layer.planes, layer.outputs
        if outputs.shape[1] == 1:
            planes, outputs = planes * outputs.abs(), outputs.sign()
        inputs = with_one(coordinates)
        linear = layer.layer.linear + planes.T @ outputs / 2  # relu(z) is half of z plus half of |z|
        values = inputs @ planes.T
        order = (values - values.mean(0)).square().mean(0).argsort(descending=True, stable=True)
        if outputs.shape[1] == 1:
            order = order[outputs[order, 0].argsort(descending=True, stable=True)]
        growth = torch.linspace(-1, 1, domain.shape[-1], dtype=torch.float64)
        rises = domain.image(values).flatten(0, -3).mean(0).T @ growth if len(domain.shape) > 1 else values.T @ growth
        planes = (planes * torch.where(rises < 0, -1.0, 1.0).double()[:, None])[order]
        outputs = outputs[order]
        slopes = torch.cat([planes[:, :-1], linear[:-1].T])
        return cls(inputs @ planes.T, inputs @ linear, outputs, slopes)

    @property
    def all(self) -> Float64[Tensor, "n kc"]:
        """Every z, then every l, shape [n, k + c]."""
        return torch.cat([self.hinges, self.linear], 1)

    def scores(self, values: Float64[Tensor, "... kc"]) -> Float64[Tensor, "... c"]:
        """The scores for given values of all quantities, shape [..., c]."""
        k = len(self.outputs)
        return values[..., k:] + values[..., :k].abs() @ self.outputs / 2


@dataclass(frozen=True, eq=False)
class Additive:
    """Quantities as sums of tables of single tokens.

    Attributes:
        mean: the mean of each quantity, shape [q].
        tables: for each varying position the effect of each of its tokens, shape [t, q].
        shares: the share of each quantity's variance that each varying position's table has, then what is left, which
            attention mixes in, shape [positions + 1, q]; all 0 for a quantity that does not vary.
        classes: the answers of the additive network, shape [n].
    """

    mean: Float64[Tensor, "q"]
    tables: tuple[Float64[Tensor, "_t q"], ...]
    shares: Float64[Tensor, "_p1 q"]
    classes: Classes

    @property
    def numbers(self) -> int:
        """How many numbers the tables hold."""
        return sum(table.numel() for table in self.tables)

    @classmethod
    def of(cls, quantities: Quantities, domain: Domain, readout: Readout) -> "Additive":
        """Split quantities into tables.

        Args:
            quantities: the quantities on all inputs.
            domain: the inputs.
            readout: tells the class of scores.
        """
        values = quantities.all
        image = domain.image(values)  # [t, t', ..., q]
        mean = values.mean(0)
        axes = range(len(domain.shape))
        tables = tuple(image.mean([other for other in axes if other != axis]) - mean for axis in axes)
        total = (values - mean).square().mean(0)
        varies = total > _CONSTANT * total.max()
        shares = torch.stack([torch.where(varies, table.square().mean(0) / total, 0) for table in tables])
        choices = domain.choices(domain.inputs())[:, list(domain.varying)]
        summed = mean + torch.stack([table[choices[:, at]] for at, table in enumerate(tables)]).sum(0)
        classes = readout.classes_from(quantities.scores(summed))
        left = torch.where(varies, 1 - shares.sum(0), 0).clamp(min=0)[None]
        return cls(mean, tables, torch.cat([shares, left]), classes)


@dataclass(frozen=True, eq=False)
class KindsOfRow:
    """Rows by what the additive network says at both ends of the second token.

    Attributes:
        names: the name of each kind that occurs.
        members: the rows of each kind.
        signs: for each kind the signs of the hinges' inputs at the first and at the last tokens, as most of its rows
            have them, such as ``-+`` and ``++``.
        means: the mean of each quantity over the rows of a kind and all second tokens, shape [kinds, q].
        ones: the share of class 1 among the network's own answers at the first and at the last tokens, for each kind.
    """

    names: tuple[str, ...]
    members: tuple[Int[Tensor, "_rows"], ...]
    signs: tuple[tuple[str, str], ...]
    means: Float64[Tensor, "kinds q"]
    ones: tuple[tuple[float, float], ...]

    @classmethod
    def of(
        cls, quantities: Quantities, additive: Additive, domain: Domain, classes: Classes, second: str
    ) -> "KindsOfRow":
        """Sort the rows of a domain of two varying positions by the additive network of a class margin.

        Args:
            quantities: the quantities.
            additive: their tables.
            domain: the inputs.
            classes: the network's own answers, shape [n]; they are only counted.
            second: the name of the second position.
        """
        rows, columns = additive.tables
        width = max(1, round(ENDS * len(columns)))
        ends = torch.stack([columns[:width].mean(0), columns[-width:].mean(0)])  # [2, q]
        values = additive.mean + rows[:, None] + ends  # [a, 2, q]
        says = quantities.scores(values)[:, :, 0] > 0
        answers = domain.image(classes) == 1
        names, members, signs, means, ones = [], [], [], [], []
        for low, high, name in (
            (True, True, "always"),
            (True, False, f"only for small {second}"),
            (False, True, f"only for large {second}"),
            (False, False, "never"),
        ):
            own = ((says[:, 0] == low) & (says[:, 1] == high)).nonzero()[:, 0]
            if not len(own):
                continue
            names.append(name)
            members.append(own)
            signs.append(
                (_common(values[own, 0], len(quantities.outputs)), _common(values[own, 1], len(quantities.outputs)))
            )
            means.append((additive.mean + rows[own]).mean(0))
            ones.append((share_of(answers[own, :width].flatten()), share_of(answers[own, -width:].flatten())))
        return cls(tuple(names), tuple(members), tuple(signs), torch.stack(means), tuple(ones))


def _common(values: Float64[Tensor, "rows q"], k: int) -> str:
    """The most frequent pattern of signs of the first k quantities."""
    patterns = ["".join("+" if value > 0 else "-" for value in row[:k]) for row in values.tolist()]
    return max(sorted(set(patterns)), key=patterns.count)


@dataclass(frozen=True)
class NumbersSwapped:
    """What becomes of a row when the numbers of its token are exchanged for those of another row's token.

    Attributes:
        carried: how often the network then gives the answer of the other row at the same second token.
        unswapped: how often the two rows have the same answer without an exchange.
    """

    carried: Score
    unswapped: Score


def swap_numbers(
    anatomy: Anatomy,
    quantities: Quantities,
    additive: Additive,
    readout: Readout,
    resid_mid: Residual,
    classes: Classes,
    *,
    stopping: Stopping,
    seed: int,
) -> NumbersSwapped:
    """Exchange the first token's numbers, the entries of its tables, in the original's stream.

    The stream moves along the coordinates by the smallest step that changes all quantities by the difference of the
    two tokens' entries. Everything else in it stays as it is.

    Args:
        anatomy: the network taken apart.
        quantities: the quantities.
        additive: their tables.
        readout: from the original's stream to its scores.
        resid_mid: the streams of all inputs of a domain of two varying positions, shape [n, d].
        classes: the original's answers, shape [n].
        stopping: when enough has been drawn.
        seed: seed for the draws of other rows.
    """
    table = additive.tables[0]
    along = anatomy.coordinates.carriers
    steps = table @ torch.linalg.pinv(quantities.slopes).T  # [a, r]
    domain = readout.task.domain
    answers, rows = domain.image(classes), len(table)
    unswapped: list[float] = []

    def share(number: int) -> float:
        draw = torch.Generator().manual_seed(seed * SEED_STRIDE + number)
        others = (torch.arange(rows) + torch.randint(1, rows, (rows,), generator=draw)) % rows
        step = (steps[others] - steps).repeat_interleave(answers.shape[1], 0)
        (said,) = readout.moved_classes(resid_mid, [step], along)
        unswapped.append(share_of((answers[others] == answers).flatten()))
        return share_of((domain.image(said) == answers[others]).flatten())

    carried = stopping.at_most(SWAPS).score(share)
    return NumbersSwapped(carried, Score.over(unswapped))
