"""Interchange tests of a gate over filters.

The causal model has one variable for each filter, its value, and the answer is the gate of the filters' states: on
above the threshold, off below. One filter's value is taken from another input: the residual stream moves along the
filter's carrier, so that all other filters and the rest of the reversible basis stay. The model predicts the gate of
the states after that. Because most values lie far from their threshold, many exchanges should change nothing; what
counts is how often the prediction comes true where it changes.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Components, Inputs, Mask
from scrubjay.core.stats import Share
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import projections
from scrubjay.run import Run

DRAWN = 4_000
"""How many pairs of inputs each filter is tested on."""


@dataclass(frozen=True)
class GateExchange:
    """How often the answer is the predicted one after an exchange.

    Attributes:
        changed: among the pairs whose prediction changes; None if there are none.
        overall: among all pairs.
    """

    changed: Share | None
    overall: Share


@dataclass(frozen=True, eq=False)
class FilterExchange:
    """What the exchange of one filter's value gave, or of each filter's in turn.

    Attributes:
        found: the value comes from another input.
        at_random: the stream moves along a random direction of the causal subspace instead, drawn for each pair, as
            far as the other input's stream lies along it.
        top: the same with the leading component.
        wrong_sources: predicted from the other input of another pair.
        renamed: predicted with the tokens renamed at random at each position; None if not all inputs are there.
    """

    found: GateExchange
    at_random: GateExchange
    top: GateExchange
    wrong_sources: GateExchange
    renamed: GateExchange | None

    @property
    def control(self) -> Share | None:
        """The best of the controls where the prediction changes; None if it never does."""
        tests = (self.at_random, self.top, self.wrong_sources, self.renamed)
        shares = [test.changed for test in tests if test is not None and test.changed is not None]
        return max(shares, key=lambda share: share.high, default=None)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of inputs, and the filter whose value each pair exchanges."""

    inputs: Inputs
    sources: Inputs
    filters: Int[Tensor, "n"]

    def chosen(self, which: Mask) -> "_Pairs":
        return _Pairs(self.inputs[which], self.sources[which], self.filters[which])


@dataclass(frozen=True, eq=False)
class GateModel:
    """A gate over filters, laid over a network.

    Attributes:
        run: the run.
        hypothesis: the filters, their carriers and their gate.
        subspace: the components of the causal subspace, shape [r, d].
    """

    run: Run
    hypothesis: Hypothesis
    subspace: Components

    def tested(self, *, seed: int) -> tuple[FilterExchange, tuple[FilterExchange, ...], float]:
        """Exchange each filter's value.

        Args:
            seed: seed for the pairs, the random directions and the renaming.

        Returns:
            What the exchanges of all filters gave together, what those of each filter gave, and how often the answer
            of a random input is the prediction, where it changes.
        """
        k, n = self.hypothesis.gate.k, self.run.task.domain.size
        draw = torch.Generator().manual_seed(seed)
        inputs, sources = (torch.randint(n, (k * DRAWN,), generator=draw) for _ in range(2))
        pairs = _Pairs(inputs, sources, torch.arange(k).repeat_interleave(DRAWN))
        values = projections(self.run.full.resid_mid, self.hypothesis.directions)
        renaming = self._renaming(draw)
        at_random = torch.nn.functional.normalize(
            torch.randn(len(inputs), len(self.subspace), generator=draw, dtype=torch.float64)
        )
        own = (values[sources] - values[inputs]).gather(1, pairs.filters[:, None])
        stream = self.run.full.resid_mid
        apart = projections(stream[sources], self.subspace) - projections(stream[inputs], self.subspace)
        said = self._classes(inputs, own * self.hypothesis.carriers[pairs.filters])
        along = (apart * at_random).sum(1, keepdim=True) * at_random
        said_at_random = self._classes(inputs, along @ self.subspace)
        said_top = self._classes(inputs, apart[:, :1] @ self.subspace[:1])
        wrong = _Pairs(inputs, sources.roll(1), pairs.filters)
        before, after = self._predicted(values, pairs)

        def exchange(which: Mask) -> FilterExchange:
            def compared(answers: Classes, source: _Pairs, read: Float64[Tensor, "inputs k"]) -> GateExchange:
                first, then = self._predicted(read, source.chosen(which))
                return _compared(answers[which], first, then)

            return FilterExchange(
                compared(said, pairs, values),
                compared(said_at_random, pairs, values),
                compared(said_top, pairs, values),
                compared(said, wrong, values),
                None if renaming is None else compared(said, pairs, values[renaming]),
            )

        every = torch.ones(len(inputs), dtype=torch.bool)
        wanted = after[before != after]
        answers = self.run.full.classes
        chance = sum(float((wanted == c).double().mean()) * float((answers == c).double().mean()) for c in (0, 1))
        singles = tuple(exchange(pairs.filters == i) for i in range(k))
        return exchange(every), singles, chance if len(wanted) else 0.0

    def _predicted(self, values: Float64[Tensor, "inputs k"], pairs: _Pairs) -> tuple[Classes, Classes]:
        """The model's answers before and after each pair's exchange, given every input's values."""
        own = values[pairs.inputs]
        moved = own.scatter(1, pairs.filters[:, None], values[pairs.sources].gather(1, pairs.filters[:, None]))
        return self.hypothesis.says_one(own).long(), self.hypothesis.says_one(moved).long()

    def _classes(self, inputs: Inputs, step: Float64[Tensor, "n d"]) -> Classes:
        stream = self.run.full.resid_mid[inputs]
        return self.run.readout.classes_at(stream + step.to(stream.dtype), inputs)

    def _renaming(self, draw: torch.Generator) -> Inputs | None:
        """For each input the one that it becomes when the tokens of each position are renamed at random."""
        domain = self.run.task.domain
        if not domain.is_product:
            return None
        choices = domain.choices(domain.inputs())
        names = [
            torch.tensor(tokens)[torch.randperm(len(tokens), generator=draw)][choices[:, at]]
            for at, tokens in enumerate(domain.positions)
        ]
        return domain.index(torch.stack(names, 1))


def _compared(said: Classes, before: Classes, after: Classes) -> GateExchange:
    right: Mask = said == after
    return GateExchange(Share.of(right[before != after]), Share.counted(int(right.sum()), len(right)))
