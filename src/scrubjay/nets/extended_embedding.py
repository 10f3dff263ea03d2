"""Extended embeddings: what each token at each position contributes to ``resid_mid`` of the frozen network.

With a fixed attention pattern, attention is linear, so ``resid_mid`` is exactly a constant plus one vector for each
varying position, which depends only on the token there. Mean and covariance over the whole domain follow from these
vectors in O(tokens), without running any input.

Source: Heimersheim & Hobbhahn, "Solving the Mechanistic Interpretability challenges: EIS VII Challenge 2". Their
extended embeddings W_A and W_B are ``tables[0]`` and ``tables[1]``.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from scrubjay.core.axes import Choices, MeanPattern, Residual
from scrubjay.nets.tables import Tables
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain


@dataclass(frozen=True, eq=False)
class ExtendedEmbedding:
    """The frozen network's ``resid_mid``, decomposed into a constant and one contribution for each varying position.

    Attributes:
        const: [d], the part that all inputs share: what the tokens at constant positions contribute through
            attention, the attention's output bias, and, where the token that is read is constant, its own residual
            stream.
        tables: for each varying position [t, d], the contribution of each of its tokens. At the position that is read
            this includes the token's own residual stream.
        positions: the varying positions.
    """

    const: Float[Tensor, "d"]
    tables: tuple[Float[Tensor, "_t d"], ...]
    positions: tuple[int, ...]

    @classmethod
    @torch.no_grad()
    def of(cls, network: Transformer, domain: Domain, pattern: MeanPattern) -> "ExtendedEmbedding":
        """Decompose the ``resid_mid`` of a network under a fixed attention pattern.

        Args:
            network: the network.
            domain: the domain.
            pattern: [h, s], the attention pattern that every input has.

        Raises:
            BadInput: the domain does not fit the network.
        """
        tables = Tables.of(network, domain)
        heads = pattern.to(network.device, network.dtype)
        n_heads = network.config.n_heads
        added = [
            (values.view(len(values), n_heads, -1) * heads[:, at, None]).flatten(1) @ tables.W_O
            for at, values in enumerate(tables.values)
        ]
        fixed = [at for at in range(domain.n_ctx) if at not in domain.varying]
        const = sum((added[at][0] for at in fixed), torch.zeros_like(tables.resid_pre[0]))
        if tables.b_O is not None:
            const = const + tables.b_O
        if domain.has_constant_query:
            const = tables.resid_pre[0] + const
        else:
            added[domain.read_at] = added[domain.read_at] + tables.resid_pre
        return cls(const.cpu(), tuple(added[at].cpu() for at in domain.varying), domain.varying)

    def resid_mid(self, choices: Choices) -> Residual:
        """The frozen network's ``resid_mid`` [n, d] for the given inputs."""
        total = self.const.expand(len(choices), -1)
        for at, table in zip(self.positions, self.tables, strict=True):
            total = total + table[choices[:, at]]
        return total

    def moments(self) -> tuple[Float64[Tensor, "d"], Float64[Tensor, "d d"]]:
        """Mean [d] and covariance [d, d] of the frozen network's ``resid_mid`` over the whole domain, in O(tokens).

        The covariance divides by the number of inputs.
        """
        mean = self.const.double()
        covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64)
        for table in self.tables:
            mean = mean + table.double().mean(0)
            centred = table.double() - table.double().mean(0)
            covariance += centred.T @ centred / len(table)
        return mean, covariance

    def strips(self, directions: Float64[Tensor, "k d"]) -> tuple[Float64[Tensor, "_t k"], ...]:
        """How much each token contributes along each direction.

        Args:
            directions: [k, d].

        Returns:
            For each varying position, [t, k].
        """
        return tuple(table.double() @ directions.T for table in self.tables)
