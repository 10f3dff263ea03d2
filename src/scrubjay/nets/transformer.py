"""The network: one attention layer and one MLP without LayerNorm, with a named identity module at every site.

This plain forward pass computes every position and takes no shortcuts. The tests compare the fast engine of
``tables.py`` with it on every input.

Source: the architecture of the second challenge of EIS VII, which is that of Nanda et al. 2023, "Progress measures for
grokking via mechanistic interpretability": no biases in attention and unembedding, biases in the MLP, ReLU, and a
causal mask. The names of weights and sites are TransformerLens's.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import WEIGHT_AXES, Config

SITES = (
    "resid_pre",
    "attn_scores",
    "pattern",
    "resid_mid",
    "mlp_pre",
    "mlp_post",
    "mlp_out",
    "resid_post",
    "logits",
)
"""The sites in the order in which the forward pass reaches them. Each is a submodule: register a forward hook on it to
read or replace its value."""


class OneLayerTransformer(nn.Module):
    """A one-layer transformer with ReLU and without LayerNorm, of any sizes.

    Every weight is a parameter with its TransformerLens name and shape (``WEIGHT_AXES``). Every site in ``SITES`` is an
    ``nn.Identity`` with that name, so ``network.pattern.register_forward_hook(...)`` and tracing libraries can reach
    it. A new network has zero weights; see ``initialised`` for random ones.

    Example:
        >>> import scrubjay, torch
        >>> from scrubjay.nets.config import Config
        >>> config = Config(d_vocab=5, n_ctx=3, d_model=4, n_heads=2, d_head=2, d_mlp=8)
        >>> network = scrubjay.OneLayerTransformer.initialised(config, seed=0)
        >>> network(torch.tensor([[0, 1, 4]])).shape
        torch.Size([1, 3, 5])

    Args:
        config: the sizes.
        dtype: the precision of the weights.
        frozen_pattern: see the attribute.

    Attributes:
        config: the sizes.
        frozen_pattern: attention from the last position, ``[h][s]``, that replaces the network's own on every input, or
            None for ordinary attention. The attention scores are then the logarithms of the pattern. A network that was
            trained with fixed attention has one.

    Raises:
        BadInput: ``frozen_pattern`` does not have one row of ``n_ctx`` numbers for each head.
    """

    config: Config
    frozen_pattern: Sequence[Sequence[float]] | None

    W_E: Tensor
    W_pos: Tensor
    W_Q: Tensor
    W_K: Tensor
    W_V: Tensor
    W_O: Tensor
    W_in: Tensor
    b_in: Tensor
    W_out: Tensor
    b_out: Tensor
    W_U: Tensor
    resid_pre: nn.Identity
    attn_scores: nn.Identity
    pattern: nn.Identity
    resid_mid: nn.Identity
    mlp_pre: nn.Identity
    mlp_post: nn.Identity
    mlp_out: nn.Identity
    resid_post: nn.Identity
    logits: nn.Identity

    def __init__(
        self,
        config: Config,
        dtype: torch.dtype = torch.float32,
        frozen_pattern: Sequence[Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.frozen_pattern = frozen_pattern
        if frozen_pattern is not None and (
            len(frozen_pattern) != config.n_heads or any(len(head) != config.n_ctx for head in frozen_pattern)
        ):
            raise BadInput(
                f"a frozen pattern needs {config.n_heads} rows, one for each head, of {config.n_ctx} positions each; "
                f"this one has rows of {[len(head) for head in frozen_pattern]}"
            )
        for name in WEIGHT_AXES:
            self.register_parameter(name, nn.Parameter(torch.zeros(config.shape(name), dtype=dtype)))
        for site in SITES:
            self.add_module(site, nn.Identity())

    @classmethod
    def initialised(cls, config: Config, seed: int) -> "OneLayerTransformer":
        """Make a network with random weights.

        Weights are standard normal numbers divided by the square root of ``d_model`` (for ``W_U``, of ``d_vocab``), and
        biases are zero. The numbers are drawn in the order and the shapes of the original training code: embedding,
        positions, K, Q, V, O, MLP input, MLP output, unembedding; heads as [h, e, d] and other weights as [out, in].
        They are always drawn in float32 on the CPU, and the global random state is not touched.

        Source: the training code of Nanda et al. 2023, which the challenge used.

        Args:
            config: the sizes.
            seed: seed for the weights.
        """
        draw = torch.Generator().manual_seed(seed)
        c, network = config, cls(config)
        scale = c.d_model**-0.5

        def randn(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=draw)

        drawn = {
            "W_E": randn(c.d_model, c.d_vocab).T * scale,
            "W_pos": randn(c.n_ctx, c.d_model) * scale,
            "W_K": randn(c.n_heads, c.d_head, c.d_model).transpose(1, 2) * scale,
            "W_Q": randn(c.n_heads, c.d_head, c.d_model).transpose(1, 2) * scale,
            "W_V": randn(c.n_heads, c.d_head, c.d_model).transpose(1, 2) * scale,
            "W_O": randn(c.d_model, c.n_heads * c.d_head).T.reshape(c.n_heads, c.d_head, c.d_model) * scale,
            "W_in": randn(c.d_mlp, c.d_model).T * scale,
            "W_out": randn(c.d_model, c.d_mlp).T * scale,
            "W_U": randn(c.d_model, c.d_vocab) * c.d_vocab**-0.5,
        }
        with torch.no_grad():
            for name, values in drawn.items():
                getattr(network, name).copy_(values)
        return network

    @property
    def weights(self) -> dict[str, Tensor]:
        """Every weight by name. The tensors share memory with the parameters and have no gradients."""
        return {name: getattr(self, name).detach() for name in WEIGHT_AXES}

    @property
    def numbers(self) -> int:
        """How many numbers all weights hold together."""
        return sum(weight.numel() for weight in self.weights.values())

    @property
    def trained(self) -> frozenset[str]:
        """The names of the weights that training changes: all, or all but ``W_Q`` and ``W_K`` with a frozen pattern."""
        return frozenset(WEIGHT_AXES) - (frozenset() if self.frozen_pattern is None else {"W_Q", "W_K"})

    def frozen_scores(self) -> Float[Tensor, "h s"]:
        """The attention scores at the last position of a network with a frozen pattern, the same for every input."""
        return torch.tensor(self.frozen_pattern, dtype=torch.float64).log().to(self.W_E)

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the weights."""
        return self.W_E.dtype

    @property
    def device(self) -> torch.device:
        """The device that the weights are on."""
        return self.W_E.device

    def forward(self, tokens: Int[Tensor, "n s"]) -> Float[Tensor, "n s v"]:
        """Compute the logits at every position.

        Args:
            tokens: [n, s], where s is at most ``n_ctx``.

        Returns:
            The logits [n, s, v].
        """
        length = tokens.shape[1]
        resid_pre = self.resid_pre(self.W_E[tokens] + self.W_pos[:length])  # [n, s, d]
        q = torch.einsum("nsd,hde->nhse", resid_pre, self.W_Q)
        k = torch.einsum("nsd,hde->nhse", resid_pre, self.W_K)
        v = torch.einsum("nsd,hde->nhse", resid_pre, self.W_V)
        scores = q @ k.transpose(-1, -2) / self.config.d_head**0.5
        hidden = torch.ones(length, length, dtype=torch.bool, device=tokens.device).triu(1)
        scores = scores.masked_fill(hidden, -torch.inf)
        if self.frozen_pattern is not None and length == self.config.n_ctx:
            fixed = self.frozen_scores().expand(len(tokens), -1, -1)
            scores = torch.cat([scores[:, :, :-1], fixed[:, :, None]], dim=2)
        scores = self.attn_scores(scores)  # [n, h, s, s]
        pattern = self.pattern(scores.softmax(-1))  # [n, h, s, s]
        resid_mid = self.resid_mid(resid_pre + torch.einsum("nhse,hed->nsd", pattern @ v, self.W_O))  # [n, s, d]
        mlp_pre = self.mlp_pre(resid_mid @ self.W_in + self.b_in)  # [n, s, m]
        mlp_post = self.mlp_post(torch.relu(mlp_pre))
        mlp_out = self.mlp_out(mlp_post @ self.W_out + self.b_out)  # [n, s, d]
        resid_post = self.resid_post(resid_mid + mlp_out)
        logits: Tensor = self.logits(resid_post @ self.W_U)  # [n, s, v]
        return logits
