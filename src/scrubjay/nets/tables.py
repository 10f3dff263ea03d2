"""The fast forward pass: tables for each token and position, for training and for whole domains.

The last token of a domain is constant, so its query is one vector for each head, and what a token contributes to
attention depends only on the token and its position. Scores and values are therefore tables over (position, token), the
attention pattern of every input is a softmax over rows gathered from these tables, and nothing is computed at positions
that are not read. The results equal those of the plain forward pass up to rounding.

This needs a causal layer and a domain whose last position is constant, which ``Domain`` guarantees.

The tables cost O(t d h e). Each input then costs O(s h e) for gathering, one [h e] x [h e, d] product, and the MLP.
"""

from dataclasses import dataclass
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import embedding

from scrubjay.core.axes import Choices, MeanPattern, Pattern, Residual
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.domain import Domain


@dataclass(frozen=True, eq=False)
class Tables:
    """A network's attention on one domain. Gradients flow to the network's weights.

    Attributes:
        resid_pre: [d], the residual stream at the last position before attention, which is the same for every input.
        scores: for each position [t, h], the attention score of each of its tokens in each head.
        values: for each position [t, h e], the value vector of each of its tokens, with the heads side by side.
        W_O: [h e, d], the output weights with the heads stacked.
    """

    resid_pre: Float[Tensor, "d"]
    scores: tuple[Float[Tensor, "_t h"], ...]
    values: tuple[Float[Tensor, "_t he"], ...]
    W_O: Float[Tensor, "he d"]

    @classmethod
    def of(cls, network: OneLayerTransformer, domain: Domain) -> "Tables":
        """Compute the tables of a network on a domain.

        Raises:
            BadInput: the domain's inputs have another length than the network reads, or contain a token that it does
                not know.
        """
        network.config.check_domain(domain)
        W_K, W_V = _side_by_side(network.W_K), _side_by_side(network.W_V)  # [d, he]
        heads = (network.config.n_heads, network.config.d_head)
        resid_pre = [
            network.W_E[torch.tensor(tokens, device=network.device)] + network.W_pos[at]
            for at, tokens in enumerate(domain.positions)
        ]
        if network.frozen_pattern is None:
            query = (resid_pre[-1] @ _side_by_side(network.W_Q)).view(heads)
            scores = tuple(((x @ W_K).view(-1, *heads) * query).sum(-1) / heads[1] ** 0.5 for x in resid_pre)
        else:
            fixed = network.frozen_scores()
            scores = tuple(fixed[:, at].expand(len(x), -1) for at, x in enumerate(resid_pre))
        return cls(
            resid_pre=resid_pre[-1][0],
            scores=scores,
            values=tuple(x @ W_V for x in resid_pre),
            W_O=network.W_O.flatten(0, 1),
        )

    def attn_scores(self, choices: Choices) -> Pattern:
        """The attention scores [n, h, s] from the last position, for the given inputs."""
        columns = [embedding(choices[:, at], table) for at, table in enumerate(self.scores)]
        return torch.stack(columns, dim=-1)

    def pattern(self, choices: Choices) -> Pattern:
        """The attention pattern [n, h, s] from the last position, for the given inputs."""
        return self.attn_scores(choices).softmax(-1)

    def resid_mid(self, choices: Choices, pattern: Pattern | MeanPattern) -> Residual:
        """The residual stream [n, d] after attention.

        Args:
            choices: the inputs.
            pattern: a pattern [n, h, s] for each input, or one pattern [h, s] for all (a frozen network).
        """
        heads = (len(choices), pattern.shape[-2], -1)
        weighted = [
            embedding(choices[:, at], table).view(heads) * pattern[..., at, None]
            for at, table in enumerate(self.values)
        ]
        return self.resid_pre + reduce(torch.add, weighted).flatten(1) @ self.W_O


@dataclass(frozen=True, eq=False)
class AfterAttention:
    """The sites after ``resid_mid``, at the last position.

    Attributes:
        mlp_pre: [n, m], the hidden layer before the ReLU.
        mlp_post: [n, m], the hidden layer after the ReLU.
        mlp_out: [n, d], what the MLP adds to the residual stream.
        resid_post: [n, d], the residual stream after the MLP.
        logits: [n, v].
    """

    mlp_pre: Float[Tensor, "n m"]
    mlp_post: Float[Tensor, "n m"]
    mlp_out: Residual
    resid_post: Residual
    logits: Float[Tensor, "n v"]

    @classmethod
    def of(cls, network: OneLayerTransformer, resid_mid: Residual) -> "AfterAttention":
        """Run the MLP and the unembedding on any residual stream [n, d]."""
        mlp_pre = torch.addmm(network.b_in, resid_mid, network.W_in)
        mlp_post = mlp_pre.relu()
        mlp_out = torch.addmm(network.b_out, mlp_post, network.W_out)
        resid_post = resid_mid + mlp_out
        return cls(mlp_pre, mlp_post, mlp_out, resid_post, resid_post @ network.W_U)


@dataclass(frozen=True, eq=False)
class LastPosition(AfterAttention):
    """Every site of the network at the last position, with the names in ``transformer.SITES``.

    Attributes:
        resid_pre: [n, d], the residual stream before attention.
        attn_scores: [n, h, s], the attention scores from the last position.
        pattern: [n, h, s], the attention pattern from the last position.
        resid_mid: [n, d], the residual stream after attention.
    """

    resid_pre: Residual
    attn_scores: Pattern
    pattern: Pattern
    resid_mid: Residual

    @classmethod
    def from_tables(cls, network: OneLayerTransformer, tables: Tables, choices: Choices) -> "LastPosition":
        """Run the given inputs through the tables and the MLP, and keep the value of every site."""
        attn_scores = tables.attn_scores(choices)
        pattern = attn_scores.softmax(-1)
        resid_mid = tables.resid_mid(choices, pattern)
        return cls(
            resid_pre=tables.resid_pre.expand(len(choices), -1),
            attn_scores=attn_scores,
            pattern=pattern,
            resid_mid=resid_mid,
            **vars(AfterAttention.of(network, resid_mid)),
        )


def _side_by_side(heads: Float[Tensor, "h d e"]) -> Float[Tensor, "d he"]:
    return heads.transpose(0, 1).flatten(1)
