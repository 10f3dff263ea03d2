"""Layers for TransformerLens's native architecture in which a hook at any site takes full effect.

In the layers of TransformerLens 4.3, the MLP's skip connection bypasses ``hook_resid_mid``: a patch there changes what
the MLP reads, but not what its output is added to. And ``hook_attn_scores`` receives the attention pattern, after the
layer has used it. The two classes below have the same weights and names, and differ only in these two places. A layer
without an MLP has ``hook_resid_mid`` too.

This module imports TransformerLens, so ``transformer_lens.py`` imports it only when it is needed.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from transformer_lens.config import TransformerBridgeConfig
from transformer_lens.hook_points import HookPoint
from transformer_lens.model_bridge import TransformerBridge
from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module
from transformer_lens.model_bridge.sources.native import NativeAttention, NativeBlock, NativeModel

Hook = Callable[[Tensor], Tensor]


class HookedAttention(NativeAttention):
    """Attention whose scores go through a hook before the softmax, just as its pattern goes through one after it."""

    def __init__(self, cfg: TransformerBridgeConfig) -> None:
        super().__init__(cfg)
        self.scores_hook: tuple[
            Hook, ...
        ] = ()  # a tuple, so that PyTorch does not register the hook point as a submodule here too

    def forward(  # type: ignore[override]  # the pattern is not returned
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        pattern_fn: Hook | None = None,
        **_: object,
    ) -> tuple[Tensor, None]:
        """The attention's output [n, s, d]; None in place of the pattern keeps the bridge from hooking it again."""
        n, s, _width = hidden_states.shape
        q, k, v = (
            part(hidden_states).view(n, s, self.n_heads, -1).transpose(1, 2) for part in (self.q, self.k, self.v)
        )
        hidden = self.causal_mask[:s, :s] if self.causal else torch.zeros_like(self.causal_mask[:s, :s])
        if attention_mask is not None:
            hidden = self._combine_attention_mask(hidden, attention_mask, batch=n)
        scores = (q @ k.transpose(-2, -1) / self.scale).masked_fill(hidden, -torch.inf)  # [n, h, s, s]
        for hook in self.scores_hook:
            scores = hook(scores)
        pattern = scores.softmax(-1)
        if pattern_fn is not None:
            pattern = pattern_fn(pattern)
        return self.o((pattern @ v).transpose(1, 2).flatten(2)), None


class HookedBlock(NativeBlock):
    """A block that adds the MLP's output to what ``hook_resid_mid`` returns."""

    def __init__(self, cfg: TransformerBridgeConfig) -> None:
        super().__init__(cfg)
        self.attn = HookedAttention(cfg)
        self.resid_mid_hook: tuple[Hook, ...] = ()  # a tuple for the same reason as above

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        **_: object,
    ) -> tuple[Tensor]:
        """The residual stream [n, s, d] after the block."""
        attn_out, _pattern = self.attn(self.ln1(hidden_states), attention_mask=attention_mask)
        resid_mid = hidden_states + attn_out
        for hook in self.resid_mid_hook:
            resid_mid = hook(resid_mid)
        return (resid_mid if self.cfg.attn_only else resid_mid + self.mlp(self.ln2(resid_mid)),)


def hooked_bridge(cfg: TransformerBridgeConfig, dtype: torch.dtype, device: torch.device) -> TransformerBridge:
    """A bridge of the native architecture with such layers, whose weights have yet to be loaded.

    Args:
        cfg: TransformerLens's config of the network.
        dtype: the precision of the weights.
        device: the device of the weights.
    """
    with torch.random.fork_rng(devices=[]):  # the layers draw random weights, which are overwritten later
        model = NativeModel(cfg)
        for number in range(cfg.n_layers):
            model.layers[number] = HookedBlock(cfg)
    bridge = build_bridge_from_module(
        model.to(device=device, dtype=dtype),
        architecture="TransformerLensNative",
        tl_config=cfg,
        dtype=dtype,
        device=device,
        model_name="scrubjay",
        post_adapter_hook=_give_resid_mid_a_hook_of_its_own,
    )
    for block in bridge.blocks:
        block.original_component.resid_mid_hook = (block.hook_resid_mid,)
        block.attn.original_component.scores_hook = (block.attn.hook_attn_scores,)
    return bridge


def _give_resid_mid_a_hook_of_its_own(adapter: Any) -> None:
    """TransformerLens makes ``hook_resid_mid`` another name for ``ln2.hook_in``, which only the MLP's branch passes."""
    block = adapter.component_mapping["blocks"]
    block.hook_aliases = {name: target for name, target in block.hook_aliases.items() if name != "hook_resid_mid"}
    block.hook_resid_mid = HookPoint()  # type: ignore[no-untyped-call]
