"""A network that a caller gives as an object, or as the place where it is."""

from pathlib import Path
from typing import TypeAlias

from torch import nn

from scrubjay.core.errors import BadInput
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.transformer import Transformer

Given: TypeAlias = SavedNetwork | nn.Module | str | Path
"""What a function that takes a network accepts: see ``as_saved``."""

_TRANSFORMER_LENS = ("HookedTransformer", "TransformerBridge")
"""The classes of TransformerLens that are converted."""
_HUGGING_FACE = ("GPT2LMHeadModel",)
"""The classes of Hugging Face's ``transformers`` that are converted."""


def as_saved(network: Given) -> SavedNetwork:
    """Return a saved network as it is, wrap a network that is an object, and read one from anything that names one.

    A network that is an object is given the name "network" and no task. Models of TransformerLens and of Hugging Face
    are converted, and their logits are compared with those of the conversion on random tokens. They are recognised by
    their class, so neither package is imported here.

    Args:
        network: a network; a saved network; a ``HookedTransformer`` or ``TransformerBridge`` of TransformerLens; a
            ``GPT2LMHeadModel`` of Hugging Face; or anything that ``load_network`` takes.

    Raises:
        BadInput: it is none of these; or there is no such file, or its sizes or values do not make a network.
        RefusedFile: the file is damaged or is not one of ours, or a model has another architecture.
    """
    if isinstance(network, SavedNetwork):
        return network
    if isinstance(network, str | Path):
        return load_network(network)
    if isinstance(network, Transformer):
        return SavedNetwork(network, "network", None, None, {})
    if _is_one_of(network, "transformer_lens", _TRANSFORMER_LENS):
        from scrubjay.nets.bridges.transformer_lens import from_transformer_lens

        return SavedNetwork(from_transformer_lens(network), "network", None, None, {})
    if _is_one_of(network, "transformers", _HUGGING_FACE):
        from scrubjay.nets.bridges.hugging_face import from_hugging_face

        return SavedNetwork(from_hugging_face(network), "network", None, None, {})
    raise BadInput(
        f"a network is expected: a Transformer, what load_network returns, a path, a {' or '.join(_TRANSFORMER_LENS)} "
        f"of TransformerLens, or a {' or '.join(_HUGGING_FACE)} of Hugging Face; this is a {type(network).__name__}"
    )


def _is_one_of(model: object, package: str, classes: tuple[str, ...]) -> bool:
    """Whether a model's class, or one that it is derived from, is one of those classes of the package."""
    return any(
        base.__name__ in classes and base.__module__.partition(".")[0] == package for base in type(model).__mro__
    )
