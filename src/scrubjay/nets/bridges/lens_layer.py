"""A layer of TransformerLens's native architecture that every hook site of it reaches.

In the layer that comes with TransformerLens 4.3 the MLP's skip connection goes round ``hook_resid_mid`` (a patch there
changes what the MLP reads and not what it is added to), and ``hook_attn_scores`` is given the pattern, after the
layer has used it. The two classes below have the same weights and names, and differ in those two places alone.

This module imports TransformerLens; ``bridge.py`` imports this module when it is first needed.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from transformer_lens.config import TransformerBridgeConfig
from transformer_lens.model_bridge import TransformerBridge
from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module
from transformer_lens.model_bridge.sources.native import NativeAttention, NativeBlock, NativeModel

Hook = Callable[[Tensor], Tensor]


class HookedAttention(NativeAttention):
    """Attention whose scores pass a hook before the softmax, as its pattern does after it."""

    def __init__(self, cfg: TransformerBridgeConfig) -> None:
        super().__init__(cfg)
        self.scores_hook: tuple[Hook, ...] = ()  # in a tuple, so that the hook point stays a part of its bridge alone

    def forward(  # type: ignore[override]  # no pattern is given back
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        pattern_fn: Hook | None = None,
        **_: object,
    ) -> tuple[Tensor, None]:
        """The attention's output [n, s, d]; in the place of the pattern None, which the bridge hands to no hook."""
        n, s, _width = hidden_states.shape
        q, k, v = (
            part(hidden_states).view(n, s, self.n_heads, -1).transpose(1, 2) for part in (self.q, self.k, self.v)
        )
        hidden = self.causal_mask[:s, :s]
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
    """A block whose MLP is added to what ``hook_resid_mid`` gives back."""

    def __init__(self, cfg: TransformerBridgeConfig) -> None:
        super().__init__(cfg)
        self.attn = HookedAttention(cfg)

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        **_: object,
    ) -> tuple[Tensor]:
        """The residual stream after the block [n, s, d]. ``ln2`` is an identity here, and the hook's place."""
        attn_out, _pattern = self.attn(self.ln1(hidden_states), attention_mask=attention_mask)
        resid_mid = self.ln2(hidden_states + attn_out)
        return (resid_mid + self.mlp(resid_mid),)


def hooked_bridge(cfg: TransformerBridgeConfig, dtype: torch.dtype, device: torch.device) -> TransformerBridge:
    """A bridge of the native architecture with one such layer, its weights still to be filled."""
    with torch.random.fork_rng(devices=[]):  # the layers' own random weights are overwritten, and cost nobody a draw
        model = NativeModel(cfg)
        model.layers[0] = HookedBlock(cfg)
    bridge = build_bridge_from_module(
        model.to(device=device, dtype=dtype),
        architecture="TransformerLensNative",
        tl_config=cfg,
        dtype=dtype,
        device=device,
        model_name="scrubjay",
    )
    attention = bridge.blocks[0].attn
    attention.original_component.scores_hook = (attention.hook_attn_scores,)
    return bridge
