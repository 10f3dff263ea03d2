"""Networks of many architectures with random weights, and a domain that all of them can read."""

from dataclasses import replace

import torch

from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

BASE = Config(d_vocab=7, n_ctx=5, d_model=8, n_heads=2, d_head=4, d_mlp=12)

ONE_LAYER = {
    "biases": replace(BASE, attn_biases=True, unembed_bias=True),
    "LayerNorm and GELU": replace(BASE, norm="LN", act_fn="gelu", attn_biases=True),
    "RMSNorm and SiLU": replace(BASE, norm="RMS", act_fn="silu"),
    "mixed attention, bidirectional": replace(BASE, attn_coeff=0.3, attention="bidirectional"),
    "mixed attention, causal": replace(BASE, attn_coeff=0.6),
    "uniform attention": replace(BASE, attn_coeff=0.0, attention="bidirectional"),
    "attention only": replace(BASE, attn_only=True, d_mlp=0, attn_biases=True),
    "LayerNorm and ReLU": replace(BASE, norm="LN", attn_biases=True, unembed_bias=True),
    "RMSNorm and ReLU": replace(BASE, norm="RMS", unembed_bias=True),
    "LayerNorm, attention only": replace(BASE, norm="LN", attn_only=True, d_mlp=0, unembed_bias=True),
    "RMSNorm, attention only": replace(BASE, norm="RMS", attn_only=True, d_mlp=0, unembed_bias=True),
    "no positions, three logits": replace(BASE, positions=False, d_vocab_out=3),
}
DEEP = {
    "two layers": replace(BASE, n_layers=2),
    "LayerNorm and GELU (tanh)": replace(BASE, n_layers=2, norm="LN", act_fn="gelu_new", attn_biases=True),
    "three layers, bidirectional": replace(BASE, n_layers=3, attention="bidirectional", unembed_bias=True),
    "attention only": replace(BASE, n_layers=2, attn_only=True, d_mlp=0, norm="RMS"),
}
LAST = Domain(((0, 1, 2, 3), (3, 4, 1, 2), (5, 6, 0)))
MIDDLE = Domain(((0, 1, 2, 3), (3, 4, 1, 2), (5, 6, 0)), read_at=1)
CONSTANT = Domain(((0, 1, 2, 3), (3, 4, 1, 2), (6,)))
CONSTANT_MIDDLE = Domain(((0, 1, 2, 3), (6,), (3, 4, 1, 2)), read_at=1)
DOMAINS = {"last": LAST, "middle": MIDDLE, "constant": CONSTANT, "constant in the middle": CONSTANT_MIDDLE}


def random_weights(config: Config, seed: int = 0) -> Transformer:
    """A network whose weights are all random, in float64; those of normalisations lie around one."""
    draw = torch.Generator().manual_seed(seed)
    network = Transformer(config, torch.float64).requires_grad_(False)
    network.set_weights(
        {
            name: torch.randn(weight.shape, generator=draw, dtype=torch.float64) * 0.6
            + ("ln" in name and name[-1] == "w")
            for name, weight in network.weights.items()
        }
    )
    return network


def all_tokens(network: Transformer, domain: Domain) -> Task:
    """The task whose classes are the network's logits."""
    return Task("random", domain, tuple((token,) for token in range(network.config.d_vocab_out)))
