"""A network may be given as an object or as the place where it is."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from scrubjay.core.errors import BadInput
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


@pytest.mark.parametrize("name", ["HookedTransformer", "TransformerBridge", "GPT2LMHeadModel", "Linear"])
def test_a_model_of_another_package_is_refused_with_what_is_expected(name: str) -> None:
    """A class is recognised by its name together with its package."""
    model = type(name, (torch.nn.Module,), {"__module__": "transformer_lens_of_mine"})()
    expected = (
        "a network is expected: a Transformer, what load_network returns, a path, a HookedTransformer or "
        f"TransformerBridge of TransformerLens, or a GPT2LMHeadModel of Hugging Face; this is a {name}"
    )
    with pytest.raises(BadInput, match=f"^{expected}$"):
        as_saved(model)


def test_models_are_recognised_without_importing_their_packages() -> None:
    code = (
        "import sys, torch\n"
        "from scrubjay.nets.files.given import as_saved\n"
        "try:\n    as_saved(torch.nn.Linear(2, 2))\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
        "print({'transformers', 'transformer_lens'} & set(sys.modules))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["BadInput", "set()"]
