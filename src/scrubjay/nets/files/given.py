"""A network that a caller gives as an object, or as the place where it is."""

from pathlib import Path

from scrubjay.core.errors import BadInput
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.transformer import OneLayerTransformer


def as_saved(network: SavedNetwork | OneLayerTransformer | str | Path) -> SavedNetwork:
    """Return a saved network as it is, wrap a bare network, and read a network from anything that names one.

    A bare network is given the name "network" and no task.

    Args:
        network: a network, a saved network, or anything that ``load_network`` takes.

    Raises:
        BadInput: it is none of these; or there is no such file, or its sizes or values do not make a network.
        RefusedFile: the file is damaged or is not one of ours.
    """
    if isinstance(network, SavedNetwork):
        return network
    if isinstance(network, OneLayerTransformer):
        return SavedNetwork(network, "network", None, None, {})
    if isinstance(network, str | Path):
        return load_network(network)
    raise BadInput(
        f"a network is expected: a OneLayerTransformer, what load_network returns, or a path; this is a "
        f"{type(network).__name__}"
    )
