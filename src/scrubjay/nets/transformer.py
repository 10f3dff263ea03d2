"""The network: a transformer of any depth, with a named identity module at every site.

This plain forward pass computes every position and takes no shortcuts. The tests compare it with TransformerLens and
with Hugging Face's GPT-2 at all sites, and compare the fast engine of ``tables.py`` with it on every input.

Source: the pre-norm transformer of GPT-2, in TransformerLens's notation, of which the network of the second challenge
of EIS VII (Nanda et al. 2023, "Progress measures for grokking via mechanistic interpretability") is the case with one
layer, ReLU, no normalisation, and no biases but the MLP's. The names of weights and sites are TransformerLens's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import LAYER_AXES, OUTER_AXES, Config
from scrubjay.nets.pointwise import ACTIVATION, normalised

SITES = (
    "resid_pre",
    "attn_scores",
    "pattern",
    "attn_out",
    "resid_mid",
    "mlp_pre",
    "mlp_post",
    "mlp_out",
    "resid_post",
)
"""The sites of a layer in the order in which the forward pass reaches them. Each is a submodule of the layer: register
a forward hook on it to read or replace its value. Layers without an MLP do not have the sites of the MLP."""

Edits = Mapping[str, Callable[[Tensor], Tensor]]
"""What to do with the value of some sites, by the site's full name, such as ``blocks.0.resid_mid``."""


class Block(nn.Module):
    """One layer: attention, then the MLP, each of which adds to the residual stream.

    Args:
        config: the sizes and the architecture.
        number: the number of the layer, from 0.
        dtype: the precision of the weights.
    """

    ln1_w: Tensor
    ln1_b: Tensor
    W_Q: Tensor
    b_Q: Tensor
    W_K: Tensor
    b_K: Tensor
    W_V: Tensor
    b_V: Tensor
    W_O: Tensor
    b_O: Tensor
    ln2_w: Tensor
    ln2_b: Tensor
    W_in: Tensor
    b_in: Tensor
    W_out: Tensor
    b_out: Tensor

    def __init__(self, config: Config, number: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.config = config
        self.prefix = f"blocks.{number}."
        own = "" if config.n_layers == 1 else self.prefix
        for name in LAYER_AXES:
            if own + name in config.weight_axes:
                start = torch.ones if name in ("ln1_w", "ln2_w") else torch.zeros
                self.register_parameter(name, nn.Parameter(start(config.shape(name), dtype=dtype)))
        for site in SITES:
            if not (config.attn_only and site.startswith("mlp")):
                self.add_module(site, nn.Identity())

    def weight(self, name: str) -> Tensor | None:
        """A weight of the layer by its name without the layer, or None if the layer has no such weight."""
        found = self._parameters.get(name)
        return found

    def site(self, name: str, value: Tensor, edits: Edits) -> Tensor:
        """Pass a value through the site's module, and then through its edit if there is one."""
        value = self._modules[name](value)  # type: ignore[misc]  # the module is there
        edit = edits.get(self.prefix + name)
        return value if edit is None else edit(value)

    def before_attention(self, resid_pre: Float[Tensor, "... d"]) -> Float[Tensor, "... d"]:
        """What queries, keys and values are read from: the normalised stream."""
        return normalised(self.config, resid_pre, self.weight("ln1_w"), self.weight("ln1_b"))

    def before_mlp(self, resid_mid: Float[Tensor, "... d"]) -> Float[Tensor, "... d"]:
        """What the MLP reads: the normalised stream."""
        return normalised(self.config, resid_mid, self.weight("ln2_w"), self.weight("ln2_b"))

    def heads(self, name: str, x: Float[Tensor, "n s d"]) -> Float[Tensor, "n h s e"]:
        """The queries (Q), keys (K) or values (V) of all heads at all positions."""
        weight, bias = self.weight(f"W_{name}"), self.weight(f"b_{name}")
        found = torch.einsum("nsd,hde->nhse", x, weight)
        return found if bias is None else found + bias[:, None]

    def attend(
        self, resid_pre: Float[Tensor, "n s d"], edits: Edits, fixed: Float[Tensor, "h s"] | None = None
    ) -> Float[Tensor, "n s d"]:
        """From the stream before the layer to the stream after attention, at every position.

        Args:
            resid_pre: the stream before the layer.
            edits: what to do with the values of sites.
            fixed: scores that replace those from the last position, or None.
        """
        resid_pre = self.site("resid_pre", resid_pre, edits)  # [n, s, d]
        x, config, length = self.before_attention(resid_pre), self.config, resid_pre.shape[1]
        q, k, v = (self.heads(name, x) for name in "QKV")  # [n, h, s, e]
        scores = q @ k.transpose(-1, -2) / config.d_head**0.5
        hidden = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        if config.attention == "causal":
            scores = scores.masked_fill(hidden, -torch.inf)
        if fixed is not None and length == config.n_ctx:
            last = fixed.expand(len(x), -1, -1)[:, :, None]
            scores = torch.cat([scores[:, :, :-1], last], dim=2)
        scores = self.site("attn_scores", scores, edits)  # [n, h, s, s]
        pattern = scores.softmax(-1)
        if config.attn_coeff != 1:
            pattern = config.attn_coeff * pattern + (1 - config.attn_coeff)
            if config.attention == "causal":
                pattern = pattern.masked_fill(hidden, 0.0)
        pattern = self.site("pattern", pattern, edits)  # [n, h, s, s]
        attn_out = torch.einsum("nhse,hed->nsd", pattern @ v, self.W_O)
        b_O = self.weight("b_O")
        attn_out = self.site("attn_out", attn_out if b_O is None else attn_out + b_O, edits)
        return resid_pre + attn_out

    def think(self, resid_mid: Float[Tensor, "... d"], edits: Edits) -> Float[Tensor, "... d"]:
        """From the stream after attention to the stream after the layer. Positions do not mix."""
        resid_mid = self.site("resid_mid", resid_mid, edits)
        if self.config.attn_only:
            return self.site("resid_post", resid_mid, edits)
        mlp_pre = self.site("mlp_pre", self.before_mlp(resid_mid) @ self.W_in + self.b_in, edits)  # [..., m]
        mlp_post = self.site("mlp_post", ACTIVATION[self.config.act_fn](mlp_pre), edits)
        mlp_out = self.site("mlp_out", mlp_post @ self.W_out + self.b_out, edits)  # [..., d]
        return self.site("resid_post", resid_mid + mlp_out, edits)


class Transformer(nn.Module):
    """A transformer of any sizes.

    Every weight is a parameter with its TransformerLens name and shape (``Config.weight_axes``), and every site in
    ``SITES`` is an ``nn.Identity`` with that name, so ``network.blocks[0].pattern.register_forward_hook(...)`` and
    tracing libraries can reach it; ``network.logits`` is the last site. In a network with one layer, the layer's
    weights and sites can also be reached without it, as in ``network.W_Q``. A new network has zero weights; see
    ``initialised`` for random ones.

    Example:
        >>> import scrubjay, torch
        >>> from scrubjay.nets.config import Config
        >>> config = Config(d_vocab=5, n_ctx=3, d_model=4, n_heads=2, d_head=2, d_mlp=8)
        >>> network = scrubjay.Transformer.initialised(config, seed=0)
        >>> network(torch.tensor([[0, 1, 4]])).shape
        torch.Size([1, 3, 5])

    Args:
        config: the sizes and the architecture.
        dtype: the precision of the weights.
        frozen_pattern: see the attribute.

    Attributes:
        config: the sizes and the architecture.
        blocks: the layers.
        frozen_pattern: attention from the last position, ``[h][s]``, that replaces the network's own on every input, or
            None for ordinary attention. The attention scores are then the logarithms of the pattern. A network that was
            trained with fixed attention has one; it has one layer.

    Raises:
        BadInput: ``frozen_pattern`` does not have one row of ``n_ctx`` numbers for each head, or there are several
            layers.
    """

    config: Config
    frozen_pattern: Sequence[Sequence[float]] | None

    W_E: Tensor
    W_pos: Tensor
    W_U: Tensor
    b_U: Tensor
    ln_final_w: Tensor
    ln_final_b: Tensor
    logits: nn.Identity

    # The weights and sites of an only layer, which __getattr__ finds.
    W_Q: Tensor
    b_Q: Tensor
    W_K: Tensor
    W_V: Tensor
    W_O: Tensor
    W_in: Tensor
    b_in: Tensor
    W_out: Tensor
    b_out: Tensor
    resid_pre: nn.Identity
    attn_scores: nn.Identity
    pattern: nn.Identity
    attn_out: nn.Identity
    resid_mid: nn.Identity
    mlp_pre: nn.Identity
    mlp_post: nn.Identity
    mlp_out: nn.Identity
    resid_post: nn.Identity

    def __init__(
        self,
        config: Config,
        dtype: torch.dtype = torch.float32,
        frozen_pattern: Sequence[Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.frozen_pattern = frozen_pattern
        if frozen_pattern is not None:
            _check_frozen(config, frozen_pattern)
        for name in OUTER_AXES:
            if name in config.weight_axes:
                start = torch.ones if name == "ln_final_w" else torch.zeros
                self.register_parameter(name, nn.Parameter(start(config.shape(name), dtype=dtype)))
        self.blocks = nn.ModuleList(Block(config, number, dtype) for number in range(config.n_layers))
        self.add_module("logits", nn.Identity())

    def __getattr__(self, name: str) -> Any:
        block = self._only_block(name)
        return super().__getattr__(name) if block is None else getattr(block, name)

    def __setattr__(self, name: str, value: Any) -> None:
        block = self._only_block(name)
        if block is None:
            super().__setattr__(name, value)
        else:
            setattr(block, name, value)

    def _only_block(self, name: str) -> nn.Module | None:
        """The only layer, if there is one and ``name`` is a weight or a site of it; else None."""
        if name not in LAYER_AXES and name not in SITES:
            return None
        blocks = self.__dict__.get("_modules", {}).get("blocks", ())
        return blocks[0] if len(blocks) == 1 else None

    @classmethod
    def initialised(cls, config: Config, seed: int) -> "Transformer":
        """Make a network with random weights.

        Weights are standard normal numbers divided by the square root of ``d_model`` (for ``W_U``, of ``d_vocab``),
        biases are zero, and the weights of normalisations are one. The numbers are drawn in the order and the shapes of
        the original training code: embedding, positions, then for each layer K, Q, V, O, MLP input and MLP output, then
        the unembedding; heads as [h, e, d] and other weights as [out, in]. They are always drawn in float32 on the CPU,
        and the global random state is not touched.

        Source: the training code of Nanda et al. 2023, which the challenge used.

        Args:
            config: the sizes and the architecture.
            seed: seed for the weights.
        """
        draw = torch.Generator().manual_seed(seed)
        c, network = config, cls(config)
        scale = c.d_model**-0.5

        def randn(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=draw)

        def heads() -> Tensor:
            drawn: Tensor = randn(c.n_heads, c.d_head, c.d_model).transpose(1, 2) * scale
            return drawn

        drawn = {"W_E": randn(c.d_model, c.d_vocab).T * scale}
        if c.positions:
            drawn["W_pos"] = randn(c.n_ctx, c.d_model) * scale
        for number in range(c.n_layers):
            at = "" if c.n_layers == 1 else f"blocks.{number}."
            drawn |= {at + "W_K": heads(), at + "W_Q": heads(), at + "W_V": heads()}
            flat = randn(c.d_model, c.n_heads * c.d_head)
            drawn[at + "W_O"] = flat.T.reshape(c.n_heads, c.d_head, c.d_model) * scale
            if not c.attn_only:
                drawn[at + "W_in"] = randn(c.d_mlp, c.d_model).T * scale
                drawn[at + "W_out"] = randn(c.d_model, c.d_mlp).T * scale
        drawn["W_U"] = randn(c.d_model, c.d_vocab_out) * c.d_vocab_out**-0.5
        network.set_weights(drawn)
        return network

    @property
    def weights(self) -> dict[str, Tensor]:
        """Every weight by its name in ``Config.weight_axes``. The tensors share memory with the parameters and have no
        gradients."""
        return {name: self.parameter(name).detach() for name in self.config.weight_axes}

    def parameter(self, name: str) -> nn.Parameter:
        """The parameter with that name in ``Config.weight_axes``."""
        return self.get_parameter(self.module_path(name))

    def put(self, name: str, parameter: nn.Parameter) -> None:
        """Use another parameter for the weight with that name."""
        *modules, last = self.module_path(name).split(".")
        setattr(self.get_submodule(".".join(modules)), last, parameter)

    def module_path(self, name: str) -> str:
        """The path at which PyTorch finds a weight: the name itself, but with ``blocks.0.`` before an only layer's."""
        return f"blocks.0.{name}" if name in LAYER_AXES else name

    @torch.no_grad()
    def set_weights(self, values: Mapping[str, Tensor]) -> None:
        """Copy values into weights, by their names in ``Config.weight_axes``."""
        for name, value in values.items():
            self.parameter(name).copy_(value)

    @property
    def numbers(self) -> int:
        """How many numbers all weights hold together."""
        return sum(weight.numel() for weight in self.weights.values())

    @property
    def trained(self) -> frozenset[str]:
        """The names of the weights that training changes: all, or all but ``W_Q`` and ``W_K`` with a frozen pattern."""
        return frozenset(self.config.weight_axes) - (frozenset() if self.frozen_pattern is None else {"W_Q", "W_K"})

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

    def embed(self, tokens: Int[Tensor, "n s"]) -> Float[Tensor, "n s d"]:
        """The residual stream before the first layer."""
        embedded = self.W_E[tokens]
        return embedded + self.W_pos[: tokens.shape[1]] if self.config.positions else embedded

    def final_norm(self, resid_post: Float[Tensor, "... d"]) -> Float[Tensor, "... d"]:
        """What the unembedding reads: the normalised stream."""
        weight, bias = self._parameters.get("ln_final_w"), self._parameters.get("ln_final_b")
        return normalised(self.config, resid_post, weight, bias)

    def unembed(self, resid_post: Float[Tensor, "... d"], edits: Edits | None = None) -> Float[Tensor, "... o"]:
        """From the stream after the last layer to the logits."""
        logits = self.final_norm(resid_post) @ self.W_U
        logits = self.logits(logits + self.b_U if self.config.unembed_bias else logits)
        edit = (edits or {}).get("logits")
        return logits if edit is None else edit(logits)

    def forward(self, tokens: Int[Tensor, "n s"], edits: Edits | None = None) -> Float[Tensor, "n s o"]:
        """Compute the logits at every position.

        Args:
            tokens: [n, s], where s is at most ``n_ctx``.
            edits: functions that read or replace the value of sites, by the site's full name, such as
                ``blocks.0.resid_mid`` or ``logits``.

        Returns:
            The logits [n, s, o].
        """
        return self.after_layers(self.embed(tokens), 0, edits or {})

    def after_layers(self, stream: Float[Tensor, "n s d"], first: int, edits: Edits) -> Float[Tensor, "n s o"]:
        """The logits at every position, from the stream before the layer with the number ``first``."""
        fixed = None if self.frozen_pattern is None else self.frozen_scores()
        for block in self.blocks[first:]:
            assert isinstance(block, Block)
            stream = block.think(block.attend(stream, edits, fixed), edits)
        return self.unembed(stream, edits)


def _check_frozen(config: Config, frozen_pattern: Sequence[Sequence[float]]) -> None:
    if config.n_layers > 1:
        raise BadInput(f"a network with a frozen pattern has one layer; this one has {config.n_layers}")
    if len(frozen_pattern) != config.n_heads or any(len(head) != config.n_ctx for head in frozen_pattern):
        raise BadInput(
            f"a frozen pattern needs {config.n_heads} rows, one for each head, of {config.n_ctx} positions each; "
            f"this one has rows of {[len(head) for head in frozen_pattern]}"
        )
