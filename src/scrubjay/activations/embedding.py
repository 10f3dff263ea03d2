"""Extended embeddings: what a token at a position adds to the frozen ``resid_mid``.

With the pattern fixed per head, attention is linear: ``resid_mid = const + Σ W_ext[position][token]``, exactly. Mean
and covariance over a product domain therefore follow from the embeddings alone, in O(tokens).

Source: the post, "extended embeddings" (its W_A and W_B are ``tables[0]`` and ``tables[1]``).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from scrubjay.axes import Choices, MeanPattern, Residual
from scrubjay.model.tables import Tables
from scrubjay.model.transformer import OneLayerTransformer
from scrubjay.task.domain import Domain


@dataclass(frozen=True, eq=False)
class ExtendedEmbedding:
    """The frozen ``resid_mid``, taken apart.

    Attributes:
        const: what every input has: the last token's own stream and what it adds through attention.
        tables: for each varying position, what each of its tokens adds.
        positions: the varying positions.
    """

    const: Float[Tensor, "d"]
    tables: tuple[Float[Tensor, "_t d"], ...]
    positions: tuple[int, ...]

    @classmethod
    @torch.no_grad()
    def of(cls, network: OneLayerTransformer, domain: Domain, pattern: MeanPattern) -> "ExtendedEmbedding":
        """Take a frozen network apart.

        Raises:
            BadInput: the domain doesn't fit the network.
        """
        tables = Tables.of(network, domain)
        heads = pattern.to(network.device, network.dtype)
        n_heads = network.config.n_heads
        added = [
            (values.view(len(values), n_heads, -1) * heads[:, at, None]).flatten(1) @ tables.W_O
            for at, values in enumerate(tables.values)
        ]
        fixed = [at for at in range(domain.n_ctx) if at not in domain.varying]
        const = tables.resid_pre + torch.stack([added[at][0] for at in fixed]).sum(0)
        return cls(const.cpu(), tuple(added[at].cpu() for at in domain.varying), domain.varying)

    def resid_mid(self, choices: Choices) -> Residual:
        """The frozen residual stream of some inputs."""
        total = self.const.expand(len(choices), -1)
        for at, table in zip(self.positions, self.tables, strict=True):
            total = total + table[choices[:, at]]
        return total

    def moments(self) -> tuple[Float64[Tensor, "d"], Float64[Tensor, "d d"]]:
        """Mean and covariance of the frozen ``resid_mid`` over the whole product domain. O(tokens)."""
        mean = self.const.double()
        covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64)
        for table in self.tables:
            mean = mean + table.double().mean(0)
            centred = table.double() - table.double().mean(0)
            covariance += centred.T @ centred / len(table)
        return mean, covariance

    def strips(self, directions: Float64[Tensor, "k d"]) -> tuple[Float64[Tensor, "_t k"], ...]:
        """For each varying position, what each token adds along each direction."""
        return tuple(table.double() @ directions.T for table in self.tables)
