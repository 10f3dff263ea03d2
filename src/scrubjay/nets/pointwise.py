"""What a network does to single numbers and single streams: activation functions and normalisations."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from scrubjay.nets.config import Config

ACTIVATION: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "gelu": functional.gelu,
    "gelu_new": lambda x: functional.gelu(x, approximate="tanh"),
    "silu": functional.silu,
}
"""The activation functions by their names in ``Config.act_fn``."""


def normalised(
    config: Config, x: Float[Tensor, "... d"], weight: Tensor | None, bias: Tensor | None
) -> Float[Tensor, "... d"]:
    """LayerNorm or RMSNorm along the last axis, or the stream itself where the network has no normalisation."""
    if config.norm == "LN":
        return functional.layer_norm(x, (x.shape[-1],), weight, bias, config.eps)
    if config.norm == "RMS":
        return functional.rms_norm(x, (x.shape[-1],), weight, config.eps)
    return x


def scale_of(config: Config, x: Float[Tensor, "... d"]) -> Float[Tensor, "..."]:
    """What a normalisation divides each stream by: its root mean square, for LayerNorm after its mean is taken away."""
    power = x.var(-1, correction=0) if config.norm == "LN" else x.square().mean(-1)
    return (power + config.eps).sqrt()
