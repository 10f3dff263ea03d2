"""Write a tiny network as an older TransformerLens saves it, and what that release computes with it on every input.

    pip install "transformer-lens==3.9.0"     # or another of 1 to 3, in an environment of its own
    python tests/data/hooked_transformer.py

makes ``hooked_transformer_3.9.0.pth`` (the state dict) and ``hooked_transformer_3.9.0.npy`` (logits [n, s, v]) beside
this file. (2.18 and 1.19 were run with numpy 1.26 and pyarrow below 20.)
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from transformer_lens import HookedTransformer, HookedTransformerConfig

cfg = HookedTransformerConfig(
    n_layers=1, d_model=10, d_head=4, n_heads=2, d_mlp=9, d_vocab=7, n_ctx=3, act_fn="relu", normalization_type=None,
    seed=0, device="cpu",
)  # fmt: skip
model = HookedTransformer(cfg)
draw = torch.Generator().manual_seed(0)
for name, weight in model.named_parameters():
    if "attn.b_" not in name and not name.endswith("b_U"):
        weight.data = 0.3 * torch.randn(weight.shape, generator=draw)
tokens = torch.cartesian_prod(*[torch.arange(7)] * 3)
stem = Path(__file__).with_name(f"hooked_transformer_{version('transformer-lens')}")
torch.save(model.state_dict(), f"{stem}.pth")
np.save(f"{stem}.npy", model(tokens).detach().numpy())
