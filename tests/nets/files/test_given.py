"""A network may be given as an object or as the place where it is."""

from pathlib import Path

import torch

from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork, save_network
from scrubjay.nets.files.given import as_saved
from tests.nets.test_transformer import random_network


def test_objects_are_returned_or_wrapped_and_places_are_read(bundled: SavedNetwork, tmp_path: Path) -> None:
    network = random_network(Config(8, 3, 4, 2, 2, 4))
    save_network(tmp_path / "net.safetensors", network)
    assert as_saved(bundled) is bundled
    bare = as_saved(network)
    assert bare.network is network and (bare.name, bare.task, bare.recipe) == ("network", None, None)
    assert as_saved("bundled").manifest == bundled.manifest
    for place in (tmp_path / "net.safetensors", str(tmp_path / "net.safetensors")):
        read = as_saved(place)
        assert read.name == "net" and torch.equal(read.network.W_E, network.W_E)
