"""The fast forward pass of one-layer networks: tables for each token and position, for training and whole domains.

Before the first attention, the residual stream at a position depends only on the token there, and so do its normalised
value, its query, its key and its value vector. Scores are therefore tables over pairs of tokens, and where the token at
the position that is read is constant, they are tables over single tokens. The attention pattern of every input is a
softmax over rows gathered from these tables, and nothing is computed at positions that are not read. The results equal
those of the plain forward pass up to rounding.

The tables cost O(t d h e), and O(q t h e) for q tokens at the position that is read. Each input then costs O(s h e) for
gathering, one [h e] x [h e, d] product, and the MLP.
"""

from dataclasses import dataclass
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import embedding

from scrubjay.core.axes import Choices, MeanPattern, Pattern, Residual
from scrubjay.core.errors import BadInput
from scrubjay.nets.pointwise import ACTIVATION
from scrubjay.nets.transformer import Block, Transformer
from scrubjay.tasks.domain import Domain


@dataclass(frozen=True, eq=False)
class Tables:
    """A one-layer network's attention from the position that is read. Gradients flow to the network's weights.

    Attributes:
        resid_pre: [q, d], the residual stream before attention for each token at the position that is read.
        scores: for each position [q t, h], the attention score of each of its tokens in each head, for each token at
            the position that is read. At positions that attention does not reach, it is minus infinity.
        values: for each position [t, h e], the value vector of each of its tokens, with the heads side by side.
        W_O: [h e, d], the output weights with the heads stacked.
        b_O: [d], the output bias, or None.
        read_at: the position that is read.
        attn_coeff: the share of the softmax in the pattern; see ``Config``.
    """

    resid_pre: Float[Tensor, "q d"]
    scores: tuple[Float[Tensor, "_qt h"], ...]
    values: tuple[Float[Tensor, "_t he"], ...]
    W_O: Float[Tensor, "he d"]
    b_O: Float[Tensor, "d"] | None
    read_at: int
    attn_coeff: float

    @classmethod
    def of(cls, network: Transformer, domain: Domain) -> "Tables":
        """Compute the tables of a network on a domain.

        Raises:
            BadInput: the network has several layers, or the domain's inputs are longer than the network reads, or
                contain a token that it does not know.
        """
        network.config.check_domain(domain)
        if network.config.n_layers > 1:
            raise BadInput(f"tables need a network with one layer, and this one has {network.config.n_layers}")
        block, read_at = network.blocks[0], domain.read_at
        assert isinstance(block, Block)
        heads = (network.config.n_heads, network.config.d_head)
        resid_pre = []
        for at, tokens in enumerate(domain.positions):
            embedded = network.W_E[torch.tensor(tokens, device=network.device)]
            resid_pre.append(embedded + network.W_pos[at] if network.config.positions else embedded)
        inputs = [block.before_attention(x) for x in resid_pre]
        if network.frozen_pattern is None:
            query = _projected(inputs[read_at], block, "Q").view(-1, *heads)  # [q, h, e]
            keys = [_projected(x, block, "K") for x in inputs]
            scores = tuple(
                torch.einsum("the,qhe->qth", key.view(-1, *heads), query).flatten(0, 1) / heads[1] ** 0.5
                if len(query) > 1
                else (key.view(-1, *heads) * query).sum(-1) / heads[1] ** 0.5
                for key in keys
            )
            if network.config.attention == "causal":
                scores = tuple(x if at <= read_at else torch.full_like(x, -torch.inf) for at, x in enumerate(scores))
        else:
            fixed = network.frozen_scores()
            scores = tuple(fixed[:, at].expand(len(x), -1) for at, x in enumerate(resid_pre))
        return cls(
            resid_pre=resid_pre[read_at],
            scores=scores,
            values=tuple(_projected(x, block, "V") for x in inputs),
            W_O=block.W_O.flatten(0, 1),
            b_O=block.weight("b_O"),
            read_at=read_at,
            attn_coeff=network.config.attn_coeff,
        )

    def attn_scores(self, choices: Choices) -> Pattern:
        """The attention scores [n, h, s] from the position that is read, for the given inputs."""
        if len(self.resid_pre) == 1:
            columns = [embedding(choices[:, at], table) for at, table in enumerate(self.scores)]
        else:
            tokens = [len(table) // len(self.resid_pre) for table in self.scores]
            asked = choices[:, self.read_at]
            columns = [embedding(asked * tokens[at] + choices[:, at], table) for at, table in enumerate(self.scores)]
        return torch.stack(columns, dim=-1)

    def pattern(self, choices: Choices) -> Pattern:
        """The attention pattern [n, h, s] from the position that is read, for the given inputs."""
        return self.pattern_of(self.attn_scores(choices))

    def pattern_of(self, scores: Pattern) -> Pattern:
        """The attention pattern [n, h, s] that scores [n, h, s] give."""
        pattern = scores.softmax(-1)
        if self.attn_coeff == 1:
            return pattern
        mixed = self.attn_coeff * pattern + (1 - self.attn_coeff)
        return mixed.masked_fill(scores == -torch.inf, 0.0)

    def stream(self, choices: Choices) -> Residual:
        """The residual stream before attention, shape [n, d]."""
        if len(self.resid_pre) == 1:
            return self.resid_pre.expand(len(choices), -1)
        return embedding(choices[:, self.read_at], self.resid_pre)

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
        own = self.resid_pre[0] if len(self.resid_pre) == 1 else self.stream(choices)
        resid_mid = own + reduce(torch.add, weighted).flatten(1) @ self.W_O
        return resid_mid if self.b_O is None else resid_mid + self.b_O


@dataclass(frozen=True, eq=False)
class AfterAttention:
    """The sites after the last layer's ``resid_mid``, at the position that is read.

    Attributes:
        mlp_pre: [n, m], the hidden layer before the activation; without an MLP it has no columns.
        mlp_post: [n, m], the hidden layer after the activation.
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
    def of(cls, network: Transformer, resid_mid: Residual) -> "AfterAttention":
        """Run the last layer's MLP and the unembedding on any residual stream [n, d]."""
        block = network.blocks[-1]
        assert isinstance(block, Block)
        if network.config.attn_only:
            none = resid_mid.new_zeros(len(resid_mid), 0)
            return cls(none, none, torch.zeros_like(resid_mid), resid_mid, network.unembed(resid_mid))
        mlp_pre = torch.addmm(block.b_in, block.before_mlp(resid_mid), block.W_in)
        mlp_post = ACTIVATION[network.config.act_fn](mlp_pre)
        mlp_out = torch.addmm(block.b_out, mlp_post, block.W_out)
        resid_post = resid_mid + mlp_out
        return cls(mlp_pre, mlp_post, mlp_out, resid_post, network.unembed(resid_post))


@dataclass(frozen=True, eq=False)
class LastPosition(AfterAttention):
    """Every site of a one-layer network at the position that is read, with the names in ``transformer.SITES``.

    Attributes:
        resid_pre: [n, d], the residual stream before attention.
        attn_scores: [n, h, s], the attention scores from that position.
        pattern: [n, h, s], the attention pattern from that position.
        attn_out: [n, d], what attention adds to the residual stream.
        resid_mid: [n, d], the residual stream after attention.
    """

    resid_pre: Residual
    attn_scores: Pattern
    pattern: Pattern
    attn_out: Residual
    resid_mid: Residual

    @classmethod
    def from_tables(cls, network: Transformer, tables: Tables, choices: Choices) -> "LastPosition":
        """Run the given inputs through the tables and the MLP, and keep the value of every site."""
        attn_scores = tables.attn_scores(choices)
        pattern = tables.pattern_of(attn_scores)
        resid_pre, resid_mid = tables.stream(choices), tables.resid_mid(choices, pattern)
        return cls(
            resid_pre=resid_pre,
            attn_scores=attn_scores,
            pattern=pattern,
            attn_out=resid_mid - resid_pre,
            resid_mid=resid_mid,
            **vars(AfterAttention.of(network, resid_mid)),
        )


def _projected(x: Float[Tensor, "t d"], block: Block, name: str) -> Float[Tensor, "t he"]:
    """The queries (Q), keys (K) or values (V) of all heads, side by side."""
    weight, bias = block.weight(f"W_{name}"), block.weight(f"b_{name}")
    assert weight is not None
    found = x @ _side_by_side(weight)
    return found if bias is None else found + bias.flatten()


def _side_by_side(heads: Float[Tensor, "h d e"]) -> Float[Tensor, "d he"]:
    return heads.transpose(0, 1).flatten(1)
