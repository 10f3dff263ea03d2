"""What the conversions of live models share: reading weights by their paths, checking them, and comparing logits.

A model's config can have options that scrubjay does not know, and its class can compute something else than its config
says. So the logits of the converted network are compared with those of the model on random tokens.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from scrubjay.core.errors import RefusedFile
from scrubjay.nets.config import ATTENTION_BIASES, Config
from scrubjay.nets.files.checkpoint import network_of
from scrubjay.nets.transformer import Transformer

TOLERANCE = 1e-4
"""How far the logits of a converted network may be from those of the model, as a share of the largest logit."""

_CHECKED_INPUTS = 64
"""The largest number of random inputs on which the logits are compared."""

_CHECKED_LOGITS = 20_000_000
"""About how many logits are compared at most; large vocabularies and long contexts get fewer and shorter inputs."""


def weight_at(model: object, path: str, name: str) -> Tensor:
    """The tensor at a dotted path below a model, without its gradient, such as ``blocks.0.attn.W_Q``.

    Args:
        model: the model.
        path: the names of attributes, separated by dots. A number is an index.
        name: the model's name, for error messages.

    Raises:
        RefusedFile: there is no such tensor.
    """
    found = model
    for part in path.split("."):
        try:
            found = found[int(part)] if part.isdigit() else getattr(found, part)  # type: ignore[index]
        except (AttributeError, IndexError, TypeError, NotImplementedError):
            found = None
    if not isinstance(found, Tensor):
        raise RefusedFile(f"{name} is not a model of this architecture: it has no {path}")
    return found.detach()


def converted(
    config: Config, weights: Mapping[str, Tensor], model: object, logits: Callable[[Tensor], Tensor], name: str
) -> Transformer:
    """Make a network from a model's weights, and check that it computes the same logits as the model.

    Biases of attention that are all zero are left out of the network, and so is an unembedding bias that is.

    Args:
        config: the sizes and the architecture.
        weights: the weights by their names in ``Config.weight_axes``.
        model: the model, which is in evaluation mode while it is run.
        logits: the model's logits [n, s, o] for tokens [n, s].
        name: the model's name, for error messages.

    Raises:
        RefusedFile: a weight has another shape or type than the rest of the model needs, or the logits differ.
        BadInput: a weight contains NaN or infinity.
    """
    for key in config.weight_axes:
        if tuple(weights[key].shape) != config.shape(key):
            raise RefusedFile(
                f"{name} is not a model of this architecture: {key} has the shape {tuple(weights[key].shape)}, and "
                f"the other weights need {config.shape(key)}"
            )
    types = sorted({str(weight.dtype) for weight in weights.values()})
    if types not in (["torch.float32"], ["torch.float64"]):
        raise RefusedFile(
            f"the weights of {name} are of the types {', '.join(types)}; they must all be float32 or all be float64 "
            f"(model.float() converts them)"
        )
    config = _without_zero_biases(config, weights)
    network = network_of(config, {key: weights[key] for key in config.weight_axes}, name)
    with torch.no_grad(), _evaluation(model):
        _compare(network, logits, name)
    return network


def _without_zero_biases(config: Config, weights: Mapping[str, Tensor]) -> Config:
    used = {key.rsplit(".", 1)[-1] for key in config.weight_axes if bool((weights[key] != 0).any())}
    return replace(
        config,
        attn_biases=config.attn_biases and bool(used & ATTENTION_BIASES),
        unembed_bias=config.unembed_bias and "b_U" in used,
    )


def _compare(network: Transformer, logits: Callable[[Tensor], Tensor], name: str) -> None:
    c = network.config
    length = min(c.n_ctx, max(1, _CHECKED_LOGITS // c.d_vocab_out))
    count = min(_CHECKED_INPUTS, max(1, _CHECKED_LOGITS // (length * c.d_vocab_out)))
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randint(c.d_vocab, (count, length), generator=draw).to(network.device)
    theirs, ours = logits(tokens), network(tokens)
    if theirs.shape != ours.shape:
        raise RefusedFile(
            f"{name} does not compute what its weights give in this architecture: its logits for tokens of the shape "
            f"{tuple(tokens.shape)} have the shape {tuple(theirs.shape)}, and should have {tuple(ours.shape)}"
        )
    apart = float((theirs - ours).abs().max() / ours.abs().max().clamp(min=1e-30))
    if not apart <= TOLERANCE:
        raise RefusedFile(
            f"{name} does not compute what its weights give in this architecture: its logits differ by {apart:.1e} of "
            f"the largest one, and at most {TOLERANCE:g} is allowed; either hooks are still attached to it, or its "
            f"config has an option that scrubjay does not know"
        )


@contextmanager
def _evaluation(model: object) -> Iterator[None]:
    """Run a model without dropout, and leave each of its modules in the mode in which it was."""
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    modes = [module.training for module in modules]
    for module in modules:
        module.training = False
    try:
        yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
