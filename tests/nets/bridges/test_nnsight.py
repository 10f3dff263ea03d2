"""nnsight reads every site by its name, with the values that forward hooks get, and can replace them."""

from types import ModuleType

import pytest
import torch

from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.transformer import SITES
from scrubjay.tasks.task import Task

PLACES = (*SITES, "logits")


@pytest.fixture(scope="module")
def nnsight() -> ModuleType:
    module: ModuleType = pytest.importorskip("nnsight", reason="the extra nnsight is not installed")
    return module


@torch.no_grad()
def test_every_site_is_traced_by_name_on_every_input(
    nnsight: ModuleType, bundled: SavedNetwork, challenge: Task
) -> None:
    model = nnsight.NNsight(bundled.network)
    for inputs in challenge.domain.chunks(1000):
        tokens = challenge.domain.tokens(inputs)
        hooked: dict[str, torch.Tensor] = {}
        handles = [
            getattr(bundled.network, site).register_forward_hook(
                lambda _module, _args, value, at=site, to=hooked: to.update({at: value})
            )
            for site in PLACES
        ]
        logits = bundled.network(tokens)
        for handle in handles:
            handle.remove()
        with model.trace(tokens):
            traced = nnsight.save({site: getattr(model, site).output for site in PLACES})
        assert list(traced) == list(hooked) == list(PLACES)
        for site in PLACES:
            assert torch.equal(traced[site], hooked[site]), site
        assert torch.equal(traced["logits"], logits)


@pytest.mark.parametrize("site", PLACES)
@torch.no_grad()
def test_a_site_is_patched_by_name(site: str, nnsight: ModuleType, bundled: SavedNetwork, challenge: Task) -> None:
    tokens = challenge.domain.tokens(challenge.domain.inputs()[::50])
    model = nnsight.NNsight(bundled.network)
    handle = getattr(bundled.network, site).register_forward_hook(lambda _module, _args, value: value.roll(9, 0))
    expected = bundled.network(tokens)
    handle.remove()
    with model.trace(tokens):
        getattr(model, site).output = getattr(model, site).output.roll(9, 0)
        patched = model.logits.output.save()
    assert torch.equal(patched, expected)
    assert not torch.equal(patched, bundled.network(tokens))
