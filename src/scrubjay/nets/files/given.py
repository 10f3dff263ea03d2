"""A network however it is given: as an object, or as the place where it is."""

from pathlib import Path

from scrubjay.core.errors import BadInput
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.transformer import OneLayerTransformer


def as_saved(network: SavedNetwork | OneLayerTransformer | str | Path) -> SavedNetwork:
    """The network with what is known about it; a bare network is called “network” and names no task.

    Raises:
        BadInput: something that is no network and no place; no such file; sizes or values that make no network.
        RefusedFile: a damaged file, or one that is not ours.
    """
    if isinstance(network, SavedNetwork):
        return network
    if isinstance(network, OneLayerTransformer):
        return SavedNetwork(network, "network", None, None, {})
    if isinstance(network, str | Path):
        return load_network(network)
    raise BadInput(
        f"a network is expected: a OneLayerTransformer, what load_network returns, or a path; this is "
        f"{type(network).__name__}"
    )
