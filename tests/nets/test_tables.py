"""The fast forward pass agrees with the plain one at every site, on every input."""

import copy
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from scrubjay.core.axes import MeanPattern
from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork, import_network
from scrubjay.nets.tables import AfterAttention, LastPosition, Tables
from scrubjay.nets.transformer import SITES, Transformer
from scrubjay.run import Run
from scrubjay.tasks.domain import Domain
from tests.nets.test_transformer import random_network

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
PAIRS = Domain.square(113, last=113)

Case = tuple[Domain, Config]


def sized(domain: Domain, d_model: int, n_heads: int, d_head: int, d_mlp: int, spare: int = 0) -> Case:
    return domain, Config(domain.largest_token + 1 + spare, domain.n_ctx, d_model, n_heads, d_head, d_mlp)


CASES = {
    "three varying positions": sized(Domain((tuple(range(5)), tuple(range(6)), tuple(range(4)), (6,))), 12, 3, 4, 17),
    "a constant position in the middle": sized(Domain((tuple(range(7)), (7,), (1, 3, 5), (2,))), 8, 2, 4, 9),
    "a constant position first": sized(Domain(((4,), (0, 1, 2), (3,))), 8, 2, 4, 9),
    "token subsets out of order": sized(Domain(((4, 0, 9), (8, 2), (5,))), 6, 2, 3, 7, spare=5),
    "the last token among the others": sized(Domain.square(6, last=3), 6, 2, 3, 7),
    "one head": sized(Domain.square(9, last=9), 10, 1, 10, 20),
    "d_head that does not divide d_model": sized(Domain.square(8, last=8), 7, 3, 5, 11),
    "one dimension a head, one neuron": sized(Domain.square(8, last=8), 5, 4, 1, 1),
    "a single position": sized(Domain(((3,),)), 4, 2, 2, 5),
}


@torch.no_grad()
def plainly(
    network: Transformer, tokens: Tensor, replaced: MeanPattern | None = None, read_at: int = -1
) -> dict[str, Tensor]:
    """Every site at one position from the plain forward pass. ``replaced`` replaces the pattern's row there."""
    caught: dict[str, Tensor] = {}
    handles = []
    for site in (*SITES, "logits"):

        def catch(module: nn.Module, args: object, value: Tensor, site: str = site) -> Tensor:
            if site == "pattern" and replaced is not None:
                value = value.clone()
                value[:, :, read_at] = replaced
            caught[site] = value[:, :, read_at] if site in ("attn_scores", "pattern") else value[:, read_at]
            return value

        if network.config.attn_only and site.startswith("mlp"):
            continue
        handles.append(getattr(network, site).register_forward_hook(catch))
    network(tokens)
    for handle in handles:
        handle.remove()
    return caught


@torch.no_grad()
def assert_equal_everywhere(
    network: Transformer, domain: Domain, frozen_at: MeanPattern | None = None, rows: int = 700
) -> None:
    """Compare every site on every input with the plain forward pass, relative to the site's largest magnitude."""
    tables = Tables.of(network, domain)
    worst, largest = dict.fromkeys((*SITES, "logits"), 0.0), dict.fromkeys((*SITES, "logits"), 0.0)
    inputs_seen = 0
    for inputs in domain.chunks(rows):
        choices = domain.choices(inputs)
        expected = plainly(network, domain.tokens(inputs), frozen_at, domain.read_at)
        if frozen_at is None:
            found = vars(LastPosition.from_tables(network, tables, choices))
            assert set(found) == {*SITES, "logits"}
        else:
            resid_mid = tables.resid_mid(choices, frozen_at)
            found = {"resid_mid": resid_mid, **vars(AfterAttention.of(network, resid_mid))}
        for site, value in found.items():
            if site not in expected:
                assert network.config.attn_only and site in ("mlp_pre", "mlp_post", "mlp_out") and not value.any()
                continue
            if site == "attn_scores":  # minus infinity where attention does not reach
                unreached = expected[site].isinf()
                assert torch.equal(value.isinf(), unreached)
                value, expected[site] = (x.masked_fill(unreached, 0.0) for x in (value, expected[site]))
            assert value.shape == expected[site].shape and value.dtype == network.dtype
            assert bool(value.isfinite().all() and expected[site].isfinite().all())
            worst[site] = max(worst[site], float((value - expected[site]).abs().max()))
            largest[site] = max(largest[site], float(expected[site].abs().max()))
        assert torch.equal(found["logits"].argmax(-1), expected["logits"].argmax(-1))
        inputs_seen += len(inputs)
    assert inputs_seen == domain.size
    limit = TOLERANCE[network.dtype]
    for site in ("mlp_post", "mlp_out"):  # what a ReLU lets through may be much smaller than what rounding acts on
        largest[site] = max(largest[site], 1e-3 * largest["mlp_pre"])
    off = {site: (worst[site], largest[site]) for site in worst if worst[site] > limit * largest[site]}
    assert not off, f"site: (largest difference, largest magnitude) = {off}"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_bundled_network_on_every_input(bundled: SavedNetwork, dtype: torch.dtype) -> None:
    assert_equal_everywhere(copy.deepcopy(bundled.network).to(dtype), PAIRS)


def test_public_checkpoint_on_every_input(real_checkpoint: Path) -> None:
    network = import_network(real_checkpoint).network
    assert_equal_everywhere(network, PAIRS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_random_networks_of_other_sizes(case: Case, dtype: torch.dtype) -> None:
    domain, config = case
    assert_equal_everywhere(random_network(config, dtype=dtype), domain, rows=31)


@given(
    sets=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True).map(tuple), max_size=3),
    last=st.integers(0, 9),
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(1, 9)),
    seed=st.integers(0, 2**31),
)
@settings(deadline=None, max_examples=40)
def test_any_sizes(sets: list[tuple[int, ...]], last: int, sizes: tuple[int, int, int, int], seed: int) -> None:
    domain = Domain((*sets, (last,)))
    config = Config(10, domain.n_ctx, *sizes)
    assert_equal_everywhere(random_network(config, seed, torch.float64), domain)


def test_frozen_bundled_network_on_every_input(bundled: SavedNetwork, run: Run) -> None:
    assert_equal_everywhere(bundled.network, PAIRS, frozen_at=run.mean_pattern)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_frozen_random_networks(case: Case) -> None:
    domain, config = case
    any_pattern = torch.randn(
        config.n_heads, config.n_ctx, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    assert_equal_everywhere(random_network(config, dtype=torch.float64), domain, frozen_at=any_pattern)


def test_gradients_are_those_of_the_plain_forward_pass() -> None:
    domain, config = CASES["token subsets out of order"]
    grads = []
    for fast in (True, False):
        network = random_network(config, dtype=torch.float64).requires_grad_()
        if fast:
            tables, choices = Tables.of(network, domain), domain.choices(domain.inputs())
            logits = LastPosition.from_tables(network, tables, choices).logits
        else:
            logits = network(domain.tokens(domain.inputs()))[:, -1]
        logits.square().sum().backward()  # type: ignore[no-untyped-call]
        grads.append({name: weight.grad for name, weight in network.named_parameters()})
    torch.testing.assert_close(grads[0], grads[1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        (Domain(((0, 1), (0, 1), (0, 1), (2,))), "have 4 positions, but the network reads at most 3"),
        (Domain(((0, 1), (0, 5), (2,))), "uses the token 5, but the network has only the tokens 0 to 4"),
    ],
)
def test_a_domain_that_does_not_fit_is_refused(domain: Domain, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Tables.of(random_network(Config(5, 3, 4, 2, 2, 3)), domain)
