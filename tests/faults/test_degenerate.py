"""Networks in which there is nothing to find: the study ends, says so, and NumPy never complains."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from scrubjay.geometry import filters

from scrubjay.core.errors import BadInput
from scrubjay.fit.soft_gate import Starts, descend
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.report.claims_json import claims_json
from scrubjay.study import explain, take_apart
from tests.faults.small import saved, small_network, small_task


def constant(network: OneLayerTransformer) -> None:
    network.b_out.copy_(100 * network.W_U[:, 1])


def zero_mlp(network: OneLayerTransformer) -> None:
    for name in ("W_in", "b_in", "W_out", "b_out"):
        getattr(network, name).zero_()


def rank_one(network: OneLayerTransformer) -> None:
    for weight in network.weights.values():
        for matrix in weight.unbind(0) if weight.ndim == 3 else [weight] * (weight.ndim == 2):
            matrix.copy_(torch.outer(matrix[:, 0].clone(), matrix[0].clone()))


def all_equal(network: OneLayerTransformer) -> None:
    for weight in network.weights.values():
        weight.fill_(0.3)


@pytest.fixture(autouse=True)
def numpy_raises() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


@pytest.fixture(autouse=True)
def short_descents(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fit takes most of a study, and how well it fits does not matter where nothing can be found."""

    def short(*given: Any, cross_entropy: int, error: int) -> Starts:
        return descend(*given, cross_entropy=cross_entropy // 10, error=error // 10)

    monkeypatch.setattr(filters, "descend", short)
    monkeypatch.setattr(take_apart, "FILTERS", (1, 2))


NONE = "No gate was found: this network "
PROVES_NOTHING = "of its post-attention residual stream gives 100.0% of its answers proves nothing of this network"
LINEAR = "This network answers 1 where one linear filter of its post-attention residual stream is on"


@pytest.mark.parametrize(
    ("spoil", "seed", "classes", "says"),
    [
        (constant, 6, {1}, NONE + "gives class 1 on all 144 inputs"),
        (all_equal, 6, {0}, NONE + "gives class 0 on all 144 inputs"),
        (rank_one, 0, {0, 1}, PROVES_NOTHING),
        (zero_mlp, 6, {0, 1}, LINEAR),
    ],
)
def test_the_study_ends_and_says_what_there_is_to_find(
    spoil: Callable[[OneLayerTransformer], None], seed: int, classes: set[int], says: str
) -> None:
    network = small_network(seed=seed)
    spoil(network)
    study = explain(saved(network), small_task(), draws=2)
    assert set(study.full.activations.classes.tolist()) == classes
    assert says in study.paragraph
    holds = study.claim("gate.full").verdict == "holds"
    assert holds == (spoil is zero_mlp), "without an MLP a network is one half-space; the others have no gate to show"
    numbers = [number for c in study.claims for number in (c.value, c.control, *(c.interval or ()))]
    assert np.isfinite(np.array(numbers, dtype=float)).all()
    assert "NaN" not in claims_json(study)


@pytest.mark.parametrize("scale", [1e12, 1e30])
def test_activations_beyond_all_numbers_are_refused(scale: float) -> None:
    network = small_network()
    for weight in network.weights.values():
        weight.mul_(scale)
    with pytest.raises(BadInput, match=r"the network's (resid_mid|logits) overflows torch\.float32"):
        explain(saved(network), small_task(), draws=2)
